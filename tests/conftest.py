"""What holds for every test: no window on a screen, nobody's settings touched, nothing left running."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

if not os.environ.get("LANGRL_TEST_ON_SCREEN"):
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["LANGUAGE"] = "en"

SOAK = bool(os.environ.get("LANGRL_SOAK"))


@pytest.fixture
def soak() -> bool:
    """Whether counted tests run in full."""
    return SOAK


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of the window, and copies of runs, go to folders of their own; the language is English."""
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path_factory.mktemp("state"))
    if "PySide6.QtCore" in sys.modules:
        from PySide6.QtCore import QSettings

        folder = tmp_path_factory.mktemp("settings")
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    yield
    from langrl_gui.core import i18n

    i18n.set_language("en")


@pytest.fixture(autouse=True)
def _nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that leaves a thread, a running timer or a window behind fails."""
    threads = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in threads and not _is_foreign(thread)]
    assert not left, f"threads left: {left}"
    if "PySide6.QtWidgets" in sys.modules:
        _check_qt()


def _is_foreign(thread: threading.Thread) -> bool:
    """Threads of the test runner and of libraries that keep one for good."""
    return thread.name.startswith(("execnet", "tqdm", "pytest_timeout", "asyncio", "Dummy"))


def _check_qt() -> None:
    from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    windows = [window for window in app.topLevelWidgets() if window.isVisible()]
    assert not windows, f"windows left: {windows}"
    timers = [timer for timer in app.findChildren(QTimer) if timer.isActive()]
    assert not timers, f"timers left: {timers}"
    running = [thread for thread in app.findChildren(QThread) if thread.isRunning()]
    assert not running, f"threads left: {running}"


@pytest.fixture
def built_in_copy(tmp_path: Path) -> Path:
    """A file with the scenario i-love-you that a test may change."""
    from langrl_gui.core import scenario

    path = tmp_path / "mine.toml"
    path.write_bytes(scenario.built_in()["i-love-you"].read_bytes())
    return path
