"""What tests do to a window, and wait for in it."""

import shiboken6
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from langrl_gui.core.oracle import unsolvable
from langrl_gui.ui.app import Studio
from langrl_gui.ui.main_window import MainWindow


def window_is_up(qtbot: QtBot, studio: Studio) -> None:
    def is_up() -> bool:
        window, session = studio.window, studio.session
        if window.curves is None or window.snapshot is None or session.scenario is None:
            return False
        return session.solution is not None or bool(unsolvable(session.scenario))

    qtbot.waitUntil(is_up, timeout=30_000)


def until(qtbot: QtBot, studio: Studio, state: str, step: int | None = None) -> None:
    def is_there() -> bool:
        shown = studio.window.snapshot
        return studio.session.state == state and (step is None or (shown is not None and shown.step == step))

    qtbot.waitUntil(is_there, timeout=30_000)


def press(qtbot: QtBot, window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
    qtbot.keyClick(window, key, modifier or Qt.KeyboardModifier.NoModifier)


def is_open(studio: Studio) -> bool:
    """Whether its window is there: closed, it is deleted."""
    return shiboken6.isValid(studio.window) and studio.window.isVisible()
