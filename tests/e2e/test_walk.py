"""A walk through the real window on a virtual screen with a window manager, with real keys and a real mouse: what
people do in the first minutes. The program tells what it shows, and where; only keys and clicks tell it what to do."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from langrl_gui.core import runfile, scenario
from langrl_gui.core.trainer import Trainer

ROOT = Path(__file__).parents[2]
MISSING = [name for name in ("Xvfb", "xdotool", "openbox") if shutil.which(name) is None]
SCREEN = "1480x940x24"

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}"),
    pytest.mark.timeout(240),
]

PROGRAM = """
import json, sys
from PySide6.QtCore import QPointF, QSocketNotifier
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from langrl_gui.ui import app
from langrl_gui.ui.main_window import MainWindow

def place(widget, rect):
    corner = widget.mapToGlobal(rect.topLeft())
    return [corner.x(), corner.y(), rect.width(), rect.height()]

def tell():
    sys.stdin.readline()
    shown = [widget for widget in qt.topLevelWidgets() if widget.isVisible()]
    told = {"dialogs": [type(widget).__name__ for widget in shown if isinstance(widget, QDialog)]}
    told["focus"] = qt.focusWidget().objectName() if qt.focusWidget() else ""
    for window in (widget for widget in shown if isinstance(widget, MainWindow)):
        named = {widget.objectName(): widget for widget in window.findChildren(QWidget) if widget.objectName()}
        tips = [window.tape.describe(QPointF(x, 12)).split("\\\\n")[0] for x in range(0, window.tape.width(), 4)]
        snapshot, session, canvas = window.snapshot, window.session, window.graph.canvas
        shape = snapshot.graph.shape if snapshot and snapshot.graph else None
        keys = [shape.key(node) for node in range(len(shape.column))] if shape else []
        centres = [canvas.mapToGlobal(canvas.rect_of(key).center().toPoint()) for key in keys]
        told |= {
            "is_up": bool(window.curves and snapshot and session.solution), "state": session.state,
            "title": window.windowTitle(), "step": snapshot.step if snapshot else -1, "speed": window.speed.value(),
            "alpha": session.scenario.learner.alpha if session.scenario else None,
            "tape": [tip for tip, before in zip(tips, ["", *tips]) if tip and tip != before],
            "inspector": window.inspector.as_text(), "says": window.say.as_text(), "file": str(session.file or ""),
            "floating": [name for name, widget in named.items() if widget.isWindow()],
            "states": [[list(key), centre.x(), centre.y()] for key, centre in zip(keys, centres)],
            "places": {name: place(widget, widget.visibleRegion().boundingRect()) for name, widget in named.items()},
        }
    print(json.dumps(told), flush=True)

qt = QApplication(["langrl-gui"])
notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
notifier.activated.connect(tell)
sys.exit(app.main(sys.argv[1:]))
"""


class Walk:
    """The program on a screen of its own, and a hand on its keys and mouse."""

    def __init__(self, folder: Path) -> None:
        reader, writer = os.pipe()
        self._screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", SCREEN, "-nolisten", "tcp"],
            pass_fds=[writer], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(writer)
        with os.fdopen(reader) as told:
            display = f":{told.readline().strip()}"
        self._surroundings = {
            **{name: value for name, value in os.environ.items() if name not in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")},
            **{"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT), "LANGUAGE": "en"},
            **{"XDG_CONFIG_HOME": str(folder / "config"), "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)},
        }
        self._manager = subprocess.Popen(
            ["openbox"], env=self._surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.start()

    def start(self) -> None:
        """Start the program; it must have ended if it was started before."""
        self._program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, scenario.built_in()["i-love-you"]], env=self._surroundings, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def has_ended(self) -> tuple[int, str]:
        """The exit code, and what was complained about, when the program has been left."""
        _, complaints = self._program.communicate(timeout=20)
        return self._program.returncode, complaints

    def clear_up(self) -> None:
        """Leave no process behind."""
        for process in (self._program, self._manager, self._screen):
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()

    def look(self) -> dict[str, Any]:
        """What is shown now."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write("?\n")
        self._program.stdin.flush()
        told: dict[str, Any] = json.loads(self._program.stdout.readline())
        return told

    def until(self, holds: Callable[[dict[str, Any]], object], seconds: float = 60) -> dict[str, Any]:
        """What is shown as soon as that holds."""
        end = time.monotonic() + seconds
        while not holds(shown := self.look()):
            assert time.monotonic() < end, {
                name: shown.get(name) for name in ("dialogs", "state", "step", "title", "alpha")
            }
            time.sleep(0.05)
        return shown

    def hand(self, *what: object) -> None:
        """One act of xdotool's."""
        subprocess.run(["xdotool", *map(str, what)], env=self._surroundings, check=True, timeout=20)

    def click(self, name: str, *then: object) -> None:
        """In the middle of what can be seen of a widget."""
        x, y, width, height = self.look()["places"][name]
        assert width > 0, f"{name} cannot be seen"
        self.hand("mousemove", x + width // 2, y + height // 2, "click", *(then or ("1",)))


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    walk = Walk(tmp_path)
    try:
        yield walk
    finally:
        walk.clear_up()


def test_a_walk_from_the_first_word_to_the_saved_run_and_back(walk: Walk, tmp_path: Path) -> None:
    shown = walk.until(lambda now: now.get("is_up") and now["state"] == "ready")
    assert shown["step"] == 0

    # Start, and slow down until it can be read.
    walk.hand("key", "space")
    walk.until(lambda now: now["state"] == "running" and now["step"] > 0)
    for _ in range(3):
        walk.hand("key", "ctrl+Down")
    walk.until(lambda now: now["speed"] < shown["speed"])
    walk.hand("key", "space")
    shown = walk.until(lambda now: now["state"] == "paused")

    # Step ten times: the tape tells each word as the run itself has it.
    alone = Trainer(scenario.find("i-love-you"))
    alone.advance(shown["step"])
    words = alone.scenario.language.words
    for _ in range(10):
        walk.hand("key", "F10")
        alone.advance(alone.step + 1)
        shown = walk.until(lambda now: now["step"] == alone.step and now["state"] == "paused")
        said = alone.tables.words_of(alone.last_edges(alone.position)).tolist()
        assert [tip.split(":")[0] for tip in shown["tape"][1:-1]] == [words[word] for word in said]

    # Select a state in the graph, and read its row.
    state, x, y = next(entry for entry in shown["states"] if entry[0] == [0, 0])
    walk.hand("mousemove", x, y, "click", "1")
    shown = walk.until(lambda now: now["inspector"].startswith(f"State {words[0]}"))
    row = alone.tables.find_row(tuple(state))
    assert row is not None
    cells = [line.split("\t") for line in shown["inspector"].splitlines()]
    told = {cell[0]: float(cell[1]) for cell in cells if cell[0] in words}
    assert [told[word] for word in words] == alone.learned.q[3 * row : 3 * row + 3].tolist()

    # Change alpha: bring it into sight, and type another number.
    for _ in range(30):
        if shown["places"]["learner.alpha"][3] >= 16:
            break
        walk.click("parameters", "5")
        time.sleep(0.1)
        shown = walk.look()
    walk.click("learner.alpha")
    walk.hand("key", "ctrl+a")
    walk.hand("type", "0.25")
    walk.hand("key", "Return")
    walk.until(lambda now: now["alpha"] == 0.25)

    # To the end; save; forget; open what was saved.
    alone.set("learner.alpha", 0.25)
    walk.hand("key", "ctrl+End")
    alone.advance(*alone.limits)
    walk.until(lambda now: now["state"] == "finished" and now["step"] == alone.step)
    walk.hand("key", "ctrl+s")
    walk.until(lambda now: now["dialogs"] == ["QFileDialog"] and now["focus"] == "fileNameEdit")
    file = tmp_path / "walk.langrl"
    walk.hand("type", str(file))
    walk.hand("key", "Return")
    walk.until(lambda now: now["file"] == str(file) and not now["dialogs"])
    saved = runfile.to_trainer(runfile.read(file))
    assert (saved.step, saved.state_hash()) == (alone.step, alone.state_hash())
    walk.hand("key", "ctrl+r")
    walk.until(lambda now: now["step"] == 0 and not now["file"])
    walk.hand("key", "ctrl+o")
    walk.until(lambda now: now["dialogs"] == ["QFileDialog"] and now["focus"] == "fileNameEdit")
    walk.hand("type", str(file))
    walk.hand("key", "Return")
    shown = walk.until(lambda now: now["file"] == str(file) and now["step"] == saved.step)
    assert "walk.langrl" in shown["title"]

    # Let it say what it has learned.
    walk.click("sayButton")
    shown = walk.until(lambda now: now["says"])
    assert shown["says"].startswith("我爱你\n")
    walk.hand("key", "ctrl+q")
    assert walk.has_ended() == (0, "")


def test_a_card_that_floats_is_in_front_of_the_window_at_the_next_start_too(walk: Walk) -> None:
    shown = walk.until(lambda now: now.get("is_up"))
    x, y, _, _ = shown["places"]["sayCard"]
    walk.hand("mousemove", x + 80, y + 20, "click", "--repeat", "2", "--delay", "60", "1")
    walk.until(lambda now: "sayCard" in now["floating"])
    walk.hand("key", "ctrl+q")
    assert walk.has_ended() == (0, "")
    walk.start()
    walk.until(lambda now: now.get("is_up") and "sayCard" in now["floating"])
    walk.click("stateGraphCanvas")
    walk.click("sayButton")
    walk.until(lambda now: now["says"])
    walk.hand("key", "ctrl+q")
    assert walk.has_ended() == (0, "")
