"""Settings as text: what YAML cannot read is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from byol_core.config.parsing import parse_assignments, read_file
from byol_core.errors import InputError

UNREADABLE = ["2024-13-45", "[" * 5000, "!!int x", "!!timestamp x", "[1", "!!float []"]


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_value_that_is_no_yaml_is_said(value: str) -> None:
    with pytest.raises(InputError, match=r"The value of '--set name=.* cannot be read"):
        parse_assignments([f"name={value}"])


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_file_that_is_no_yaml_is_said(tmp_path: Path, value: str) -> None:
    (tmp_path / "run.yaml").write_text(f"seed: {value}")
    with pytest.raises(InputError, match="is not valid YAML or JSON"):
        read_file(tmp_path / "run.yaml")
