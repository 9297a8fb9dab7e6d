"""A run that starts from weights: they are found, they fit or it is said, and what is held still does not move."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from byol_core.config import build
from byol_core.data.catalog import load
from byol_core.errors import InputError, LabError
from byol_core.events import SilentCallback
from byol_core.networks import build_encoder
from byol_core.runs import sweep
from byol_core.runs.store import RunStore
from byol_core.system import paths
from byol_core.training.trainer import Trainer, train
from byol_core.weights import checkpoint, sources
from byol_core.weights.encoder_files import load_weights
from tests.training.test_trainer import Recorder, tiny


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that learned, in a home."""
    folder = tmp_path_factory.mktemp("home") / "a1b2c3d4"
    config = tiny(epochs=1)
    train(config, folder, SilentCallback())
    (folder / "config.json").write_text(json.dumps(config.model_dump(mode="json")))
    return folder


def encoder_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "encoder.safetensors")


# Where they lie


def test_a_run_a_folder_a_file_and_the_shipped_run_are_found(first):
    assert sources.find("a1b2c3d4", first.parent) == first
    assert sources.find(str(first), Path("/nowhere")) == first
    assert sources.find(str(first / "encoder.safetensors")) == first / "encoder.safetensors"
    assert sources.find("byol-tiny", Path("/nowhere")) == paths.bundled("assets/byol-tiny")
    for spec in ("ffffffff", "../a1b2c3d4/nothing", "a\0b", "x" * 5000, "~nobody/x"):
        assert sources.find(spec, first.parent) is None


def test_the_same_weights_have_the_same_name_wherever_they_lie(first):
    places = [str(first), str(first / "encoder.safetensors"), str(next((first / "checkpoints").glob("*.pt")))]
    assert len({sources.load(place).digest for place in places}) == 1
    assert sources.load("byol-tiny").digest != sources.load(str(first)).digest


def test_a_run_without_an_encoder_gives_that_of_its_checkpoint(first, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_bytes((first / "config.json").read_bytes())
    (tmp_path / "run" / "checkpoints").symlink_to(first / "checkpoints")
    found = sources.load("run", tmp_path)
    assert found.digest == sources.load(str(first)).digest and found.image_size == 16


def test_a_run_that_has_learned_nothing_is_one_sentence(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(tiny().model_dump(mode="json")))
    with pytest.raises(LabError, match="neither an encoder nor a checkpoint"):
        sources.load("run", tmp_path)


def test_an_encoder_comes_back_from_the_file_that_was_exported_for_others(tmp_path):
    encoder = build_encoder(build({}, {"network.encoder": "resnet18"}).network, 32)
    encoder.set_statistics(torch.randint(0, 200, (20, 3, 32, 32), dtype=torch.uint8))
    body = {name: value.contiguous() for name, value in encoder.body.state_dict().items()}
    channels = {name: json.dumps([float(x) for x in getattr(encoder, key).flatten()])
                for name, key in (("mean", "mean"), ("std", "deviation"))}  # fmt: skip
    network = build({}, {"network.encoder": "resnet18"}).network.model_dump_json()
    save_file(body, tmp_path / "x.safetensors", {"network": network, "image_size": "32", **channels})
    found = sources.load(str(tmp_path / "x.safetensors"))
    state = found.encoder.state_dict()
    assert all(torch.equal(state[name], value) for name, value in encoder.state_dict().items())
    assert found.image_size == 32
    same = tiny(**{"network.pretrained": str(tmp_path / "x.safetensors"), "network.encoder": "resnet18"})
    assert sources.mismatch(same) is None


# Whether they fit


@pytest.mark.parametrize(
    ("spec", "settings", "words"),
    [
        ("timm:vgg16", {}, "'network.pretrained' should name resnet18, resnet34, resnet50 of timm"),
        ("byol-tiny", {"network.encoder": "resnet18"}, "'network.encoder' should be conv-classroom"),
        ("torchvision:resnet18", {"network.encoder": "conv-half"}, "'network.encoder' should be resnet18"),
        ("torchvision:resnet18", {"network.encoder": "resnet18"}, "'network.stem' should be imagenet"),
        ("timm:resnet50.a1_in1k", {"network.encoder": "resnet50", "network.encoder_norm": "group", "network.stem":
         "imagenet"}, "'network.encoder_norm' should be batch"),
    ],
)  # fmt: skip
def test_weights_of_another_network_are_one_sentence_without_reading_them(spec, settings, words):
    found = sources.mismatch(build({}, {"network.pretrained": spec, **settings}))
    assert words in str(found) and found.setting == words.split("'")[1]


def test_weights_that_fit_are_no_complaint(first):
    for spec in ("a1b2c3d4", str(first / "encoder.safetensors"), ""):
        assert sources.mismatch(tiny(**{"network.pretrained": spec}), first.parent) is None
    assert sources.mismatch(tiny(**{"network.pretrained": "byol-tiny", "network.encoder": "conv-classroom"})) is None


def test_a_run_refuses_weights_that_it_reads_and_cannot_take(first, tmp_path):
    torch.save({"model": torch.load(starts_file(first), weights_only=True)["model"]}, tmp_path / "some.pt")
    config = tiny(**{"network.pretrained": str(tmp_path / "some.pt"), "network.encoder": "conv-half"})
    with pytest.raises(InputError, match=r"'network\.encoder' should be conv-quarter to start from"):
        train(config, tmp_path / "run", SilentCallback())


def starts_file(folder: Path) -> Path:
    return next((folder / "checkpoints").glob("*.pt"))


@pytest.mark.parametrize(("encoder", "most"), [("conv-classroom", 3), ("conv-tutorial", 5), ("resnet18", 5)])
def test_no_more_stages_are_held_still_than_there_are(encoder, most):
    network = build({}, {"network.encoder": encoder, "network.freeze": most}).network
    assert len(build_encoder(network, 32).stages()) == most
    with pytest.raises(InputError, match=f"'network.freeze' should be .*{most}"):
        build({}, {"network.encoder": encoder, "network.freeze": most + 1})


# In a run


def test_a_run_starts_from_the_weights_of_another(first, tmp_path):
    heard = Recorder()
    config = tiny(epochs=1, **{"network.pretrained": str(first), "optimizer.lr": 1e-9, "optimizer.weight_decay": 0.0})
    summary = train(config, tmp_path / "run", heard)
    mine, theirs = encoder_of(tmp_path / "run"), encoder_of(first)
    assert all(torch.allclose(mine[name], theirs[name], atol=1e-5) for name in theirs if name.endswith("weight"))
    assert torch.equal(mine["mean"], theirs["mean"])
    assert any("Starts from the weights of" in note for note in heard.notes)
    # The baseline is the network as it was drawn: the first run had the same.
    before = json.loads((first / "summary.json").read_text())
    assert summary.knn_untrained == before["knn_untrained"]
    assert heard.values("knn_accuracy")[0] != heard.values("knn_untrained")[0]


def test_the_target_starts_from_them_too(first, tmp_path):
    config = tiny(**{"network.pretrained": str(first)})
    trainer = Trainer(config, load("eurosat", 16, limit=240), tmp_path, torch.device("cpu"), SilentCallback())
    trainer._take_start()
    for branch in trainer.model.branches():
        state = branch.encoder.state_dict()
        assert all(torch.equal(state[name], value) for name, value in encoder_of(first).items())
    trainer.close()


@pytest.mark.parametrize("optimizer", ["lars", "adamw"])
def test_stages_that_are_held_still_do_not_move_nor_do_their_statistics(first, tmp_path, optimizer):
    config = tiny(
        steps=3, **{"network.pretrained": str(first), "network.freeze": 2, "optimizer.name": optimizer,
                    "optimizer.weight_decay": 0.1, "optimizer.warmup": 0.0},
    )  # fmt: skip
    train(config, tmp_path / "run", SilentCallback())
    model = checkpoint.latest(tmp_path / "run" / "checkpoints")["model"]
    for name, value in encoder_of(first).items():
        if name.startswith("body"):
            still = int(name.split(".")[1]) < 2
            assert torch.equal(model[f"online.encoder.{name}"], value) == still, name
            assert torch.equal(model[f"target.encoder.{name}"], value) == still, name


@pytest.mark.parametrize("objective", ["byol", "simclr", "supervised"])
def test_every_stage_may_be_held_still(tmp_path, objective):
    config = tiny(steps=2, **{"network.freeze": 5, "method.objective": objective})
    assert train(config, tmp_path, SilentCallback()).steps == 2


def test_a_resumed_run_needs_its_start_no_more(first, tmp_path):
    folder = tmp_path / "gone.safetensors"
    folder.write_bytes((first / "encoder.safetensors").read_bytes())
    config = tiny(epochs=2, **{"network.pretrained": str(folder), "network.freeze": 1, "runtime.checkpoint_every": 1})
    whole = train(config, tmp_path / "whole", SilentCallback())
    stopped = train(config, tmp_path / "run", Recorder(stop_at=5))
    assert stopped.stopped
    folder.unlink()
    train(config, tmp_path / "run", SilentCallback(), resume=True)
    assert whole.steps == 12
    mine, theirs = encoder_of(tmp_path / "run"), encoder_of(tmp_path / "whole")
    assert all(torch.equal(mine[name], value) for name, value in theirs.items())


def test_the_file_of_the_encoder_does_not_say_where_its_start_lay(first, tmp_path):
    train(tiny(steps=1, **{"network.pretrained": str(first), "network.freeze": 1}), tmp_path, SilentCallback())
    assert str(first).encode() not in (tmp_path / "encoder.safetensors").read_bytes()[:4000]
    assert load_weights(tmp_path / "encoder.safetensors").frozen == 0


# Held still


def test_what_is_held_still_stays_in_evaluation_mode_until_it_is_let_go():
    encoder = build_encoder(tiny().network, 16)
    encoder.freeze(2)
    encoder.eval().train()
    assert [block.training for block in encoder.body[:5]] == [False, False, True, True, True]
    assert [all(p.requires_grad for p in block.parameters()) for block in encoder.body[:5]] == [False] * 2 + [True] * 3
    encoder.freeze(0)
    assert encoder.body[0].training and all(p.requires_grad for p in encoder.parameters())
    with pytest.raises(InputError, match="5 stages, so 6 of them"):
        encoder.freeze(6)


def test_a_compiled_encoder_holds_still_what_it_should():
    encoder = build_encoder(tiny().network, 16).train()
    encoder.freeze(1)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    torch.compile(encoder, backend="eager")(torch.rand(4, 3, 16, 16)).sum().backward()
    after = encoder.state_dict()
    assert torch.equal(after["body.0.1.running_mean"], before["body.0.1.running_mean"])
    assert not torch.equal(after["body.1.1.running_mean"], before["body.1.1.running_mean"])
    assert encoder.body[0][0].weight.grad is None and encoder.body[1][0].weight.grad is not None


# In the store


@pytest.fixture
def store(tmp_path, monkeypatch) -> RunStore:
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BYOL_LAB_DATABASE", raising=False)
    return RunStore()


def test_a_start_is_kept_by_the_whole_id_of_its_run(store):
    run = store.create(tiny(), name="the first")
    for ref in ("the first", run.run_id[:6], run.run_id):
        made = store.create(tiny(**{"network.pretrained": ref}))
        assert made.config["network"]["pretrained"] == run.run_id


def test_a_start_at_a_relative_path_is_kept_by_its_whole_path(store, first, monkeypatch):
    monkeypatch.chdir(first)
    made = store.create(tiny(**{"network.pretrained": "encoder.safetensors"}))
    assert made.config["network"]["pretrained"] == str(first / "encoder.safetensors")


def test_a_start_that_is_not_there_or_does_not_fit_makes_no_run(store):
    for spec, words in (("nobody", "but there is no 'nobody'"), ("byol-tiny", "should be conv-classroom")):
        with pytest.raises(InputError, match=words):
            store.create(tiny(**{"network.pretrained": spec}))
        with pytest.raises(InputError, match=words):
            sweep.create(store, tiny(), [{"network.pretrained": spec}, {"network.pretrained": ""}])
    assert store.runs() == []
