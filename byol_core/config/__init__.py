"""The settings of a run, validated and without torch. :mod:`byol_core.config.run_config` combines the sections."""

from byol_core.config.complaints import wanted
from byol_core.config.data import DataConfig
from byol_core.config.evaluation import EvaluationConfig
from byol_core.config.method import MethodConfig, Objective
from byol_core.config.network import Encoder, NetworkConfig
from byol_core.config.optimizer import OptimizerConfig
from byol_core.config.run_config import FITTED, RunConfig, all_keys, build, field_info
from byol_core.config.runtime import RuntimeConfig
from byol_core.config.views import OPERATIONS, ViewPreset, ViewsConfig

__all__ = [
    "FITTED",
    "OPERATIONS",
    "DataConfig",
    "Encoder",
    "EvaluationConfig",
    "MethodConfig",
    "NetworkConfig",
    "Objective",
    "OptimizerConfig",
    "RunConfig",
    "RuntimeConfig",
    "ViewPreset",
    "ViewsConfig",
    "all_keys",
    "build",
    "field_info",
    "wanted",
]
