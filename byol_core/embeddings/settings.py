"""How a map is made: the method, and what it depends on."""

from __future__ import annotations

from dataclasses import dataclass

from byol_core.errors import InputError
from byol_core.messages import Listing

METHODS = ("PCA", "UMAP", "t-SNE", "densMAP")
# What each method depends on; the rest of the settings changes nothing.
USED = {
    "PCA": (),
    "UMAP": ("neighbors", "min_dist", "seed"),
    "t-SNE": ("perplexity", "seed"),
    "densMAP": ("neighbors", "min_dist", "seed"),
}
# The least and the most of each, also for whoever draws a slider.
RANGES: dict[str, tuple[float, float]] = {
    "neighbors": (2, 200),
    "min_dist": (0.0, 0.99),
    "perplexity": (2.0, 100.0),
    "seed": (0, 2**31 - 1),
}


@dataclass(frozen=True)
class MapSettings:
    """``neighbors`` (2 to 200): few show detail, many the whole; ``min_dist`` (0 to 0.99): how close points may lie.

    ``perplexity`` (2 to 100): about how many neighbors t-SNE keeps; ``seed``: the same one gives the same map again.
    InputError for a method that is none of :data:`METHODS` and for a value out of its range.
    """

    method: str = "UMAP"
    neighbors: int = 15
    min_dist: float = 0.1
    perplexity: float = 30.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what was given: it may come from an address."""
        if self.method not in METHODS:
            known = Listing(METHODS, "or")
            raise InputError(
                "A map is made by {known}, not by '{method}'.", setting="method", known=known, method=self.method
            )
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise InputError(
                    "The setting '{name}' of a map should be from {least:g} to {most:g}, not {value:g}.",
                    setting=name,
                    name=name,
                    least=least,
                    most=most,
                    value=value,
                )

    def used(self) -> dict[str, float]:
        """The settings that the method depends on."""
        return {name: getattr(self, name) for name in USED[self.method]}

    def in_effect(self, images: int) -> dict[str, float]:
        """The same as a map of so many images is made with them.

        An image has no more neighbors than there are other images, and t-SNE looks at three times its perplexity.
        """
        most = {"neighbors": images - 1, "perplexity": (images - 1) / 3}
        return {name: min(value, most[name]) if name in most else value for name, value in self.used().items()}
