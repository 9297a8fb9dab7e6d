"""The dashboard behind its guard, as ``byol app`` serves it; ``streamlit run app/main.py`` is the same without."""

import importlib.util
import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

HERE = Path(__file__).resolve().parent
# As in main.py: this folder's parent has to be on the path.
_found = importlib.util.find_spec("app")
if _found is None or _found.origin != str(HERE / "__init__.py"):
    sys.path.insert(0, str(HERE.parent))

from app.middleware import limits  # noqa: E402
from app.middleware.guard import Guard  # noqa: E402

limits.keep()

streamlit_app = st.App(HERE / "main.py", middleware=[Middleware(Guard)])
