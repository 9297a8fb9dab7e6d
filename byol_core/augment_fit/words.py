"""The reasons for a choice in sentences. Knows no torch."""

from __future__ import annotations

from collections.abc import Iterable

from byol_core.augment_fit.choices import Choice, Why
from byol_core.messages import Message

SENTENCES: dict[Why, Message] = {
    Why.MIRRORED_ALIKE: Message("Mirrored images look like this set: views are mirrored left-right."),
    Why.MIRRORED_FOREIGN: Message("Mirrored images look foreign to this set ({share:.0%}): no mirroring left-right."),
    Why.UPSIDE_DOWN_ALIKE: Message("Upside-down images look like this set: views are mirrored up-down."),
    Why.UPSIDE_DOWN_FOREIGN: Message(
        "Upside-down images look foreign to this set ({share:.0%}): no mirroring up-down."
    ),
    Why.GRAY: Message("The images are gray: no changes of color."),
    Why.COLOR_TELLS: Message("Images of similar shapes have similar colors ({share:.0%}): colors change half as much."),
    Why.COLOR_FREE: Message(
        "Images of similar shapes may have other colors ({share:.0%}): colors change as in the paper."
    ),
    Why.COLOR_ANY: Message(
        "Images of similar shapes have any color ({share:.0%}, and 50% is chance): colors change twice as much as in "
        "the paper, so that the network does not learn them instead of the shapes."
    ),
    Why.SUBJECT: Message(
        "Shifted images look foreign to this set ({share:.0%}), so what it shows has its place in the frame: crops "
        "keep most of an image, views are turned and shifted a little, and the encoder is one that sees where things "
        "are."
    ),
    Why.SCENE: Message("Shifted images look like this set ({share:.0%}): crops may be small."),
    Why.SMALL_DETAIL: Message(
        "At {side:.0f} pixels the images keep {share:.0%} of their detail: they are made that small."
    ),
    Why.SEEN_WHOLE: Message(
        "At {side:.0f} pixels the network sees a subject as a whole: the images are made that small."
    ),
    Why.FINE_DETAIL: Message(
        "At {side:.0f} pixels the images would keep only {share:.0%} of their detail: they stay as large."
    ),
    Why.TOO_FEW: Message("There are too few images to measure: the usual views of photos."),
}


def sentence(choice: Choice) -> str:
    """Why, and what follows from it."""
    return Message(SENTENCES[choice.why], **choice.values)


def sentences(chosen: Iterable[Choice]) -> list[str]:
    """A sentence for each choice."""
    return [sentence(choice) for choice in chosen]
