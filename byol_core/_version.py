"""The version of BYOL Lab, readable without importing the package."""

__version__ = "0.1.0"
