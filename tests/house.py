"""How the code is laid out: which file imports which, the layers, and how many arrows cross them.

``python tests/house.py [FOLDER]`` counts a tree, this one unless another is named.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).parent.parent
Graph = dict[str, set[str]]  # a module, and the modules that its file imports

# From the bottom up. A place (a package or a loose module) may import from the lines above its own, and from no other
# line: places on one line know nothing of each other. docs/architecture.md draws the same.
CORE = """
messages _version
errors language
system
config
events
data jobs
losses augment augment_fit health optim distributed networks
methods
weights
embeddings evaluation
augment_study
training
runs sharing
export
cli
"""
# The figures of shared/charts.py are what the chart widget draws, so shared lies below the widgets. Pages borrow parts
# of other pages (a run's actions start an evaluation), but never in a circle.
APP = """
shared
widgets
train
evaluate
runs
augment embeddings home sign_in middleware
main
navigation
"""
LEVELS = {
    f"{package}.{place}": level
    for package, layers in (("byol_core", CORE), ("app", APP))
    for level, line in enumerate(layers.split("\n"))
    for place in line.split()
}
# The public names of the library, which load on first use: it may cite every layer, and no file of ours imports it.
FACADE = "byol_core"


def import_graph(root: Path = ROOT) -> Graph:
    """What each module of the two packages imports, anywhere in its file: in functions and for types alone as well."""
    files = {module_name(path.relative_to(root)): path for path in source_files(root)}
    return {name: set(_imported(path, name, files.keys())) - {name} for name, path in files.items()}


def source_files(root: Path = ROOT) -> list[Path]:
    return sorted(path for folder in ("byol_core", "app") for path in (root / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imported(path: Path, name: str, modules: set[str]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            wanted = [f"{source}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in wanted:  # a module, or a name that stands in one
            yield from [known for known in (target, target.rpartition(".")[0]) if known in modules][:1]


def place(module: str) -> str:
    """The package or loose module that a module belongs to: ``byol_core.data.cache`` is in ``byol_core.data``."""
    return ".".join(module.split(".")[:2])


def upward(graph: Graph) -> list[str]:
    """The imports that do not lead down to a lower layer."""
    return sorted(f"{file} -> {target}" for file in graph for target in graph[file] if not _allowed(file, target))


def _allowed(file: str, target: str) -> bool:
    if file == FACADE or place(file) == place(target):
        return True
    if file.startswith("app.") and target.startswith("byol_core."):
        return True
    same_package = file.split(".")[0] == target.split(".")[0]
    return same_package and LEVELS.get(place(target), len(LEVELS)) < LEVELS.get(place(file), -1)


def circles(graph: Graph) -> list[list[str]]:
    """Groups of modules that import each other, directly or through one another."""
    reached = {name: _reachable(graph, name) for name in graph}
    groups = {frozenset(other for other in reached[name] if name in reached[other]) for name in graph}
    return sorted(sorted(group) for group in groups if group)


def _reachable(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph.get(name, ())
    return found


def by_place(graph: Graph) -> Graph:
    """The same arrows between places, without those inside one and those of the public names."""
    arrows: Graph = defaultdict(set)
    for name in graph.keys() - {FACADE, "app"}:
        arrows[place(name)] |= {place(target) for target in graph[name]} - {place(name)}
    return dict(arrows)


def report(root: Path) -> str:
    """The counts of a tree, as a table in Markdown."""
    graph = import_graph(root)
    lines = ["| | byol_core | app |", "|---|---|---|"]
    counts = [_counts(root, graph, package) for package in ("byol_core", "app")]
    return "\n".join(lines + [f"| {row} | {counts[0][row]} | {counts[1][row]} |" for row in counts[0]])


def _counts(root: Path, graph: Graph, package: str) -> dict[str, int | str]:
    inside = [name for name in graph if name.split(".")[0] == package]
    own = {name: graph[name].intersection(inside) for name in inside}
    arrows, found = by_place(own), circles(own)
    files = [path for path in source_files(root) if path.relative_to(root).parts[0] == package]
    layered = arrows.keys() <= LEVELS.keys()  # a tree of before the layers has none to be measured by
    return {
        "files": len(files),
        "lines": sum(path.read_text().count("\n") for path in files),
        "places": len(arrows),
        "arrows between places": sum(len(targets) for targets in arrows.values()),
        "imports that do not lead down": len(upward(own)) if layered else "–",
        "circles of files": len(found),
        "files in the largest circle": max(map(len, found), default=0),
    }


if __name__ == "__main__":
    print(report(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT))
