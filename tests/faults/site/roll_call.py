"""A worker that only says which run it was started for."""

import os
import sys

with open(os.environ["BYOL_LAB_HOME"] + "/called", "a") as file:  # noqa: PTH123 - quicker without pathlib
    file.write(sys.argv[1] + "\n")
