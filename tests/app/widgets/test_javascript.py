"""The widgets' JavaScript: what it works out, tested in Node, and its bundles, which are what its modules give."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.widgets.packed import pack

ROOT = Path(__file__).parents[3]
UNPACKED = """
import { readFileSync } from "node:fs"
import { unpack } from "./app/widgets/packed.js"
const { name, x, labels } = unpack(new Uint8Array(readFileSync(0)))
console.log(JSON.stringify([name, ...[x, labels].map((array) => [array.constructor.name, [...array]])]))
"""


def missing(what: str) -> None:
    """Fail in CI, where these tests may not be skipped; elsewhere skip."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def node(*arguments: str, stdin: bytes = b"") -> str:
    """What Node prints; it must not fail."""
    program = shutil.which("node")
    if program is None:
        missing("no Node on the PATH")
    result = subprocess.run([str(program), *arguments], cwd=ROOT, input=stdin, capture_output=True)
    said = result.stdout.decode()
    assert result.returncode == 0, said + result.stderr.decode()
    return said


def test_the_logic_of_the_widgets_is_right():
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "js").glob("*.test.js"))
    assert files
    node("--test", *files)


def test_the_bundles_are_what_the_modules_give():
    if not (ROOT / "node_modules" / "esbuild").is_dir():
        missing("esbuild is missing: 'npm ci' brings it")
    node("app/widgets/build.js", "--check")


def test_the_browser_reads_what_python_packed():
    message = pack({"name": "é"}, x=np.float32([0.5, -2]), labels=np.int16([3, -1, 7]))
    found = json.loads(node("--input-type=module", "--eval", UNPACKED, stdin=message))
    assert found == ["é", ["Float32Array", [0.5, -2]], ["Int16Array", [3, -1, 7]]]
