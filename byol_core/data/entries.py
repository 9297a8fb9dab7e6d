"""Names, sizes and licenses of the sets in the catalog, known without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A named set. ``images`` counts training and test images; ``download_mb`` is 0 for the embedded set."""

    name: str
    title: str
    sentence: str
    classes: int
    images: int
    train_images: int
    download_mb: int
    license: str


ENTRIES = (
    Entry(
        "eurosat",
        "EuroSAT, embedded",
        "Land use seen from a satellite, 64 pixels; included, no download.",
        10,
        5_000,
        4_000,
        0,
        "MIT; contains modified Copernicus Sentinel data",
    ),
    Entry(
        "cifar10", "CIFAR-10", "Animals and vehicles, 32 pixels: the benchmark.", 10, 60_000, 50_000, 170, "not stated"
    ),
    Entry("cifar100", "CIFAR-100", "As CIFAR-10, with 100 finer classes.", 100, 60_000, 50_000, 169, "not stated"),
    Entry(
        "stl10",
        "STL-10",
        "Photos of 96 pixels, made for learning without labels: 100,000 have none.",
        10,
        113_000,
        105_000,
        2_640,
        "not stated; images from ImageNet",
    ),
    Entry(
        "svhn",
        "SVHN",
        "House numbers from street photos, 32 pixels.",
        10,
        99_289,
        73_257,
        246,
        "non-commercial use only",
    ),
    Entry("fashion-mnist", "Fashion-MNIST", "Clothes in gray, 28 pixels.", 10, 70_000, 60_000, 31, "MIT"),
    Entry("mnist", "MNIST", "Handwritten digits in gray, 28 pixels.", 10, 70_000, 60_000, 12, "CC BY-SA 3.0"),
    Entry(
        "eurosat-full",
        "EuroSAT, whole",
        "All images that the embedded set was drawn from, 64 pixels.",
        10,
        27_000,
        25_000,
        94,
        "MIT; contains modified Copernicus Sentinel data",
    ),
    Entry(
        "imagenette",
        "Imagenette",
        "Ten easy classes of ImageNet, photos of 160 pixels or more.",
        10,
        13_394,
        9_469,
        99,
        "Apache 2.0; images from ImageNet",
    ),
    Entry("flowers102", "Flowers102", "British flowers, large photos.", 102, 8_189, 2_040, 345, "not stated"),
)
