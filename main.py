#!/usr/bin/env python3
"""What a double click starts: hands over to the window, or says in one sentence why it cannot.

Runs on any Python 3, so that one that is too old, or lacks a library, gets that sentence and no traceback.
"""

import importlib.util
import os
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = os.path.join(FOLDER, ".venv")
OLDEST_PYTHON = (3, 11)
LIBRARIES = {  # what is imported: what is installed
    "PySide6": "PySide6-Essentials",
    "pyqtgraph": "pyqtgraph",
    "numpy": "numpy",
    "numba": "numba",
    "safetensors": "safetensors",
    "pydantic": "pydantic",
    "regex": "regex",
    "psutil": "psutil",
    "sacrebleu": "sacrebleu",
    "lark": "lark",
    "platformdirs": "platformdirs",
    "tomli_w": "tomli-w",
    "gymnasium": "gymnasium",
    "tqdm": "tqdm",
}


def start() -> int:
    """Open the window. Returns the exit code: the window's, or 2 where it cannot be opened."""
    too_old = sys.version_info[:2] < OLDEST_PYTHON
    missing = ", ".join(name for module, name in LIBRARIES.items() if importlib.util.find_spec(module) is None)
    if too_old or missing:
        hand_over_to_environment()
        complain(old_python_sentence() if too_old else missing_sentence(missing))
        return 2
    from langrl_gui.ui.app import main

    return main()


def hand_over_to_environment() -> None:
    """Start again with the Python of `.venv`, where `make` has made one. Returns only where there is none."""
    windows = os.name == "nt"
    python = os.path.join(ENVIRONMENT, *(("Scripts", "python.exe") if windows else ("bin", "python")))
    if os.path.realpath(sys.prefix) == os.path.realpath(ENVIRONMENT) or not os.path.exists(python):
        return
    command = [python, os.path.abspath(__file__), *sys.argv[1:]]
    if windows:  # there, execv does not wait for what it starts
        sys.exit(subprocess.call(command))
    os.execv(python, command)


def old_python_sentence() -> str:
    """In English only: the translations themselves need a newer Python."""
    wanted = ".".join(map(str, OLDEST_PYTHON))
    found = ".".join(map(str, sys.version_info[:2]))
    return f"LangRL Studio needs Python {wanted} or newer, and this is Python {found} ({sys.executable})."


def missing_sentence(missing: str) -> str:
    """What is missing, and what to type here."""
    from langrl_gui.core.i18n import language_of_environment, set_language, tr

    set_language(language_of_environment())
    own_environment = sys.prefix != sys.base_prefix
    if os.name == "nt" or own_environment:
        command = f'"{sys.executable}" -m pip install -e "{FOLDER}"'
    else:
        command = f'make -C "{FOLDER}" run'
    return tr(
        "LangRL Studio cannot start because {python} lacks {missing}; to mend it, type: {command}",
        python=sys.executable,
        missing=missing,
        command=command,
    )


def complain(sentence: str) -> None:
    """Say it on stderr, and in a box where a double click has no terminal that stays."""
    if sys.stderr is not None:
        print(sentence, file=sys.stderr)
    if os.name == "nt" and (sys.stderr is None or sys.stderr.isatty()) and importlib.util.find_spec("tkinter"):
        from tkinter import Tk, messagebox

        Tk().withdraw()
        messagebox.showerror("LangRL Studio", sentence)


if __name__ == "__main__":
    sys.exit(start())
