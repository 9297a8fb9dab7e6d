"""The section ``runtime``: where a run is computed, and how exactly."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from byol_core.config.fields import Part, setting

Tracker = Literal["tensorboard", "mlflow", "trackio"]


class RuntimeConfig(Part):
    """Where a run is computed, and how exactly."""

    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "auto", "Device", "Auto: the fastest one available.", expert=True
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto", "Precision", "Of the convolutions. Auto: bfloat16 if the hardware supports it.", expert=True
    )
    threads: int = setting(
        0,
        "CPU threads",
        "0: one per core, and fewer while other programs keep the cores busy. Any other number is fixed; set one to "
        "make a run repeatable bit for bit.",
        expert=True,
        ge=0,
        le=512,
    )
    checkpoint_every: float = setting(
        5.0, "Checkpoint every", "Epochs between two checkpoints.", unit="epochs", expert=True, gt=0.0, le=1000.0
    )
    execution: Literal["auto", "eager", "compile", "graph"] = setting(
        "auto",
        "Execution",
        "Compile: torch.compile, worth its minute on long runs. Graph: the whole step as one CUDA graph. Auto: graph "
        "on CUDA where the step allows it, eager elsewhere.",
        expert=True,
    )
    images: Literal["auto", "memory", "disk"] = setting(
        "auto",
        "Images in",
        "Memory: the whole set is kept next to the network. Disk: images are read when they are needed, from a cache "
        "that is built once. Auto: disk if the set does not fit into memory.",
        expert=True,
    )
    processes: int = setting(
        1,
        "Processes",
        "Split each batch among this many processes on this machine, one per GPU.",
        expert=True,
        ge=1,
        le=64,
    )
    trackers: tuple[Tracker, ...] = setting(
        (),
        "Trackers",
        "Also send settings, curves and results to these programs during training. Each is installed separately, for "
        "example with: pip install 'byol-lab[tensorboard]'.",
        expert=True,
    )

    @field_validator("trackers", mode="before")
    @classmethod
    def _is_a_list(cls, value: Any) -> Any:
        """Accept one name, or several separated by commas, as a list; empty means none."""
        if isinstance(value, str):
            return [part.strip().lower() for part in value.split(",") if part.strip()]
        return () if value is None else value

    @field_validator("trackers")
    @classmethod
    def _once(cls, value: tuple[Tracker, ...]) -> tuple[Tracker, ...]:
        """Drop repeated names."""
        return tuple(dict.fromkeys(value))
