"""The classifier on a pretrained encoder: loaded by name and offline, trained in a plain loop, saved, shared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import CommitInfo, HfApi, RepoUrl
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from byol_core import BYOLForImageClassification
from byol_core.config import NetworkConfig
from byol_core.errors import InputError, LabError
from byol_core.system import paths
from byol_core.weights.classifier import ImageClassifierOutput
from byol_core.weights.encoder_files import load_encoder


@pytest.fixture
def model() -> BYOLForImageClassification:
    return BYOLForImageClassification.from_pretrained("byol-tiny", num_labels=10)


@pytest.fixture
def saved(model: BYOLForImageClassification, tmp_path: Path) -> Path:
    model.save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


PICTURES = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 3, 9, 3])


def logits(model: BYOLForImageClassification, pictures: Tensor = PICTURES) -> Tensor:
    with torch.no_grad():
        return model(pictures).logits


# What it gives


def test_the_classifier_sits_on_the_shipped_encoder(model):
    encoder = load_encoder(paths.bundled("assets/byol-tiny")).encoder
    with torch.no_grad():
        assert torch.equal(model.encoder(PICTURES), encoder(PICTURES))
        assert torch.equal(logits(model), model.classifier(encoder(PICTURES)))
    assert not model.training and model.image_size == 64 and model.num_labels == 10


def test_the_loss_is_the_mean_cross_entropy_of_the_labeled(model):
    expected = F.cross_entropy(logits(model), LABELS)
    assert torch.allclose(model(PICTURES, labels=LABELS).loss, expected)
    some = model(PICTURES, labels=torch.tensor([0, -1, 9, -100]))
    assert torch.allclose(some.loss, F.cross_entropy(logits(model)[[0, 2]], LABELS[[0, 2]]))
    assert model(PICTURES, labels=torch.full((4,), -1)).loss == 0


def test_bytes_are_pictures_too(model):
    whole = (PICTURES * 255).round()
    assert torch.allclose(logits(model, whole.byte()), logits(model, whole / 255), atol=1e-5)


def test_an_output_is_read_by_name_key_and_place():
    loss, scores = torch.tensor(1.0), torch.zeros(2, 3)
    both, alone = ImageClassifierOutput(loss, scores), ImageClassifierOutput(None, scores)
    assert both.loss is both["loss"] is both[0] is loss and both.logits is both["logits"] is both[1] is scores
    assert [len(both), len(alone)] == [2, 1] and alone[0] is scores and tuple(both) == (loss, scores)
    with pytest.raises(KeyError):
        alone["loss"]


# Which there are


def test_the_classes_are_counted_by_their_names():
    model = BYOLForImageClassification.from_pretrained("byol-tiny", class_names=["forest", "river"])
    assert model.num_labels == 2 and model.class_names == ("forest", "river")


def test_a_run_a_file_and_torchs_seed_give_the_same_model(tmp_path, monkeypatch):
    folder = paths.bundled("assets/byol-tiny")
    (tmp_path / "abcd1234").symlink_to(folder)
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path))
    found = []
    for name in ("byol-tiny", "abcd1234", folder, folder / "encoder.safetensors"):
        torch.manual_seed(5)
        found.append(logits(BYOLForImageClassification.from_pretrained(name, num_labels=3)))
    assert all(torch.equal(found[0], other) for other in found)


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        ("byol-tiny", {}, "has no classifier yet: say how many classes there are with num_labels"),
        ("byol-tiny", {"num_labels": 1}, "'num_labels' should be a whole number from 2 on"),
        ("byol-tiny", {"num_labels": 3, "class_names": ["a", "b"]}, "2 class_names for 3 classes"),
        ("nobody", {"num_labels": 2}, "There is no 'nobody' to load: give byol-tiny"),
    ],
)
def test_what_cannot_be_is_one_sentence(name, asked, words):
    with pytest.raises(InputError, match=words):
        BYOLForImageClassification.from_pretrained(name, **asked)


# Learning


def test_a_plain_loop_with_adamw_learns_all_of_it(model):
    model.train()
    before = {name: value.clone() for name, value in model.named_parameters()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = model(PICTURES, labels=LABELS).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert not any(torch.equal(value, before[name]) for name, value in model.named_parameters())


def test_stages_can_be_held_still(model):
    model.encoder.freeze(3)
    model.train()
    model(PICTURES, labels=LABELS).loss.backward()
    assert [name for name, value in model.named_parameters() if value.grad is not None] == [
        "classifier.weight",
        "classifier.bias",
    ]


# Saving and loading


def test_a_saved_model_loads_with_its_classifier_and_class_names(tmp_path):
    model = BYOLForImageClassification.from_pretrained("byol-tiny", class_names=["a", "b", "c"])
    model.save_pretrained(tmp_path)
    found = BYOLForImageClassification.from_pretrained(tmp_path)
    assert torch.equal(logits(found), logits(model))
    assert found.class_names == ("a", "b", "c") and found.image_size == 64
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors", "README.md"}


def test_another_number_of_classes_keeps_the_encoder_alone(saved, model):
    found = BYOLForImageClassification.from_pretrained(saved, num_labels=3)
    with torch.no_grad():
        assert logits(found).shape == (4, 3) and torch.equal(found.encoder(PICTURES), model.encoder(PICTURES))


def test_any_network_is_built_again_from_its_folder(tmp_path):
    model = BYOLForImageClassification(NetworkConfig(encoder="resnet18", encoder_norm="group"), 2, image_size=32).eval()
    model.save_pretrained(tmp_path)
    small = PICTURES[:, :, :32, :32]
    assert torch.equal(logits(BYOLForImageClassification.from_pretrained(tmp_path), small), logits(model, small))


def test_a_readme_that_somebody_wrote_stays(saved, model):
    (saved / "README.md").write_text("mine")
    model.save_pretrained(saved)
    assert (saved / "README.md").read_text() == "mine"


@pytest.mark.parametrize("damage", ["config", "weights", "network"])
def test_a_damaged_folder_is_one_sentence(saved, damage):
    if damage == "config":
        (saved / "config.json").write_text("{")
    elif damage == "weights":
        (saved / "model.safetensors").write_bytes(b"\0" * 40)
    else:
        tree = json.loads((saved / "config.json").read_text())
        tree["network"]["encoder"] = "conv-half"
        (saved / "config.json").write_text(json.dumps(tree))
    with pytest.raises(LabError, match=f"'{saved}'"):
        BYOLForImageClassification.from_pretrained(saved)


def test_a_folder_that_cannot_be_written_is_one_sentence(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match="could not be saved in"):
        model.save_pretrained(tmp_path / "file")


# The Hugging Face Hub


def cached(saved: Path, cache: Path) -> None:
    """The files as huggingface_hub keeps what it downloaded."""
    repository = cache / "models--someone--fields"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    (repository / "snapshots").mkdir()
    saved.rename(repository / "snapshots" / "abc")


def test_a_repository_of_the_hub_is_loaded_by_its_name(saved, model, tmp_path):
    cached(saved, tmp_path / "hub")
    found = BYOLForImageClassification.from_pretrained(
        "someone/fields", cache_dir=tmp_path / "hub", local_files_only=True
    )
    assert torch.equal(logits(found), logits(model))


def test_a_repository_that_cannot_be_reached_is_one_sentence(tmp_path):
    with pytest.raises(LabError, match="'someone/else' is neither on this machine nor on the Hugging Face Hub"):
        BYOLForImageClassification.from_pretrained("someone/else", cache_dir=tmp_path, local_files_only=True)


def test_pushing_uploads_the_three_files_under_their_name(model, monkeypatch):
    sent = {}

    def create(self: HfApi, repo_id: str, **_: object) -> RepoUrl:
        return RepoUrl(f"https://huggingface.co/{repo_id}")

    def upload(self: HfApi, *, repo_id: str, folder_path: Path, **_: object) -> CommitInfo:
        sent.update({path.name: path.read_bytes() for path in Path(folder_path).iterdir()})
        address = "https://huggingface.co/someone/fields/commit/abc"
        return CommitInfo(commit_url=address, commit_message="", commit_description="", oid="abc")

    monkeypatch.setattr(HfApi, "create_repo", create)
    monkeypatch.setattr(HfApi, "upload_folder", upload)
    model.push_to_hub("someone/fields")
    assert set(sent) == {"config.json", "model.safetensors", "README.md"}
    assert b'from_pretrained("someone/fields")' in sent["README.md"]


WITHOUT = """
import sys
sys.modules["huggingface_hub"] = None
from byol_core import BYOLForImageClassification, LabError
model = BYOLForImageClassification.from_pretrained("byol-tiny", num_labels=10)
model.save_pretrained(sys.argv[1])
BYOLForImageClassification.from_pretrained(sys.argv[1])
for action in (lambda: model.push_to_hub("a/b"), lambda: BYOLForImageClassification.from_pretrained("a/b")):
    try:
        action()
    except LabError as error:
        print(error)
"""


def test_without_the_extra_all_but_the_hub_works(tmp_path):
    command = [sys.executable, "-c", WITHOUT, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert said == 2 * "The Hugging Face Hub needs one more package: pip install 'byol-lab[hub]'.\n"
    assert load_file(tmp_path / "model.safetensors")["classifier.weight"].shape == (10, 256)


# What is not known is not said, and not taken


def test_the_card_says_only_what_is_known(model, tmp_path):
    model.save_pretrained(tmp_path / "tiny")
    text = (tmp_path / "tiny" / "README.md").read_text()
    assert "tags: [byol, self-supervised]" in text and "saved by BYOL Lab; started from byol-tiny" in text
    BYOLForImageClassification.from_pretrained(tmp_path / "tiny").save_pretrained(tmp_path / "again")
    assert "started from byol-tiny" in (tmp_path / "again" / "README.md").read_text()
    BYOLForImageClassification(NetworkConfig(), 2).save_pretrained(tmp_path / "drawn")
    text = (tmp_path / "drawn" / "README.md").read_text()
    assert "started from" not in text and "byol, self-supervised" not in text


def test_class_names_may_be_numbered_and_unknown_options_fail():
    found = BYOLForImageClassification.from_pretrained("byol-tiny", id2label={"1": "river", 0: "forest"})
    assert found.class_names == ("forest", "river")
    with pytest.raises(InputError, match="does not know 'num_classes'; it takes num_labels"):
        BYOLForImageClassification.from_pretrained("byol-tiny", num_classes=10)
    with pytest.raises(InputError, match="by number from 0 on"):
        BYOLForImageClassification.from_pretrained("byol-tiny", id2label={1: "a", 2: "b"})


@pytest.mark.parametrize("wrong", [{"num_labels": 10**12}, {"class_names": "tenletters"}, {"image_size": -3}])
def test_a_config_that_cannot_be_is_damage(saved, wrong):
    tree = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps(tree | wrong))
    with pytest.raises(LabError, match="is damaged"):
        BYOLForImageClassification.from_pretrained(saved)
