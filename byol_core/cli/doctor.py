"""``byol doctor``: what this machine has, and whether all works."""

from __future__ import annotations

from byol_core.cli.common import Json, app, print_json


@app.command()
def doctor(as_json: Json = False) -> int:
    """Say what this machine has, and whether all works."""
    from byol_core.cli.diagnostics import examine

    found = examine()
    if as_json:
        print_json(found)
    else:
        for check in found["checks"]:
            print(f"{'ok  ' if check['ok'] else 'FAIL'}  {check['name']}: {check['detail']}")
        print("All is well." if found["ok"] else "Something does not work; see the lines with FAIL.")
    return 0 if found["ok"] else 1
