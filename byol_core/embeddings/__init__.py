"""What a run has learned, as images on a map: stored vectors, films of maps, nearest images. No torch here."""

from byol_core.embeddings.export import projector, table
from byol_core.embeddings.fields import Field, field, fields
from byol_core.embeddings.neighbors import AT_ONCE, near, near_of, nearest
from byol_core.embeddings.pca import Projection, pca, unit
from byol_core.embeddings.quality import Quality, quality
from byol_core.embeddings.settings import METHODS, MapSettings
from byol_core.embeddings.snapshot import (
    PIXELS,
    PROBE,
    SPACES,
    SPLITS,
    Evaluation,
    Snapshot,
    has_snapshot,
    read_predicted,
    read_snapshot,
    read_space,
    width,
)
from byol_core.embeddings.thumbnails import SHEET, per_sheet, read_sheet, sheets, thumbnail, thumbnails
from byol_core.embeddings.timeline import Film, film, pca_film, retry
from byol_core.embeddings.user_columns import foreign

__all__ = [
    "AT_ONCE",
    "METHODS",
    "PIXELS",
    "PROBE",
    "SHEET",
    "SPACES",
    "SPLITS",
    "Evaluation",
    "Field",
    "Film",
    "MapSettings",
    "Projection",
    "Quality",
    "Snapshot",
    "field",
    "fields",
    "film",
    "foreign",
    "has_snapshot",
    "near",
    "near_of",
    "nearest",
    "pca",
    "pca_film",
    "per_sheet",
    "projector",
    "quality",
    "read_predicted",
    "read_sheet",
    "read_snapshot",
    "read_space",
    "retry",
    "sheets",
    "table",
    "thumbnail",
    "thumbnails",
    "unit",
    "width",
]
