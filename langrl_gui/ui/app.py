"""The program with the window: arguments, start, demo, end. Threads belong to the session, pictures to the window."""

import time

STARTED = time.perf_counter()

import argparse  # noqa: E402 (the clock starts before anything is loaded)
import functools  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import traceback  # noqa: E402
from pathlib import Path  # noqa: E402
from types import TracebackType  # noqa: E402

import numpy as np  # noqa: E402
from PySide6.QtCore import (  # noqa: E402
    QCoreApplication,
    QEvent,
    QLibraryInfo,
    QMessageLogContext,
    QObject,
    Qt,
    QTimer,
    QtMsgType,
    QTranslator,
    Signal,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication  # noqa: E402
from shiboken6 import isValid  # noqa: E402

import langrl_gui  # noqa: E402
from langrl_gui.core import i18n, scenario  # noqa: E402
from langrl_gui.core.i18n import tr  # noqa: E402
from langrl_gui.core.wording import tr_for  # noqa: E402
from langrl_gui.ui import settings, theme  # noqa: E402
from langrl_gui.ui.autosave import Autosave, Left  # noqa: E402
from langrl_gui.ui.draft import Draft  # noqa: E402
from langrl_gui.ui.main_window import COMFORTABLE, MainWindow  # noqa: E402
from langrl_gui.ui.problem import Recovery, show_problem  # noqa: E402
from langrl_gui.ui.session import RUNNING, Session  # noqa: E402

FIRST_SCENARIO = "i-love-you"
LAST_WORDS = 1500
"""Milliseconds to keep a copy in when the system wants the program to end: soon it will wait no longer."""


class Studio(QObject):
    """The program: one session, and the window on it, which is built anew when the language changes."""

    _unexpected = Signal(str, str)

    def __init__(self, what: Path | None, remembers: bool = True, welcomes: bool = False) -> None:
        super().__init__()
        self.session = Session(self)
        self.draft = Draft(self.session)
        self.autosave = Autosave(self.session, self.draft)
        self._remembers = remembers
        self._welcomes = welcomes
        self._is_interrupted = False
        # Windows and pictures may be destroyed on this thread only, but Python collects garbage on whichever thread
        # happens to make some. So nothing is collected by itself, and a timer does it here.
        gc.disable()
        self._collector = QTimer(self)
        self._collector.timeout.connect(self._on_collect)
        self._collector.start(1000)
        self._what = what or scenario.built_in()[FIRST_SCENARIO]
        self.startup_seconds = 0.0
        self._words_of_qt = QTranslator(self)
        self._translate_qt()
        self._unexpected.connect(self._on_unexpected)
        self.window = self._new_window()
        self.window.set_speed(COMFORTABLE)

    def _new_window(self) -> MainWindow:
        window = MainWindow(self.session, self.draft, self._remembers)
        window.painted.connect(self._on_painted)
        # Queued: the window that asks for it is taken down, and must not be in the middle of anything.
        window.language_wanted.connect(self._on_language, Qt.ConnectionType.QueuedConnection)
        window.show()
        return window

    def _translate_qt(self) -> None:
        """Have Qt's own words, on the buttons of its dialogs and in their menus, in the language in use."""
        QCoreApplication.removeTranslator(self._words_of_qt)
        if self._words_of_qt.load(
            f"qtbase_{i18n.language()}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        ):
            QCoreApplication.installTranslator(self._words_of_qt)

    @Slot()
    def _on_painted(self) -> None:
        if self.startup_seconds:
            self.window.complete()
        else:
            self.startup_seconds = time.perf_counter() - STARTED
            QTimer.singleShot(0, self.window, self._begin)

    @Slot()
    def _begin(self) -> None:
        """What can wait until something is seen: the curves' library, reading scenarios, tracing, the compiled loop.

        In this order: up to Python 3.11, the binding keeps all classes that stem from Qt's in one table without a
        lock, and looks them up even where it does not hold the interpreter's. So what makes hundreds of them is loaded
        on this thread, and before there is another.
        """
        self.window.complete()
        gc.freeze()  # the libraries that are loaded now stay; no collection need look at them again
        self.session.start()
        self.session.open(self._what)
        if self._welcomes:
            self.window.on_gallery()
        if self._remembers:
            self.autosave.start()
            self.autosave.watch()
            for left in self.autosave.left()[:1]:  # one question a start; the others wait for theirs
                self._offer(left)

    def _offer(self, left: Left) -> None:
        box = Recovery(self.window, left)
        box.finished.connect(functools.partial(self._on_recovery, left))
        box.open()

    def _on_recovery(self, left: Left, answer: int) -> None:
        if answer == Recovery.RECOVER:
            self.window.documents.unless_lost(functools.partial(self.autosave.recover, left))
        elif answer == Recovery.DISCARD:
            self.autosave.discard(left)

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """An error that nobody expected, in whatever thread: the window says so and goes on."""
        details = "".join(traceback.format_exception(kind, error, trace))
        print(details, file=sys.stderr)
        self._unexpected.emit(tr("An unexpected error: {error}", error=error), details)

    @Slot(str, str)
    def _on_unexpected(self, sentence: str, details: str) -> None:
        show_problem(self.window, sentence, details)

    @Slot(str)
    def _on_language(self, name: str) -> None:
        i18n.set_language(name)
        self._translate_qt()
        old, speed = self.window, self.window.speed.value()
        geometry, arrangement = old.saveGeometry(), old.saveState()
        self.window = self._new_window()
        self.window.restoreGeometry(geometry)
        self.window.restoreState(arrangement)
        self.window.speed.setValue(speed)
        if old.gallery is not None and old.gallery.isVisible():
            self.window.on_gallery()
        _take_down(old)

    @Slot()
    def _on_collect(self) -> None:
        if gc.get_count()[1] > 0:
            gc.collect(1)

    def interrupt(self) -> None:
        """The system wants the program to end: leave soon, and what would be lost for the next start."""
        was_interrupted, self._is_interrupted = self._is_interrupted, bool(self.window.documents.at_stake())
        if self._is_interrupted and not was_interrupted and self.autosave.keep():
            self.autosave.kept.connect(self.window.leave)
            QTimer.singleShot(LAST_WORDS, self.window, self.window.leave)
        else:
            self.window.leave()

    def close(self) -> None:
        """Stop all threads and take the window down."""
        self.session.close()
        self.autosave.close(leave=self._is_interrupted)
        self._collector.stop()
        _take_down(self.window)
        gc.enable()


def _take_down(window: MainWindow) -> None:
    """Destroy a window at once. Never from within an event loop of its own: a dialog of Qt's that waits for an answer
    lies on the stack of that loop, and would be destroyed twice. So a window does not destroy itself when it closes."""
    if not isValid(window):
        return
    window.leave()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)
    gc.unfreeze()  # what is frozen is never collected, and the first window was there when the libraries were frozen


class Demo(QObject):
    """Trains at full speed for some seconds with every view showing, then writes what was seen and ends the program.

    A frame is a snapshot that was drawn, and whatever is new of it painted; its time is when that was over. Windows
    repaint what changes: a frame that looks like the one before it counts, one that never came does not.
    """

    def __init__(self, studio: Studio, options: argparse.Namespace) -> None:
        super().__init__(studio)
        self._studio, self._options = studio, options
        self._frames: list[float] = []
        self._began = self._ended = (0.0, 0)
        self._hash = ""
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._stop)
        session = studio.session
        session.compiled.connect(self._on_compiled)
        session.state_changed.connect(self._on_state)
        session.hashed.connect(self._on_hashed)
        session.saved.connect(self._finish)
        session.failed.connect(self._on_failed)
        studio.window.pictured.connect(self._on_pictured)

    @Slot()
    def _on_pictured(self) -> None:
        if self._clock.isActive():
            self._frames.append(time.perf_counter())

    @Slot()
    def _on_compiled(self) -> None:
        self._studio.session.run(at_once=True, endless=True)

    @Slot(str)
    def _on_state(self, state: str) -> None:
        if state == RUNNING:
            self._began = time.perf_counter(), 0
            self._clock.start(round(1000 * self._options.demo))
        elif self._began[0] and not self._clock.isActive() and not self._hash:
            self._studio.session.hash()

    @Slot()
    def _stop(self) -> None:
        self._ended = time.perf_counter(), 0
        self._studio.session.pause()

    @Slot(str)
    def _on_hashed(self, state_hash: str) -> None:
        self._hash = state_hash
        if self._options.out:
            self._studio.session.save(Path(self._options.out))
        else:
            self._finish()

    @Slot()
    def _finish(self) -> None:
        # The last snapshot is in the mailbox by now; one more tick draws it.
        QTimer.singleShot(100, self, self._report)

    @Slot()
    def _report(self) -> None:
        window, options = self._studio.window, self._options
        snapshot = window.snapshot
        if snapshot is None or snapshot.says is None:
            self._finish()  # the last one is still on its way
            return
        assert self._studio.session.scenario is not None
        language = self._studio.session.scenario.language
        says = [language.join(text.words) for text in snapshot.says or ()]
        seconds = self._ended[0] - self._began[0]
        between = np.diff(self._frames) * 1000 if len(self._frames) > 1 else np.zeros(1)
        report = {
            "steps": snapshot.step,
            "steps_per_second": snapshot.step / seconds,
            "frames": len(self._frames),
            "frame_ms": {
                "p50": float(np.percentile(between, 50)),
                "p99": float(np.percentile(between, 99)),
                "max": float(between.max()),
            },
            "startup_seconds": self._studio.startup_seconds,
            "says": says,
            "state_hash": self._hash,
        }
        print(tr_for(self._studio.session.scenario, "learned to say: {texts}", texts=" / ".join(says)))
        if options.screenshot:
            target = Path(options.screenshot)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not window.grab().save(str(target)):
                self._on_failed(tr("{path}: the picture cannot be written", path=target), "")
                return
            print(tr("picture: {path}", path=target.resolve()))
        if options.report:
            target = Path(options.report)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")
        if options.out:
            print(tr("trained table: {path}", path=Path(options.out).resolve()))
        window.leave()

    @Slot(str, str)
    def _on_failed(self, sentence: str, details: str) -> None:
        print(sentence, details, sep="\n", file=sys.stderr)
        QCoreApplication.exit(2)


def main(argv: list[str] | None = None) -> int:
    """Open the window; returns the exit code when it is closed."""
    i18n.set_language(i18n.language_of_environment())
    options = _arguments(argv)
    if sys.platform == "linux" and not any(
        os.environ.get(key) for key in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    ):
        if options.demo is None:
            print(tr("There is no display to open a window on; --demo SECONDS works without one."), file=sys.stderr)
            return 2
        print(tr("There is no display: the window is drawn offscreen."), file=sys.stderr)
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    if app.platformName() == "offscreen":
        qInstallMessageHandler(_tell)
    app.setOrganizationName("LangRL")
    app.setApplicationName("LangRL Studio")
    app.setApplicationVersion(langrl_gui.__version__)
    app.setStyle("Fusion")
    theme.apply(settings.scheme())
    i18n.set_language(settings.language())
    sys.setswitchinterval(0.0001)  # seconds; the loop needs Python only between slices, and should not wait long for it
    studio = Studio(
        _path(options.file) if options.file else None,
        remembers=options.demo is None,
        welcomes=welcomes(options),
    )
    sys.excepthook = studio.report
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not from within whatever is being done, such as painting on the window that would close.
        signal.signal(number, lambda *_: QTimer.singleShot(0, studio, studio.interrupt))
    demo = Demo(studio, options) if options.demo is not None else None
    try:
        code = app.exec()
    finally:
        studio.close()
        gc.freeze()  # the process ends: looking through everything for cycles once more would take most of a second
        sys.excepthook = sys.__excepthook__
        qInstallMessageHandler(None)
    del demo
    return code


def _path(asked_for: str) -> Path:
    """The file that is meant: where there is none of this name, a scenario of the gallery may be."""
    path = Path(asked_for)
    return path if path.exists() else scenario.built_in().get(asked_for, path)


def welcomes(options: argparse.Namespace) -> bool:
    """Whether the gallery is shown first: who has named a file, or wants a demo, has chosen already."""
    return options.demo is None and not options.file and settings.welcomes()


def _tell(_: QtMsgType, __: QMessageLogContext, message: str) -> None:
    """What Qt has to say goes to stderr, but for a remark of the offscreen platform that nobody can act on."""
    if "propagateSizeHints" not in message:
        print(message, file=sys.stderr)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="langrl-gui", description=tr("Watch an agent learn to speak by tabular Q-learning.")
    )
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help=tr("a scenario (.toml), a built-in one by name, or a saved run (.langrl)"),
    )
    parser.add_argument("--demo", type=float, metavar="SECONDS", help=tr("train for that long at full speed, then end"))
    parser.add_argument(
        "--screenshot", metavar="FILE.png", help=tr("with --demo: where to put a picture of the window")
    )
    parser.add_argument("--report", metavar="FILE.json", help=tr("with --demo: where to put what was measured"))
    parser.add_argument("--out", metavar="FILE.langrl", help=tr("with --demo: where to save the trained run"))
    parser.add_argument("--version", action="version", version=f"LangRL Studio {langrl_gui.__version__}")
    options = parser.parse_args(argv)
    if options.demo is None and (options.screenshot or options.report or options.out):
        parser.error(tr("--screenshot, --report and --out go with --demo"))
    if options.demo is not None and not 0 < options.demo <= 1e6:
        parser.error(tr("--demo needs a number of seconds above 0"))
    return options


if __name__ == "__main__":
    sys.exit(main())
