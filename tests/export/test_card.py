from __future__ import annotations

import re

import yaml

from byol_core.evaluation.jobs import key
from byol_core.evaluation.protocol import Judged, Protocol, Scores
from byol_core.export import write


def card(store, run, tmp_path, lang="en"):
    return write(store, run, "card", tmp_path / "README.md", lang).read_text(encoding="utf-8")


def keep(run):
    """An answer as the evaluator leaves it."""
    protocol = Protocol(method="finetune", labels="10")
    scores = (
        Scores(subject="trained", accuracies=(0.7, 0.8, 0.75)), Scores(subject="scratch", accuracies=(0.5, 0.6, 0.55)),
    )  # fmt: skip
    judged = Judged(
        protocol=protocol, scores=scores, data="set", classes=("cat", "dog"), labeled=20, tested=1000, seconds=1.0,
        device="cpu", version="1",
    )  # fmt: skip
    folder = run.folder / "evaluations"
    folder.mkdir()
    (folder / f"{key(run.folder, protocol)}.json").write_text(judged.model_dump_json())


def test_a_card_tells_data_recipe_numbers_and_limits(store, finished, tmp_path):
    run = finished()
    text = card(store, run, tmp_path)
    front = yaml.safe_load(text.split("---")[1])
    assert (front["library_name"], front["model_name"]) == ("byol-lab", "mine")
    assert "| weighted kNN, this encoder | 0.750 | test images |" in text
    assert "| Image size | `data.image_size` | 16 |" in text
    assert "36 images were trained on" in text
    assert "No protocol of evaluation was run on these weights" in text
    assert f"byol export {run.run_id} --format safetensors" in text


def test_a_card_holds_the_answers_that_were_kept(store, finished, tmp_path):
    run = finished()
    keep(run)
    text = card(store, run, tmp_path)
    assert (
        "**fine-tuning, 10 labels a class, 3 splits**: 20 labels used, accuracy on 1,000 test images of `set`." in text
    )
    assert "| this run | 0.750 ± 0.050 |  |\n| from scratch | 0.550 ± 0.050 | +0.200 [+0.159, +0.240] |" in text
    assert "±: standard deviation over 3 draws of the labels" in text
    assert "No protocol of evaluation" not in text


def test_a_card_says_how_sure_its_figures_are(store, finished, tmp_path):
    run = finished()
    run.summary.update(knn_untrained=0.74, test_images=1000, knn_untrained_gained=30, knn_untrained_lost=20)
    text = card(store, run, tmp_path)
    assert "| weighted kNN, this encoder | 0.750 [0.722, 0.776] | 1,000 test images |" in text
    assert "There is no clear difference from the untrained encoder: +0.010 [" in text


def test_small_numbers_of_the_recipe_are_not_rounded_away(store, finished, tmp_path):
    run = finished()
    run.config["optimizer"]["lr"] = 0.00025
    assert "| `optimizer.lr` | 0.00025 |" in card(store, run, tmp_path)


def test_a_run_that_was_not_judged_says_so(store, finished, tmp_path):
    run = finished()
    run.summary.clear()
    assert "The run was not evaluated at its end" in card(store, run, tmp_path)


def test_a_name_is_no_markup(store, finished, tmp_path):
    text = card(store, finished(name="<b>![x](http://a.example)"), tmp_path)
    assert r"# \<b\>\!\[x\](http://a.example)" in text


def test_a_card_names_the_starting_weights_but_no_folder(store, finished, tmp_path):
    run = finished()
    run.config["network"]["pretrained"] = "/home/me/secret/start.safetensors"
    text = card(store, run, tmp_path)
    assert "starting from `start.safetensors`" in text
    assert "has also seen whatever the start was trained on, with or without labels" in text
    assert "/home/me" not in text and str(tmp_path) not in text


def test_a_card_of_a_run_that_drew_its_weights_names_no_start(store, finished, tmp_path):
    assert "start" not in card(store, finished(), tmp_path).partition("## Recipe")[0]


def test_every_sentence_of_a_card_is_translated(store, finished, tmp_path, qps):
    run = finished()
    keep(run)
    run.summary.update(knn_untrained=0.74, test_images=1000, knn_untrained_gained=30, knn_untrained_lost=20)
    run.config["network"]["pretrained"] = "start.safetensors"
    text = card(store, run, tmp_path, qps)
    assert yaml.safe_load(text.split("---")[1])["model_name"] == "mine"
    values_and_code = r"`[^`]*` \|.*$|```[^`]*```|`[^`]*`"
    prose = re.sub(values_and_code, "", text.split("---", 2)[2], flags=re.MULTILINE)
    assert set(re.findall(r"[A-Za-z]{3,}", prose)) <= {"mine"}
