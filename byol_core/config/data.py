"""The section ``data``: which images a run is trained on."""

from __future__ import annotations

from pydantic import field_validator

from byol_core.config import complaints, value_range
from byol_core.config.fields import Part, setting
from byol_core.system.text import storable


class DataConfig(Part):
    """Which images a run is trained on."""

    source: str = setting("eurosat", "Images", "A name from the catalog, or the path of a folder, archive, .npz, .npy.")
    image_size: int = setting(
        32, "Image size", "Every image is resized once to this height and width.", unit="pixels", ge=8, le=512
    )
    validation: float = setting(
        0.1,
        "Validation share",
        "Share of the training images that is held out, to evaluate the run during training.",
        expert=True,
        ge=0.0,
        le=0.5,
    )
    limit: int | None = setting(
        None, "Image limit", "Use at most this many training images (empty: all).", unit="images", expert=True, ge=2
    )

    range: str = setting(
        value_range.AUTO,
        "Value range",
        "Which values are black and white in images of more than 8 bits and in arrays. Auto: found from the values of "
        "the whole set. Otherwise 0-1, -1-1, 0-255, 10-bit, 12-bit, 14-bit, 16-bit, min-max (the set's own, without "
        "outliers), or two numbers such as 100,4000.",
        expert=True,
    )

    @field_validator("range")
    @classmethod
    def _is_range(cls, text: str) -> str:
        try:
            value_range.limits(text)
        except ValueError:
            raise complaints.custom("value_range") from None
        return text

    @field_validator("source")
    @classmethod
    def _is_text(cls, source: str) -> str:
        """Reject names with bytes that are not text, which Linux allows: neither YAML nor the store can hold them."""
        if storable(source) != source:
            raise complaints.custom("not_text")
        return source
