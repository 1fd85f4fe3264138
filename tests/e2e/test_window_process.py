"""The program as a process of its own: starting, playing the demo, being closed in any state."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.closing import STATES
from langrl_gui.core import scenario
from langrl_gui.core.trainer import Trainer

ROOT = Path(__file__).parents[2]


def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "LANGUAGE": "en",
    }


def test_the_demo_shows_trains_reports_and_ends(tmp_path: Path) -> None:
    picture, report, run = tmp_path / "demo.png", tmp_path / "demo.json", tmp_path / "demo.langrl"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "langrl_gui", "--demo", "1.5"),
            *("--screenshot", picture, "--report", report, "--out", run),
        ],
        env=environment(tmp_path), capture_output=True, text=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "我爱你" in done.stdout
    for file in (picture, run):
        assert str(file) in done.stdout
        assert file.stat().st_size > 1000
    said = json.loads(report.read_text("utf-8"))
    assert set(said) == {"steps", "steps_per_second", "frames", "frame_ms", "startup_seconds", "says", "state_hash"}
    assert set(said["frame_ms"]) == {"p50", "p99", "max"}
    assert said["frames"] > 5
    alone = Trainer(scenario.find("i-love-you"))
    alone.advance(said["steps"])
    assert alone.state_hash() == said["state_hash"]


def test_a_scenario_of_the_gallery_is_opened_by_its_name(tmp_path: Path) -> None:
    report = tmp_path / "demo.json"
    done = subprocess.run(
        [sys.executable, "-m", "langrl_gui", "--demo", "0.3", "--report", report, "morning-tea"],
        env=environment(tmp_path), capture_output=True, text=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(report.read_text("utf-8"))
    alone = Trainer(scenario.find("morning-tea"))
    alone.advance(said["steps"])
    assert alone.state_hash() == said["state_hash"]


def test_numba_is_not_imported_before_the_first_paint(tmp_path: Path) -> None:
    code = """
import sys
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from langrl_gui.ui.app import Studio
app = QApplication([])
seen = []
class FirstPaint(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.UpdateRequest and not seen:  # the window paints after this
            seen.append(sorted({"numba", "llvmlite", "pyqtgraph"} & set(sys.modules)))
        return False
studio, first_paint = Studio(None), FirstPaint()
studio.window.installEventFilter(first_paint)
studio.window.painted.connect(studio.window.close)
app.exec()
studio.close()
print(seen)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[[]]\n"


def test_classes_of_qt_are_made_on_the_windows_thread_only(tmp_path: Path) -> None:
    """Others may look them up meanwhile, without a lock: once in some hundred starts, that was a crash."""
    code = """
import sys, threading
seen = []

def note(event, found):
    if event == "import":
        seen.append((found[0], threading.current_thread()))

sys.addaudithook(note)
from langrl_gui.ui import app

code = app.main(["--demo", "0.2"])
main = threading.main_thread()
of_qt = ("PySide6", "shiboken6", "pyqtgraph", "langrl_gui.ui")
elsewhere = [name for name, thread in seen if thread is not main and name.startswith(of_qt)]
names = [name for name, _ in seen]
print(elsewhere, {"pyqtgraph", "numba"} <= set(names), names.index("pyqtgraph") < names.index("numba"))
sys.exit(code)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[] True True"


PATIENCE = 20.0
"""Seconds: on a busy machine all takes longer, but nothing waits for ever. How long it does is a benchmark."""


@pytest.mark.parametrize("state", STATES)
def test_closing_in_any_state_ends_the_process(state: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.closing", state, str(tmp_path)],
        env=environment(tmp_path), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    took = time.time() - float(done.stdout.split()[-1])
    assert (done.returncode, done.stderr) == (0, "")
    assert took < PATIENCE
    left = [path.name for path in tmp_path.iterdir() if path.name not in ("config", "state")]
    assert set(left) <= {"run.langrl", "run.langrl~"}


def test_a_signal_that_comes_while_the_window_is_painted_closes_it_afterwards(tmp_path: Path) -> None:
    code = """
import os, signal
from langrl_gui.ui import app
from langrl_gui.ui.views.episode_tape import EpisodeTape

paint, times = EpisodeTape.paintEvent, []
def interrupted(self, event):
    if not times:
        os.kill(os.getpid(), signal.SIGTERM)
    paint(self, event)
    times.append(self.window().isVisible())
EpisodeTape.paintEvent = interrupted
code = app.main([])
print(times[0], code)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path), capture_output=True, text=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "True 0\n", "")


def test_without_a_display_it_says_what_works(tmp_path: Path) -> None:
    display = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    bare = {key: value for key, value in environment(tmp_path).items() if key not in display}
    code = "import sys; sys.platform = 'linux'; from langrl_gui.ui.app import main; sys.exit(main([]))"
    done = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--demo" in done.stderr
