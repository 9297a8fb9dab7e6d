"""The answer to a question: who is evaluated, by what, on which images; the test images decide nothing."""

import dataclasses

import pytest
import torch

from byol_core.errors import InputError, LabError
from byol_core.evaluation import finetune, sgd
from byol_core.evaluation.knn import knn_accuracy
from byol_core.evaluation.protocol import METHODS, Judged, Protocol
from byol_core.evaluation.protocols import answer
from byol_core.events import StopAsked
from byol_core.networks import build_encoder
from byol_core.networks.features import represent
from tests.evaluation.sets import settings, small_set, three_colors

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(finetune, "images_seen", lambda labels: 64)
    monkeypatch.setattr(sgd, "STEPS", 4)
    monkeypatch.setattr(sgd, "EPOCHS", 4)


def encoder():
    torch.manual_seed(3)
    return build_encoder(settings().network, 16)


def ask(images=None, **asked):
    protocol = Protocol(**{"labels": "5", "splits": 2, **asked})
    return answer(settings(), encoder(), images or three_colors(), protocol, device=CPU)


def test_what_was_chosen_is_kept_for_other_languages():
    judged = ask(method="knn").judged
    again = Judged.model_validate_json(judged.as_file())
    assert again == judged and again.scores[0].chosen[0].startswith("k 15: all 15 labels, T ")
    assert again.scores[0].choices[0].template == "k {k}: all {k} labels, T {temperature:g}"
    assert "kept" not in judged.model_dump(mode="json")["scores"][0]


@pytest.mark.parametrize("method", METHODS)
def test_each_method_judges_everybody_on_the_same_test_images(method):
    found = ask(method=method)
    subjects = ["trained", *(["scratch"] if method == "finetune" else []), "untrained", "pixels", "colour"]
    assert [row.subject for row in found.judged.scores] == subjects
    assert all(len(row.accuracies) == len(row.chosen) == 2 for row in found.judged.scores)
    assert (found.judged.labeled, found.judged.tested, found.judged.data) == (15, 30, "paints")
    assert found.probabilities.shape == (30, 3) and found.probabilities.dtype == torch.float32
    assert torch.allclose(found.probabilities.sum(1), torch.ones(30), atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_first_split_accuracy_matches_the_stored_probabilities(method):
    found = ask(method=method)
    right = found.probabilities.argmax(1) == found.labels
    assert float(right.float().mean()) == pytest.approx(found.judged.of("trained").accuracies[0])
    assert found.rows.tolist() == list(range(60, 90))


def test_paired_counts_add_up_to_the_accuracy_difference():
    judged = ask(method="knn").judged
    ours = judged.of("trained")
    assert (ours.gained, ours.lost) == ((), ())
    for row in judged.scores[1:]:
        for split in range(2):
            images = (ours.accuracies[split] - row.accuracies[split]) * judged.tested
            assert row.gained[split] - row.lost[split] == round(images)
        assert judged.gap(row.subject).paired


@pytest.mark.parametrize(("method", "labels"), [*((method, "5") for method in METHODS), ("linear", "all")])
def test_other_test_labels_change_no_choice_and_no_prediction(method, labels):
    images = three_colors()
    swapped = images.labels.clone()
    swapped[images.test] = swapped[images.test].roll(7)
    both = images, dataclasses.replace(images, labels=swapped)
    first, second = (ask(each, method=method, labels=labels, splits=1) for each in both)
    assert torch.equal(first.probabilities, second.probabilities)
    choices = [[row.chosen for row in found.judged.scores] for found in (first, second)]
    assert choices[0] == choices[1]


def test_the_color_and_pixel_baselines_recognize_colors():
    found = ask(labels="all").judged
    assert found.of("pixels").mean > 0.9 and found.of("colour").mean > 0.9


def test_weighted_knn_is_the_one_of_the_run_s_page():
    images, net = three_colors(), encoder()
    rows = represent(net, images.images)
    expected = knn_accuracy(rows[:60], images.labels[:60], rows[60:], images.labels[60:], k=7, temperature=0.07)
    found = ask(images, method="knn", labels="all", k=7, temperature=0.07)
    assert found.judged.of("trained").accuracies == (pytest.approx(expected),)  # with all labels, once
    assert found.judged.of("trained").chosen[0] == "k 7, T 0.07"


def test_more_neighbors_than_labels_are_said():
    assert ask(method="knn", k=200).judged.of("trained").chosen[0] == "k 15: all 15 labels, T 0.1"


def test_empty_classes_and_unlabeled_images_are_left_out():
    labels = [(0, 2, -1)[index % 3] for index in range(90)]
    found = ask(small_set(labels, 60), labels="all")
    assert (found.judged.labeled, found.judged.tested) == (40, 20)
    assert not found.probabilities[:, 1].any()
    assert set(found.labels.tolist()) == {0, 2}


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("knn", "k 3: all 3 labels, T 0.1"),
        ("linear", "strength 3, fixed: too few labels to choose"),
        ("linear-sgd", "rate 0.02, fixed: too few labels to choose"),
        ("finetune", "rate 0.0001, fixed: too few labels to choose"),
    ],
)
def test_one_label_a_class_is_enough_to_ask(method, words):
    assert ask(method=method, labels="1").judged.of("trained").chosen[0] == words


def test_unusable_labels_are_refused_before_computing_anything():
    with pytest.raises(InputError, match="has no labels"):
        ask(small_set(None, 8))
    with pytest.raises(InputError, match="20 training images with a label, and 99 were asked for"):
        ask(labels="99")


@pytest.mark.parametrize("method", METHODS)
def test_an_encoder_that_diverged_is_said_in_a_sentence(method):
    net = encoder()
    with torch.no_grad():
        net.body[0][0].weight.fill_(float("nan"))
    with pytest.raises(LabError, match="values that are not finite, so it cannot be evaluated"):
        answer(settings(), net, three_colors(), Protocol(method=method, labels="5"), device=CPU)


@pytest.mark.parametrize("method", METHODS)
def test_a_wish_to_stop_is_heard_in_the_middle(method):
    shares = []

    def stop():
        return bool(shares) and shares[-1] > 0.3

    with pytest.raises(StopAsked):
        answer(
            settings(), encoder(), three_colors(), Protocol(method=method, labels="5"), device=CPU,
            progress=lambda share, message: shares.append(share), stop=stop,
        )  # fmt: skip
    assert shares[-1] < 1


@pytest.mark.parametrize("method", METHODS)
def test_progress_only_ever_grows(method, monkeypatch):
    monkeypatch.setattr("byol_core.jobs.context._TELL_SECONDS", 0.0)
    shares = []
    protocol = Protocol(method=method, labels="5", splits=2)
    answer(settings(), encoder(), three_colors(), protocol, device=CPU, progress=lambda share, _: shares.append(share))
    assert shares == sorted(shares) and shares[0] == 0 and 0.9 < shares[-1] <= 1


def test_the_encoder_is_left_as_it_was():
    net = encoder().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    answer(settings(), net, three_colors(), Protocol(labels="5", splits=1, method="finetune"), device=CPU)
    assert net.training and all(parameter.requires_grad for parameter in net.parameters())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
