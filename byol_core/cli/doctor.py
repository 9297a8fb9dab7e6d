"""``byol doctor``: what this machine has, and whether all works."""

from __future__ import annotations

from byol_core.cli.common import Json, app, print_json
from byol_core.cli.language import _, tell


@app.command()
def doctor(as_json: Json = False) -> int:
    """Say what this machine has, and whether all works."""
    from byol_core.cli.diagnostics import examine

    found = examine()
    if as_json:
        print_json(found)
    else:
        for check in found["checks"]:
            about = {"name": tell(check["name"]), "detail": tell(check["detail"])}
            print(_("ok    {name}: {detail}", **about) if check["ok"] else _("FAIL  {name}: {detail}", **about))
        print(_("All is well.") if found["ok"] else _("Something does not work; see the lines with FAIL."))
    return 0 if found["ok"] else 1
