"""The sections of a run's configuration; :mod:`byol_core.config` puts them together. Nothing here knows torch."""

from byol_core.settings.base import PAPER, Part, setting
from byol_core.settings.data import DataConfig
from byol_core.settings.evaluation import EvaluationConfig
from byol_core.settings.method import MethodConfig, Objective
from byol_core.settings.network import Encoder, NetworkConfig
from byol_core.settings.optimiser import OptimiserConfig
from byol_core.settings.runtime import RuntimeConfig
from byol_core.settings.views import OPERATIONS, ViewPreset, ViewsConfig

__all__ = [
    "OPERATIONS",
    "PAPER",
    "DataConfig",
    "Encoder",
    "EvaluationConfig",
    "MethodConfig",
    "NetworkConfig",
    "Objective",
    "OptimiserConfig",
    "Part",
    "RuntimeConfig",
    "ViewPreset",
    "ViewsConfig",
    "setting",
]
