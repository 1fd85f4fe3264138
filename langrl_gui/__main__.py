"""`python -m langrl_gui` opens the window."""

import sys

from langrl_gui.ui.app import main

if __name__ == "__main__":
    sys.exit(main())
