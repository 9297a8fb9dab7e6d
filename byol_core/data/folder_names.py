"""What the names of folders and files say: a split, masks, images alone, or what a system left behind.

Names are compared as lists of lower-case words, so that ``seg_train``, ``Seg Train`` and ``SegTrain`` are the same.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


class Split(StrEnum):
    """What images are for."""

    TRAIN = "train"
    TEST = "test"
    VALIDATION = "validation"
    PREDICTION = "prediction"  # they have no labels: to be predicted for a competition
    UNLABELED = "unlabeled"  # they have no labels: to learn from


_SPLITS = {
    Split.TRAIN: ("train", "training", "trn", "trainval", "labeled", "labelled"),
    Split.TEST: ("test", "testing", "tst", "holdout", "heldout"),
    Split.VALIDATION: ("val", "valid", "validation", "dev", "eval", "evaluation"),
    Split.PREDICTION: ("pred", "predict", "prediction", "predictions"),
    Split.UNLABELED: ("unlabeled", "unlabelled"),
}
_SPLIT_OF = {word: split for split, words in _SPLITS.items() for word in words}
# Words that add nothing to the name of a split, of masks or of images.
_FILLING = word_set(
    "data dataset set sets folder directory dir files file split splits seg resized cropped processed raw full "
    "all final original originals new small large images image imgs img pictures picture pics pic photos photo "
    "jpg jpeg png tif tiff jpegs pngs jpegimages"
)
_IMAGES = word_set(
    "images image imgs img pictures picture pics pic photos photo jpegimages jpgs jpegs originals original color "
    "colour rgb data leftimg8bit cxr inputs input frames scans"
)
_MASKS = word_set(
    "mask masks annotation annotations annot annots annotated ann anns trimap trimaps segmentation segmentations "
    "segmentationclass segmentationobject segmentationclassaug gt gts groundtruth groundtruths gtfine gtcoarse "
    "label labels lbl lbls manual bboxes bbox panoptic labelids colormap"
)
_AROUND_MASKS = frozenset({"ground", "truth", "fine", "class", "object", "bounding", "boxes", "st", "nd"})
# These stand for masks or other versions of the images only beside a folder that is named after images.
_VERSIONS = word_set(
    "seg segmented grayscale gray grey depth edges edge contours contour parts attributes overlay overlays "
    "heatmap heatmaps thumbnails thumbnail thumbs keypoints landmarks nir instances instance target targets "
    "output outputs boxes saliency skeletons skeleton"
)
# Folders of a project that hold a picture or two.
_BESIDE = word_set(
    "doc docs documentation figure figures fig figs preview previews sample samples example examples demo demos "
    "assets screenshots screenshot resources scripts code src notebooks logs results misc meta readme"
)
_PARTS = word_set("part parts fold folds batch batches chunk chunks shard shards") | _IMAGES - {"data", "rgb"}
_SYSTEM = frozenset(
    {
        *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "folder.htt", "temporary items"),
        *("@eadir", "@tmp", "@recycle", "@recently-snapshot", "@sharebin", "#recycle", "#snapshot", "trash-1000"),
        *("network trash folder", "_thumbnails"),
        *("$recycle.bin", "recycler", "recycled", "system volume information", "found.000", "lost+found", "$trash"),
        *("__pycache__", "_gsdata_", "lost.dir"),
    }
)
_DOCUMENTS = word_set(
    "readme license licence licenses copying copyright authors contributors changelog changes notice makefile "
    "install version todo dockerfile citation manifest checksums md5sums sha256sums sha1sums news faq credits"
)
_BREAKS = re.compile(r"[\W_]+")
_INSIDE = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BLANKS = re.compile(r"[-_\s]+")

_MASK_FILE = re.compile(
    r"(.*[^_ .-])[_ .-]+(?:mask|masks|seg|segmentation|gt|groundtruth|ground_truth|label|labels|labelids|annotation|"
    r"trimap|overlay|manual1|manual)(?:[ _.-]?\d{1,3})?",
    re.IGNORECASE,
)


def clean(name: str) -> str:
    """The name as it is shown: in one Unicode form, without blanks at its ends."""
    return unicodedata.normalize("NFC", name).strip() or name


@lru_cache(2**14)
def class_key(name: str) -> str:
    """Equal for spellings of one class; single letters and signs stay apart, since "A" and "a" may be two classes."""
    shown = clean(name)
    if len(shown) == 1:
        return shown
    return _BLANKS.sub(" ", shown.casefold()).strip() or shown


@lru_cache(2**14)
def words(name: str) -> tuple[str, ...]:
    """The words and numbers of a name in lower case: ``TrainData_2017`` is train, data, 2017."""
    found: list[str] = []
    for piece in _INSIDE.findall(_BREAKS.sub(" ", _CAMEL.sub(" ", unicodedata.normalize("NFC", name)))):
        found += _parted(piece.casefold())
    return tuple(found)


def _parted(word: str) -> list[str]:
    """``trainset`` as train, set: the name of a split or of masks, joined with a word that adds nothing."""
    if word in _SPLIT_OF or word in _MASKS or word in _FILLING:
        return [word]
    for place in range(2, len(word) - 2):
        first, last = word[:place], word[place:]
        if (first in _SPLIT_OF and last in _FILLING | _MASKS) or (first in _FILLING and last in _SPLIT_OF):
            return [first, last]
    return [word]


def split_of_word(word: str) -> Split | None:
    """The split that a lower-case word stands for."""
    return _SPLIT_OF.get(word)


def split_of(name: str) -> tuple[Split, tuple[str, ...]] | None:
    """The split that a folder is named after, and the words that are left: ``DIV2K_train_HR`` leaves div, k, hr."""
    found = [word for word in words(name) if word in _SPLIT_OF]
    if len({_SPLIT_OF[word] for word in found}) != 1:
        return None
    left = tuple(word for word in words(name) if not (word in _SPLIT_OF or word in _FILLING or word.isdigit()))
    return _SPLIT_OF[found[0]], left


@lru_cache(2**14)
def is_system(name: str) -> bool:
    """Whether an operating system or a file server left a file or folder of this name."""
    return name.startswith(".") or name.casefold() in _SYSTEM


def is_document(name: str) -> bool:
    """Whether a file without a suffix is a text, by its name."""
    return bool(found := words(name)) and found[0] in _DOCUMENTS


def is_images(name: str) -> bool:
    """Whether a folder says that it holds images, and nothing else."""
    found = without_numbers(name)
    known = all(word in _IMAGES | _FILLING or word in _SPLIT_OF for word in found)
    return known and any(word in _IMAGES for word in found)


def is_plain(name: str) -> bool:
    """Whether the name of a folder says nothing that could tell a class."""
    return all(word in _IMAGES | _FILLING for word in without_numbers(name)) and bool(without_numbers(name))


def is_masks(name: str) -> bool:
    """Whether a folder is named after masks or annotations, and after nothing else."""
    found = without_numbers(name)
    known = _MASKS | _FILLING | _SPLIT_OF.keys() | _AROUND_MASKS
    return _names_masks(found) and all(word in known for word in found)


def mask_words(name: str) -> set[str]:
    """The words for masks and annotations in a name."""
    return {*words(name)} & _MASKS


def mentions_masks(name: str) -> bool:
    """Whether a folder is named after masks of something, or after other versions of images."""
    found = without_numbers(name)
    other = any(word in _VERSIONS for word in found) and all(word in _VERSIONS | _FILLING for word in found)
    return other or _names_masks(found)


def is_beside(name: str) -> bool:
    """Whether a folder belongs to the project around the images."""
    return bool(found := without_numbers(name)) and all(word in _BESIDE for word in found)


def is_part(name: str) -> bool:
    """Whether a folder is a numbered part of the images, such as ``images_001``."""
    found = words(name)
    return any(word.isdigit() for word in found) and any(word in _PARTS for word in found)


def mask_of(path: str) -> str | None:
    """The path, without its suffix, of the image that a file such as ``a_mask.png`` or ``a_mask_1.png`` belongs to."""
    folder, mark, name = without_suffix(path).rpartition("/")
    found = _MASK_FILE.fullmatch(name)
    return folder + mark + found[1] if found else None


def without_suffix(path: str) -> str:
    """A path without the suffix of its file."""
    head, mark, suffix = path.rpartition(".")
    return head if mark and "/" not in suffix else path


def _names_masks(found: tuple[str, ...]) -> bool:
    return any(word in _MASKS for word in found) or "ground truth" in " ".join(found)


def without_numbers(name: str) -> tuple[str, ...]:
    """The words of a name but for its numbers."""
    return tuple(word for word in words(name) if not word.isdigit())
