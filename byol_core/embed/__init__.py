"""What a run has learned, as pictures on a map: stored representations, PCA and UMAP, nearest images. No torch here."""

from byol_core.embed.jobs import MapJob, job, load_map, start
from byol_core.embed.maps import Projection, UmapSettings, nearest, pca, umap_map, unit
from byol_core.embed.probe import (
    PIXELS,
    SHEET,
    SPACES,
    Evaluation,
    Probe,
    has_probe,
    read_probe,
    read_sheet,
    read_space,
    sheet_bytes,
    thumbnail,
)

__all__ = [
    "PIXELS",
    "SHEET",
    "SPACES",
    "Evaluation",
    "MapJob",
    "Probe",
    "Projection",
    "UmapSettings",
    "has_probe",
    "job",
    "load_map",
    "nearest",
    "pca",
    "read_probe",
    "read_sheet",
    "read_space",
    "sheet_bytes",
    "start",
    "thumbnail",
    "umap_map",
    "unit",
]
