"""Losses wait on the device and come out in batches, in order, with what belongs to their step."""

import pytest
import torch

from byol_core.events import MetricRow
from byol_core.training.metric_log import MetricLog


class Refused(Exception):
    """A loss was not a number."""


class Clock:
    """Seconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


class Device:
    """Computes behind the back of whoever launches its work, who waits for it only where a value is wanted."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.owes = clock, 0.0

    def launch(self, value: float, seconds: float) -> torch.Tensor:
        self.owes += seconds
        loss = torch.tensor(value).as_subclass(Launched)
        loss.device_ = self
        return loss

    def finish(self) -> None:
        self.clock.passes(self.owes)
        self.owes = 0.0


class Launched(torch.Tensor):
    """A value that is there when its device has finished all it was given."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        for value in args[0] if function is torch.stack else ():
            if isinstance(value, Launched):
                value.device_.finish()
        return super().__torch_function__(function, types, args, kwargs or {})


@pytest.fixture
def clock(monkeypatch) -> Clock:
    monkeypatch.setattr("byol_core.training.metric_log.FLUSH_SECONDS", 1e9)  # not before it is asked for
    return Clock()


@pytest.fixture
def log(clock):
    def make(every: int = 1) -> tuple[MetricLog, list[MetricRow]]:
        rows: list[MetricRow] = []

        def refuse(step: int) -> None:
            raise Refused(step)

        return MetricLog(every, 10, 4, lambda step: {"learning_rate": step / 100}, rows.extend, refuse, clock), rows

    return make


def test_rows_come_in_order_with_epoch_speed_and_rate(log, clock):
    taken, rows = log()
    for step in (1, 2):
        clock.passes(0.5)
        taken.add(step, torch.tensor(float(step)))
    taken.flush()
    assert [(row.step, row.epoch, row.values["loss"]) for row in rows] == [(1, 0.25, 1.0), (2, 0.5, 2.0)]
    assert rows[1].values["images_per_second"] == pytest.approx(20)
    assert rows[1].values["learning_rate"] == pytest.approx(0.01)  # the second step is number 1
    assert taken.last == 2.0


def test_only_each_kth_step_is_kept_and_the_last(log, clock):
    taken, rows = log(every=5)
    for step in range(1, 13):
        clock.passes(1.0)
        taken.add(step, torch.tensor(1.0), last=step == 12)
    taken.flush()
    assert [(row.step, row.seconds) for row in rows] == [(5, 5.0), (10, 10.0), (12, 12.0)]
    assert {row.values["images_per_second"] for row in rows} == {10.0}


def test_a_nan_loss_is_refused_after_the_good_ones_are_written(log):
    taken, rows = log()
    for step, loss in enumerate((1.0, float("nan"), 2.0), 1):
        taken.add(step, torch.tensor(loss))
    with pytest.raises(Refused, match="2"):
        taken.flush()
    assert [row.step for row in rows] == [1, 3]
    assert taken.last is None


def test_a_resumed_log_counts_from_the_checkpoint(log, clock):
    taken, rows = log()
    clock.passes(60.0)
    taken.restart(100, 50.0, 0.7)
    assert (taken.last, taken.seconds_a_step) == (0.7, 0.5)
    clock.passes(1.0)
    taken.add(101, torch.tensor(1.0))
    taken.flush()
    assert rows[0].values["images_per_second"] == pytest.approx(10)
    assert (rows[0].seconds, taken.seconds) == (51.0, 51.0)


def test_the_device_s_time_counts_and_not_that_of_launching(log, clock):
    taken, rows = log()
    device = Device(clock)
    for step in (1, 2, 3, 4):
        clock.passes(0.001)  # what launching takes
        taken.add(step, device.launch(1.0, seconds=2.0))
    taken.flush()
    assert taken.seconds == pytest.approx(8.004)
    assert [row.seconds for row in rows] == pytest.approx([2.001, 4.002, 6.003, 8.004])
    assert rows[0].values["images_per_second"] == pytest.approx(10 / 2.001)


def test_steps_of_which_nothing_is_kept_are_waited_for_as_well(log, clock):
    taken, rows = log(every=5)
    taken.add(1, Device(clock).launch(1.0, seconds=3.0))
    taken.flush()
    assert (taken.seconds, rows) == (3.0, [])


def test_what_is_done_between_two_steps_is_no_training(log, clock):
    taken, _ = log()
    for step in (1, 2):
        taken.go_on()
        clock.passes(1.0)
        taken.add(step, torch.tensor(1.0))
        taken.flush()
        clock.passes(30.0)  # an evaluation
    assert taken.seconds == 2.0


def test_the_speed_of_lately_follows_a_load_that_comes(log, clock):
    taken, _ = log()
    for step in range(1, 400):
        clock.passes(0.1 if step < 200 else 1.0)
        taken.add(step, torch.tensor(1.0))
        taken.flush()
    assert taken.seconds_a_step == pytest.approx(1.0, rel=0.01)
