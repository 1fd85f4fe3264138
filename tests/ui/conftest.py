"""The whole program in a window, for tests that use it as people do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from langrl_gui.ui.app import Studio
from tests.windows import is_open, window_is_up


@pytest.fixture
def open_studio(qtbot: QtBot) -> Iterator[Callable[[Path | None], Studio]]:
    studios: list[Studio] = []

    def open_(what: Path | None = None) -> Studio:
        studio = Studio(what)
        studios.append(studio)
        window_is_up(qtbot, studio)
        return studio

    yield open_
    for studio in studios:
        if is_open(studio):
            studio.window.leave()
        studio.close()


@pytest.fixture
def studio(open_studio: Callable[[Path | None], Studio]) -> Studio:
    return open_studio(None)
