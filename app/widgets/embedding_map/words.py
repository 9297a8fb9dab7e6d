"""The words of the map in the viewer's language, by their names in its JavaScript."""

from __future__ import annotations

from app.shared.language import _, listing


def words() -> dict[str, str]:
    """All of them; the browser fills their fields."""
    return _tools() | _timeline() | _spoken() | _status()


def _tools() -> dict[str, str]:
    return {
        "map_tools": _("Map tools"),
        "map_pan": _("Move the map by dragging, with two fingers on a touch screen"),
        "map_lasso": _("Lasso: draw around points to select them (or drag with Shift)"),
        "map_box": _("Box: drag a rectangle to select points"),
        "map_undo": _("Undo: the selection before (Ctrl+Z)"),
        "map_larger": _("Larger (+)"),
        "map_smaller": _("Smaller (−)"),
        "map_whole": _("The whole map (0)"),
        "map_png": _("Download as PNG"),
        "map_svg": _("Download as SVG"),
        "map_unpin": _("Unpin"),
        "map_unpin_key": _("Unpin (Escape)"),
        "map_clear": _("Clear the selection (Escape)"),
        "map_selected": _("{n} selected · Clear"),
        "map_fingers": _("Two fingers move the map"),
        "map_names": _("Names on the map"),
        "map_names_help": _("Show or hide the names at the middles of the clusters"),
        "map_show_all": _("Show all"),
        "map_hide": _("Click: show or hide. Double-click: only this one."),
    }


def _timeline() -> dict[str, str]:
    return {
        "map_play": _("Play (P)"),
        "map_pause": _("Pause (P)"),
        "map_back": _("One evaluation back ([)"),
        "map_next": _("One evaluation on (])"),
        "map_evaluation": _("Evaluation"),
        "map_speed": _("Speed"),
        "map_accuracy": _("kNN {value} (validation)"),
        "map_unmade": _("{wanted} is not made yet"),
        "map_unmade_shown": _("{wanted} is not made yet, {shown} is shown"),
        "map_failed": _("{wanted} could not be made"),
        "map_failed_shown": _("{wanted} could not be made, {shown} is shown"),
        "map_missing": _("{missing} of {n} evaluations are not made yet"),
        "map_failure": _("The map of {names} could not be made: {reason}"),
        "map_failures": _("{n} maps ({names}) could not be made: {reason}"),
    }


def _spoken() -> dict[str, str]:
    return {
        "map_role": _("map of points"),
        "map_about": _("{n} points; similar images lie close together."),
        "map_colored": _("Colored by {title}."),
        "map_colors": _("Colored by {title}: {list}."),
        "map_range": _("Colored by {title} from {low} to {high}."),
        "map_keys": _(
            "Arrow keys move the map, plus and minus zoom, 0 shows the whole. Enter pins the point at the middle, "
            "Escape frees it. Square brackets go to the evaluation before or after."
        ),
        "map_pinned": _("Pinned: {point}."),
        "map_unpinned": _("Unpinned."),
        "map_points": _("{n} points selected."),
        "map_cleared": _("Selection cleared."),
        "map_shows": _("The map shows {title}."),
        "map_image": _("image {id}"),
        "map_value": _("{title}: {value}"),
        "map_yours": _("your image"),
        "map_no_class": _("no class"),
        "map_no_values": _("no values"),
        "map_none": _("none"),
        "map_list": listing(["{first}", "{second}"], "comma"),
        "map_sentences": listing(["{first}", "{second}"], "sentences"),
    }


def _status() -> dict[str, str]:
    return {
        "map_loading": _("Loading the map …"),
        "map_making": _("The map is being made …"),
        "map_lost": _("The map could not be loaded."),
        "map_again": _("Try again"),
        "map_progress": _("Progress of the map"),
    }
