"""torchvision's sets: their real readers on tiny files in the real layout, the download, and being offline."""

from __future__ import annotations

import http.server
import io
import pickle
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat
from torchvision import datasets

from byol_core.data.account import Remark
from byol_core.data.catalog import load
from byol_core.data.imageset import ImageSet
from byol_core.data.remote import MAKERS, PLACES, data_home
from byol_core.errors import LabError
from tests.data.accounts import left_out

Png = Callable[..., bytes]
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Downloads go to a folder of the test, and no test reaches the internet."""
    monkeypatch.setenv("BYOL_LAB_DATA", str(tmp_path / "downloads"))
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads"


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny files cannot have the checksum of the real ones."""
    for module in (datasets.cifar, datasets.stl10, datasets.svhn, datasets.flowers102):
        monkeypatch.setattr(module, "check_integrity", lambda path, md5=None: Path(path).is_file())


def write_idx(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, count in (("train", 4), ("t10k", 2)):
        images = RANDOM.integers(0, 256, (count, 28, 28), np.uint8)
        sizes = b"".join(side.to_bytes(4, "big") for side in images.shape)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + sizes + images.tobytes())
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + sizes[:4] + bytes(range(count)))


def check(found: ImageSet, size: int, train: list[int], test: list[int]) -> None:
    assert found.images.shape == (len(train) + len(test), 3, size, size)
    assert found.labels is not None
    assert (found.labels[found.train].tolist(), found.labels[found.test].tolist()) == (train, test)
    assert found.images.float().std() > 10


@pytest.mark.parametrize(
    ("name", "folder", "first"), [("mnist", "MNIST", "0 - zero"), ("fashion-mnist", "FashionMNIST", "T-shirt/top")]
)
def test_mnist_and_fashion_mnist(home: Path, name: str, folder: str, first: str) -> None:
    write_idx(home / folder / "raw")
    found = load(name, 32)
    check(found, 32, [0, 1, 2, 3], [0, 1])
    assert found.class_names[0] == first
    assert not {Remark.HELD_OUT, Remark.RANGE} & {each.remark for each in found.account.remarks}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_cifar(home: Path, name: str) -> None:
    fine = name == "cifar100"
    folder = home / ("cifar-100-python" if fine else "cifar-10-batches-py")
    folder.mkdir()
    batches = ["train", "test"] if fine else [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    for batch in batches:
        content = {"data": RANDOM.integers(0, 256, (2, 3072), np.uint8), "fine_labels" if fine else "labels": [3, 8]}
        (folder / batch).write_bytes(pickle.dumps(content))
    names = {"fine_label_names" if fine else "label_names": [f"class {i}" for i in range(10)]}
    (folder / ("meta" if fine else "batches.meta")).write_bytes(pickle.dumps(names))
    found = load(name, 32)
    check(found, 32, [3, 8] * (len(batches) - 1), [3, 8])
    assert found.class_names[3] == "class 3"


@pytest.mark.usefixtures("unchecked")
def test_stl10_trains_on_the_unlabeled_too(home: Path) -> None:
    folder = home / "stl10_binary"
    folder.mkdir()
    (folder / "class_names.txt").write_text("airplane\nbird\n")
    for name, count in (("train", 2), ("unlabeled", 3), ("test", 1)):
        (folder / f"{name}_X.bin").write_bytes(RANDOM.integers(0, 256, count * 27648, np.uint8).tobytes())
        (folder / f"{name}_y.bin").write_bytes(bytes(range(1, count + 1)))
    check(load("stl10", 96), 96, [0, 1, -1, -1, -1], [0])


@pytest.mark.usefixtures("unchecked")
def test_svhn(home: Path) -> None:
    for name in ("train", "test"):
        images = RANDOM.integers(0, 256, (32, 32, 3, 2), np.uint8)
        savemat(home / f"{name}_32x32.mat", {"X": images, "y": np.array([[10], [1]])})
    found = load("svhn", 24)
    check(found, 24, [0, 1], [0, 1])
    assert found.class_names == tuple("0123456789")


def jpeg(png: Png, path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png((value, 0, 255 - value), (64, 64), kind="JPEG"))


def test_the_whole_eurosat_holds_a_fifth_out(home: Path, png: Png) -> None:
    for label in ("Forest", "River"):
        for number in range(5):
            jpeg(png, home / f"eurosat/2750/{label}/{label}_{number}.jpg", 50 * number)
    (home / "eurosat/2750/River/River_9.jpg").write_bytes(b"broken")
    found = load("eurosat-full", 32)
    assert (found.class_names, len(found), len(found.test)) == (("Forest", "River"), 10, 2)
    assert left_out(found) == {"not_an_image": ("River_9.jpg",)}


@pytest.mark.parametrize(("size", "edition"), [(96, "160"), (224, "320")])
def test_imagenette_in_the_edition_that_is_large_enough(home: Path, png: Png, size: int, edition: str) -> None:
    for side in ("train", "val"):
        for wnid in ("n01440764", "n02102040"):
            jpeg(png, home / f"imagenette2-{edition}/{side}/{wnid}/{side}.JPEG", 90)
    found = load("imagenette", size)
    check(found, size, [0, 1], [0, 1])
    assert found.class_names == ("tench", "English springer")


@pytest.mark.usefixtures("unchecked")
def test_flowers_trains_on_train_and_val(home: Path, png: Png) -> None:
    folder = home / "flowers-102"
    for number in range(1, 5):
        jpeg(png, folder / f"jpg/image_{number:05d}.jpg", 60 * number)
    savemat(folder / "imagelabels.mat", {"labels": np.array([[1, 2, 1, 102]])})
    savemat(folder / "setid.mat", {"trnid": [[1, 1]], "valid": [[2, 2]], "tstid": [[3, 4]]})
    found = load("flowers102", 16)
    check(found, 16, [0, 0, 1, 1], [0, 101])
    assert len(found.class_names) == 102


class QuietServer(http.server.ThreadingHTTPServer):
    """A server that does not mind clients that hang up."""

    def handle_error(self, *_: Any) -> None:
        return None


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """A handler without a log."""

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which it is served on this machine."""
    served = tmp_path / "served"
    served.mkdir()
    with QuietServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(served))) as http_server:
        thread = threading.Thread(target=http_server.serve_forever, args=(0.01,))
        thread.start()
        yield served, f"http://127.0.0.1:{http_server.server_address[1]}"
        http_server.shutdown()
        thread.join()


def serve_imagenette(served: Path, png: Png) -> None:
    with tarfile.open(served / "imagenette2-160.tgz", "w:gz") as archive:
        for path in ("train/n01440764/a", "train/n02102040/a", "val/n01440764/a", "val/n02102040/a"):
            content = png((120, 0, 200), (20, 20), kind="JPEG") + RANDOM.bytes(600_000)
            entry = tarfile.TarInfo(f"imagenette2-160/{path}.JPEG")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def offer(monkeypatch: pytest.MonkeyPatch, address: str, checksum: str | None) -> None:
    archives = {"160px": (f"{address}/imagenette2-160.tgz", checksum)}
    monkeypatch.setattr(datasets.Imagenette, "_ARCHIVES", archives)


def test_a_download_reports_and_is_kept_whole(
    home: Path, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, png: Png, capfd: pytest.CaptureFixture[str]
) -> None:
    serve_imagenette(server[0], png)
    offer(monkeypatch, server[1], None)
    told: list[tuple[str, float]] = []
    check(load("imagenette", 16, progress=lambda text, share: told.append((text, share))), 16, [0, 1], [0, 1])
    downloading = [(text, share) for text, share in told if text.startswith("downloading Imagenette: ")]
    assert len(downloading) == 2
    assert 0 < downloading[0][1] < downloading[1][1] <= 1
    assert capfd.readouterr() == ("", "")
    assert {path.name for path in home.iterdir()} - {".imagenette.lock"} == {"imagenette2-160"}
    (server[0] / "imagenette2-160.tgz").unlink()
    assert len(load("imagenette", 16)) == 4  # from the disk


def test_a_download_with_another_checksum_leaves_nothing_behind(
    home: Path, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, png: Png
) -> None:
    serve_imagenette(server[0], png)
    offer(monkeypatch, server[1], "0" * 32)
    with pytest.raises(LabError, match="could not be downloaded"):
        load("imagenette", 16)
    assert {path.name for path in home.iterdir()} <= {".imagenette.lock"}


def no_network(*_: Any, **__: Any) -> None:
    raise socket.gaierror(-2, "Name or service not known")


@pytest.mark.parametrize("name", ["cifar10", "mnist", "svhn", "eurosat-full", "imagenette", "flowers102", "stl10"])
def test_offline_is_one_sentence(name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    with pytest.raises(
        LabError, match=r"is not on this machine and could not be downloaded: connect to the internet"
    ) as caught:
        load(name, 32)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_cannot_be_written_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("BYOL_LAB_DATA", str(home / "file"))
    with pytest.raises(LabError, match="cannot be written: set BYOL_LAB_DATA"):
        load("mnist", 32)


def test_after_a_failure_torchvision_and_sockets_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    before = socket.getdefaulttimeout(), datasets.utils.tqdm
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    with pytest.raises(LabError):
        load("mnist", 32)
    assert (socket.getdefaulttimeout(), datasets.utils.tqdm) == before


def test_a_cached_set_is_read_again_only_if_its_files_changed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYOL_LAB_CACHE", str(tmp_path / "cache"))
    write_idx(home / "MNIST/raw")
    told: list[str] = []

    def words(text: str, share: float) -> None:
        told.append(text)

    first = load("mnist", 28, images="disk", progress=words)
    told.clear()
    again = load("mnist", 28, images="disk", progress=words)
    assert "reading the images" not in told
    check(again, 28, [0, 1, 2, 3], [0, 1])
    assert (again.on_disk, again.fingerprint) == (True, first.fingerprint)
    (home / "MNIST/raw/more").write_text("changed")
    load("mnist", 28, images="disk", progress=words)
    assert "reading the images" in told


def test_every_set_has_a_place() -> None:
    assert set(PLACES) == set(MAKERS)


def test_an_unknown_home_in_the_data_path_is_taken_literally(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYOL_LAB_DATA", "~nobody-of-this-name/sets")
    assert data_home().parts[-2:] == ("~nobody-of-this-name", "sets")
