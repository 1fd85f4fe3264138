"""The README's pictures, taken of the real window: `make shots`. They go beside this file."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_SCALE_FACTOR"] = "1"

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from langrl_gui.core import i18n, scenario
from langrl_gui.ui import theme
from langrl_gui.ui.app import Studio

HERE = Path(__file__).parent
SHOTS = (
    # name, language, colours, scenario, steps, size
    ("window-light", "en", "light", "i-love-you", 1202, (1360, 860)),
    ("window-dark", "en", "dark", "i-love-you", 1202, (1360, 860)),
    ("window-zh", "zh_CN", "light", "i-love-you", 1202, (1360, 860)),
    ("window-ten-words", "en", "light", "ten-words", 2_000_003, (1360, 860)),
    ("gallery", "en", "light", "i-love-you", 0, (1360, 860)),
)


def main() -> None:
    """Take them all."""
    app = QApplication(sys.argv[:1])
    app.setStyle("Fusion")
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        for name, language, colours, what, steps, size in SHOTS:
            i18n.set_language(language)
            theme.apply(colours)
            target = HERE / f"{name}.png"
            take(target, what, steps, size)
            print(target)


def take(target: Path, what: str, steps: int, size: tuple[int, int]) -> None:
    """A picture of the window after so many steps of a scenario; after none, of its welcome page."""
    studio = Studio(scenario.built_in()[what], remembers=False)
    window, session = studio.window, studio.session
    window.resize(*size)
    until(lambda: window.curves is not None and session.solution is not None and window.snapshot is not None)
    if steps:
        session.step(steps)
        until(lambda: window.snapshot is not None and window.snapshot.step == steps)
    else:
        window.on_gallery()
        until(lambda: window.gallery is not None and all(card.sketch for card in window.gallery.cards))
    rest = time.monotonic() + 0.5  # whatever moves comes to rest
    until(lambda: time.monotonic() > rest)
    if not window.grab().save(str(target)):
        sys.exit(f"{target}: cannot be written")
    window.close()
    studio.close()


def until(is_there: Callable[[], bool]) -> None:
    """Let the window work until it is."""
    while not is_there():
        QApplication.processEvents()
        time.sleep(0.002)


if __name__ == "__main__":
    main()
