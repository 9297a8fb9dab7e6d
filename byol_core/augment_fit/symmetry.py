"""Are images of a set still like the set after they were mirrored, turned or shifted?

For every image, the distance to its nearest other image of the set is compared with that of its transformed copy (the
image itself is left out for both). If the set has the symmetry, the copy is as good a member as the image, so which of
the two is farther is a coin toss. The share of the images for which the copy is farther, less the share for which the
image is, is therefore 0 for a symmetric set, and 1 for one in which every copy is foreign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from byol_core.augment_fit.descriptors import DESCRIPTORS, Descriptor, described

SIDE = 32  # to which images are resized beforehand
BORDER = 4  # pixels by which an image is shifted: an eighth of the side
MARGIN = 0.15  # up to which a set counts as symmetric: light from one side alone makes 0.1
_DRAWS = 400  # of the coin tosses
_SURE = 0.995  # of the draws stay below what counts as more than chance
_SAME = 1e-3  # distances that differ by less are equal, in units of a descriptor's spread

Transform = Callable[[Tensor], Tensor]


def _mirror(images: Tensor) -> Tensor:
    return images.flip(3)


def _upside_down(images: Tensor) -> Tensor:
    return images.flip(2)


def _quarter_turn(images: Tensor) -> Tensor:
    """A quarter to the left for the even images, to the right for the odd ones."""
    turned = images.rot90(1, (2, 3)).clone()
    turned[1::2] = images[1::2].rot90(-1, (2, 3))
    return turned


def _shift(images: Tensor) -> Tensor:
    """The parts toward the four corners, in turn. Cut out, since whatever would fill the edge is foreign everywhere."""
    inside = images.shape[2] - 2 * BORDER
    shifted = torch.empty_like(images[:, :, :inside, :inside])
    for place, (y, x) in enumerate((y, x) for y in (0, 2 * BORDER) for x in (0, 2 * BORDER)):
        shifted[place::4] = images[place::4, :, y : y + inside, x : x + inside]
    return shifted


def _middle(images: Tensor) -> Tensor:
    return images[:, :, BORDER:-BORDER, BORDER:-BORDER]


# What is done to whole images.
TRANSFORMS: Mapping[str, Transform] = {"mirrored": _mirror, "upside_down": _upside_down, "turned": _quarter_turn}


@dataclass(frozen=True)
class Symmetry:
    """What the comparison found of a transform.

    ``foreign``: how much oftener the copy is the farther one, from -1 to 1, by the descriptor that sees it best;
    ``chance``: what tosses of a coin reach in one of two hundred sets; ``by``: that descriptor. Where chance reaches
    the margin, as with fewer than 400 images, a symmetric set may be taken for one that is not, which costs little.
    """

    foreign: float
    chance: float
    by: str

    @property
    def alike(self) -> bool:
        """Whether transformed images are still like the set."""
        return self.foreign <= MARGIN


def symmetries(images: Tensor) -> dict[str, Symmetry]:
    """Every transform of images (n, 3, 32, 32) in [0, 1], and "shifted"; n is at least 3."""
    whole = [_Bank(describe, images) for describe in DESCRIPTORS.values()]
    found = {name: _compare(whole, change(images)) for name, change in TRANSFORMS.items()}
    inside = [_Bank(describe, _middle(images)) for describe in DESCRIPTORS.values()]
    return {**found, "shifted": _compare(inside, _shift(images))}


class _Bank:
    """The images as one descriptor sees them, and how far each is from its nearest other."""

    def __init__(self, describe: Descriptor, images: Tensor) -> None:
        self.describe = describe
        rows = described(describe, images)
        self.middle, self.spread = rows.mean(0), rows.std(0).mean().clamp(min=1e-6)
        self.rows = (rows - self.middle) / self.spread
        self.nearest = nearest_other(self.rows, self.rows)

    def farther(self, changed: Tensor) -> Tensor:
        """For each image (n,) 1 where its copy is farther from all other images, -1 where it is nearer, else 0."""
        copies = (described(self.describe, changed) - self.middle) / self.spread
        gap = nearest_other(copies, self.rows) - self.nearest
        return torch.where(gap.abs() > _SAME, gap.sign(), torch.zeros_like(gap))


def _compare(banks: Sequence[_Bank], changed: Tensor) -> Symmetry:
    signs = torch.stack([bank.farther(changed) for bank in banks])
    shares = signs.mean(1)
    best = int(shares.argmax())
    return Symmetry(float(shares[best]), _chance(signs), list(DESCRIPTORS)[best])


def nearest_other(rows: Tensor, bank: Tensor) -> Tensor:
    """The distance (n,) of each row from the nearest of the bank (n, d) that has another place."""
    apart = torch.cdist(rows, bank)
    return apart.fill_diagonal_(torch.inf).amin(1)


def _chance(signs: Tensor) -> float:
    """What the largest share of signs (descriptors, n) reaches when a toss of a coin swaps each image and its copy."""
    generator = torch.Generator().manual_seed(0)
    coins = torch.randint(0, 2, (signs.shape[1], _DRAWS), generator=generator).float() * 2 - 1
    return float((signs @ coins / signs.shape[1]).amax(0).quantile(_SURE))
