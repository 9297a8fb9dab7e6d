"""Encoders, and the projectors and predictors of each objective."""

from byol_core.networks.encoder import Encoder, build_encoder
from byol_core.networks.heads import build_head, build_predictor, build_projector, projection_size

__all__ = ["Encoder", "build_encoder", "build_head", "build_predictor", "build_projector", "projection_size"]
