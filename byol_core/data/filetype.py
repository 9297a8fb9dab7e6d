"""What a file is, by its first bytes, or by its name where bytes cannot tell; and what to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from byol_core.messages import Message

# Bytes of a file that tell what it is; the mark of a tar comes last.
HEAD = 560


@dataclass(frozen=True)
class Kind:
    """A kind of file that is not read: what one and what several are called, and what to do.

    inside: whether that helps too where such a file lies among images.
    """

    one: str
    several: str
    advice: str
    inside: bool = True


_AS_ARRAYS = Message("save the images as an .npz, or as files in one folder a class")
_AS_PICTURES = Message("save as PNG or JPEG")
KINDS: dict[str, Kind] = {
    "heic": Kind("a HEIC photo", "HEIC photos", "save as JPEG, or install the reader: pip install 'byol-lab[heic]'"),
    "raw": Kind("a camera's raw photo", "raw photos of a camera", "export as JPEG or TIFF"),
    "dicom": Kind("a DICOM file", "DICOM files", "export as 16-bit PNG, or as an .npz"),
    "nifti": Kind("a medical volume", "medical volumes", "save its slices as 16-bit PNG, or as an .npz"),
    "microscope": Kind("a microscope's file", "files of a microscope", "export as TIFF or PNG"),
    "tiff": Kind(
        "a TIFF of a rare kind", "TIFF files of a rare kind", "save with 1, 3 or 4 bands of 8 or 16 bits, or as an .npz"
    ),
    "picture": Kind("an image of a format that is not read", "images of a format that is not read", _AS_PICTURES),
    "svg": Kind("an SVG drawing", "SVG drawings", _AS_PICTURES),
    "pdf": Kind("a PDF", "PDFs", "save its pages as PNG"),
    "photoshop": Kind("a Photoshop file", "Photoshop files", _AS_PICTURES),
    "video": Kind("a video", "videos", "save its frames as images"),
    "sound": Kind("a sound", "sounds", "only images are read"),
    "parquet": Kind("a Parquet table", "Parquet tables", _AS_ARRAYS),
    "arrow": Kind("an Arrow table", "Arrow tables", _AS_ARRAYS),
    "hdf5": Kind("an HDF5 file", "HDF5 files", _AS_ARRAYS),
    "matlab": Kind("a MATLAB file", "MATLAB files", _AS_ARRAYS),
    "torch": Kind("a PyTorch file", "PyTorch files", _AS_ARRAYS),
    "pickle": Kind(
        "a Python pickle",
        "Python pickles",
        "pickles are never opened; save the images as an .npz, or as files in one folder a class",
    ),
    "idx": Kind(
        "an IDX file, as of MNIST",
        "IDX files, as of MNIST",
        "give a named set such as mnist, or save the images as an .npz, or as files in one folder a class",
    ),
    "tfrecord": Kind("a TFRecord file", "TFRecord files", _AS_ARRAYS),
    "database": Kind("a database", "databases", _AS_ARRAYS),
    "numpy": Kind("a NumPy file", "NumPy files", "give the .npz or .npy itself"),
    "archive": Kind("an archive", "archives", "give the archive itself, or unpack it"),
    "compressed": Kind("a single compressed file", "single compressed files", "unpack it first"),
    "7z": Kind("a 7z archive", "7z archives", "unpack it first, or pack it as .zip"),
    "rar": Kind("a RAR archive", "RAR archives", "unpack it first, or pack it as .zip"),
    "zstd": Kind("a Zstandard archive", "Zstandard archives", "unpack it first, or pack it as .zip"),
    "lfs": Kind("a pointer of Git LFS", "pointers of Git LFS", "fetch the files themselves with: git lfs pull"),
    "html": Kind("a web page", "web pages", "the download failed or needs a sign-in: download again"),
    "empty": Kind("an empty file", "empty files", "copy or download again"),
    "table": Kind("a table", "tables", "give the folder of the images; a labels table may lie in it", inside=False),
    "data": Kind("a JSON or XML file", "JSON and XML files", "give the folder of the images", inside=False),
    "text": Kind("a text", "texts", "give the folder of the images", inside=False),
    "office": Kind("an Office document", "Office documents", "save its images as files"),
}

# What begins so, and where; the first that fits counts.
_MARKS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"version https://git-lfs", "lfs"),
    (128, b"DICM", "dicom"),
    (0, b"PAR1", "parquet"),
    (0, b"ARROW1", "arrow"),
    (0, b"MATLAB", "matlab"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"\x93NUMPY", "numpy"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"%PDF", "pdf"),
    (0, b"%!PS", "picture"),
    (0, b"8BPS", "photoshop"),
    (0, b"SQLite format 3\x00", "database"),
    (0, b"\x80\x02\x8a\nl\xfc\x9cF\xf9", "torch"),
    *((0, bytes([0x80, version]), "pickle") for version in (2, 3, 4, 5)),
    (0, b"FUJIFILMCCD-RAW", "raw"),
    (0, b"IIRO", "raw"),
    (0, b"IIU\x00", "raw"),
    (8, b"CR\x02\x00", "raw"),
    (344, b"n+1\x00", "nifti"),
    (344, b"ni1\x00", "nifti"),
    (0, b"\x00\x00\x08\x01", "idx"),
    (0, b"\x00\x00\x08\x03", "idx"),
    (0, b"\x1aE\xdf\xa3", "video"),
    (8, b"AVI ", "video"),
    (8, b"WAVE", "sound"),
    (0, b"ID3", "sound"),
    (0, b"OggS", "sound"),
    (0, b"fLaC", "sound"),
    (0, b"v/1\x01", "picture"),  # OpenEXR
    (0, b"#?RADIANCE", "picture"),
    (0, b"\xff\x0a", "picture"),  # JPEG XL
    (0, b"\x00\x00\x00\x0cJXL ", "picture"),
    (0, b"gimp xcf", "picture"),
    (0, b"DDS ", "picture"),
    (0, b"\x00\x00\x01\x00", "picture"),  # an icon of Windows
    (0, b"II\x2a\x00", "tiff"),
    (0, b"MM\x00\x2a", "tiff"),
    (0, b"II\x2b\x00", "tiff"),
    (0, b"MM\x00\x2b", "tiff"),
    (0, b"PK\x03\x04", "archive"),
    (0, b"PK\x05\x06", "archive"),
    (0, b"\x1f\x8b", "archive"),
    (0, b"BZh", "archive"),
    (0, b"\xfd7zXZ\x00", "archive"),
    (257, b"ustar", "archive"),
)
# Files of the MPEG-4 family, by their brand.
_BRANDS: dict[bytes, str] = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"), "heic"),
    **dict.fromkeys((b"avif", b"avis"), "picture"),
    b"crx ": "raw",
}
_TEXTS: tuple[tuple[bytes, str], ...] = (
    *((mark, "html") for mark in (b"<!doctype html", b"<html", b"<head", b"<body")),
    (b"<svg", "svg"),
    (b"<?xml", "data"),
)
_SUFFIXES: dict[str, str] = {
    **dict.fromkeys((".heic", ".heif", ".hif"), "heic"),
    **dict.fromkeys((".cr2", ".cr3", ".nef", ".nrw", ".arw", ".dng", ".orf", ".rw2", ".raf", ".pef", ".srw"), "raw"),
    **dict.fromkeys((".dcm", ".dicom"), "dicom"),
    **dict.fromkeys((".nii", ".mha", ".mhd", ".nrrd"), "nifti"),
    **dict.fromkeys((".czi", ".nd2", ".lif", ".oib", ".oif", ".svs", ".ndpi", ".mrxs", ".vsi"), "microscope"),
    **dict.fromkeys((".ico", ".exr", ".hdr", ".jxl", ".tga", ".xcf", ".dds", ".eps", ".ai", ".jxr", ".pcx"), "picture"),
    ".svg": "svg",
    ".pdf": "pdf",
    **dict.fromkeys((".psd", ".psb"), "photoshop"),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp"), "video"),
    **dict.fromkeys((".wav", ".mp3", ".ogg", ".flac", ".m4a", ".aac"), "sound"),
    ".parquet": "parquet",
    **dict.fromkeys((".arrow", ".feather"), "arrow"),
    **dict.fromkeys((".h5", ".hdf5", ".hdf", ".he5"), "hdf5"),
    ".mat": "matlab",
    **dict.fromkeys((".pt", ".pth", ".safetensors"), "torch"),
    **dict.fromkeys((".pkl", ".pickle"), "pickle"),
    **dict.fromkeys((".tfrecord", ".tfrecords"), "tfrecord"),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db", ".mdb", ".lmdb"), "database"),
    **dict.fromkeys((".npy", ".npz"), "numpy"),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz"), "archive"),
    ".7z": "7z",
    ".rar": "rar",
    **dict.fromkeys((".zst", ".tzst"), "zstd"),
    **dict.fromkeys((".htm", ".html"), "html"),
    **dict.fromkeys((".csv", ".tsv"), "table"),
    **dict.fromkeys((".json", ".jsonl", ".xml", ".yaml", ".yml"), "data"),
    **dict.fromkeys((".txt", ".md", ".rst", ".log", ".py", ".ipynb"), "text"),
    **dict.fromkeys((".docx", ".doc", ".xlsx", ".xls", ".pptx", ".ppt", ".odt", ".ods", ".odp"), "office"),
}


def head(source: bytes | Path) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    if isinstance(source, bytes):
        return source[:HEAD]
    try:
        with source.open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b"?"


def of_file(path: Path) -> str:
    """The code of what a file is; "" if it is nothing that is known. Its bytes count more than its name."""
    found, named = of_content(head(path)), of_name(path.name)
    if found in ("", "tiff", "archive", "data") and named not in ("", "archive"):
        return named  # raw photos are TIFF files inside, and volumes are often packed
    return found or named


def of_name(name: str) -> str:
    """The code of what a file is by its name; "" if that tells nothing."""
    path = PurePosixPath(name.lower())
    inner = _SUFFIXES.get(PurePosixPath(path.stem).suffix, "")
    found = _SUFFIXES.get(path.suffix, "")
    return inner if found == "archive" and inner == "nifti" else found


def of_content(start: bytes) -> str:
    """The code of what a file is by its first bytes; "" if they tell nothing."""
    if not start:
        return "empty"
    if start[4:8] == b"ftyp":
        return _of_brand(start)
    for place, mark, code in _MARKS:
        if start[place : place + len(mark)] == mark:
            return "torch" if mark == b"PK\x03\x04" and b"/data.pkl" in start else code
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((code for mark, code in _TEXTS if text.startswith(mark)), "")


def _of_brand(start: bytes) -> str:
    compatible = start[16 : int.from_bytes(start[:4], "big")]
    code = _BRANDS.get(start[8:12], "video")
    return "picture" if code == "heic" and b"avif" in compatible else code


def is_array(start: bytes) -> bool:
    """Whether a file that begins so is an .npy."""
    return start.startswith(b"\x93NUMPY")


def is_arrays(start: bytes) -> bool:
    """Whether a file that begins so is an .npz: a zip whose first member is an array."""
    name = start[30 : 30 + int.from_bytes(start[26:28], "little")]
    return start.startswith(b"PK\x03\x04") and name.endswith(b".npy") and b"/" not in name


def is_image(start: bytes) -> bool:
    """Whether a file that begins so is an image of a kind that is read."""
    return start.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8")) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def words(code: str, count: int = 2) -> str:
    """What one file or several files of a kind are called that lie among images, and what to do with them."""
    kind = KINDS[code]
    called = Message(kind.one if count == 1 else kind.several)
    return Message("{kind}; {advice}", kind=called, advice=Message(kind.advice)) if kind.inside else called


def sentence(name: str, code: str) -> str:
    """What a file is that was given as a set of images, and what to do."""
    kind, advice = Message(KINDS[code].one), Message(KINDS[code].advice)
    return Message("'{name}' is {kind}, and no set of images: {advice}.", name=name, kind=kind, advice=advice)
