"""What is done while a set is loaded, as loaders say it in the middle of a sentence, at the beginning of one."""

from __future__ import annotations

from collections.abc import Mapping

from byol_core.messages import Message

_AT_START: Mapping[str, Message] = {
    "reading the images": Message("Reading the images"),
    "reading the images from the cache": Message("Reading the images from the cache"),
    "checking the cache": Message("Checking the cache"),
    "waiting for another run that reads these images": Message("Waiting for another run that reads these images"),
    "downloading {title}: {done:,.0f} of {total:,.0f} MB": Message(
        "Downloading {title}: {done:,.0f} of {total:,.0f} MB"
    ),
}


def at_start(text: str) -> str:
    """The same with a capital letter; what no loader says stays as it is."""
    found = _AT_START.get(text.template) if isinstance(text, Message) else None
    return Message(found, **text.values) if found is not None and isinstance(text, Message) else text
