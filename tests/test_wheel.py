"""A built wheel carries the app, its scripts and styles, the theme, the images and the demo, and serves them."""

import os
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.serving import serving

ROOT = Path(__file__).parents[1]
CARRIED = (
    "byol_core/py.typed",
    "byol_core/evaluation/report.html.j2",
    "byol_core/evaluation/figures.svg.j2",
    "byol_core/_bundle/app/main.py",
    "byol_core/_bundle/app/navigation.py",
    "byol_core/_bundle/app/icon.png",
    "byol_core/_bundle/app/styles.css",
    "byol_core/_bundle/app/widgets/bundles/embedding_map/embedding_map.js",
    "byol_core/_bundle/app/widgets/embedding_map/embedding_map.css",
    "byol_core/_bundle/.streamlit/config.toml",
    "byol_core/_bundle/assets/eurosat/eurosat64_5000.webp",
    "byol_core/_bundle/assets/eurosat/LICENSE",
    "byol_core/_bundle/assets/byol-tiny/encoder.safetensors",
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel was unpacked, as an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


@pytest.mark.parametrize("name", CARRIED)
def test_the_wheel_carries(installed: Path, name: str) -> None:
    assert (installed / name).is_file()


def test_the_wheel_has_no_tests_and_no_runs(installed: Path) -> None:
    assert {path.name for path in installed.iterdir()} == {"byol_core", f"byol_lab-{version()}.dist-info"}


def version() -> str:
    import byol_core

    return byol_core.__version__


def test_byol_app_serves_the_dashboard_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed), "BYOL_LAB_HOME": str(tmp_path / "home")}

    def arguments(port: int) -> list[str]:
        return ["byol_core.cli", "app", "--port", str(port)]

    with serving(arguments, tmp_path / "log.txt", environment, tmp_path) as url:
        assert urllib.request.urlopen(f"{url}/_stcore/health", timeout=60).status == 200
