"""Folders of images as a tree of nodes, and what is done to it before classes and splits are read from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from byol_core.data import folder_names as names
from byol_core.data.account import Reason

# A wrapper may have this share of images beside the folder that it wraps: a preview, a plot.
STRAYS = 0.2
# A folder of a project is left out when it has this share of the images of the folders beside it.
FEW = 1 / 3
# Deeper folders count as this one; more copies of folders than this are nobody's layout.
MOST_DEPTH, MOST_COPIES = 64, 16
LeaveOut = Callable[[Reason, Iterable[int]], None]


@dataclass(eq=False)
class Node:
    """A folder: its files by their number, and the folders in it that hold images. ``empty``: those without a file."""

    name: str
    files: list[int] = field(default_factory=list)
    children: dict[str, Node] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)

    def all_files(self) -> Iterator[int]:
        """The files in this folder and below it."""
        yield from self.files
        for child in self.children.values():
            yield from child.all_files()

    @property
    def count(self) -> int:
        """How many files there are in this folder and below it."""
        return len(self.files) + sum(child.count for child in self.children.values())

    def spelled(self) -> set[str]:
        """The names of the folders in it, for comparing."""
        return {names.class_key(name) for name in self.children}

    def drop(self, child: Node) -> None:
        """Take a folder out of this one."""
        del self.children[child.name]


def built(paths: Sequence[tuple[int, str]], empty: Iterable[str]) -> Node:
    """The tree of these files, and of the empty folders beside them."""
    root = Node("")
    for number, path in paths:
        _at(root, path.split("/")[:-1][:MOST_DEPTH]).files.append(number)
    for path in empty:
        *above, name = path.split("/")
        if (parent := _existing(root, above)) is not None and name not in parent.children:
            parent.empty.append(name)
    return root


def _at(node: Node, parts: Sequence[str]) -> Node:
    for part in parts:
        node = node.children.setdefault(part, Node(part))
    return node


def _existing(root: Node, parts: Sequence[str]) -> Node | None:
    node: Node | None = root
    for part in parts:
        node = node.children.get(part) if node else None
    return node


def merged(name: str, nodes: Sequence[Node]) -> Node:
    """One folder with what is in all of these; folders of one name in them become one."""
    if len(nodes) == 1:
        return nodes[0]
    groups: dict[str, list[Node]] = {}
    for node in nodes:
        for child in node.children.values():
            groups.setdefault(child.name, []).append(child)
    return Node(
        name,
        [number for node in nodes for number in node.files],
        {name: merged(name, group) for name, group in groups.items()},
        [name for node in nodes for name in node.empty],
    )


def without_masks(node: Node, leave_out: LeaveOut) -> None:
    """Take out the folders of masks beside those of images, and a project's folders with a few images, at any depth."""
    for child in _masks(node):
        leave_out(Reason.ANNOTATION, child.all_files())
        node.drop(child)
    for child in _beside(node):
        leave_out(Reason.OUTSIDE_OF_SPLITS, child.all_files())
        node.drop(child)
    for child in node.children.values():
        without_masks(child, leave_out)


def _masks(node: Node) -> list[Node]:
    children = [*node.children.values()]
    of_images = any(names.is_images(child.name) and not names.is_masks(child.name) for child in children)
    found = [child for child in children if (names.mentions_masks if of_images else names.is_masks)(child.name)]
    others = [child for child in children if child not in found]
    if not (others or node.files):
        return []
    if of_images:
        return found
    # "mask" beside "no mask" is a class.
    also = {word for child in others for word in names.mask_words(child.name)}
    return [child for child in found if not also & names.mask_words(child.name)]


def _beside(node: Node) -> list[Node]:
    others = [child for child in node.children.values() if not names.is_beside(child.name)]
    if not others:
        return []
    usual = sum(child.count for child in others) / len(others)
    return [child for child in node.children.values() if names.is_beside(child.name) and child.count <= FEW * usual]


def without_copies(node: Node, paths: Sequence[str], leave_out: LeaveOut) -> None:
    """Take out copies of folders: one that holds its own siblings again, or stands there in another spelling too."""
    spelled, before = Counter(map(names.class_key, node.children)), len(node.children)
    for child in [*node.children.values()]:
        if before - len(node.children) > MOST_COPIES:
            break
        key = names.class_key(child.name)
        inner = child.spelled()
        if 1 < spelled[key] <= MOST_COPIES and (same := _copied(node, child, key)):
            _take_in(node, child, same, paths, leave_out)
            spelled[key] -= 1
        elif len(inner) > 1 and inner <= spelled.keys() - {key}:
            others = {name: other for name, other in node.children.items() if other is not child}
            _take_in(node, child, Node("", children=others), paths, leave_out)
    for child in node.children.values():
        without_copies(child, paths, leave_out)


def _copied(node: Node, child: Node, key: str) -> Node | None:
    """The folder beside this one of which it is another spelling, with the same folders in it."""
    for other in node.children.values():
        alike = other.name < child.name and names.class_key(other.name) == key and other.spelled() == child.spelled()
        if alike and (child.children or names.split_of(child.name)):
            return other
    return None


def _take_in(parent: Node, child: Node, into: Node, paths: Sequence[str], leave_out: LeaveOut) -> None:
    """Move the files of ``child`` that ``into`` lacks there, and leave out the others."""
    known = {inside for inside, _ in _inside(into, paths)}
    parent.drop(child)
    for inside, number in _inside(child, paths):
        if inside in known:
            leave_out(Reason.COPY, [number])
        else:
            keys = {names.class_key(name): name for name in into.children}
            _at(into, [keys.get(part, part) for part in inside[:-1]]).files.append(number)


def _inside(node: Node, paths: Sequence[str], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    """Each file with its place in this folder, spelled for comparing."""
    for number in node.files:
        yield (*above, names.class_key(paths[number].rsplit("/", 1)[-1])), number
    for child in node.children.values():
        yield from _inside(child, paths, (*above, names.class_key(child.name)))


def unwrapped(node: Node, strays: list[int]) -> Node:
    """What is in the outer folders that only wrap one other; the few files beside it go to ``strays``."""
    while (inner := only(joined(node))) is not None:
        strays += node.files
        node = inner
    return joined(node)


def only(node: Node) -> Node | None:
    """The single folder that nearly all is in, or None."""
    if len(node.children) != 1:
        return None
    (inner,) = node.children.values()
    return inner if len(node.files) <= STRAYS * inner.count else None


def joined(node: Node) -> Node:
    """The folder with the numbered parts of its images (images_001, images_002, or fold1, fold2) as one."""
    parts = [*node.children.values()]
    alike = len({names.without_numbers(part.name) for part in parts}) == 1
    if len(parts) < 2 or not alike or not all(names.is_part(part.name) for part in parts):
        return node
    return merged(node.name, [Node(node.name, node.files, {}, node.empty), *parts])
