"""``python -m byol_core.cli``."""

from byol_core.cli import main

if __name__ == "__main__":
    main()
