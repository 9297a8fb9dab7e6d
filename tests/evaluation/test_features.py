"""What each subject knows of an image, and that looking at many takes a chunk at a time."""

import numpy as np
import pytest
import torch

from byol_core.evaluation import features
from byol_core.events import StopAsked
from byol_core.networks import build_encoder
from tests.evaluation.sets import images_of, settings


def test_a_histogram_is_the_root_of_the_shares_of_the_colors(generator):
    images = torch.randint(0, 256, (3, 3, 10, 10), generator=generator, dtype=torch.uint8)
    for image, ours in zip(images, features.histogram(images), strict=True):
        pixels = image.flatten(1).T.numpy()
        counts, _ = np.histogramdd(pixels, bins=8, range=[(0, 256)] * 3)
        assert torch.allclose(ours, torch.from_numpy(np.sqrt(counts / 100).ravel()).float())


def test_images_in_unit_range_have_the_same_histogram_as_bytes(generator):
    images = torch.randint(0, 256, (2, 3, 10, 10), generator=generator, dtype=torch.uint8)
    assert torch.equal(features.histogram(images.float() / 255), features.histogram(images))


def test_chunks_are_counted_in_pixels_and_change_nothing(monkeypatch):
    images, rows, told = images_of([0, 1, 2, 0, 1]), torch.arange(5), []
    whole = features.of_colors(images, rows)
    monkeypatch.setattr(features, "_CHUNK", 2 * 16 * 16)
    assert torch.equal(features.of_colors(images, rows, told.append), whole)
    assert told == [0.0, 0.4, 0.8]


@pytest.mark.parametrize(("side", "numbers"), [(8, 192), (16, 768), (64, 768)])
def test_raw_pixels_are_at_most_16_wide(side, numbers):
    gray = torch.full((2, 3, side, side), 51, dtype=torch.uint8)
    assert torch.allclose(features.shrunk(gray), torch.full((2, numbers), 0.2))


def test_an_encoder_sees_each_row_alone_and_in_order():
    config, images = settings(), images_of([0, 1, 2] * 20)
    encoder = build_encoder(config.network, 16).eval()
    rows = torch.tensor([40, 3, 17, 59, 0] * 7)
    with torch.no_grad():
        expected = encoder(images[rows].float() / 255)
    assert torch.allclose(features.of_encoder(encoder, images, rows), expected, atol=1e-5)


def test_the_batch_grows_when_passes_are_short_and_else_shrinks():
    assert features._next_size(16, 0.001) == 32
    assert features._next_size(512, 0.001) == 512
    assert features._next_size(64, 0.2) == 64
    assert features._next_size(64, 2.0) == 32
    assert features._next_size(1, 60.0) == 1


@pytest.mark.parametrize("what", [features.of_pixels, features.of_colors])
def test_looking_can_be_broken_off(what):
    def stop(share):
        raise StopAsked

    with pytest.raises(StopAsked):
        what(images_of([0, 1]), torch.arange(2), stop)
