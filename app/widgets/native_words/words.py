"""The words of Streamlit itself, which its scripts say in English alone, and where on a page each of them stands.

Places are selectors of CSS. A word is swapped only where all of a text or attribute is it, inside one of its places, so
that a run or a tag of the same name is left alone. ``{name}`` stands for anything. A test looks for each of them in the
scripts of the installed Streamlit, so that a new release of it tells which have changed.
"""

from collections.abc import Mapping

from app.shared.language import N_


def _st(*names: str) -> str:
    return ", ".join(f'[data-testid="{name}"]' for name in names)


_TOOLTIP = _st("stTooltipContent")
_TOOLBAR = _st("stElementToolbar", "stElementToolbarButton")
_UPLOADER = _st("stFileUploader")
_CAMERA = _st("stCameraInput")
_SELECT = _st("stSelectbox", "stMultiSelect")
_OPTIONS = _st("stSelectboxVirtualDropdown", "stMultiSelectDropdown")
_NUMBER = _st("stNumberInput")
_TEXT = _st("stTextInput", "stTextArea")
_PAGES = _st("stPagination")
_TABS = _st("stTabs")
_CODE = _st("stCode", "stJson")
_COLUMN_MENU = _st("stDataFrameColumnMenu")
_FORMATS = _st("stDataFrameColumnFormattingMenu")
_STATISTICS = _st("stDataFrameStatisticsMenu", "stDataFrameStatisticsContent")
_COLUMNS = _st("stDataFrameColumnVisibilityMenu")
_TABLE = _st("stDataFrame")
_DIALOG = _st("stDialog")
_TOAST = _st("stToast", "stToastContainer")
_MENU = _st("stMainMenu", "stMainMenuPopover", "stMainMenuList")
_STATUS = _st("stStatusWidget", "stConnectionStatus")
_BAR = _st("stHeader", "stToolbar", "stApp")
_HEADING = _st("stHeaderActionElements")
_HELP = _st("stTooltipHoverTarget")

WORDS: Mapping[str, tuple[str, ...]] = {
    _UPLOADER: (
        N_("Upload"),
        N_("file upload"),
        N_("{size} per file"),
        N_("Drag and drop a file here"),
        N_("Drag and drop files here"),
        N_("Add files"),
        N_("Upload failed"),
        N_("Cancel upload of {name}"),
        N_("Click to retry upload"),
        N_("Only one file is allowed."),
        N_("File must be {size} or smaller."),
        N_("File size is too small."),
        N_("{type} files are not allowed."),
        N_("Unexpected error. Please try again."),
    ),
    f"{_UPLOADER}, {_SELECT}": (N_("Remove {name}"),),
    _CAMERA: (
        N_("Take Photo"),
        N_("Clear photo"),
        N_("Uploading..."),
        N_("This app would like to use your camera."),
        N_("Learn how to allow access."),
    ),
    f"{_CAMERA}, {_TOOLTIP}": (N_("Switch camera"),),
    _SELECT: (
        N_("Choose an option"),
        N_("Choose options"),
        N_("Choose or add an option"),
        N_("Choose or add options"),
        N_("Add an option"),
        N_("Add options"),
        N_("No options to select"),
        N_("Open"),
        N_("Selected values"),
        N_("Clear all"),
    ),
    _OPTIONS: (
        N_("No results"),
        N_("Select all"),
        N_("Select {count} matches"),
        N_("Add: {name}"),
        N_("You can only select up to {count} options. Remove an option first."),
        N_("You can only select up to {count} option. Remove an option first."),
    ),
    f"{_SELECT}, {_NUMBER}": (N_("Clear value"),),
    _NUMBER: (
        N_("Number is above the allowed range."),
        N_("Number is above the allowed range. Please enter a value less than or equal to {most}."),
        N_("Number is below the allowed range."),
        N_("Number is below the allowed range. Please enter a value greater than or equal to {least}."),
        N_("Number is outside the allowed range. Please enter a value between {least} and {most}."),
        N_("Increment"),
        N_("Decrement"),
    ),
    f"{_NUMBER}, {_TEXT}": (
        N_("Press Enter to apply"),
        N_("Press Enter to submit form"),
        N_("Press Ctrl+Enter to apply"),
        N_("Press Ctrl+Enter to submit form"),
        N_("Press ⌘+Enter to apply"),
        N_("Press ⌘+Enter to submit form"),
    ),
    f"{_TEXT}, {_TOOLTIP}": (N_("Invalid input."),),
    _TEXT: (N_("Show password"), N_("Hide password"), N_("Clear entry")),
    _PAGES: (N_("Pagination"), N_("Previous page"), N_("Next page"), N_("Page {n}")),
    _TABS: (N_("Scroll tabs left"), N_("Scroll tabs right")),
    f"{_CODE}, {_TOOLTIP}": (N_("Copy to clipboard"), N_("Copied")),
    f"{_TOOLBAR}, {_TOOLTIP}": (
        N_("Fullscreen"),
        N_("Close fullscreen"),
        N_("Search"),
        N_("Show/hide columns"),
        N_("Clear selection"),
    ),
    _TOOLBAR: (
        N_("Fullscreen: {label}"),
        N_("Close fullscreen: {label}"),
        N_("Search: {label}"),
        N_("Show/hide columns: {label}"),
        N_("Clear selection: {label}"),
    ),
    f"{_COLUMNS}, {_TABLE}": (N_("Select all"),),
    _COLUMN_MENU: (
        N_("Dataframe column menu"),
        N_("Copy column name"),
        N_("Sort ascending"),
        N_("Sort descending"),
        N_("Statistics"),
        N_("Format"),
        N_("Autosize"),
        N_("Pin column"),
        N_("Unpin column"),
        N_("Hide column"),
    ),
    _FORMATS: (
        N_("Automatic"),
        N_("Localized"),
        N_("Plain"),
        N_("Compact"),
        N_("Dollar"),
        N_("Euro"),
        N_("Yen"),
        N_("Percent"),
        N_("Scientific"),
        N_("Accounting"),
        N_("Duration"),
        N_("Distance"),
        N_("Calendar"),
    ),
    _STATISTICS: (
        N_("No data"),
        N_("Based on sample"),
        N_("Values"),
        N_("Empty"),
        N_("Distinct"),
        N_("Average"),
        N_("Standard deviation"),
        N_("Minimum"),
        N_("25th percentile"),
        N_("Median"),
        N_("75th percentile"),
        N_("Maximum"),
        N_("Sum"),
        N_("Range"),
        N_("Minimum length"),
        N_("Maximum length"),
        N_("Average length"),
    ),
    _TABLE: (N_("Previous Result"), N_("Next Result"), N_("Close Search"), N_("Type to search")),
    f"{_DIALOG}, {_TOAST}": (N_("Close"),),
    _DIALOG: (
        N_("Connection error"),
        N_("Is Streamlit still running? If you accidentally stopped Streamlit, just restart it in your terminal:"),
        N_("Streamlit server is not responding. Are you connected to the internet?"),
    ),
    _TOAST: (N_("Notifications"), N_("view more"), N_("view less")),
    _MENU: (
        N_("Main menu"),
        N_("Theme"),
        N_("System"),
        N_("Light"),
        N_("Dark"),
        N_("Print"),
        N_("Record screen"),
        N_("Stop recording"),
    ),
    f"{_STATUS}, {_TOOLTIP}": (
        N_("Connecting"),
        N_("Connecting to Streamlit server"),
        N_("Unable to connect to Streamlit server"),
        N_("Error"),
        N_("Running..."),
        N_("Stop"),
        N_("Stopping..."),
    ),
    _BAR: (N_("Skip to main content"), N_("App pages"), N_("Navigate to home page")),
    _HEADING: (N_("Link to heading"),),
    _HELP: (N_("Help"),),
}
