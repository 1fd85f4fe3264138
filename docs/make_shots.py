"""Pictures of the real window. `make shots` takes the README's, which go beside this file; `make shots ALL=1` takes
every view in every dress: colours, languages, screens, and how much there is to see, into build/shots, with contact
sheets of them."""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QSettings, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from langrl_gui.core import i18n, scenario
from langrl_gui.core.scenario import Scenario
from langrl_gui.ui import theme
from langrl_gui.ui.app import Studio
from langrl_gui.ui.main_window import MainWindow

HERE = Path(__file__).parent
README = (
    # name, language, colours, scenario, steps, size
    ("window-light", "en", "light", "i-love-you", 1202, (1360, 860)),
    ("window-dark", "en", "dark", "i-love-you", 1202, (1360, 860)),
    ("window-zh", "zh_CN", "light", "i-love-you", 1202, (1360, 860)),
    ("window-ten-words", "en", "light", "ten-words", 2_000_003, (1360, 860)),
    ("gallery", "en", "light", "i-love-you", 0, (1360, 860)),
)
"""The window, or after no step its welcome page."""
README_SCREEN = "1600x1000"
SCREENS = {"1280x720": 1, "2560x1440": 2}
"""And the scale on each: the window has the same room on both, and twice the pixels on the second."""
ROOM = (1280, 720)
ACROSS = 640
"""Pixels of one picture of the four on a contact sheet."""
DRESSES = tuple(itertools.product(("en", "zh_CN"), ("light", "dark")))


class Subject(NamedTuple):
    """What a picture is of."""

    scenario: str
    changes: dict[str, Any]
    """Fields of its language that are others."""
    steps: int
    select: tuple[int, ...]
    """Words of the state that is selected."""


SUBJECTS = {
    "empty": Subject("i-love-you", {}, 0, ()),
    "small": Subject("i-love-you", {}, 1202, (0,)),
    "middle": Subject("ten-words", {}, 2_000_003, (0, 2)),
    "large": Subject("ten-words", {"max_length": 6}, 20_000_003, (0, 2)),  # 111,111 rows
    "environment": Subject("frozen-lake", {}, 100_003, (0,)),
}


def main() -> None:
    """Take the README's pictures, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", metavar="FOLDER", type=Path, help="every view in every dress, into this folder")
    parser.add_argument("--screen", help="used by itself: the screen that it is on")
    options = parser.parse_args()
    if options.screen is None and options.all is None:
        on_screen(README_SCREEN, 1)
    elif options.screen is None:
        options.all.mkdir(parents=True, exist_ok=True)
        for screen, scale in SCREENS.items():
            on_screen(screen, scale, "--all", str(options.all))
        for screen, name, part in itertools.product(SCREENS, SUBJECTS, PARTS):
            make_sheet(options.all, f"{screen}-{name}", part)
    else:
        take(options.screen, options.all)


def take(screen: str, folder: Path | None) -> None:
    """Take the pictures of one screen: the README's, or, into a folder, all."""
    app = QApplication(sys.argv[:1])
    app.setStyle("Fusion")
    with tempfile.TemporaryDirectory() as settings:
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, settings)
        if folder is None:
            for name, language, colours, what, steps, size in README:
                dress(language, colours)
                with window_on(scenario.load(scenario.built_in()[what]), steps, size) as window:
                    if not steps:
                        welcome(window)
                    save(window, HERE / f"{name}.png")
        else:
            for name, subject in SUBJECTS.items():
                take_all(folder, screen, name, subject)


def on_screen(name: str, scale: int, *arguments: str) -> None:
    """This program once more, on a screen of this size."""
    width, height = map(int, name.split("x"))
    screen = {"name": name, "x": 0, "y": 0, "width": width, "height": height}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"screens": [screen | {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}]}, file)
        file.flush()
        surroundings = {"QT_QPA_PLATFORM": f"offscreen:configfile={file.name}", "QT_SCALE_FACTOR": str(scale)}
        subprocess.run(
            [sys.executable, __file__, "--screen", name, *arguments], env={**os.environ, **surroundings}, check=True
        )


def dress(language: str, colours: str) -> None:
    """Have what is opened from now on in this language and these colours."""
    i18n.set_language(language)
    theme.apply(colours)


def take_all(folder: Path, screen: str, name: str, subject: Subject) -> None:
    """The subject in every dress: what is in front at the start, what lies behind it, and the dialogs."""
    for language, colours in DRESSES:
        dress(language, colours)
        data = tomllib.loads(scenario.built_in()[subject.scenario].read_text("utf-8"))
        data.get("language", {}).update(subject.changes)
        what = scenario.from_data(data)
        with window_on(what, subject.steps, ROOM) as window:
            for part, show in PARTS.items():
                extra = show(window, subject)
                rest()
                save(extra or window, folder / f"{screen}-{name}-{part}-{language}-{colours}.png")
                if extra is not None:
                    extra.close()


# -- what a window shows, one after the other -------------------------------------------------------------------------


def front(window: MainWindow, subject: Subject) -> None:
    """As it is at the start."""


def selected(window: MainWindow, subject: Subject) -> None:
    """A state is selected, and an answer asked for."""
    window.selection.select((0, *subject.select))
    window.session.say(0)
    until(lambda: window.heat.selected_row >= 0 and bool(window.snapshot and window.snapshot.heat))


def behind(window: MainWindow, subject: Subject) -> None:
    """The cards that lie behind others."""
    raise_cards(window, "qTableCard", "samplesCard")
    window.curves.controls.choose("curvesExploration")
    until(lambda: bool(window.snapshot and window.snapshot.table and window.snapshot.samples is not None))


def listed(window: MainWindow, subject: Subject) -> None:
    """The states as a list, how often each word was tried, and the surprise."""
    raise_cards(window, "qHeatMapCard", "sayCard")
    window.heat.controls.choose("visits")
    window.curves.controls.choose("curvesSurprise")
    window.graph.controls.list.setChecked(True)
    rest()


def whole(window: MainWindow, subject: Subject) -> None:
    """All states, and how far the table is from the optimum."""
    raise_cards(window, "qHeatMapCard", "parametersCard")
    window.heat.controls.choose("gap")
    window.graph.controls.list.setChecked(False)
    window.graph.controls.all.setChecked(True)
    until(lambda: bool(window.snapshot and window.snapshot.graph and window.snapshot.graph.wanted.most == 0))


def welcome(window: MainWindow, subject: Subject | None = None) -> None:
    """The welcome page, with its sketches."""
    window.on_gallery()
    until(lambda: window.gallery is not None and all(card.sketch for card in window.gallery.cards))
    rest()


def filter_(window: MainWindow, subject: Subject) -> QWidget | None:
    """What the state graph may leave out."""
    window.graph.controls.filter_button.click()
    return window.graph.controls.filter


def help_(window: MainWindow, subject: Subject) -> QWidget | None:
    """What can be done, and with which keys."""
    window.on_help()
    return dialog(window)


def about(window: MainWindow, subject: Subject) -> QWidget | None:
    """The about box."""
    window.on_about()
    return dialog(window)


def raise_cards(window: MainWindow, *names: str) -> None:
    """Put these cards in front of those that lie in the same place."""
    for card in window._cards:
        if card.objectName() in names:
            card.raise_()


def dialog(window: MainWindow) -> QWidget | None:
    """The dialog that is open."""
    rest()
    return next((found for found in window.findChildren(QDialog) if found.isVisible()), None)


PARTS: dict[str, Callable[[MainWindow, Subject], QWidget | None]] = {
    "front": front, "selected": selected, "behind": behind, "list": listed, "all": whole,
    "filter": filter_, "help": help_, "about": about, "welcome": welcome,
}  # fmt: skip


@contextmanager
def window_on(what: Scenario, steps: int, size: tuple[int, int]) -> Iterator[MainWindow]:
    """The window after so many steps of a scenario."""
    studio = Studio(None, remembers=False)
    window, session = studio.window, studio.session
    window.resize(*size)
    until(lambda: window.curves is not None and session.scenario is not None and window.snapshot is not None)
    session.open(what)
    until(lambda: session.scenario == what and session.solution is not None and window.snapshot is not None)
    if steps:
        session.step(steps)
        until(lambda: window.snapshot is not None and window.snapshot.step == steps)
    rest()
    try:
        yield window
    finally:
        studio.close()


def save(widget: QWidget, target: Path) -> None:
    """Write its picture, and say where."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)  # texts have the room that they need
    if not widget.grab().save(str(target)):
        sys.exit(f"{target}: cannot be written")
    print(target, flush=True)


def make_sheet(folder: Path, prefix: str, part: str) -> None:
    """One picture of what a part looks like in all dresses."""
    small = []
    for language, colours in DRESSES:
        image = QImage(str(folder / f"{prefix}-{part}-{language}-{colours}.png"))
        image.setDevicePixelRatio(1)
        small.append(image.scaledToWidth(min(ACROSS, image.width()), Qt.TransformationMode.SmoothTransformation))
    high = max(image.height() for image in small)
    sheet = QImage(2 * ACROSS + 4, 2 * high + 4, QImage.Format.Format_RGB32)
    sheet.fill(Qt.GlobalColor.gray)
    painter = QPainter(sheet)
    for place, image in enumerate(small):
        painter.drawImage(QPoint(place % 2 * (ACROSS + 4), place // 2 * (high + 4)), image)
    painter.end()
    sheet.save(str(folder / f"sheet-{prefix}-{part}.png"))


def rest() -> None:
    """Let whatever moves come to rest."""
    end = time.monotonic() + 0.5
    until(lambda: time.monotonic() > end)


def until(is_there: Callable[[], bool]) -> None:
    """Let the window work until it is."""
    while not is_there():
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(
            None, QEvent.Type.DeferredDelete
        )  # or bars that Qt has replaced stay in sight
        time.sleep(0.002)


if __name__ == "__main__":
    main()
