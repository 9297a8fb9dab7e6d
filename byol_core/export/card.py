"""A run's model card: what it was trained on and how, what it can do, and where its limits are.

In the form of a model's README on the Hugging Face Hub (arXiv 1810.03993 says what belongs on one). Every number comes
from the run's summary or from an answer that was kept for the weights that are there now; what was not measured is
said to be so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from typing import IO, Any

import yaml

from byol_core._version import __version__
from byol_core.config import RunConfig, build, field_info
from byol_core.data.catalog import find
from byol_core.errors import LabError
from byol_core.evaluation import summary
from byol_core.evaluation.intervals import Accuracy
from byol_core.evaluation.jobs import answers
from byol_core.evaluation.protocol import SUBJECTS, Judged
from byol_core.health.signs import ALARM
from byol_core.runs import accuracies
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system.formatting import number
from byol_core.system.redact import last_part

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~$&])")
_ACCURACIES = {
    "knn_accuracy": "weighted kNN, this encoder",
    "knn_untrained": "the same network with its initial weights",
    "knn_pixels": "raw pixels",
}
_USE = """\
```python
from pathlib import Path

import torch
from byol_core.weights.encoder_files import load_weights  # pip install byol-lab=={version}

encoder = load_weights(Path("encoder.safetensors"))  # byol export {run} --format safetensors --out encoder.safetensors
images = torch.rand(8, 3, {side}, {side})  # RGB in [0, 1]; the normalization is the encoder's first layer
features = encoder(images)
```"""


def write_card(store: RunStore, run: Run, target: IO[bytes]) -> None:
    """The card as Markdown with YAML in front; InputError when the run's settings are too old to be read."""
    config = build(run.config)
    parts = (_front(run, config), *_sections(run, config, _answers(run)))
    target.write(("\n\n".join(parts) + "\n").encode("utf-8", errors="backslashreplace"))


def _answers(run: Run) -> list[Judged]:
    try:
        return answers(run.folder)
    except LabError:  # there are no weights yet
        return []


def _front(run: Run, config: RunConfig) -> str:
    front = {
        "library_name": "byol-lab",
        "pipeline_tag": "image-feature-extraction",
        "tags": ["self-supervised-learning", config.method.objective, config.network.encoder],
        "model_name": run.name,
    }
    return f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---"


def _sections(run: Run, config: RunConfig, judged: Sequence[Judged]) -> Iterator[str]:
    yield f"# {plain(run.name)}"
    yield _what(run, config)
    yield "## Data"
    yield _data(run, config)
    yield "## Recipe"
    yield _recipe(run, config)
    yield "## Results"
    yield from _results(run, judged)
    yield "## Limits"
    yield "\n".join(f"- {limit}" for limit in _limits(run, config, judged))
    yield "## Use"
    yield _USE.format(version=__version__, run=run.run_id, side=config.data.image_size)


def _what(run: Run, config: RunConfig) -> str:
    side, objective = config.data.image_size, config.method.objective
    labels = "with the labels of its images" if objective == "supervised" else "without labels"
    day = time.strftime("%Y-%m-%d", time.gmtime(run.started or run.created))
    start = _start(config)
    begun = f", starting from `{start}`" if start else ""
    return (
        f"An encoder `{config.network.encoder}` that turns an image of {side} x {side} pixels into a representation, "
        f"trained {labels} by the objective `{objective}`{begun} with BYOL Lab {__version__} "
        f"(run `{run.run_id}`, {run.state}, begun {day})."
    )


def _start(config: RunConfig) -> str:
    """The weights that the run started from, without the folders of this machine; empty when it drew its own."""
    return _code(last_part(config.network.pretrained))


def _data(run: Run, config: RunConfig) -> str:
    entry, data, found = find(config.data.source), config.data, run.summary
    what = f"`{_code(last_part(data.source))}`"
    if entry is not None:
        what = f"{entry.title}: {entry.sentence} {entry.classes} classes. License of the images: {entry.license}."
    lines = [what, f"Every image was resized to {data.image_size} x {data.image_size} pixels."]
    if start := _start(config):
        lines.append(
            f"The weights did not start from chance but from `{start}`: the encoder has also seen whatever the start "
            "was trained on, with or without labels."
        )
    if found.get("train_images"):
        lines.append(
            f"{found['train_images']:,} images were trained on, {found.get('test_images') or 0:,} are for tests."
        )
    if data.validation:
        lines.append(f"{data.validation:.0%} of the training images were held out to watch the run.")
    if data.limit:
        lines.append(f"At most {data.limit:,} training images were used.")
    return "\n".join(lines)


def _recipe(run: Run, config: RunConfig) -> str:
    """How long, and every setting that is not the default."""
    said = f"{number(run.epoch)} epochs ({run.step:,} steps) of batches of {config.batch_size}, seed {config.seed}"
    flat, defaults = config.flat(), RunConfig().flat()
    rows = [(key, value) for key, value in flat.items() if value != defaults[key] and key != "data.source"]
    preset = f", from the preset `{_code(run.preset)}`" if run.preset else ""
    lines = [f"{said}{preset}. Settings that differ from the defaults:", "", "| setting | | value |", "|---|---|---|"]
    lines += [f"| {field_info(key).title} | `{key}` | {_cell(value)} |" for key, value in rows]
    return "\n".join(lines) if rows else f"{said}{preset}. All settings are the defaults."


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, []) else plain(number(last_part(value) if isinstance(value, str) else value))


def _results(run: Run, judged: Sequence[Judged]) -> Iterator[str]:
    yield _summary(run)
    for one in judged:
        yield _answer(one)


def _summary(run: Run) -> str:
    figures, spread = accuracies.at_end(run), run.summary.get("std_ratio")
    known = [key for key in _ACCURACIES if run.summary.get(key) is not None]
    rows = [f"| {_ACCURACIES[key]} | {_told(run.summary[key], figures.get(key))} |" for key in known]
    if isinstance(spread, int | float):
        rows.append(f"| spread of the representation (1 even, 0 collapsed) | {spread:.3f} | |")
    if not rows:
        return "The run was not evaluated at its end: it was stopped, is not over yet, or its images have no labels."
    k, t = run.summary.get("knn_k"), run.summary.get("knn_temperature")
    how = f"At the end of the run (kNN with k = {k}, T = {t}):" if "knn_accuracy" in known and k else "At its end:"
    brought = accuracies.brought(run)
    said = [summary.BRACKETS] if figures else []
    said = [summary.brought(brought), *said] if brought else said
    return "\n".join((how, "", "| | | |", "|---|---|---|", *rows)) + (f"\n\n{' '.join(said)}" if said else "")


def _told(value: Any, found: Accuracy | None) -> str:
    return f"{summary.accuracy(found)} | {summary.images(found)}" if found else f"{number(value)} | test images"


def _answer(judged: Judged) -> str:
    """One protocol as a table: the encoder first, then what it is compared with, with its distance to each."""
    where = f"{judged.tested:,} test images of `{_code(last_part(judged.data))}`"
    head = f"**{summary.asked(judged.protocol)}**: {judged.labeled:,} labels used, accuracy on {where}."
    lines = ["| | accuracy | this run is ahead by |", "|---|---|---|"]
    for subject in SUBJECTS:
        if told := summary.score(judged, subject):
            ahead = judged.gap(subject) if subject != "trained" else None
            lead = summary.gap(ahead) if ahead and not ahead.few else ""
            lines.append(f"| {summary.SUBJECTS[subject]} | {told} | {lead} |")
    return "\n".join((head, summary.rests_on(judged), "", *lines))


def _limits(run: Run, config: RunConfig, judged: Sequence[Judged]) -> Iterator[str]:
    side, source = config.data.image_size, find(config.data.source)
    where = source.title if source else "the images above"
    yield f"This run saw only images like those of {where}, at {side} pixels; on others it has to be evaluated again."
    if not judged:
        yield "No protocol of evaluation was run on these weights: `byol evaluate` does it."
    if not any(one.protocol.data for one in judged):
        yield "Its use on another set of images was not measured."
    if run.state != "finished":
        yield f"The run is {run.state}: these are not the weights of its planned end."
    spread = run.summary.get("std_ratio")
    if run.alarm or (spread is not None and spread < ALARM):
        yield f"**Its health is in doubt.** {plain(run.alarm or f'The spread is {spread:.2f}.')}"
    yield "One seed: another one gives other numbers. Test images were looked at for the numbers, and chose nothing."
    yield "Whatever is over- or under-represented in the images is so in the representation; nobody has checked that."


def plain(text: str) -> str:
    """Somebody's words, so that Markdown takes them for words."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Somebody's words between backticks."""
    return " ".join(text.split()).replace("`", "'")
