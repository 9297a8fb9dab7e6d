"""Layouts of well-known sets: Kaggle's, COCO's, ImageNet's, Caltech's, Stanford's, Oxford's."""

from __future__ import annotations

from tests.data.layouts.building import (
    BLUE,
    GRAY,
    GREEN,
    NUMBERED,
    PETS,
    RED,
    SYNSETS,
    XML,
    Layout,
    animals,
    coco,
    flat,
    many,
    numbers,
    rows,
)

SETS = [
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
]
