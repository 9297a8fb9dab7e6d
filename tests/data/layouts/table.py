"""Layouts in which people keep images: the files of each, and what should be read of them.

Each image has one color, and so has each class: an image with the label of another color was read wrongly.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field

RED, BLUE, GREEN, GRAY = "red", "blue", "green", "gray"
Files = dict[str, str | bytes]  # a color, or the content of another file


@dataclass(frozen=True)
class Layout:
    """The files, the colors of the classes by name, and how many images are used.

    test: None where the set has no test images of its own. left_out: codes of reasons with their counts.
    """

    name: str
    files: Files
    classes: dict[str, str]
    train: int
    test: int | None = None
    unlabeled: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    empty: tuple[str, ...] = ()


def many(color: str, pattern: str, count: int, first: int = 0) -> Files:
    """Images of one color, numbered from ``first``."""
    return {pattern.format(number): color for number in range(first, first + count)}


def animals(folder: str, count: int, first: int = 0, file: str = "{}.png", names: str = "cat dog") -> Files:
    """A folder for each of two classes, the first red and the second blue."""
    cat, dog = names.split()
    above = f"{folder}/" if folder else ""
    return many(RED, f"{above}{cat}/{file}", count, first) | many(BLUE, f"{above}{dog}/{file}", count, first)


def flat(folder: str, count: int, first: int = 0, file: str = "{}.png") -> Files:
    """Red images, then as many blue ones, in one folder."""
    above = f"{folder}/" if folder else ""
    return many(RED, above + file, count, first) | many(BLUE, above + file, count, first + count)


def rows(head: str, names: list[str], classes: list[str], line: str = "{},{}") -> bytes:
    """A table: the first half of the files with the first label, the others with the second."""
    half = len(names) // 2
    lines = [line.format(name, classes[place >= half]) for place, name in enumerate(names)]
    return "\n".join([head, *lines] if head else lines).encode()


def coco(names: list[str], several: int = 0) -> bytes:
    """COCO's instances: a cat in the first half of the images, a dog in the others, both in some more."""
    half, single = (len(names) - several) // 2, len(names) - several
    held = [(place, 1) for place in range(half)] + [(place, 2) for place in range(half, single)]
    held += [(place, category) for place in range(single, len(names)) for category in (1, 2)]
    return json.dumps(
        {
            "images": [{"id": place, "file_name": name} for place, name in enumerate(names)],
            "annotations": [{"id": i, "image_id": place, "category_id": c} for i, (place, c) in enumerate(held)],
            "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        }
    ).encode()


PETS = {"cat": RED, "dog": BLUE}
NUMBERED = {"0": RED, "1": BLUE}
SYNSETS = {"n01440764": RED, "n01443537": BLUE}
XML = b"<annotation/>"


def numbers(count: int, pattern: str = "{}.png", first: int = 0) -> list[str]:
    """Names of files."""
    return [pattern.format(number) for number in range(first, first + count)]


LAYOUTS = [
    # Kaggle's
    Layout(
        "Intel's scenes",
        animals("seg_train/seg_train", 4)
        | animals("seg_test/seg_test", 2, 9)
        | many(GRAY, "seg_pred/seg_pred/{}.png", 3),
        PETS,
        8,
        4,
        left_out={"without_labels_only": 3},
    ),
    Layout("training_set", animals("training_set/training_set", 4) | animals("test_set/test_set", 2, 9), PETS, 8, 4),
    Layout("doubled", animals("train/train", 4) | animals("test/test", 2, 9), PETS, 8, 4),
    Layout("brain tumors", animals("Training", 4) | animals("Testing", 2, 9), PETS, 8, 4),
    Layout(
        "chest x-rays with a copy",
        animals("chest_xray/train", 4)
        | animals("chest_xray/test", 2, 9)
        | animals("chest_xray/val", 1, 20)
        | animals("chest_xray/chest_xray/train", 4)
        | animals("chest_xray/chest_xray/test", 2, 9)
        | animals("chest_xray/chest_xray/val", 1, 20)
        | many(GRAY, "chest_xray/__MACOSX/chest_xray/train/cat/._{}.png", 3),
        PETS,
        10,
        4,
        left_out={"copy": 14},
    ),
    Layout("a wrapper of a download", animals("archive (1)/Animals-10/raw-img", 5), PETS, 10),
    Layout("flowers with a copy", animals("flowers", 4) | animals("flowers/flowers", 4), PETS, 8, left_out={"copy": 8}),
    Layout(
        "cats and dogs by name, to be predicted",
        many(RED, "train/cat.{}.jpg", 4) | many(BLUE, "train/dog.{}.jpg", 4) | many(GRAY, "test1/{}.jpg", 3),
        PETS,
        8,
        left_out={"without_labels_only": 3},
    ),
    Layout("labeled and test1", animals("train", 4) | animals("test1", 2, 9), PETS, 8, 4),
    Layout("train and dev", animals("train", 4) | animals("dev", 2, 9), PETS, 8, 4),
    Layout("train and eval", animals("Train", 4) | animals("Eval", 2, 9), PETS, 8, 4),
    Layout("images of splits", animals("train_images", 4) | animals("test_images", 2, 9), PETS, 8, 4),
    Layout("joined words", animals("trainset", 4) | animals("testset", 2, 9), PETS, 8, 4),
    Layout("camel case", animals("TrainData", 4) | animals("ValidationData", 2, 9), PETS, 8, 4),
    Layout("the set in the name", animals("pets_train", 4) | animals("pets_test", 2, 9), PETS, 8, 4),
    Layout(
        "hand signs",
        animals("asl_alphabet_train/asl_alphabet_train", 4)
        | many(GRAY, "asl_alphabet_test/asl_alphabet_test/{}.jpg", 2),
        PETS,
        8,
        left_out={"without_labels_only": 2},
    ),
    Layout("a class called train", animals("", 4) | many(GREEN, "train/{}.png", 4), PETS | {"train": GREEN}, 12),
    Layout("only validation and test", animals("val", 4) | animals("test", 2, 9), PETS, 8, 4),
    Layout(
        "splits below the classes", animals("", 4, file="train/{}.png") | animals("", 2, 9, "test/{}.png"), PETS, 8, 4
    ),
    Layout(
        "splits and classes in one name",
        many(RED, "train_cat/{}.png", 4)
        | many(BLUE, "train_dog/{}.png", 4)
        | many(RED, "test_cat/{}.png", 2, 9)
        | many(BLUE, "test_dog/{}.png", 2, 9),
        PETS,
        8,
        4,
    ),
    Layout(
        "traffic signs, twice for Windows",
        animals("Train", 4, names="0 1")
        | animals("train", 4, names="0 1")
        | flat("Test", 2)
        | many(GRAY, "Meta/{}.png", 2)
        | {"Test.csv": rows("Width,Path,ClassId", numbers(4, "Test/{}.png"), ["0", "1"], "53,{},{}")},
        NUMBERED,
        8,
        4,
        left_out={"copy": 8, "outside_of_splits": 2},
    ),
    # COCO's
    Layout(
        "COCO with one category an image",
        flat("train2017", 4, file="{:012d}.jpg")
        | flat("val2017", 2, 50, "{:012d}.jpg")
        | {
            "annotations/instances_train2017.json": coco(numbers(8, "{:012d}.jpg")),
            "annotations/instances_val2017.json": coco(numbers(4, "{:012d}.jpg", 50)),
            "annotations/captions_val2017.json": b'{"images": [], "annotations": []}',
        },
        PETS,
        8,
        4,
        left_out={"not_an_image": 1},
    ),
    Layout(
        "COCO with several categories",
        flat("train2017", 4) | many(GRAY, "train2017/{}.png", 3, 8) | {"annotations/a.json": coco(numbers(11), 3)},
        PETS,
        11,
        unlabeled=3,
    ),
    # ImageNet's
    Layout(
        "ImageNet with a flat validation",
        animals("ILSVRC/Data/CLS-LOC/train", 4, file="{}.JPEG", names=" ".join(SYNSETS))
        | many(GRAY, "ILSVRC/Data/CLS-LOC/val/ILSVRC2012_val_{}.JPEG", 4)
        | {"ILSVRC/Annotations/CLS-LOC/val/a.xml": XML, "ILSVRC/ImageSets/CLS-LOC/val.txt": b"a 1\nb 2"},
        SYNSETS,
        8,
        left_out={"without_labels_only": 4, "not_an_image": 2},
    ),
    Layout(
        "Imagenette",
        animals("imagenette2-160/train", 4, names=" ".join(SYNSETS))
        | animals("imagenette2-160/val", 2, 9, names=" ".join(SYNSETS)),
        SYNSETS,
        8,
        4,
    ),
    Layout(
        "tiny-imagenet",
        animals("train", 4, file="images/{}.JPEG", names=" ".join(SYNSETS))
        | flat("val/images", 2, file="val_{}.JPEG")
        | many(GRAY, "test/images/test_{}.JPEG", 3)
        | {
            "val/val_annotations.txt": rows("", numbers(4, "val_{}.JPEG"), [*SYNSETS], "{}\t{}\t0\t0\t62\t62"),
            "wnids.txt": "\n".join(SYNSETS).encode(),
            "words.txt": b"n01440764\ttench\nn01443537\tgoldfish",
        },
        SYNSETS,
        8,
        4,
        left_out={"without_labels_only": 3, "not_an_image": 2},
    ),
    # Caltech's, Stanford's, Oxford's
    Layout(
        "Caltech 101",
        animals("caltech-101/101_ObjectCategories", 5, file="image_{:04d}.jpg")
        | {"caltech-101/Annotations/cat/a.mat": b"1"},
        PETS,
        10,
        left_out={"not_an_image": 1},
    ),
    Layout(
        "Caltech 256",
        animals("256_ObjectCategories", 5, names="001.ak47 002.flag"),
        {"001.ak47": RED, "002.flag": BLUE},
        10,
    ),
    Layout(
        "CUB",
        animals("CUB_200_2011/images", 5, names="001.Albatross 002.Wren")
        | many(GRAY, "CUB_200_2011/segmentations/001.Albatross/{}.png", 5)
        | {"CUB_200_2011/README": b"see", "CUB_200_2011/attributes/a.txt": b"1", "CUB_200_2011/parts/p.txt": b"1"},
        {"001.Albatross": RED, "002.Wren": BLUE},
        10,
        left_out={"annotation": 5, "not_an_image": 3},
    ),
    Layout(
        "Stanford's dogs, annotations without a suffix",
        animals("Images", 4, file="n_{}.jpg") | {f"Annotation/{name}/n_{n}": XML for name in PETS for n in range(4)},
        PETS,
        8,
        left_out={"annotation": 8},
    ),
    Layout(
        "Oxford's pets",
        many(RED, "images/Abyssinian_{}.jpg", 5)
        | many(BLUE, "images/american_bulldog_{}.jpg", 5)
        | many(GRAY, "annotations/trimaps/Abyssinian_{}.png", 5)
        | {"annotations/xmls/Abyssinian_1.xml": XML},
        {"Abyssinian": RED, "american_bulldog": BLUE},
        10,
        left_out={"annotation": 5, "not_an_image": 1},
    ),
    Layout(
        "EuroSAT", animals("EuroSAT/2750", 5, file="x_{}.jpg", names="Forest River"), {"Forest": RED, "River": BLUE}, 10
    ),
    Layout(
        "VOC",
        many(RED, "VOCdevkit/VOC2012/JPEGImages/2007_{:06d}.jpg", 6)
        | many(GRAY, "VOCdevkit/VOC2012/SegmentationClass/2007_{:06d}.png", 4)
        | many(GRAY, "VOCdevkit/VOC2012/SegmentationObject/2007_{:06d}.png", 4)
        | {"VOCdevkit/VOC2012/Annotations/2007_000001.xml": XML},
        {},
        6,
        unlabeled=6,
        left_out={"annotation": 8, "not_an_image": 1},
    ),
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
