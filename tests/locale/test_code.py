"""No text of the code is out of reach of a translation."""

import ast
import textwrap

import pytest

from tests import catalogs
from tests.locale import code

WHERE: dict[code.Check, tuple[str, ...]] = {
    code.built: ("app", "byol_core"),
    code.bare: ("app", "byol_core/cli"),
    code.handmade: ("app", "byol_core"),
    code.early: ("app", "byol_core"),
    code.kept: ("app", "byol_core"),
    code.shadowed: ("app", "byol_core"),
}
# The check, the file, the function: and why it may.
ALLOWED = {
    (code.bare, "app/shared/image_source.py", "_path"): "A path as an example.",
    (code.handmade, "app/runs/compare_tables.py", "label"): "The key of a curve that this release does not know.",
    (code.handmade, "app/shared/formatting.py", "_opening"): "In English alone.",
    (code.handmade, "app/sign_in/page.py", "show_accounts"): "The name of a provider of accounts.",
}

FAULTS = [
    (code.built, 'st.write(_(f"Run {name}"))'),
    (code.built, 'n_("{n} image of " + name, "{n} images", n)'),
    (code.built, 'N_("Loss" if plain else "Accuracy")'),
    (code.built, 'raise InputError(f"There is no run {name}.")'),
    (code.built, 'raise LabError("There is no " + name)'),
    (code.built, 'Message.plural("{n} run", f"{n} runs of {name}", n)'),
    (code.bare, 'st.button("Start")'),
    (code.bare, 'left.caption(f"{n} images")'),
    (code.bare, 'st.write("Loss: " + value)'),
    (code.bare, 'st.button(_("Start"), help="Starts it.")'),
    (code.bare, 'st.selectbox(_("Set"), names, placeholder="Choose one")'),
    (code.bare, 'st.write(":material/grid_view: Views")'),
    (code.bare, 'st.markdown("<b>Views</b>")'),
    (code.bare, 'st.caption(said or "nothing yet")'),
    (code.bare, 'st.caption(_("Saved") if saved else "Not saved")'),
    (code.bare, 'print(name, "is finished")'),
    (code.bare, 'table.add_column("Accuracy")'),
    (code.bare, 'table.add_row(name, f"{n} images")'),
    (code.bare, 'st.metric(_("Loss"), value, "lower")'),
    (code.bare, 'st.write("{} images".format(n))'),
    (code.handmade, "said = f\"{n} image{'s' if n != 1 else ''}\""),
    (code.handmade, "said = f\"{n} pass{'' if n == 1 else 'es'}\""),
    (code.handmade, "st.write(text.capitalize())"),
    (code.handmade, "st.write(text[:1].upper() + text[1:])"),
    (code.handmade, "st.write(name.title())"),
    (code.early, 'TITLE = _("Loss")'),
    (code.early, 'def draw(title=_("Loss")): pass'),
    (code.early, 'class Look:\n    title: str = n_("{n} run", "{n} runs", 1)'),
    (code.early, '@st.dialog(_("Rename"))\ndef rename(): pass'),
    (code.early, 'TITLES = {"loss": tell(LOSS)}'),
    (code.early, 'show = lambda title=_("Loss"): title'),
    (code.kept, '@st.cache_data(max_entries=4)\ndef table(): return _("Loss")'),
    (code.kept, "@lru_cache\ndef words(): return [tell(word) for word in WORDS]"),
    (code.shadowed, 'def draw():\n    for _ in range(3):\n        st.write(_("Loss"))'),
    (code.shadowed, 'def draw(pair):\n    first, _ = pair\n    return _("Loss")'),
]
FINE = [
    (code.built, 'raise InputError("There is no run " "\'{run}\'.", run=name)'),
    (code.built, "raise InputError(_MANY if n > 1 else _ONE)"),
    (code.built, 'raise ValueError(f"{name} is wrong")'),
    (code.bare, 'st.button(_("Start"), icon=":material/play_arrow:")'),
    (code.bare, 'st.page_link("runs/page.py", label=_("Runs"))'),
    (code.bare, 'st.write(f":material/{icon}: {value} / {most}")'),
    (code.bare, 'st.caption("kNN")'),
    (code.bare, 'typer.Option(help="What to call the run.")'),
    (code.bare, 'st.html("<style>.a_b { color: {} }</style>")'),
    (code.handmade, "chart = figure.title(text)"),
    (code.early, 'def draw():\n    title = _("Loss")'),
    (code.early, "show = lambda: _('Loss')"),
    (code.early, 'TITLE = N_("Loss")'),
    (code.kept, '@st.cache_data\ndef rows(): return N_("Loss")'),
    (code.shadowed, "def draw(pairs):\n    return [first for first, _ in pairs]"),
]


@pytest.mark.parametrize("check", WHERE, ids=lambda check: check.__name__)
def test_the_code_leaves_its_texts_to_the_catalogs(check):
    found = code.faults(check, WHERE[check])
    wrong = [f"{path}:{line} {fault}" for path, (place, line, fault) in found if (check, path, place) not in ALLOWED]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("check", "planted"), FAULTS)
def test_a_text_out_of_reach_is_found(check, planted, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "planted.py").write_text(planted, encoding="utf-8")
    assert [path for path, _fault in code.faults(check, ("app",), tmp_path)] == ["app/planted.py"]


@pytest.mark.parametrize(("check", "planted"), FINE)
def test_a_text_within_reach_is_no_fault(check, planted):
    assert list(check(ast.parse(textwrap.dedent(planted)))) == []


def test_every_allowed_place_is_still_there():
    for check, path, place in ALLOWED:
        found = list(check(ast.parse((catalogs.ROOT / path).read_text(encoding="utf-8"))))
        assert place in {name for name, *_rest in found}, (path, place)


def test_the_extractor_finds_no_text_that_is_built():
    built = [text for path in catalogs.sources() for text in catalogs.texts(path) if text.built]
    assert not built, "\n".join(f"{text.where}: {text.one}" for text in built)


def test_the_extractor_tells_a_text_that_is_built(tmp_path):
    (tmp_path / "app").mkdir()
    for name, text in (
        ("page.py", '_(f"Run {name}")'),
        ("help.py", 'typer.Option(help="A " + name)'),
        ("a.j2", "{{ _(x) }}"),
    ):
        (tmp_path / "app" / name).write_text(text)
    found = [text for path in catalogs.sources(tmp_path) for text in catalogs.texts(path, tmp_path)]
    assert [text.built for text in found] == [True, True, True]
