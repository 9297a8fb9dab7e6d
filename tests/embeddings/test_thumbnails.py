"""Thumbnails come from the sheet that they are on, and sheets that are lost are said."""

import numpy as np
import pytest
from PIL import Image

from byol_core.embeddings import read_sheet, read_snapshot, sheets, thumbnail, thumbnails
from byol_core.errors import LabError


def distance(picture, real):
    return np.abs(picture.astype(int) - real).mean()


def test_a_thumbnail_is_the_picture_of_its_image(embeddings, real_pictures):
    snapshot = read_snapshot(embeddings)
    assert distance(thumbnail(read_sheet(snapshot), snapshot, 13), real_pictures[13]) < 6  # the sheet is compressed


def test_many_images_are_spread_over_several_sheets(make_embeddings, tmp_path, real_pictures):
    snapshot = read_snapshot(make_embeddings(tmp_path / "many", per_sheet=20))
    assert len(sheets(snapshot)) == 3
    found = thumbnails(snapshot, [45, 3, 20])
    assert [distance(picture, real_pictures[i]) < 6 for picture, i in zip(found, [45, 3, 20], strict=True)] == [
        True
    ] * 3
    assert len({picture.tobytes() for picture in found}) == 3


def test_the_last_of_several_sheets_is_missed(make_embeddings, tmp_path):
    snapshot = read_snapshot(make_embeddings(tmp_path / "many", per_sheet=20))
    (snapshot.folder / "thumbnails-2.webp").unlink()
    with pytest.raises(LabError, match=r"thumbnails-2\.webp"):
        sheets(snapshot)
    assert len(thumbnails(snapshot, [39])) == 1


@pytest.mark.parametrize("kept", [0, 40, 5000])
def test_a_sheet_that_was_cut_off_is_refused(embeddings, kept):
    path = embeddings / "thumbnails.webp"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(LabError, match=r"thumbnails\.webp"):
        read_sheet(read_snapshot(embeddings))


def test_a_sheet_too_small_for_its_images_is_refused(embeddings):
    Image.new("RGB", (64, 64)).save(embeddings / "thumbnails.webp")
    with pytest.raises(LabError, match=r"thumbnails\.webp"):
        sheets(read_snapshot(embeddings))
