"""Losses wait on the device and come out in batches, in order, with what belongs to their step."""

import pytest
import torch

from byol_core.events import MetricRow
from byol_core.metric_log import MetricLog


class Refused(Exception):
    """A loss was not a number."""


def log(every: int = 1) -> tuple[MetricLog, list[MetricRow]]:
    rows: list[MetricRow] = []

    def refuse(step: int) -> None:
        raise Refused(step)

    return MetricLog(every, 10, 4, lambda step: {"learning_rate": step / 100}, rows.extend, refuse), rows


def test_rows_come_in_order_with_epoch_speed_and_rate():
    taken, rows = log()
    for step in (1, 2):
        taken.add(step, step * 0.5, torch.tensor(float(step)))
    taken.flush()
    assert [(row.step, row.epoch, row.values["loss"]) for row in rows] == [(1, 0.25, 1.0), (2, 0.5, 2.0)]
    assert rows[1].values["images_per_second"] == pytest.approx(20)
    assert rows[1].values["learning_rate"] == pytest.approx(0.01)  # the second step is number 1
    assert taken.last == 2.0


def test_only_each_kth_step_is_kept_and_the_last():
    taken, rows = log(every=5)
    for step in range(1, 13):
        taken.add(step, float(step), torch.tensor(1.0), last=step == 12)
    taken.flush()
    assert [row.step for row in rows] == [5, 10, 12]
    assert {row.values["images_per_second"] for row in rows} == {10.0}


def test_a_loss_that_is_not_a_number_is_refused_after_the_good_ones_are_out():
    taken, rows = log()
    for step, loss in enumerate((1.0, float("nan"), 2.0), 1):
        taken.add(step, float(step), torch.tensor(loss))
    with pytest.raises(Refused, match="2"):
        taken.flush()
    assert [row.step for row in rows] == [1, 3]
    assert taken.last is None


def test_a_resumed_log_counts_its_speed_from_the_checkpoint():
    taken, rows = log()
    taken.restart(100, 50.0, 0.7)
    assert taken.last == 0.7
    taken.add(101, 51.0, torch.tensor(1.0))
    taken.flush()
    assert rows[0].values["images_per_second"] == pytest.approx(10)
