"""The section ``views``: how the two views of an image are made."""

from __future__ import annotations

from typing import Any, Literal

from byol_core.config.fields import Part, setting

# The operations of a view, in the order in which they are applied.
OPERATIONS = (
    "crop",
    "flip_horizontal",
    "flip_vertical",
    "rotation",
    "translation",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "grayscale",
    "blur",
    "solarize",
    "noise",
    "cutout",
)

ViewPreset = Literal["auto", "paper", "symmetric", "small-image", "tutorial-noise", "satellite", "none"]


def _strength(label: str, sentence: str) -> Any:
    return setting(None, label, sentence, empty="as the preset says", expert=True, ge=0.0, le=2.0)


class ViewsConfig(Part):
    """How the two views of an image are made (Table 6 of the paper)."""

    preset: ViewPreset = setting(
        "small-image",
        "Views",
        "The recipe of the two views. Auto: at the start of a run the images are measured, and every strength that is "
        "left empty is chosen to suit them.",
        source="arXiv 2006.07733, Table 6",
    )
    strength: float = setting(
        1.0, "Strength", "Scales every operation: 0 turns them off, 1 is the preset, 2 is the maximum.", ge=0.0, le=2.0
    )
    size: int | None = setting(
        None,
        "View size",
        "Side of the views. Smaller views are faster, and crops are still taken from the full-size image.",
        empty="the image size",
        unit="pixels",
        expert=True,
        ge=8,
        le=512,
    )
    first_size: int | None = setting(
        None,
        "First view size",
        "Views start at this side and grow to the view size over the first half of the run: faster, with coarser views "
        "at first.",
        empty="the view size from the start",
        unit="pixels",
        expert=True,
        ge=8,
        le=512,
    )
    crop: float | None = _strength("Crop", "Random resized crop; at 1 it keeps 8 to 100 % of the area.")
    flip_horizontal: float | None = _strength("Mirror left-right", "Mirrors half of the images at 1.")
    flip_vertical: float | None = _strength("Mirror up-down", "Mirrors half of the images at 1.")
    rotation: float | None = _strength("Rotation", "Rotates by up to 90 degrees at 1, 180 at 2.")
    translation: float | None = _strength("Shift", "Shifts by up to an eighth of the side at 1.")
    brightness: float | None = _strength("Brightness", "Multiplies by 0.6 to 1.4 at 1.")
    contrast: float | None = _strength("Contrast", "Blends with the mean gray by 0.6 to 1.4 at 1.")
    saturation: float | None = _strength("Saturation", "Blends with the gray image by 0.8 to 1.2 at 1.")
    hue: float | None = _strength("Hue", "Rotates the color circle by up to a tenth at 1.")
    grayscale: float | None = _strength("Grayscale", "Converts a fifth of the images to grayscale at 1.")
    blur: float | None = _strength("Blur", "Gaussian, sigma 0.1 to 2 at 1.")
    solarize: float | None = _strength("Solarize", "Inverts values over 0.5 at 1.")
    noise: float | None = _strength("Noise", "Gaussian, standard deviation 0.1 at 1.")
    cutout: float | None = _strength("Cutout", "Blanks out a square with a third of the side at 1.")
