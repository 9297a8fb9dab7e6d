"""A built wheel carries the app, its scripts and styles, the theme, the pictures and the demo, and serves them."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[1]
CARRIED = (
    "byol_core/py.typed",
    "byol_core/_bundle/app/main.py",
    "byol_core/_bundle/app/icon.png",
    "byol_core/_bundle/app/components/embedding_map/embedding_map.js",
    "byol_core/_bundle/app/components/embedding_map/embedding_map.css",
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
    log = tmp_path / "log.txt"
    environment = {**os.environ, "PYTHONPATH": str(installed), "BYOL_LAB_HOME": str(tmp_path / "home")}
    for _ in range(5):
        port = free_port()
        command = [sys.executable, "-m", "byol_core.cli", "app", "--port", str(port)]
        with log.open("w") as output:
            server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            if listens(server, port):
                assert answers(f"http://localhost:{port}/_stcore/health"), log.read_text()
                return
        finally:
            end(server)
        # Between the two, another program was faster.
        assert f"Port {port} is not available" in log.read_text(), log.read_text()
    pytest.fail("Others took every port that was free.")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


def listens(server: subprocess.Popen[bytes], port: int) -> bool:
    """Whether that process, and no other, comes to listen there; False when it ends before."""
    process = psutil.Process(server.pid)
    limit = time.monotonic() + 120
    while server.poll() is None:
        assert time.monotonic() < limit, "it listens nowhere"
        with suppress(psutil.NoSuchProcess):  # it has just ended
            found = process.net_connections("tcp")
            if any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in found):
                return True
        time.sleep(0.05)
    return False


def end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(60)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def answers(url: str) -> bool:
    for _ in range(300):
        try:
            return urllib.request.urlopen(url, timeout=5).status == 200
        except OSError:
            time.sleep(0.2)
    return False
