"""The line at the window's foot: what the run is doing, how fast, and how far it has come."""

import time

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from langrl_gui.core.i18n import tr
from langrl_gui.core.telemetry import NO_LIMIT, Snapshot
from langrl_gui.ui import format
from langrl_gui.ui.line import GrowingLine, Line

MEASURED_OVER = 0.5
"""Seconds over which speed is measured: long enough to hold still, short enough to follow the slider."""

NOTICED = 0.05
"""Share of the time from which on tracing is told of."""

READABLE = 0.1
"""Seconds for which a line of numbers stays: those that change faster cannot be read."""


class RunStatus(QWidget):
    """State, speed, exploration and file on the left; progress with the time left on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = Line(parent=self)
        self._text.setObjectName("statusText")
        self._left = GrowingLine("100 %", self)
        self._bar = QProgressBar(self)
        self._bar.setAccessibleName(tr("Progress"))
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setFixedSize(200, 6)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 2, 12, 4)
        layout.setSpacing(12)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._left)
        layout.addWidget(self._bar)
        self._compiling = False
        self.begin()

    def begin(self, asks: bool = False) -> None:
        """A new run: nothing is known of its speed. It `asks` where an environment without a table is asked at each
        step."""
        self._asks = asks
        self._since: tuple[float, Snapshot] | None = None
        self._speeds = (0.0, 0.0)
        self._tracing = (0.0, 0.0)
        self._shown = 0.0
        self._state = self._file = ""
        self._snapshot: Snapshot | None = None
        self._limits = (NO_LIMIT, NO_LIMIT)

    @Slot(str)
    def set_state(self, state: str) -> None:
        """What the run is doing, in words."""
        self._state = state
        self._since = None
        self._show()

    @Slot(bool)
    def set_compiling(self, compiling: bool) -> None:
        """Whether the loop is being compiled, so that steps are slow until it is."""
        self._compiling = compiling
        self._show()

    @Slot(str)
    def set_file(self, text: str) -> None:
        """What to say of the file."""
        self._file = text
        self._show()

    def draw(self, snapshot: Snapshot, limits: tuple[int, int], running: bool) -> None:
        """Show this moment of a run that ends at `limits` = (steps, episodes)."""
        now = time.monotonic()
        if not running:
            self._since, self._speeds, self._tracing = None, (0.0, 0.0), (0.0, 0.0)
        elif self._since is None:
            self._since = now, snapshot
        elif now - self._since[0] >= MEASURED_OVER:
            seconds, before = now - self._since[0], self._since[1]
            self._speeds = (snapshot.step - before.step) / seconds, (snapshot.episode - before.episode) / seconds
            tracing = snapshot.tracing_seconds - before.tracing_seconds
            self._tracing = (snapshot.traced - before.traced) / tracing if tracing else 0.0, tracing / seconds
            self._since = now, snapshot
        self._snapshot, self._limits = snapshot, limits
        if not running or now - self._shown >= READABLE:
            self._show()

    @property
    def steps_per_second(self) -> float:
        """As last measured; 0 before."""
        return self._speeds[0]

    def _show(self) -> None:
        self._shown = time.monotonic()
        parts = [self._state]
        if self._compiling:
            parts.append(tr("compiling, once on this machine; slower until then"))
        if self._asks:
            parts.append(tr("slower: the environment has no table, and is asked at each step"))
        snapshot = self._snapshot
        if snapshot is not None:
            if self._speeds[0]:
                parts.append(format.rate(self._speeds[0]))
            if self._tracing[1] >= NOTICED:
                share = f"{100 * min(1.0, self._tracing[1]):.0f} %"
                parts.append(
                    tr("tracing {share} of the time, {number} edges/s",
                       share=share, number=format.short(self._tracing[0]))
                )  # fmt: skip
            parts.append(tr("step {step}", step=format.count(snapshot.step)))
            parts.append(tr("episode {episode}", episode=format.count(snapshot.current_episode)))
            parts.append(f"ε {snapshot.epsilon:.2f}")
            if snapshot.room is not None and not snapshot.step:
                parts.append(str(snapshot.room))
        if self._file:
            parts.append(self._file)
        text = "  ·  ".join(part for part in parts if part)
        self._text.setText(text)
        self._text.setToolTip(text)
        self._show_progress()

    def _show_progress(self) -> None:
        fraction, left = 0.0, float("inf")
        if self._snapshot is not None:
            done = (self._snapshot.step, self._snapshot.episode)
            for place, (now, end) in enumerate(zip(done, self._limits, strict=True)):
                if now / end >= fraction:
                    fraction = min(1.0, now / end)
                    if self._speeds[place]:
                        left = min(left, max(0.0, end - now) / self._speeds[place])
        endless = min(self._limits) >= NO_LIMIT
        self._bar.setVisible(not endless)
        self._left.setVisible(not endless)
        if endless:
            return
        self._bar.setValue(round(1000 * fraction))
        text = f"{100 * fraction:.0f} %"
        if self._since is not None and left != float("inf") and fraction < 1:
            text += "  ·  " + tr("{time} left", time=format.duration(left))
        self._left.setText(text)
