"""What a run has learned, as pictures on a map: stored vectors, films of maps, nearest images. No torch here."""

from byol_core.embed.export import projector, table
from byol_core.embed.fields import Field, field, fields
from byol_core.embed.film import Film, film, pca_film, retry
from byol_core.embed.foreign import foreign
from byol_core.embed.maps import Projection, pca, unit
from byol_core.embed.neighbours import AT_ONCE, near, near_of, nearest
from byol_core.embed.probe import (
    PIXELS,
    PROBE,
    SPACES,
    SPLITS,
    Evaluation,
    Probe,
    has_probe,
    read_predicted,
    read_probe,
    read_space,
    width,
)
from byol_core.embed.quality import Quality, quality
from byol_core.embed.settings import METHODS, MapSettings
from byol_core.embed.sheets import SHEET, per_sheet, read_sheet, sheets, thumbnail, thumbnails

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
    "Probe",
    "Projection",
    "Quality",
    "field",
    "fields",
    "film",
    "foreign",
    "has_probe",
    "near",
    "near_of",
    "nearest",
    "pca",
    "pca_film",
    "per_sheet",
    "projector",
    "quality",
    "read_predicted",
    "read_probe",
    "read_sheet",
    "read_space",
    "retry",
    "sheets",
    "table",
    "thumbnail",
    "thumbnails",
    "unit",
    "width",
]
