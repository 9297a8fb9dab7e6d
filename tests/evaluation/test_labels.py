"""What is wrong with labels is said in a sentence; draws are balanced, seeded, and nested."""

import pytest
import torch

from byol_core.errors import InputError
from byol_core.evaluation import labels
from tests.evaluation.sets import small_set, three_colors

# Sanity


@pytest.mark.parametrize(
    ("given", "train", "sentence"),
    [
        (
            None,
            8,
            "'paints' has no labels, and evaluation needs them: put each class into a folder of its own, or",
        ),
        ([-1] * 12, 8, "'paints' has no labels"),
        ([1] * 12, 8, "All labeled images of 'paints' are of one class, 'green': there is nothing to tell apart"),
        ([0, 1, 0, 1, 2, 2], 4, "'paints' has test images of 'blue', and no training image of it: add some, or leave"),
        ([0, 0, 0, 0, 1, 2], 4, "'paints' has test images of 'green', 'blue', and no training image of them: add some"),
        ([0, 1, 0, 1, -1, -1], 4, "'paints' has no test image with a label, so there is nothing to evaluate on."),
        ([-1, -1, -1, -1, 0, 1], 4, "'paints' has no training image with a label"),
        ([0, 1, 2, 0], 2, "'paints' has 3 classes and only 2 labeled training images: no classifier can learn them"),
    ],
)
def test_labels_that_cannot_judge_are_refused_in_one_sentence(given, train, sentence):
    with pytest.raises(InputError) as refused:
        labels.check(small_set(given, train))
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


def test_many_missing_classes_are_counted_and_not_listed():
    given = [0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]
    with pytest.raises(InputError, match="test images of 'b', 'c', 'd' and 2 more, and no training image of them"):
        labels.check(small_set(given, 7, names=tuple("abcdef")))


@pytest.mark.parametrize("given", [[0, 1, 2, 0, 1, 2, 0, 1], [0, 2, 0, 2, -1, 0, 2, 0]])
def test_names_gaps_and_unlabeled_images_are_fine(given):
    labels.check(small_set(given, 6))


def test_labels_that_are_words_simply_work(tmp_path):
    import numpy as np

    from byol_core.data.catalog import load

    words = np.array(["cat", "dog"] * 10)
    np.savez(tmp_path / "pets.npz", images=np.zeros((20, 8, 8, 3), np.uint8), labels=words)
    found = load(str(tmp_path / "pets.npz"), 8)
    labels.check(found)
    assert found.class_names == ("cat", "dog")


# Draws


def test_all_labels_means_every_labeled_training_image():
    assert labels.draw(small_set([0, 1, -1, 0, 1, 1], 5), "all", 0).tolist() == [0, 1, 3, 4]


def test_a_number_is_drawn_of_each_class():
    found = three_colors()
    rows = labels.draw(found, "7", 3)
    assert found.labels[rows].bincount().tolist() == [7, 7, 7]
    assert torch.isin(rows, found.train).all() and rows.diff().min() > 0


def test_a_seed_repeats_a_draw_and_another_makes_another():
    found = three_colors()
    first, again, other = (labels.draw(found, "7", seed).tolist() for seed in (3, 3, 4))
    assert first == again != other


def test_more_labels_of_a_seed_hold_the_fewer():
    found = three_colors()
    assert set(labels.draw(found, "3", 5).tolist()) < set(labels.draw(found, "50%", 5).tolist())


@pytest.mark.parametrize(("amount", "counts"), [("10%", [2, 1]), ("1%", [1, 1]), ("100%", [20, 5]), ("50%", [10, 2])])
def test_a_share_is_taken_of_each_class_and_one_image_at_least(amount, counts):
    found = small_set([0] * 20 + [1] * 5 + [0, 1], 25)
    assert found.labels[labels.draw(found, amount, 0)].bincount().tolist() == counts


def test_a_class_with_too_few_is_named():
    with pytest.raises(InputError, match="The class 'green' has 2 training images with a label, and 3 were asked for"):
        labels.draw(small_set([0, 0, 0, 1, 1, 0, 1], 5), "3", 0)


# Folds


def test_with_few_labels_each_is_held_out_once_in_five_folds():
    given = torch.arange(30) % 3
    found = labels.folds(given, 0)
    assert found.shape == (5, 30) and (found.sum(0) == 1).all()
    assert all(given[fold].bincount().tolist() == [2, 2, 2] for fold in found)


def test_of_many_labels_one_fifth_is_left_out():
    found = labels.folds(torch.arange(1500) % 3, 0)
    assert found.shape == (1, 1500) and int(found.sum()) == 300


@pytest.mark.parametrize(("counts", "fits"), [([1, 1], 0), ([1, 4], 4), ([2, 9], 5)])
def test_every_fit_knows_every_class(counts, fits):
    given = torch.repeat_interleave(torch.arange(2), torch.tensor(counts))
    found = labels.folds(given, 0)
    assert len(found) == fits
    assert all(fold.any() and given[~fold].unique().tolist() == [0, 1] for fold in found)
