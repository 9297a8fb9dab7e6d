"""A run's model card: what it was trained on and how, what it can do, and where its limits are.

In the form of a model's README on the Hugging Face Hub (arXiv 1810.03993 says what belongs on one). Every number comes
from the run's summary or from an answer that was kept for the weights that are there now; what was not measured is
said to be so. It is in English unless somebody asks for another language; code, names and YAML are the same in all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import IO, Any

import yaml

from byol_core import language
from byol_core._version import __version__
from byol_core.config import RunConfig, build, field_info
from byol_core.data.catalog import find
from byol_core.errors import LabError
from byol_core.evaluation import summary
from byol_core.evaluation.intervals import Accuracy
from byol_core.evaluation.jobs import answers
from byol_core.evaluation.protocol import SUBJECTS, Judged
from byol_core.health.signs import ALARM
from byol_core.messages import Message, sentences
from byol_core.runs import accuracies
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system.formatting import number
from byol_core.system.redact import last_part

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~$&])")
_ACCURACIES = {
    "knn_accuracy": Message("weighted kNN, this encoder"),
    "knn_untrained": Message("the same network with its initial weights"),
    "knn_pixels": Message("raw pixels"),
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
Say = Callable[[str], str]  # a message in the language of the card


def write_card(store: RunStore, run: Run, target: IO[bytes], lang: str = language.ENGLISH) -> None:
    """The card as Markdown with YAML in front; InputError when the run's settings are too old to be read."""
    config = build(run.config)
    say = partial(language.tell, code=lang)
    parts = (_front(run, config), *_sections(run, config, _answers(run), say))
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


def _sections(run: Run, config: RunConfig, judged: Sequence[Judged], say: Say) -> Iterator[str]:
    yield f"# {plain(run.name)}"
    yield say(_what(run, config))
    yield f"## {say(Message('Data'))}"
    yield "\n".join(map(say, _data(run, config)))
    yield f"## {say(Message('Recipe'))}"
    yield _recipe(run, config, say)
    yield f"## {say(Message('Results'))}"
    yield _summary(run, say)
    for one in judged:
        yield _answer(one, say)
    yield f"## {say(Message('Limits'))}"
    yield "\n".join(f"- {say(limit)}" for limit in _limits(run, config, judged, say))
    yield f"## {say(Message('Use'))}"
    yield _USE.format(version=__version__, run=run.run_id, side=config.data.image_size)


# By whether labels were used, and whether the run started from other weights.
_WHAT: Mapping[tuple[bool, bool], str] = {
    (False, False): Message(
        "An encoder `{encoder}` that turns an image of {side} x {side} pixels into a representation, trained without "
        "labels by the objective `{objective}` with BYOL Lab {version} (run `{run}`, {state}, begun {day})."
    ),
    (False, True): Message(
        "An encoder `{encoder}` that turns an image of {side} x {side} pixels into a representation, trained without "
        "labels by the objective `{objective}`, starting from `{start}` with BYOL Lab {version} (run `{run}`, {state}, "
        "begun {day})."
    ),
    (True, False): Message(
        "An encoder `{encoder}` that turns an image of {side} x {side} pixels into a representation, trained with the "
        "labels of its images by the objective `{objective}` with BYOL Lab {version} (run `{run}`, {state}, begun "
        "{day})."
    ),
    (True, True): Message(
        "An encoder `{encoder}` that turns an image of {side} x {side} pixels into a representation, trained with the "
        "labels of its images by the objective `{objective}`, starting from `{start}` with BYOL Lab {version} (run "
        "`{run}`, {state}, begun {day})."
    ),
}


def _what(run: Run, config: RunConfig) -> str:
    start, objective = _start(config), config.method.objective
    return Message(
        _WHAT[objective == "supervised", bool(start)],
        encoder=config.network.encoder,
        side=config.data.image_size,
        objective=objective,
        start=start,
        version=__version__,
        run=run.run_id,
        state=run.state_in_words,
        day=time.strftime("%Y-%m-%d", time.gmtime(run.started or run.created)),
    )


def _start(config: RunConfig) -> str:
    """The weights that the run started from, without the folders of this machine; empty when it drew its own."""
    return _code(last_part(config.network.pretrained))


def _data(run: Run, config: RunConfig) -> Iterator[str]:
    entry, data, found = find(config.data.source), config.data, run.summary
    if entry is None:
        yield f"`{_code(last_part(data.source))}`"
    else:
        yield Message(
            "{title}: {sentence} {classes} classes. License of the images: {license}.",
            title=Message(entry.title),
            sentence=Message(entry.sentence),
            classes=entry.classes,
            license=Message(entry.license),
        )
    yield Message("Every image was resized to {side} x {side} pixels.", side=data.image_size)
    if start := _start(config):
        yield Message(
            "The weights did not start from chance but from `{start}`: the encoder has also seen whatever the start "
            "was trained on, with or without labels.",
            start=start,
        )
    if found.get("train_images"):
        yield Message(
            "{trained:,} images were trained on, {tested:,} are for tests.",
            trained=found["train_images"],
            tested=found.get("test_images") or 0,
        )
    if data.validation:
        yield Message("{share:.0%} of the training images were held out to watch the run.", share=data.validation)
    if data.limit:
        yield Message("At most {limit:,} training images were used.", limit=data.limit)


def _recipe(run: Run, config: RunConfig, say: Say) -> str:
    """How long, and every setting that is not the default."""
    values = {"epochs": number(run.epoch), "steps": run.step, "batch": config.batch_size, "seed": config.seed}
    told = Message("{epochs} epochs ({steps:,} steps) of batches of {batch}, seed {seed}.", **values)
    if run.preset:
        preset = _code(run.preset)
        told = Message(
            "{epochs} epochs ({steps:,} steps) of batches of {batch}, seed {seed}, from the preset `{preset}`.",
            **values,
            preset=preset,
        )
    flat, defaults = config.flat(), RunConfig().flat()
    rows = [(key, value) for key, value in flat.items() if value != defaults[key] and key != "data.source"]
    if not rows:
        return say(sentences(told, Message("All settings are the defaults.")))
    head = f"| {say(Message('setting'))} | | {say(Message('value'))} |"
    lines = [say(sentences(told, Message("Settings that differ from the defaults:"))), "", head, "|---|---|---|"]
    lines += [f"| {say(field_info(key).title)} | `{key}` | {_cell(value, say)} |" for key, value in rows]
    return "\n".join(lines)


def _cell(value: Any, say: Say) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if value in (None, []):
        return say(Message("none"))
    return plain(number(last_part(value) if isinstance(value, str) else value))


def _summary(run: Run, say: Say) -> str:
    figures, spread = accuracies.at_end(run), run.summary.get("std_ratio")
    known = [key for key in _ACCURACIES if run.summary.get(key) is not None]
    rows = [f"| {say(_ACCURACIES[key])} | {_told(run.summary[key], figures.get(key), say)} |" for key in known]
    if isinstance(spread, int | float):
        rows.append(f"| {say(_SPREAD)} | {spread:.3f} | |")
    if not rows:
        return say(_NOT_EVALUATED)
    k, t = run.summary.get("knn_k"), run.summary.get("knn_temperature")
    how = Message("At its end:")
    if "knn_accuracy" in known and k:
        how = Message("At the end of the run (kNN with k = {k}, T = {temperature}):", k=k, temperature=t)
    brought = accuracies.brought(run)
    below = say(sentences(summary.brought(brought) if brought else "", summary.BRACKETS if figures else ""))
    return "\n".join((say(how), "", "| | | |", "|---|---|---|", *rows)) + (f"\n\n{below}" if below else "")


_SPREAD = Message("spread of the representation (1 even, 0 collapsed)")
_NOT_EVALUATED = Message(
    "The run was not evaluated at its end: it was stopped, is not over yet, or its images have no labels."
)


def _told(value: Any, found: Accuracy | None, say: Say) -> str:
    if found:
        return f"{say(summary.accuracy(found))} | {say(summary.images(found))}"
    return f"{number(value)} | {say(Message('test images'))}"


def _answer(judged: Judged, say: Say) -> str:
    """One protocol as a table: the encoder first, then what it is compared with, with its distance to each."""
    head = Message(
        "**{question}**: {labeled:,} labels used, accuracy on {tested:,} test images of `{data}`.",
        question=summary.asked(judged.protocol),
        labeled=judged.labeled,
        tested=judged.tested,
        data=_code(last_part(judged.data)),
    )
    lines = [f"| | {say(Message('accuracy'))} | {say(Message('this run is ahead by'))} |", "|---|---|---|"]
    for subject in SUBJECTS:
        if told := summary.score(judged, subject):
            ahead = judged.gap(subject) if subject != "trained" else None
            lead = summary.gap(ahead) if ahead and not ahead.few else ""
            lines.append(f"| {say(summary.SUBJECTS[subject])} | {say(told)} | {lead} |")
    return "\n".join((say(head), say(summary.rests_on(judged)), "", *lines))


def _limits(run: Run, config: RunConfig, judged: Sequence[Judged], say: Say) -> Iterator[str]:
    source = find(config.data.source)
    yield Message(
        "This run saw only images like those of {set}, at {side} pixels; on others it has to be evaluated again.",
        set=Message(source.title) if source else Message("the images above"),
        side=config.data.image_size,
    )
    if not judged:
        yield Message("No protocol of evaluation was run on these weights: `byol evaluate` does it.")
    if not any(one.protocol.data for one in judged):
        yield Message("Its use on another set of images was not measured.")
    if run.state != "finished":
        state = run.state_in_words
        yield Message("The run is {state}: these are not the weights of its planned end.", state=state)
    yield from _doubts(run, say)
    yield Message(
        "One seed: another one gives other numbers. Test images were looked at for the numbers, and chose nothing."
    )
    yield Message(
        "Whatever is over- or under-represented in the images is so in the representation; nobody has checked that."
    )


def _doubts(run: Run, say: Say) -> Iterator[str]:
    spread = run.summary.get("std_ratio")
    if run.alarm:
        yield Message("**Its health is in doubt.** {why}", why=plain(say(run.alarm)))
    elif spread is not None and spread < ALARM:
        yield Message("**Its health is in doubt.** The spread is {spread:.2f}.", spread=spread)


def plain(text: str) -> str:
    """Somebody's words, so that Markdown takes them for words."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Somebody's words between backticks."""
    return " ".join(text.split()).replace("`", "'")
