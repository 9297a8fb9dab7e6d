"""Saved views: what is kept, under which names, and that a run and a program read them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

from byol_core.augment import make_views, resolve
from byol_core.cli.train import configure
from byol_core.config import ViewsConfig, build, view_presets
from byol_core.data.catalog import load
from byol_core.errors import InputError, LabError

VIEWS = ViewsConfig(preset="paper", strength=0.8, crop=0.35, cutout=1.0)


def test_what_was_saved_is_found_again_without_the_sides(tmp_path: Path) -> None:
    view_presets.save(tmp_path, "my views", VIEWS.model_copy(update={"size": 24}))
    assert view_presets.names(tmp_path) == ["my views"]
    assert view_presets.load(tmp_path, "my views") == VIEWS


def test_a_recipe_is_found_by_its_name(tmp_path: Path) -> None:
    assert view_presets.load(tmp_path, "satellite") == ViewsConfig(preset="satellite")


def test_a_name_is_overwritten_only_when_asked(tmp_path: Path) -> None:
    view_presets.save(tmp_path, "mine", VIEWS)
    with pytest.raises(InputError, match="already"):
        view_presets.save(tmp_path, "mine", ViewsConfig())
    view_presets.save(tmp_path, "mine", ViewsConfig(), overwrite=True)
    assert view_presets.load(tmp_path, "mine") == ViewsConfig()


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "paper", "con", "x" * 41, "end.", "é", "a\nb"])
def test_a_name_that_can_be_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        view_presets.save(tmp_path, name, VIEWS)
    assert not (tmp_path / view_presets.FOLDER).exists()


def test_what_nobody_saved_is_named_with_what_there_is(tmp_path: Path) -> None:
    view_presets.save(tmp_path, "mine", VIEWS)
    with pytest.raises(InputError, match="satellite, none, mine"):
        view_presets.load(tmp_path, "yours")


@pytest.mark.parametrize("text", ["views: [", "views: 3", "[]", "views: {crop: 9}", "views: {size: 24, color: 1}", ""])
def test_a_file_that_is_no_views_is_one_sentence(tmp_path: Path, text: str) -> None:
    (view_presets.save(tmp_path, "mine", VIEWS)).write_text(text)
    with pytest.raises(InputError):
        view_presets.load(tmp_path, "mine")


def test_deleting_twice_is_no_error(tmp_path: Path) -> None:
    view_presets.save(tmp_path, "mine", VIEWS)
    view_presets.delete(tmp_path, "mine")
    view_presets.delete(tmp_path, "mine")
    assert view_presets.names(tmp_path) == []


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / view_presets.FOLDER).write_text("a file where the folder should be")
    assert view_presets.names(tmp_path) == []
    with pytest.raises(LabError, match="could not be saved"):
        view_presets.save(tmp_path, "mine", VIEWS)


def test_the_text_is_what_a_run_is_built_from(tmp_path: Path) -> None:
    sided = VIEWS.model_copy(update={"size": 24})
    file = tmp_path / "views.yaml"
    file.write_text(view_presets.as_yaml(sided))
    assert build(yaml.safe_load(file.read_text())).views == sided
    assert configure("classroom", file, None, [])[0].views == sided


def test_named_views_override_the_preset_but_not_set_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path))
    view_presets.save(tmp_path, "mine", VIEWS)
    wanted = configure("classroom", None, None, ["views.hue=0.2"], "mine")[0].views
    assert wanted == VIEWS.model_copy(update={"size": 24, "hue": 0.2})


def test_the_program_for_files_makes_their_views(tmp_path: Path) -> None:
    from PIL import Image

    files = [str(tmp_path / f"{place}.png") for place in range(2)]
    images = load("eurosat", 32, limit=64).images[:2]
    for file, image in zip(files, images, strict=True):
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(file)
    made: dict[str, torch.Tensor] = {}
    exec(view_presets.as_python(VIEWS, seed=3, image_size=32, files=files), made)
    expected = make_views(images, resolve(VIEWS), torch.Generator().manual_seed(3))
    assert torch.equal(made["first"], expected[0]) and torch.equal(made["second"], expected[1])


def test_views_saved_under_the_keys_of_before_are_read(tmp_path: Path) -> None:
    path = view_presets.save(tmp_path, "mine", ViewsConfig(grayscale=0.5, solarize=1.5))
    path.write_text(path.read_text().replace("grayscale", "greyscale").replace("solarize", "solarise"))
    assert view_presets.load(tmp_path, "mine") == ViewsConfig(grayscale=0.5, solarize=1.5)
