"""Views: each draws one part of a snapshot. They know telemetry and the scenario, nothing of threads or trainers."""

from typing import Any, Protocol

from langrl_gui.core.oracle import Solution
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Snapshot


class View(Protocol):
    """What the window asks of every view. A view that is hidden is not asked, and so costs nothing."""

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        ...

    def set_optimum(self, solution: Solution | None) -> None:
        """The exact optimum has been found; None: there is none to show (yet)."""
        ...

    def wants(self) -> dict[str, Any]:
        """The fields of telemetry.Wanted that it needs to fill its present size."""
        ...

    def draw(self, snapshot: Snapshot) -> None:
        """Show this moment; parts of the snapshot that it did not ask for may be there or not."""
        ...
