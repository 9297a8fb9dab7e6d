"""A helper process whose images cannot be read, for the tests of what ends a run of several processes."""

from typing import Any

from byol_core.errors import InputError
from byol_core.training import rank, trainer


def refuse(*_: Any, **__: Any) -> None:
    raise InputError("The images are not on this machine.")


if __name__ == "__main__":
    trainer.load = refuse
    raise SystemExit(rank.main())
