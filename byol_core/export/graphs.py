"""The encoder as a program of its own: ONNX, and ``torch.export``.

Both take ``images`` (batch, 3, side, side) float32 in [0, 1] of the run's image size and give ``representation``
(batch, features) float32; the normalization is inside, and the batch may be of any size.
"""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any

from byol_core.errors import LabError
from byol_core.export.weights import header
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.weights.encoder_files import Loaded, load_encoder

if TYPE_CHECKING:
    from torch import Tensor

INPUT, OUTPUT = "images", "representation"
TOLERANCE = 1e-4  # between onnxruntime's representation and PyTorch's, relative to the largest number in it
_OPSET = 18
_BATCHES = (2, 3)  # of which the first is traced, and both are compared


def write_onnx(store: RunStore, run: Run, target: IO[bytes]) -> None:
    """The encoder as ONNX, after onnxruntime has been seen to give what PyTorch gives; LabError when it does not."""
    import torch

    loaded = load_encoder(run.folder)
    # A dictionary of the axes that vary; everything else is fixed.
    program = torch.onnx.export(
        loaded.encoder, (_pictures(loaded, _BATCHES[0]),), dynamo=True, verbose=False, opset_version=_OPSET,
        input_names=[INPUT], output_names=[OUTPUT], dynamic_shapes=({0: "batch"},),
    )  # fmt: skip
    assert program is not None
    model = program.model_proto
    for key, value in header(run, loaded).items():
        model.metadata_props.add(key=key, value=value)
    made: bytes = model.SerializeToString()
    _compare(made, loaded)
    target.write(made)


def _compare(made: bytes, loaded: Loaded) -> None:
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"])
    for batch in _BATCHES:
        pictures = _pictures(loaded, batch)
        with torch.no_grad():
            expected = loaded.encoder(pictures).numpy()
        (given,) = session.run([OUTPUT], {INPUT: pictures.numpy()})
        apart = abs(given - expected).max() / max(1.0, abs(expected).max())
        if not apart <= TOLERANCE:  # also when it is not a number
            raise LabError(
                "onnxruntime's representation is {apart:.1g} apart from PyTorch's; nothing was written.",
                apart=float(apart),
            )


def write_program(store: RunStore, run: Run, target: IO[bytes]) -> None:
    """The encoder as a file of ``torch.export.save``; ``torch.export.load(FILE).module()`` is the encoder."""
    import torch

    loaded = load_encoder(run.folder)
    batch: Any = torch.export.Dim("batch", min=1)
    program = torch.export.export(
        loaded.encoder, (_pictures(loaded, _BATCHES[0]),), dynamic_shapes=({0: batch},), strict=False
    )
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={f"{key}.txt": value for key, value in header(run, loaded).items()})
    target.write(buffer.getbuffer())


def _pictures(loaded: Loaded, batch: int) -> Tensor:
    """The same random images each time."""
    import torch

    side = loaded.config.data.image_size
    return torch.rand(batch, 3, side, side, generator=torch.Generator().manual_seed(batch))
