"""What points can be colored by, and columns of somebody's own table."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from byol_core.embeddings import field, fields, foreign, near, read_snapshot, read_space, unit
from byol_core.errors import InputError, LabError


@pytest.fixture
def snapshot(make_embeddings, tmp_path):
    return read_snapshot(make_embeddings(tmp_path / "run" / "embeddings", splits=[2] * 50 + [0] * 10))


def make(snapshot, name, step=320, space="representation", **more):
    return field(snapshot, snapshot.evaluation(step), space, name, **more)


def test_every_field_that_is_offered_can_be_made(snapshot):
    for name, title in fields(snapshot, snapshot.evaluations[-1], "projection"):
        found = make(snapshot, name, space="projection")
        assert (found.name, found.title, found.values.shape) == (name, title, (60,)) and found.note
        if found.kind == "category":
            assert found.values.dtype == np.int16 and found.values.max() < len(found.names)
        else:
            assert found.values.dtype == np.float32 and np.isfinite(found.values).all()


def test_without_labels_nothing_is_said_of_classes(unlabeled):
    snapshot = read_snapshot(unlabeled)
    names = [name for name, _ in fields(snapshot, snapshot.evaluations[-1], "representation")]
    assert names == ["cluster", "nearest", "length", "moved", "brightness"]
    assert len(make(snapshot, "cluster").names) == 10


def test_the_first_evaluation_and_the_pixels_have_not_moved(snapshot):
    for step, space in [(0, "representation"), (320, "pixels")]:
        assert "moved" not in dict(fields(snapshot, snapshot.evaluation(step), space))
        with pytest.raises(InputError, match="cannot be colored by 'moved'"):
            make(snapshot, "moved", step, space)


def test_what_the_trainer_said_is_taken(snapshot):
    path = snapshot.folder / snapshot.evaluations[-1].file
    said, sure = np.full(60, 3, np.int16), np.linspace(0, 1, 60).astype(np.float16)
    save_file({**load_file(path), "predicted": said, "confidence": sure}, path)
    assert set(make(snapshot, "predicted").values) == {3} and "training images" in make(snapshot, "predicted").note
    assert make(snapshot, "confidence").values == pytest.approx(sure.astype(np.float32))
    assert make(snapshot, "error").values.tolist() == (snapshot.classes != 3).astype(int).tolist()


def test_older_runs_ask_the_other_images_of_the_map(snapshot):
    vectors, classes = unit(read_space(snapshot, snapshot.evaluations[-1], "representation")), snapshot.classes
    cosine = vectors @ vectors.T
    np.fill_diagonal(cosine, -9)
    expected = []
    for row in cosine:  # arXiv 1805.01978, section 3.4
        order = np.argsort(-row)[:20]
        votes = np.bincount(classes[order], np.exp(row[order] / 0.1), minlength=10)
        expected.append(votes.argmax())
    found = make(snapshot, "predicted")
    assert found.values.tolist() == expected and "no predictions of its own" in found.note


def test_agreement_and_distance_are_those_of_the_neighbors(snapshot):
    vectors, classes = unit(read_space(snapshot, snapshot.evaluations[-1], "representation")), snapshot.classes
    known = near(vectors, 15)
    agreement = [np.mean(classes[row] == label) for row, label in zip(known, classes, strict=True)]
    assert make(snapshot, "agreement").values == pytest.approx(agreement)
    distances = [1 - vectors[i] @ vectors[row[0]] for i, row in enumerate(known)]
    for given in (None, known):
        assert make(snapshot, "nearest", near=given).values == pytest.approx(distances, abs=1e-6)


def test_of_many_images_the_neighbors_have_to_be_given(snapshot, monkeypatch):
    known = near(read_space(snapshot, snapshot.evaluations[-1], "representation"), 15)
    monkeypatch.setitem(fields.__globals__, "AT_ONCE", 59)
    with pytest.raises(LabError, match="still being found"):
        make(snapshot, "agreement")
    assert make(snapshot, "agreement", near=known).values.shape == (60,)


def test_neighbors_without_a_label_have_no_say(make_embeddings, tmp_path):
    labels = [0] * 5 + [-1] * 55
    snapshot = read_snapshot(make_embeddings(tmp_path / "few", labels=labels))
    found = make(snapshot, "agreement", near=np.tile(np.r_[1:16].astype(np.int32), (60, 1)))
    assert found.values[:5].tolist() == [1] * 5 and np.isnan(found.values[5:]).all()
    assert "of those that have a label" in found.note


def test_a_single_image_has_no_neighbors_to_color_by(make_embeddings, tmp_path):
    snapshot = read_snapshot(make_embeddings(tmp_path / "one", n=1, steps=(320,)))
    for name, _ in fields(snapshot, snapshot.evaluations[-1], "representation"):
        assert make(snapshot, name).values.shape == (1,)


def test_predictions_say_that_they_are_of_the_representation(snapshot):
    for name in ("predicted", "confidence", "error"):
        assert "Of the representation" in make(snapshot, name, space="projection").note
        assert "Of the representation" not in make(snapshot, name).note


def test_the_centers_of_a_large_set_are_found_among_some(snapshot, monkeypatch):
    whole = make(snapshot, "cluster")
    for name, count in (("_MOST_FITTED", 59), ("_FITTED", 40), ("_MOST_CLUSTERS", 4)):
        monkeypatch.setitem(field.__globals__, name, count)
    found = make(snapshot, "cluster")
    assert (len(whole.names), len(found.names)) == (10, 4) and set(found.values) == {0, 1, 2, 3}


def test_clusters_repeat_and_the_largest_is_first(snapshot):
    found = make(snapshot, "cluster")
    assert found.values.tolist() == make(snapshot, "cluster").values.tolist()
    sizes = np.bincount(found.values)
    assert sizes.tolist() == sorted(sizes, reverse=True) and found.names[0] == "Cluster 1"


# Of a table


def read(snapshot, text):
    return foreign(text.encode(), snapshot)


def test_columns_of_a_table_become_numbers_and_categories(snapshot):
    table = "image,cloud,who\n4000,0.5,Ann\n4002,,Bob\n4003,-2e3,\n99999,1,Eve\n"
    cloud, who = read(snapshot, table).fields
    assert (cloud.kind, cloud.title, who.kind, who.names) == ("number", "cloud", "category", ("Ann", "Bob"))
    assert cloud.values[[0, 3]].tolist() == [0.5, -2000] and np.isnan(cloud.values[[1, 2, 59]]).all()
    assert who.values[:4].tolist() == [0, -1, 1, -1] and set(who.values[4:]) == {-1}


def test_tables_of_other_programs_are_read(snapshot):
    (found,) = read(snapshot, '\ufeffimage;x\r\n4001;"a;b"\r\n').fields
    assert found.names == ("a;b",)


def test_numbers_of_other_programs_are_read(snapshot):
    (found,) = read(snapshot, "Image;weight\n4000,0;1,5\n4001.0;NA\n4002;-\n4003;2\n").fields
    assert (found.kind, found.values[[0, 3]].tolist()) == ("number", [1.5, 2])
    assert np.isnan(found.values[[1, 2]]).all()


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("", "is empty"),
        ("image,x\n", "is empty"),
        ("x,y\n1,2\n", "needs a column 'image'"),
        ("image\n4000\n", "two to 50 columns"),
        ("image,x,x\n4000,1,2\n", "a name of its own"),
        ("image,x\n4000\n", "Line 2 of the table has 1 cells"),
        ("image,x\none,1\n", "'one' is no number of an image"),
        ("image,x\n4000,1\n4000,2\n", "two lines on image 4000"),
        ("image,x\n1,1\n", "None of the images"),
        ('image,x\n4000,"1\n', "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_sentence(snapshot, table, reason):
    with pytest.raises(InputError, match=reason):
        read(snapshot, table)


def test_bytes_that_are_no_text_are_refused(snapshot):
    with pytest.raises(InputError, match="UTF-8"):
        foreign(b"image,x\n4000,\xff\xfe", snapshot)


def test_too_many_words_have_no_colors(snapshot, monkeypatch):
    text = "image,x\n" + "".join(f"{4000 + i},w{i}\n" for i in range(60))
    monkeypatch.setitem(foreign.__globals__, "_MOST_NAMES", 59)
    with pytest.raises(InputError, match="'x' has more than 59 different values"):
        read(snapshot, text)


def test_a_column_of_too_many_words_is_left_out_and_named(snapshot, monkeypatch):
    text = "image,x,y\n" + "".join(f"{4000 + i},w{i},{i}\n" for i in range(60))
    monkeypatch.setitem(foreign.__globals__, "_MOST_NAMES", 59)
    found = read(snapshot, text)
    assert ([field.title for field in found.fields], found.left_out) == (["y"], ("x",))
