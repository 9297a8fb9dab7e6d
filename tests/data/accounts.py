"""What tests ask of an account."""

from byol_core.data.account import Remark
from byol_core.data.imageset import ImageSet


def left_out(found: ImageSet) -> dict[str, tuple[str, ...]]:
    """The first names that were left out, by the code of the reason."""
    return {each.reason.value: each.examples for each in found.account.left_out}


def remark(found: ImageSet, code: Remark) -> dict[str, object] | None:
    """The values of a remark, or None without it."""
    return next((dict(each.values) for each in found.account.remarks if each.remark == code), None)
