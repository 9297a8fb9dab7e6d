"""byol_core: augmentations, networks, training loop, evaluation and run store of BYOL Lab."""

__version__ = "0.1.0"
