"""A run's encoder comes from its folder: of its end, or of its newest checkpoint that can be read."""

import subprocess
import sys

import pytest
import torch

from byol_core.errors import LabError
from byol_core.events import SilentCallback
from byol_core.methods import build_method
from byol_core.networks import build_encoder
from byol_core.system.files import write_json
from byol_core.training.trainer import Trainer
from byol_core.weights import checkpoint, encoder_files
from byol_core.weights.encoder_files import digest, load_encoder, load_weights, save_encoder, untrained
from tests.evaluation.sets import settings, three_colors


def write_run(folder, seed=0, **changes):
    """A run's folder with an encoder of its end."""
    config = settings(**changes)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", config.model_dump(mode="json"))
    torch.manual_seed(seed)
    encoder = build_encoder(config.network, config.data.image_size)
    save_encoder(folder / "encoder.safetensors", encoder, config)
    return encoder


def write_checkpoint(folder, step, config):
    torch.manual_seed(step)
    model = build_method(config)
    checkpoint.save(folder / "checkpoints", step, {"model": model.state_dict(), "step": step})
    return model.online.encoder


def same(ours, other):
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in ours.state_dict().items())


def test_the_encoder_of_the_end_is_loaded_as_it_was_written(tmp_path):
    written = write_run(tmp_path)
    loaded = load_encoder(tmp_path)
    assert same(loaded.encoder, written) and not loaded.encoder.training
    assert loaded.step is None and loaded.config == settings()


def test_a_file_of_an_encoder_is_enough(tmp_path):
    written = write_run(tmp_path)
    assert same(load_weights(tmp_path / "encoder.safetensors"), written)


def test_loading_draws_no_random_numbers(tmp_path):
    write_run(tmp_path)
    before = torch.random.get_rng_state()
    load_encoder(tmp_path)
    untrained(settings(), three_colors())
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.fixture
def unfinished(tmp_path):
    """A run's folder with two checkpoints and no encoder, and the encoders in them."""
    config = settings()
    write_json(tmp_path / "config.json", config.model_dump(mode="json"))
    return tmp_path, [write_checkpoint(tmp_path, step, config) for step in (5, 10)]


def test_without_one_the_newest_checkpoint_s_is_taken(unfinished):
    folder, (_, newest) = unfinished
    loaded = load_encoder(folder)
    assert same(loaded.encoder, newest) and loaded.step == 10


def test_a_damaged_checkpoint_is_passed_over_and_left_where_it_is(unfinished):
    folder, (older, _) = unfinished
    path = folder / "checkpoints" / "step-00000010.pt"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    loaded = load_encoder(folder)
    assert same(loaded.encoder, older) and loaded.step == 5
    assert path.is_file()


def test_an_encoder_that_was_cut_short_is_passed_over_for_a_checkpoint(unfinished):
    folder, (_, newest) = unfinished
    save_encoder(folder / "encoder.safetensors", newest, settings())
    whole = (folder / "encoder.safetensors").read_bytes()
    assert load_encoder(folder).step is None
    (folder / "encoder.safetensors").write_bytes(whole[:-10])
    loaded = load_encoder(folder)
    assert (loaded.step, loaded.digest) == (10, digest(folder))


def test_a_run_that_is_resumed_has_no_encoder_of_the_stop_before(tmp_path):
    class Stops(SilentCallback):
        stop = True

        def should_stop(self):
            return self.stop and (tmp_path / "checkpoints").exists()

        def on_progress(self, progress):
            seen.append((tmp_path / "encoder.safetensors").exists())

    config, images, seen = settings(batch_size=8, epochs=2.0, **{"runtime.checkpoint_every": 0.1}), three_colors(), []
    first = Trainer(config, images, tmp_path, torch.device("cpu"), Stops())
    assert first.run(False).stopped and (tmp_path / "encoder.safetensors").exists()
    first.close()
    seen.clear()
    second = Trainer(config, images, tmp_path, torch.device("cpu"), Stops())
    Stops.stop = False
    assert not second.run(True).stopped
    second.close()
    assert not seen[0] and (tmp_path / "encoder.safetensors").exists()


def test_a_run_without_weights_says_what_to_do(tmp_path):
    write_json(tmp_path / "config.json", settings().model_dump(mode="json"))
    with pytest.raises(LabError, match=r"^This run has neither an encoder nor a checkpoint that can be read: train it"):
        load_encoder(tmp_path)
    with pytest.raises(LabError):
        digest(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("config.json", b"{", "The settings of this run cannot be read from"),
        ("config.json", b"[]", "should hold the settings of a run, and does not"),
        ("encoder.safetensors", b"\x10" * 100, "encoder.safetensors' is missing or damaged"),
        ("encoder.safetensors", b"", "encoder.safetensors' is missing or damaged"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, content, sentence):
    write_run(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LabError, match=sentence):
        load_encoder(tmp_path)


def test_weights_of_another_network_are_refused(tmp_path):
    from safetensors.torch import save_file

    config = settings()
    header = {"network": config.network.model_dump_json(), "image_size": "16"}
    save_file({"mean": torch.zeros(3, 1, 1)}, tmp_path / "other.safetensors", header)
    with pytest.raises(LabError, match="does not hold the weights of its network 'conv-quarter'"):
        load_weights(tmp_path / "other.safetensors")
    save_file({"mean": torch.zeros(3, 1, 1)}, tmp_path / "bare.safetensors")
    with pytest.raises(LabError, match="does not say in its header which network it holds"):
        load_weights(tmp_path / "bare.safetensors")


# Their name


def test_the_same_weights_have_the_same_name_wherever_they_lie(tmp_path):
    for place in ("here", "there"):
        write_run(tmp_path / place)
    assert digest(tmp_path / "here") == digest(tmp_path / "there") == load_encoder(tmp_path / "here").digest


def test_other_weights_in_the_same_folder_have_another_name(tmp_path):
    write_run(tmp_path)
    before = digest(tmp_path)
    write_run(tmp_path, seed=1)
    assert digest(tmp_path) != before


def test_a_run_that_goes_on_gets_another_name(unfinished):
    folder, _ = unfinished
    before = digest(folder)
    write_checkpoint(folder, 15, settings())
    assert digest(folder) != before


def test_naming_the_weights_needs_no_torch(tmp_path):
    write_run(tmp_path)
    code = "import sys, pathlib; from byol_core.weights.encoder_files import digest; "
    code += f"digest(pathlib.Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", code + "; assert 'torch' not in sys.modules"], check=True)


def test_asking_twice_reads_the_file_once(tmp_path):
    write_run(tmp_path)
    digest(tmp_path)
    read = encoder_files._hash.cache_info().misses
    digest(tmp_path)
    assert encoder_files._hash.cache_info().misses == read


# Before it learned


def test_the_untrained_network_is_that_of_the_trainer_s_first_step(tmp_path):
    config, images = settings(seed=7, batch_size=8), three_colors()
    trainer = Trainer(config, images, tmp_path, torch.device("cpu"), SilentCallback())
    trainer.close()
    assert same(untrained(config, images), trainer.model.online.encoder)


def test_another_seed_makes_another_one():
    config, images = settings(), three_colors()
    assert not same(untrained(config, images, 1), untrained(config, images, 2))
