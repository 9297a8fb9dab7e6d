"""What is kept lately: at most so much, and whoever asks gets it, whoever else asks meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from byol_core.embeddings.lru import Kept


def test_what_was_used_longest_ago_goes_first():
    made = []
    kept = Kept(2)
    for key in (1, 2, 1, 3, 1, 2):
        kept.make(key, lambda: made.append(key) or key)  # noqa: B023
    assert made == [1, 2, 3, 2]


def test_of_many_threads_each_gets_what_it_asked_for_though_there_is_room_for_one():
    kept = Kept(1)

    def ask(start):
        return all(kept.make(key % 7, lambda: key % 7) == key % 7 for key in range(start, start + 3000))  # noqa: B023

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(8)))
