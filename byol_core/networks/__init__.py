"""Encoders and the two heads of BYOL."""

from byol_core.networks.encoder import Encoder, build_encoder
from byol_core.networks.heads import build_head

__all__ = ["Encoder", "build_encoder", "build_head"]
