"""Which test files stand behind which page of the documentation: ``python tests/tested.py`` writes docs/tested.md.

The pages themselves name no tests, so that they can be read by people who use the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
APPENDIX = DOCS / "tested.md"
# A page, what it says, and the tests of that: a file, or a folder for all files in it and below.
PAGES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "engine": {
        "The losses, against formulas written out in float64": ["losses"],
        "The methods: gradients, targets, batch statistics": ["methods"],
        "Whole steps against a plain float64 reference": ["training/test_fidelity.py"],
        "Numbers computed by independent code": ["test_references.py"],
        "Encoder and heads": ["networks"],
        "Optimizers and schedules": ["optim"],
        "Drawing and applying the views": ["augment"],
        "The training loop, its batches, metrics and evaluations": ["training"],
        "Signs of health, alarms and their causes": ["health"],
        "Sets larger than memory": ["data/test_cache.py", "data/test_mapped.py", "training/test_batches.py"],
        "Several processes": ["distributed", "methods/test_ranks.py"],
        "Threads and memory beside other programs": [
            *("system/test_threads.py", "system/test_niceness.py", "system/test_free_memory.py"),
            *("system/test_out_of_memory.py", "system/test_device.py"),
        ],
        "Settings, presets and small sets": ["config", "training/test_small_sets.py"],
        "Errors of wrong arguments": ["test_misuse.py"],
        "The benchmarks run": ["test_benchmarks.py"],
    },
    "runs": {
        "The store, the queue, sweeps and comparisons": ["runs"],
        "What can go wrong": ["faults"],
        "Processes, files and locks": ["system/test_processes.py", "system/test_files.py", "system/test_bell.py"],
        "Commands": [
            *("cli/test_train.py", "cli/test_runs.py", "cli/test_queue.py", "cli/test_sweep.py"),
            *("cli/test_compare.py", "cli/test_library.py", "cli/test_run_tables.py", "cli/test_progress_bar.py"),
            "cli/test_language.py",
        ],
        "The pages Lab, Train and Runs": ["app/home", "app/train", "app/runs"],
        "In a browser": [
            *("browser/test_journeys.py", "browser/test_runs_list.py", "browser/test_compare.py"),
            *("browser/test_charts.py", "browser/test_live.py", "browser/test_class.py"),
        ],
        "Images from a folder, an archive or arrays": ["data", "cli/test_data.py"],
        "A home, links and zips of an earlier layout": ["old_home", "app/test_old_home.py"],
    },
    "augment": {
        "The views": ["augment", "config/test_view_presets.py"],
        "Views that fit the images": ["augment_fit", "training/test_fit_views.py"],
        "What they do to a model": ["augment_study"],
        "The page": ["app/augment", "browser/test_augment.py"],
    },
    "embeddings": {
        "Maps, neighbors, placement and quality": ["embeddings"],
        "Background jobs": ["jobs"],
        "The page": ["app/embeddings", "app/widgets", "app/shared/test_palette.py"],
        "In a browser": [
            *("browser/test_embeddings.py", "browser/test_map_widget.py", "browser/test_map_word.py"),
            "browser/test_widget_parts.py",
        ],
        "The command": ["cli/test_embed.py"],
    },
    "evaluate": {
        "Protocols, labels, intervals and the report": ["evaluation"],
        "The page": ["app/evaluate", "browser/test_evaluate.py"],
        "The commands": ["cli/test_evaluate.py"],
    },
    "export": {
        "Formats": ["export", "cli/test_export.py", "app/shared/test_downloads.py"],
        "Trackers": ["runs/trackers"],
        "Runs as zips": ["runs/test_export_zip.py", "runs/test_import_zip.py", "cli/test_portable.py"],
    },
    "tutorial": {
        "The script": ["test_tutorial.py"],
        "The classifier, and starting from weights": ["weights"],
    },
    "threat-model": {
        "What viewers may do, and sessions, accounts and proxies": ["app/shared/test_access.py", "app/middleware"],
        "Passphrase, tokens and the sign-in": ["test_sharing.py", "browser/test_share.py"],
        "Limits on connections, pages, downloads and computation": [
            *("faults/test_siege.py", "app/middleware/test_limits.py", "app/shared/test_downloads.py"),
        ],
        "Malformed images, archives and arrays": ["data/test_fuzz.py", "data/test_archive.py", "data/test_limits.py"],
        "Zips of runs": ["runs/test_import_zip.py", "weights/test_checkpoint.py", "runs/test_export_zip.py"],
        "Formulas, markup and odd paths": [
            *("app/shared/test_table.py", "cli/test_runs.py", "runs/test_homes.py", "faults/test_homes.py"),
        ],
    },
    "architecture": {
        "Layers and imports": ["test_boundaries.py", "test_public.py", "test_static.py", "test_package.py"],
        "Documentation": ["test_docs.py", "test_docs_zh.py"],
        "Errors, and codes instead of words": ["test_errors.py", "test_structured_words.py"],
        "Languages: catalogs, translations and the glossary": ["locale"],
        "The wheel": ["test_wheel.py"],
        "What all pages share": ["app/shared", "browser/test_accessibility.py"],
        "What all packages share": ["system", "cli/test_input.py", "cli/test_machine.py"],
        "Every page in other languages": [
            *("app/test_every_text.py", "app/test_errors_in_chinese.py", "browser/test_languages.py"),
            "browser/test_native_words.py",
        ],
    },
}


def test_files(name: str) -> list[str]:
    """The test files of a line of the table, by their paths below tests/."""
    found = sorted((TESTS / name).rglob("test_*.py")) if (TESTS / name).is_dir() else [TESTS / name]
    return [path.relative_to(TESTS).as_posix() for path in found]


def appendix() -> str:
    """The text of docs/tested.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Which tests stand behind which page"
    yield ""
    yield "Generated by `python tests/tested.py`; do not edit."
    for page, topics in PAGES.items():
        yield from ("", f"## {page}", "", f"[{_title(page)}]({page}.md)", "", "| about | tests |", "|---|---|")
        for topic, names in topics.items():
            files = [file for name in names for file in test_files(name)]
            yield f"| {topic} | {', '.join(f'`tests/{file}`' for file in files)} |"


def _title(page: str) -> str:
    return (DOCS / f"{page}.md").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


if __name__ == "__main__":
    APPENDIX.write_text(appendix(), encoding="utf-8")
