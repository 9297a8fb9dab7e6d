"""Habits of people and programs: masks, leftovers of systems, spellings, parts, tables."""

from __future__ import annotations

import json
import unicodedata

from tests.data.layouts.building import (
    BLUE,
    GRAY,
    GREEN,
    NUMBERED,
    PETS,
    RED,
    XML,
    Layout,
    animals,
    flat,
    many,
    numbers,
    rows,
)

HABITS = [
    # Masks beside images
    Layout(
        "images and masks in splits",
        {
            f"{s}/{k}/{n}.png": c
            for s in ("train", "valid")
            for k, c in (("images", RED), ("masks", GRAY))
            for n in range(4)
        },
        {},
        4,
        4,
        unlabeled=8,
        left_out={"annotation": 8},
    ),
    Layout(
        "splits in images and masks",
        {
            f"{k}/{s}/{n}.png": c
            for s in ("train", "val")
            for k, c in (("img_dir", RED), ("ann_dir", GRAY))
            for n in range(4)
        },
        {},
        4,
        4,
        unlabeled=8,
        left_out={"annotation": 8},
    ),
    Layout(
        "masks in every class",
        animals("", 5, file="images/{}.png") | many(GRAY, "cat/masks/{}.png", 5) | many(GRAY, "dog/masks/{}.png", 5),
        PETS,
        10,
        left_out={"annotation": 10},
    ),
    Layout(
        "image and ground truth",
        many(RED, "image/{}.jpg", 5) | many(GRAY, "ground truth/{}.png", 5),
        {},
        5,
        unlabeled=5,
        left_out={"annotation": 5},
    ),
    Layout(
        "img and label", flat("img", 3) | many(GRAY, "label/{}.png", 6), {}, 6, unlabeled=6, left_out={"annotation": 6}
    ),
    Layout(
        "street scenes",
        many(RED, "train/{}.png", 4)
        | many(RED, "test/{}.png", 2)
        | many(GRAY, "trainannot/{}.png", 4)
        | many(GRAY, "test_labels/{}.png", 2),
        {},
        4,
        2,
        unlabeled=6,
        left_out={"annotation": 6},
    ),
    Layout(
        "masks among the images",
        animals("", 5, file="tumor ({}).png")
        | many(GRAY, "cat/tumor ({})_mask.png", 5)
        | {"cat/tumor (0)_mask_1.png": GRAY},
        PETS,
        10,
        left_out={"annotation": 6},
    ),
    Layout("faces with and without a mask", animals("", 5, names="mask no_mask"), {"mask": RED, "no_mask": BLUE}, 10),
    # What systems and projects leave behind
    Layout(
        "a Synology",
        animals("", 5) | {f"{k}/@eaDir/{n}.png/SYNOPHOTO_THUMB_M.jpg": GRAY for k in PETS for n in range(5)},
        PETS,
        10,
        left_out={"system": 10},
    ),
    Layout(
        "wastebaskets and caches",
        animals("", 5)
        | many(GRAY, "$RECYCLE.BIN/S-1/{}.png", 2)
        | many(GRAY, ".thumbnails/{}.png", 2)
        | many(GRAY, "#recycle/cat/{}.png", 2)
        | many(GRAY, "System Volume Information/{}.png", 2)
        | many(GRAY, "cat/.ipynb_checkpoints/{}-checkpoint.png", 2)
        | {"Thumbs.db": b"1", "cat/desktop.ini": b"1", "cat/._0.png": b"1", ".DS_Store": b"1"},
        PETS,
        10,
        left_out={"system": 10},
        empty=("lost+found",),
    ),
    Layout(
        "a README beside the wrapper",
        animals("dataset", 5) | {"README": b"see", "LICENSE": b"MIT"},
        PETS,
        10,
        left_out={"not_an_image": 2},
    ),
    Layout(
        "a preview beside the wrapper",
        animals("images", 5) | {"preview.png": GRAY},
        PETS,
        10,
        left_out={"outside_of_splits": 1},
    ),
    Layout(
        "a repository",
        animals("data", 5) | {"docs/figures/plot.png": GRAY, "requirements.txt": b"torch", "notebooks/a.ipynb": b"{}"},
        PETS,
        10,
        left_out={"outside_of_splits": 1, "not_an_image": 2},
    ),
    Layout("an empty class", animals("", 5), PETS | {"eel": GREEN}, 10, empty=("eel",)),
    Layout("a new folder beside photos", flat("holiday", 5), {}, 10, unlabeled=10, empty=("New Folder",)),
    Layout(
        "folders without images",
        animals("", 5) | {"annotations/a.xml": XML, "cat/0.txt": b"0 1 1 1 1"},
        PETS,
        10,
        left_out={"not_an_image": 2},
    ),
    # Spellings of one class
    Layout(
        "composed and decomposed letters",
        many(RED, unicodedata.normalize("NFC", "train/café/{}.png"), 4)
        | many(RED, unicodedata.normalize("NFD", "test/café/{}.png"), 2, 9)
        | many(BLUE, "train/dog/{}.png", 4)
        | many(BLUE, "test/dog/{}.png", 2, 9),
        {unicodedata.normalize("NFC", "café"): RED, "dog": BLUE},
        8,
        4,
    ),
    Layout(
        "case and separators",
        animals("train", 4, names="big_cat dog") | animals("test", 2, 9, names="Big-Cat DOG"),
        {"big_cat": RED, "dog": BLUE},
        8,
        4,
    ),
    Layout("single letters", animals("", 5, names="A a"), {"A": RED, "a": BLUE}, 10),
    # Parts
    Layout(
        "numbered parts with a table",
        flat("HAM10000_images_part_1", 2)
        | flat("HAM10000_images_part_2", 2, 4)
        | {
            "HAM10000_metadata.csv": b"lesion_id,image_id,dx\n"
            + b"".join(b"l%d,%d,%s\n" % (n, n, (b"cat", b"dog")[n // 2 % 2]) for n in range(8))
        },
        PETS,
        8,
    ),
    Layout("folds of classes", animals("fold1", 3) | animals("fold2", 3, 9), PETS, 12),
    # Tables
    Layout("labels.csv", flat("images", 4) | {"labels.csv": rows("image,label", numbers(8), ["cat", "dog"])}, PETS, 8),
    Layout(
        "ids without a suffix",
        flat("train", 4, file="{:04d}.jpg")
        | many(GRAY, "test/{:04d}.jpg", 3, 90)
        | {
            "labels.csv": rows("id,breed", numbers(8, "{:04d}"), ["cat", "dog"]),
            "sample_submission.csv": rows("id,breed", numbers(3, "{:04d}", 90), ["0", "1"]),
        },
        PETS,
        8,
        left_out={"without_labels_only": 3, "not_an_image": 1},
    ),
    Layout(
        "tables of splits",
        flat("train", 4)
        | flat("test", 2)
        | {
            "train.csv": rows("filename,class", numbers(8), ["cat", "dog"]),
            "test.csv": rows("filename,class", numbers(4), ["cat", "dog"]),
        },
        PETS,
        8,
        4,
    ),
    Layout(
        "metadata.csv of Hugging Face",
        flat("train", 4)
        | flat("test", 2)
        | {
            f"{split}/metadata.csv": rows("file_name,label", numbers(n), ["cat", "dog"])
            for split, n in (("train", 8), ("test", 4))
        },
        PETS,
        8,
        4,
    ),
    Layout(
        "metadata.jsonl of Hugging Face",
        flat("", 4) | {"metadata.jsonl": rows("", numbers(8), ["cat", "dog"], '{{"file_name": "{}", "label": "{}"}}')},
        PETS,
        8,
    ),
    Layout(
        "semicolons and paths of Windows",
        flat("img", 4) | {"data.csv": rows("Pfad;Klasse", numbers(8, "C:\\img\\{}.png"), ["cat", "dog"], "{};{}")},
        PETS,
        8,
    ),
    Layout(
        "a list without a header",
        flat("img", 4) | {"list.txt": rows("", numbers(8, "img/{}.png"), ["0", "1"], "{} {}")},
        NUMBERED,
        8,
    ),
    Layout(
        "one column a class",
        flat("img", 4) | {"GroundTruth.csv": rows("image,cat,dog", numbers(8, "{}"), ["1.0,0.0", "0.0,1.0"])},
        PETS,
        8,
    ),
    Layout(
        "findings with several labels",
        flat("images_001/images", 2)
        | flat("images_002/images", 2, 4)
        | {
            "Data.csv": b"Image Index,Finding Labels\n"
            + b"".join(
                b"%d.png,%s\n" % (n, (b"cat", b"dog")[n // 2 % 2] + (b"|eel" if n == 7 else b"")) for n in range(8)
            )
        },
        PETS,
        8,
        unlabeled=1,
    ),
    Layout(
        "webdataset",
        flat("", 4, file="{:06d}.jpg") | {f"{n:06d}.cls": str(n // 4).encode() for n in range(8)},
        NUMBERED,
        8,
    ),
    Layout(
        "labels of StyleGAN",
        flat("00000", 4)
        | {"dataset.json": json.dumps({"labels": [[f"00000/{n}.png", n // 4] for n in range(8)]}).encode()},
        NUMBERED,
        8,
    ),
    Layout(
        "captions are no labels",
        flat("", 4) | {"captions.csv": b"image,caption\n" + b"".join(b"%d.png,text %d\n" % (n, n) for n in range(8))},
        {},
        8,
        unlabeled=8,
        left_out={"unusable_labels": 1},
    ),
    # No classes
    Layout(
        "photos of a camera", many(RED, "IMG_{:04d}.JPG", 5) | many(BLUE, "DSC_{:04d}.JPG", 5), {}, 10, unlabeled=10
    ),
    Layout("one folder", flat("holiday", 5), {}, 10, unlabeled=10),
]
