"""Reads classes and splits from the names of folders, as people lay their images out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from byol_core.data import folder_names as names
from byol_core.data import nodes
from byol_core.data.account import Reason
from byol_core.data.folder_names import Split
from byol_core.data.nodes import Node

EVALUATED = (Split.TEST, Split.VALIDATION)


@dataclass(frozen=True)
class Place:
    """What a file is for, and the folder of its class; "" without one."""

    split: Split = Split.TRAIN
    class_name: str = ""


@dataclass
class Layout:
    """The place of each file that is used, by its number, and the reasons for the others.

    ``empty``: folders without images that stand beside those of the classes. ``splits``: the names of the folders.
    """

    places: dict[int, Place] = field(default_factory=dict)
    left_out: dict[int, Reason] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
    splits: dict[Split, list[str]] = field(default_factory=dict)

    def leave_out(self, reason: Reason, numbers: Iterable[int]) -> None:
        """Note that these files are not used."""
        self.left_out.update(dict.fromkeys(numbers, reason))


@dataclass(frozen=True)
class _Side:
    """A folder of one split; ``class_name``: its class, where the folder itself tells it."""

    split: Split
    node: Node
    class_name: str = ""


def read(paths: Sequence[str], deciding: Iterable[int], empty: Iterable[str]) -> Layout:
    """The layout of files with these paths; only those in ``deciding`` tell what a folder is."""
    layout, strays = Layout(), list[int]()
    root = nodes.built([(number, paths[number]) for number in deciding], empty)
    nodes.without_masks(root, layout.leave_out)
    nodes.without_copies(root, paths, layout.leave_out)
    root = nodes.unwrapped(root, strays)
    sides = _sides(root) or _sides_below(root)
    if sides:
        inside = {number for side in sides for number in side.node.all_files()}
        strays += [number for number in root.all_files() if number not in inside]
        for side in sides:
            layout.splits.setdefault(side.split, []).append(side.node.name)
    _place(layout, _unwrapped(sides or [_Side(Split.TRAIN, root)], strays))
    _place_strays(layout, strays)
    return layout


def _place(layout: Layout, sides: Sequence[_Side]) -> None:
    folders = [(side, child) for side in sides for child in side.node.children.values()]
    known = {names.class_key(side.class_name or child.name) for side, child in folders}
    known |= {names.class_key(side.class_name) for side in sides if side.class_name}
    told = len(known) > 1  # a single folder distinguishes nothing: it only wraps the images
    for side in sides:
        layout.places |= dict.fromkeys(side.node.files, Place(side.split, side.class_name if told else ""))
    for side, child in folders:
        place = Place(side.split, (side.class_name or child.name) if told else "")
        layout.places |= dict.fromkeys(child.all_files(), place)
    if told and not any(side.class_name for side in sides):
        layout.empty = tuple(name for side in sides for name in side.node.empty if not _is_no_class(name))


def _is_no_class(name: str) -> bool:
    return names.is_masks(name) or names.is_beside(name) or names.split_of(name) is not None


def _place_strays(layout: Layout, strays: Sequence[int]) -> None:
    """Images beside a wrapper or outside of the splits: they belong to a set without any order, and to no other."""
    ordered = layout.splits or any(place.class_name for place in layout.places.values())
    if ordered:
        layout.leave_out(Reason.OUTSIDE_OF_SPLITS, strays)
    else:
        layout.places |= dict.fromkeys(strays, Place())


def _sides(node: Node) -> list[_Side]:
    """The folders that are named after splits, where those for training and for evaluation belong together."""
    found = [(named, child) for child in node.children.values() if (named := names.split_of(child.name))]
    train = {left for (split, left), _ in found if split == Split.TRAIN}
    others = {left for (split, left), _ in found if split != Split.TRAIN}
    if not train and len({split for (split, _), _ in found}) > 1 and len(found) == len(node.children):
        return [_Side(split, child) for (split, _), child in found]
    both = train & others
    if len(train) == len(others) == 1 and len(found) == len(node.children):
        return [_Side(split, child) for (split, _), child in found]
    if len(both) > 1 and () not in both:  # train_cat, train_dog, test_cat, test_dog
        return [_Side(split, child, " ".join(left)) for (split, left), child in found if left in both]
    if len(both) != 1 and () not in both:
        return []
    fits = {(), *(both if len(both) == 1 else ())}
    return [_Side(split, child) for (split, left), child in found if left in fits]


def _sides_below(node: Node) -> list[_Side]:
    """Splits inside of every class (cat/train, cat/test, dog/train …), or of several sets of the same classes."""
    inside = {child.name: _sides(nodes.unwrapped(child, [])) for child in node.children.values()}
    if len(inside) < 2 or not all(inside.values()):
        return []
    sides = [(name, side) for name, found in inside.items() for side in found]
    same = set.intersection(*(side.node.spelled() for _, side in sides))
    return [_Side(side.split, side.node, "" if len(same) > 1 else name) for name, side in sides]


def _unwrapped(sides: Sequence[_Side], strays: list[int]) -> list[_Side]:
    """One side for each split and class, without the folders that only wrap what is in it."""
    groups: dict[tuple[Split, str], list[Node]] = {}
    for side in sides:
        groups.setdefault((side.split, side.class_name), []).append(nodes.joined(side.node))
    found = [_Side(split, nodes.merged("", group), name) for (split, name), group in groups.items()]
    while (inner := _one_step(found)) is not None:
        strays += [
            number
            for before, after in zip(found, inner, strict=True)
            if before is not after
            for number in before.node.files
        ]
        found = inner
    return found


def _one_step(sides: Sequence[_Side]) -> list[_Side] | None:
    """The sides with one wrapper less, where there is one: the same in all of them, or one that is no class."""
    inner = [nodes.only(side.node) for side in sides]
    if all(inner) and len({names.class_key(node.name) for node in inner if node}) == 1:
        wraps = inner if any(node and (node.children or names.is_plain(node.name)) for node in inner) else []
    else:
        wraps = [
            node if node and _only_wraps(node, side, sides) else None for node, side in zip(inner, sides, strict=True)
        ]
    if not any(wraps):
        return None
    return [
        _Side(side.split, nodes.joined(node), side.class_name) if node else side
        for node, side in zip(wraps, sides, strict=True)
    ]


def _only_wraps(inner: Node, side: _Side, sides: Sequence[_Side]) -> bool:
    elsewhere = {
        key for other in sides if other is not side and len(other.node.children) > 1 for key in other.node.spelled()
    }
    if names.class_key(inner.name) in elsewhere:
        return False
    return bool(inner.children) or names.is_plain(inner.name) or names.split_of(inner.name) is not None


def looks_wrong(class_names: Iterable[str]) -> Iterator[str]:
    """The names of classes that look like those of splits, of masks or of parts."""
    for name in class_names:
        split = names.split_of(name)
        if (split and not split[1]) or names.is_masks(name) or names.is_images(name) or names.is_part(name):
            yield name
