"""The window, measured from outside: `--demo` in processes of its own, on a virtual screen where there is no other.

Warm: every process starts once uncounted, and keeps its bytecode and compiled code in a temporary folder.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.closing import STATES
from benchmarks.result import Result, seconds
from langrl_gui.core import scenario as scenarios

ROOT = Path(__file__).parents[1]
SCREEN = "1920x1080x24"
DEMO = 4.0
"""Seconds of a demo."""


def compare(demos: int = 3, processes: int = 3, turns: int = 8) -> list[Result]:
    """What the window draws at full speed, and full speed with it beside full speed without."""
    scenario = scenarios.built_in()["ten-words"]
    with warm_processes() as started:
        started.demo(0.5, scenario)
        reports = [started.demo(DEMO, scenario) for _ in range(demos)]
        speeds = [started.live(scenario, turns) for _ in range(processes)]
        screen = started.screen
    live, alone = (np.concatenate([each[name] for each in speeds]) for name in ("live", "alone"))
    ratios = live / alone
    details = {
        "lowest of a process": min(float(np.median(each)) for each in np.split(ratios, processes)),
        "live M steps/s": float(np.median(live)) / 1e6,
        "without M steps/s": float(np.median(alone)) / 1e6,
    }
    paired = f"median of {len(ratios)} turns of a second each in {processes} processes, {screen}, ten-words"
    smoothest = min((report["frame_ms"] for report in reports), key=lambda times: times["p99"])
    frames = max(report["frames"] for report in reports) / DEMO
    note = f"best of {demos}, {screen}, ten-words"
    return [
        Result(
            "full speed with the window live against full speed without",
            float(np.median(ratios)),
            "x",
            0.9,
            0.97,
            details,
            paired,
        ),
        Result("frames while training at full speed", frames, "/s", 50, 60, {}, note),
        Result("time between frames, 99th percentile", smoothest["p99"], "ms", 33, 20, {"p50": smoothest["p50"]}, note),
    ]


def startup(starts: int = 7) -> list[Result]:
    """From the start of the process to the first picture of the window."""
    with warm_processes() as processes:
        processes.demo(0.1)
        interpreter = min(seconds(lambda: processes.python("-c", "pass")) for _ in range(starts))
        window = min(processes.demo(0.1)["startup_seconds"] for _ in range(starts))
        details = {"of that the interpreter": interpreter}
        note = f"best of {starts}, {processes.screen}"
    return [Result("start to first paint", interpreter + window, "s", 1.0, 0.7, details, note)]


def first_step(starts: int = 7) -> list[Result]:
    """From Run to the first picture of a run that has taken a step, pressed as soon as it can be, and at leisure."""
    with warm_processes() as processes:
        command = ("-m", "benchmarks.first_step")
        processes.python(*command, "0")
        at_once, at_leisure = (
            min(float(processes.python(*command, wait)) * 1000 for _ in range(starts)) for wait in ("0", "1")
        )
        note = f"best of {starts}, compiled code cached"
    return [
        Result("Run to first step, pressed at leisure", at_leisure, "ms", 300, 100, {}, note),
        Result("Run to first step, pressed as soon as there is a run", at_once, "ms", 300, 100, {}, note),
    ]


def closing(times: int = 5) -> list[Result]:
    """From closing the window to the end of the process, in whatever state it is."""
    with warm_processes() as processes:
        took = {state: min(processes.close(state) for _ in range(times)) for state in STATES}
    slowest = max(took, key=lambda state: took[state])
    note = f"where it takes longest, {slowest}; best of {times}"
    return [Result("closing the window to the end of the process", took[slowest], "s", 2.0, 1.0, took, note)]


class _Processes:
    """Python processes that all have the same caches and the same screen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "LANGRL_CACHE_DIR": str(folder / "cache"),
            "XDG_CONFIG_HOME": str(folder / "settings"),
            "PYTHONFAULTHANDLER": "1",
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self._command = [sys.executable]
        self.screen = "on this screen"
        if sys.platform == "linux" and not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
            self._environment["QT_QPA_PLATFORM"] = "offscreen"
            self.screen = "offscreen"
            if shutil.which("xvfb-run"):
                self._environment["QT_QPA_PLATFORM"] = "xcb"
                self._command = ["xvfb-run", "-a", "-s", f"-screen 0 {SCREEN}", sys.executable]
                self.screen = f"on a virtual screen of {SCREEN}"

    def python(self, *arguments: str) -> str:
        """What a process prints, without a screen."""
        return self._run([sys.executable, *arguments], {**self._environment, "QT_QPA_PLATFORM": "offscreen"})

    def demo(self, for_seconds: float, *scenario: Path) -> dict[str, Any]:
        """The report of a demo."""
        report = self._folder / "report.json"
        options = ["--demo", str(for_seconds), "--report", str(report), *map(str, scenario)]
        self._run([*self._command, "-m", "langrl_gui", *options], self._environment)
        found: dict[str, Any] = json.loads(report.read_text("utf-8"))
        return found

    def watch(self, scenario: Path, states: int) -> dict[str, float]:
        """What `benchmarks.watching` saw, on the screen."""
        command = [*self._command, "-m", "benchmarks.watching", str(scenario), str(states)]
        found: dict[str, float] = json.loads(self._run(command, self._environment))
        return found

    def live(self, scenario: Path, turns: int) -> dict[str, list[float]]:
        """What `benchmarks.live` measured, on the screen."""
        command = [*self._command, "-m", "benchmarks.live", str(scenario), str(turns)]
        found: dict[str, list[float]] = json.loads(self._run(command, self._environment))
        return found

    def close(self, state: str) -> float:
        """Seconds from closing the window in this state to the end of the process."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        environment = self._environment | {"XDG_STATE_HOME": str(folder / "state")}
        closed = float(self._run([*self._command, "-m", "benchmarks.closing", state, str(folder)], environment))
        return time.time() - closed

    @staticmethod
    def _run(command: list[str], environment: dict[str, str]) -> str:
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
        return done.stdout


@contextmanager
def warm_processes() -> Iterator[_Processes]:
    """Processes with caches in a folder of their own, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield _Processes(Path(folder))
