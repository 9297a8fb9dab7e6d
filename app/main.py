"""The dashboard's server: Streamlit behind its guard, with the addresses of its own. Start it with
``streamlit run app/main.py`` or ``byol app``.
"""

import importlib.util
import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

HERE = Path(__file__).resolve().parent
# Streamlit puts this folder on the path, not its parent; and another package may be called "app".
_found = importlib.util.find_spec("app")
if _found is None or _found.origin != str(HERE / "__init__.py"):
    sys.path.insert(0, str(HERE.parent))

from app.augment.scenes import route  # noqa: E402
from app.middleware import limits  # noqa: E402
from app.middleware.guard import Guard  # noqa: E402

limits.keep()

streamlit_app = st.App(HERE / "navigation.py", middleware=[Middleware(Guard)], routes=[route()])
