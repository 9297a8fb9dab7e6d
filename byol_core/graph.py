"""A whole training step as one CUDA graph: the host launches one thing instead of a thousand kernels.

The first steps run eagerly, which makes the optimiser's buffers and warms the allocator up; then the step is captured
and replayed. What changes from step to step is read from the device: the batch, the learning rate, tau, and the state
of the generator that draws the views, which the graph takes over at each replay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from byol_core.batches import Piece

if TYPE_CHECKING:
    from byol_core.step import Side, Stepper

_EAGER_STEPS = 3


@dataclass
class _Captured:
    graph: torch.cuda.CUDAGraph
    piece: Piece
    loss: Tensor


class GraphedStep:
    """Steps through a graph for each size of the views; the batch always has the same shape."""

    def __init__(self, stepper: Stepper) -> None:
        self.stepper = stepper
        self.tau = torch.zeros((), device=stepper.device)
        self.stream: Any = torch.cuda.Stream(stepper.device)  # type: ignore[no-untyped-call]
        self._warm: dict[Side, int] = {}
        self._captured: dict[Side, _Captured] = {}

    def __call__(self, step: int, piece: Piece) -> Tensor:
        """Do a step on this batch; the loss, a tensor of its own."""
        stepper = self.stepper
        side = stepper.view_side(step)
        self.tau.fill_(stepper.tau(step))
        if self._warm.get(side, 0) < _EAGER_STEPS:
            self._warm[side] = self._warm.get(side, 0) + 1
            return self._eager(piece, side)
        if side not in self._captured:
            self._captured.clear()  # views only grow: a graph of smaller ones would hold its memory for nothing
            self._captured[side] = self._capture(piece, side)
            stepper.seed_views(step)
        captured = self._captured[side]
        _copy(captured.piece, piece)
        captured.graph.replay()
        return captured.loss.clone()

    def _eager(self, piece: Piece, side: Side) -> Tensor:
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            loss = self.stepper.compute(piece, side, self.tau)
        torch.cuda.current_stream().wait_stream(self.stream)
        return loss

    def _capture(self, piece: Piece, side: Side) -> _Captured:
        """Record a step without doing it."""
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.stepper.generator)
        held = Piece(
            piece.images.clone(),
            piece.indices.clone(),
            None if piece.labels is None else piece.labels.clone(),
            piece.start,
        )
        with torch.cuda.graph(graph, stream=self.stream):
            loss = self.stepper.compute(held, side, self.tau)
        return _Captured(graph, held, loss)


def _copy(held: Piece, piece: Piece) -> None:
    held.images.copy_(piece.images, non_blocking=True)
    held.indices.copy_(piece.indices, non_blocking=True)
    if held.labels is not None and piece.labels is not None:
        held.labels.copy_(piece.labels, non_blocking=True)
