"""What tests ask of an account."""

from collections import Counter

from byol_core.data.account import Account, Reason, Remark
from byol_core.data.imageset import ImageSet


def left_out(found: ImageSet) -> dict[str, tuple[str, ...]]:
    """The first names that were left out, by the code of the reason."""
    return {each.reason.value: each.examples for each in found.account.left_out}


def reasons(account: Account) -> dict[str, int]:
    """How many things were left out for each reason; what some file is instead of an image does not matter."""
    counts: Counter[str] = Counter()
    for each in account.left_out:
        counts[Reason.NOT_AN_IMAGE if each.reason == Reason.OTHER_KIND else each.reason] += each.count
    return {str(reason): count for reason, count in counts.items()}


def remark(found: ImageSet, code: Remark) -> dict[str, object] | None:
    """The values of a remark, or None without it."""
    return next((dict(each.values) for each in found.account.remarks if each.remark == code), None)
