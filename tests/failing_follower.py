"""A helper process whose images cannot be read, for the tests of what ends a run of several processes."""

from typing import Any

from byol_core import follow, train
from byol_core.errors import InputError


def refuse(*_: Any, **__: Any) -> None:
    raise InputError("The images are not on this machine.")


if __name__ == "__main__":
    train.load = refuse
    raise SystemExit(follow.main())
