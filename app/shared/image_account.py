"""The account of a load on a page: how many images, in which classes, and what is left out or was assumed."""

from __future__ import annotations

import streamlit as st

from app.shared import formatting
from app.shared.language import n_, tell
from byol_core.data import account_words
from byol_core.data.account import Account, ClassCount

MOST_CLASSES = 12  # named in one line
MOST_LETTERS = 40  # of the name of a class
# From this share on, what was left out is a warning.
MANY_LEFT_OUT = 0.1


def draw(account: Account, *, classes: bool = True) -> None:
    """All of it: numbers in bold, warnings in a box, the rest small; ``classes``: with a line about these."""
    first, *others = (formatting.plain(tell(sentence)) for sentence in account_words.used(account))
    st.markdown(f":material/photo_library: **{first}**")
    if classes and account.classes:
        st.caption(class_line(account))
    if warnings := warned(account):
        st.warning("  \n".join(map(formatting.plain, warnings)), icon=":material/warning:")
    if notes := [*others, *map(formatting.plain, noted(account))]:
        st.caption("  \n".join(notes))


def class_line(account: Account) -> str:
    """``cat 52 · dog 52``: the images of each class; of many classes the first ones."""
    first = account.classes[:MOST_CLASSES]
    shown = " · ".join(f"{name(each)} {formatting.count(each.train + each.test)}" for each in first)
    more = len(account.classes) - MOST_CLASSES
    if more <= 0:
        return shown
    n = formatting.count(more)
    return n_("{classes} · and {n} more class", "{classes} · and {n} more classes", more, classes=shown, n=n)


def name(each: ClassCount) -> str:
    """A class, safe inside Markdown and not too long."""
    return formatting.plain(each.name if len(each.name) <= MOST_LETTERS else f"{each.name[: MOST_LETTERS - 1]}…")


def warned(account: Account) -> list[str]:
    """What may be wrong, in sentences."""
    left_out = list(account_words.not_used(account)) if many_left_out(account) else []
    return list(map(tell, [*left_out, *map(account_words.remark, account.warnings)]))


def noted(account: Account) -> list[str]:
    """What is worth knowing, in sentences."""
    left_out = [] if many_left_out(account) else list(account_words.not_used(account))
    remarks = (account_words.remark(each) for each in account.remarks if not each.warns)
    return list(map(tell, [*remarks, *left_out]))


def many_left_out(account: Account) -> bool:
    """Whether so many files were left out that they were probably meant to be used."""
    return account.skipped > MANY_LEFT_OUT * account.found
