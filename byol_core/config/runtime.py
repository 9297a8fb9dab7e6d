"""Where and how exactly a run is computed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from byol_core.config.fields import Part, setting

Tracker = Literal["tensorboard", "mlflow", "trackio"]


class RuntimeConfig(Part):
    """Where and how exactly the run is computed."""

    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "auto", "Device", "Auto: the fastest that is here.", expert=True
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto", "Precision", "Of the convolutions; auto: bfloat16 where the hardware computes it.", expert=True
    )
    threads: int = setting(
        0,
        "CPU threads",
        "0: one for each core, and fewer while other programs keep the cores busy. A number stays as it is: set one "
        "for a run that is to be repeated bit for bit.",
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
        "Memory: the whole set lies beside the network. Disk: it is read as it is needed, through a cache made once. "
        "Auto: disk when the memory does not hold it.",
        expert=True,
    )
    processes: int = setting(
        1,
        "Processes",
        "Share each batch among this many processes of this machine, one a GPU.",
        expert=True,
        ge=1,
        le=64,
    )
    trackers: tuple[Tracker, ...] = setting(
        (),
        "Trackers",
        "Mirror settings, curves and results into these programs as well while the run trains; each is installed on "
        "its own, for example with: pip install 'byol-lab[tensorboard]'.",
        expert=True,
    )

    @field_validator("trackers", mode="before")
    @classmethod
    def _is_a_list(cls, value: Any) -> Any:
        """One name, or several with commas, is a list of them; empty is none."""
        if isinstance(value, str):
            return [part.strip().lower() for part in value.split(",") if part.strip()]
        return () if value is None else value

    @field_validator("trackers")
    @classmethod
    def _once(cls, value: tuple[Tracker, ...]) -> tuple[Tracker, ...]:
        """Each counts once."""
        return tuple(dict.fromkeys(value))
