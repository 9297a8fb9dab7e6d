"""What many tests need: a seeded generator, one thread, and an order of files that keeps all workers busy."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# One thread, here and in all that the tests start: results do not depend on the machine's cores, and the threads of
# several workers do not wait for each other's cores. Torch reads it when it is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A job process that a test has started need not outlast it by ten minutes.
os.environ.setdefault("BYOL_LAB_WARM_SECONDS", "20")

import pytest
import torch

from byol_core import language
from byol_core.data import embedded

# About what a test takes in seconds, by its marker.
SECONDS = {"browser": 6.0, "slow": 20.0, "nightly": 60.0}


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config.option, "loadscopereorder"):  # xdist begins with the files of many tests, however short they are
        config.option.loadscopereorder = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: whoever comes to a long one last is alone with it."""
    length: Counter[str] = Counter()
    for item in items:
        length[str(item.path)] += sum(SECONDS.get(mark.name, 0.0) for mark in item.iter_markers()) + 0.1
    items.sort(key=lambda item: -length[str(item.path)])


@pytest.fixture(scope="session", autouse=True)
def _embedded_images_are_decoded_once() -> Iterator[None]:
    """They are decoded in half a second, and a hundred tests learn from them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "decoded", cache(embedded.decoded))
        yield


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def languages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of languages, with the one that nobody speaks."""
    from tests import pseudo

    return pseudo.write(tmp_path_factory.mktemp("languages"))


@pytest.fixture
def qps(languages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """That language is one more of those that there are; its code."""
    monkeypatch.setenv(language.OTHERS, str(languages))
    _forget_languages()
    yield "qps"
    _forget_languages()


def _forget_languages() -> None:
    language.available.cache_clear()
    language.catalog.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _signals_are_heard() -> None:
    """A shell that starts the tests in the background has SIGINT ignored, and so would all that they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
