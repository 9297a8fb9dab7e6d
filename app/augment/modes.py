"""What the augmentation lab shows: a grid, many draws of one image, one operation at every strength, or two presets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.augment import scenes
from app.augment import settings as lab_settings
from app.augment.choices import Choice
from app.augment.settings import Settings
from app.shared import address
from app.shared.formatting import plain
from app.shared.language import N_, _, current, n_, speaking, tell
from app.shared.pictures import Pictures
from app.widgets.view_grid import ORIGINALS, VIEWS, Card, Drawn, Figure, Grid, Layout, view_grid
from byol_core.config import OPERATIONS, ViewsConfig
from byol_core.config.view_presets import RECIPES

Pixels = NDArray[np.uint8]
GRID, DRAWS, STRIP, PAIR = MODES = ("grid", "draws", "operation", "presets")
MODE_TITLES = {GRID: N_("Grid"), DRAWS: N_("Many draws"), STRIP: N_("One operation"), PAIR: N_("Two presets")}
MODE = "show"
MANY = 24  # draws of one image
STRENGTHS = tuple(step / 4 for step in range(9))  # 0 to 2
STRIPS = 4  # images that are enough to see what an operation does


@dataclass(frozen=True)
class Scene:
    """All that a mode needs: the images of this page of them, the settings, and the choices above."""

    pictures: Pictures
    settings: Settings
    choice: Choice

    def at(self, values: dict[str, float], serial: int) -> Scene:
        """The same with other strengths, for a message of the sliders."""
        return replace(self, settings=replace(self.settings, values=values, serial=serial))

    @property
    def views(self) -> ViewsConfig:
        """The settings as a run takes them."""
        return self.settings.views(self.choice.view)

    @property
    def about(self) -> str:
        """A name of the images, the settings and the seed, by which others know what is shown."""
        what = json.dumps([self.pictures.digest, self.views.model_dump(), self.choice.seed])
        return hashlib.sha256(what.encode()).hexdigest()[:16]


# What a mode shows of a scene.
Draw = Callable[[Scene], Grid]


def pages(pictures: Pictures, shown: int) -> int:
    """How many pages of so many images there are."""
    return -(-len(pictures) // shown)


def part_of(pictures: Pictures, shown: int) -> tuple[int, int]:
    """The first image of the page that is looked at, and the one behind its last."""
    page = min(max(1, int(st.session_state.get("page") or 1)), max(1, pages(pictures, shown)))
    start = (page - 1) * shown
    return start, min(start + shown, len(pictures))


def pick_mode() -> str:
    """How the views are shown."""
    with address.one_of(MODE, MODES):
        mode = st.segmented_control(
            _("What is shown"),
            MODES,
            wrap=True,
            required=True,
            format_func=lambda mode: tell(MODE_TITLES[mode]),
            key=MODE,
            label_visibility="collapsed",
        )
    return mode or GRID


def show(mode: str, pictures: Pictures, settings: Settings, choice: Choice) -> None:
    """Draw the views in the chosen mode, and offer the same with other strengths to the sliders."""
    start = part_of(pictures, choice.shown)[0]
    scene = Scene(pictures.part(start, choice.shown), settings, choice)
    modes: dict[str, Callable[[], Draw]] = {
        GRID: lambda: _grid,
        DRAWS: lambda: _pick_draws(pictures),
        STRIP: lambda: _pick_operation(scene),
        PAIR: lambda: _pick_preset(scene),
    }
    draw = modes[mode]()
    grid = draw(scene)
    view_grid(replace(grid, more=_offered(mode, draw, scene, grid)), key="views")
    several = pages(pictures, choice.shown)
    if several > 1 and mode != DRAWS:
        st.pagination(several, key="page", bind="query-params")
    if len(pictures) == 1 and mode == GRID:
        st.caption(n_("One image, {n} draw.", "One image, {n} draws.", choice.shown))


def _offered(mode: str, draw: Draw, scene: Scene, grid: Grid) -> str:
    """The address of what the mode shows of this scene, whatever the strengths."""
    more, language = "", current()

    def moved(values: Mapping[str, float], serial: int) -> bytes:
        with speaking(language):  # it answers outside of the session
            return replace(draw(scene.at(dict(values), serial)), more=more).message()

    titles = [(card.name, [figure.title for figure in card.figures]) for card in grid.cards]
    choice = (mode, language, scene.choice.view, scene.choice.seed)
    what = json.dumps([choice, scene.settings.frame, scene.pictures.digest, grid.digest, titles])
    more = scenes.offer(what, moved, scene.pictures.images.nbytes)
    return more


def _grid(scene: Scene) -> Grid:
    from app.augment import views as view_maker

    pictures, n = scene.pictures, len(scene.pictures)
    views = view_maker.make(pictures.images, scene.views, scene.choice.seed)
    cards = [
        Card(name, [Figure(_("Original"), ORIGINALS, i), *_both(views.drawn, i, n)])
        for i, name in enumerate(pictures.names)
    ]
    return _made(scene, pictures.images, views.pixels, cards)


def _both(drawn: Sequence[Drawn], i: int, n: int, name: str = "", first: int = 0) -> list[Figure]:
    """View 1 and view 2 of image ``i`` of ``n`` whose views begin at ``first``; without a name one can pick them."""
    places = (first + i, first + n + i)
    return [Figure(_of(name, v + 1), VIEWS, at, drawn[at], None if name else v) for v, at in enumerate(places)]


def _of(name: str, view: int) -> str:
    """What a view is called, of a preset where several are shown."""
    return _("{preset}: {view}", preset=name, view=view) if name else _("View {view}", view=view)


def _made(scene: Scene, images: Pixels, views: Pixels, cards: Sequence[Card], layout: Layout = "cards") -> Grid:
    from app.augment.views import colors_last

    return Grid(colors_last(images), views, cards, layout, scene.about, scene.settings.serial)


def _pick_draws(pictures: Pictures) -> Draw:
    """Choose the image that is drawn many times."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.number_input(_("Image"), 1, len(pictures), key="picture", bind="query-params", width=130)
        st.caption(_("One image in {draws} draws: the network has to recognize it in all of them.", draws=MANY))
    return partial(_many_draws, pictures.images[[number - 1]], pictures.names[number - 1])


def _many_draws(image: Pixels, name: str, scene: Scene) -> Grid:
    from app.augment import views as view_maker

    views = view_maker.make(image[[0] * MANY], scene.views, scene.choice.seed)
    cards = [Card(_("Original"), [Figure(name, ORIGINALS, 0)])]
    cards += [Card(_("Draw {number}", number=i + 1), _unpicked(_both(views.drawn, i, MANY))) for i in range(MANY)]
    return _made(scene, image, views.pixels, cards)


def _unpicked(figures: Sequence[Figure]) -> list[Figure]:
    return [replace(figure, pick=None) for figure in figures]


def _pick_operation(scene: Scene) -> Draw:
    """Choose the operation that is shown at every strength."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with address.one_of("operation", OPERATIONS):
            operation = st.selectbox(
                _("Operation"), OPERATIONS, format_func=lab_settings.title, key="operation", width=200
            )
        now = scene.settings.values[operation] * scene.settings.values["strength"]
        sentence = _(
            "This operation alone at each strength, on images that get it. Its strength is {strength:.2f} now.",
            strength=min(2.0, now),
        )
        st.caption(sentence)
    return partial(_one_operation, operation)


def _one_operation(operation: str, scene: Scene) -> Grid:
    from app.augment import views as view_maker

    images = scene.pictures.images[:STRIPS]
    views = view_maker.strip(images, operation, STRENGTHS, scene.choice.view, scene.choice.seed)
    cards = [Card(name, _strip(views.drawn, i)) for i, name in enumerate(scene.pictures.names[:STRIPS])]
    return _made(scene, images, views.pixels, cards, "strip")


def _strip(drawn: Sequence[Drawn], i: int) -> list[Figure]:
    """One image at every strength."""
    places = range(i * len(STRENGTHS), (i + 1) * len(STRENGTHS))
    return [Figure(f"{strength:g}", VIEWS, at, drawn[at]) for strength, at in zip(STRENGTHS, places, strict=True)]


def _pick_preset(scene: Scene) -> Draw:
    """Choose the preset beside which the views are shown."""
    other = st.selectbox(_("Compare with"), lab_settings.names(), key="beside", bind="query-params", width=220)
    theirs = lab_settings.preset(other)
    other = other if other in RECIPES else f"'{other}'"  # which somebody may have called "Yours"
    _differences(scene.settings, other, lab_settings.strengths_of(theirs))
    return partial(_two_presets, other, theirs.model_copy(update={"size": scene.choice.view}))


def _two_presets(other: str, theirs: ViewsConfig, scene: Scene) -> Grid:
    from app.augment import views as view_maker

    n = len(scene.pictures)
    made = [view_maker.make(scene.pictures.images, views, scene.choice.seed) for views in (scene.views, theirs)]
    drawn = [*made[0].drawn, *made[1].drawn]
    cards = [
        Card(
            name,
            [Figure(_("Original"), ORIGINALS, i), *_both(drawn, i, n, _("Yours")), *_both(drawn, i, n, other, 2 * n)],
        )
        for i, name in enumerate(scene.pictures.names)
    ]
    return _made(scene, scene.pictures.images, np.concatenate([views.pixels for views in made]), cards, "pair")


def _differences(mine: Settings, other: str, theirs: dict[str, float]) -> None:
    """A table of the strengths that differ."""
    names = [name for name in lab_settings.NAMES if mine.values[name] != theirs[name]]
    if not names:
        st.caption(_("Both have the same strengths."))
        return
    st.table(
        {
            "": [lab_settings.title(name) for name in names],
            _("Yours"): [f"{mine.values[name]:g}" for name in names],
            plain(other): [f"{theirs[name]:g}" for name in names],
        }
    )
