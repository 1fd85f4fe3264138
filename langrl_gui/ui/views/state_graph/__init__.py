"""The state graph: every state a pill in the column of its position, every word an edge, the greedy path strong.

A drawing and a list of the same states, and tools to find and filter them. Knows telemetry's Graph, the scenario and
the selection, nothing of how the numbers came about.
"""

from typing import Any, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedLayout, QWidget

from langrl_gui.core.gym import Gym
from langrl_gui.core.i18n import tr, tr_n
from langrl_gui.core.oracle import Solution
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Graph, GraphWanted, Snapshot
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import format
from langrl_gui.ui.selection import Selection, State
from langrl_gui.ui.views.state_graph.canvas import Canvas
from langrl_gui.ui.views.state_graph.listing import StateList
from langrl_gui.ui.views.state_graph.tools import Tools, readings

ROW: Final = 34
"""Pixels of height for which one more state per column is asked for."""
FEWEST: Final = 6
MOST: Final = 60
"""States per column that are asked for in a low and in a high window."""
MOST_READINGS: Final = 100
"""Ways to read what was typed that are tried."""


MOST_DIGITS: Final = 10
"""A number with as many digits is no state's."""


class StateGraph(QWidget):
    """objectName "stateGraph". `controls` belong beside its title."""

    subtitleChanged = Signal(str)

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stateGraph")
        self._selection = selection
        self.canvas, self.list = Canvas(selection, self), StateList(self)
        self.controls = Tools(self)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.canvas)
        self._pages.addWidget(self.list)
        self._scenario: Scenario | None = None
        self._subtitle = ""
        self._states = 0
        self._sought: list[State] = []
        """Texts that somebody has typed and that are not found yet: readings of the same letters, or a state's name."""
        self.list.chosen.connect(self.canvas.select)
        self.controls.asked.connect(self._on_asked)
        self.controls.fit.clicked.connect(self.canvas.fit)
        self.controls.all.toggled.connect(self.canvas.fit)
        self.controls.filter.changed.connect(self._on_filter)
        self.controls.list.toggled.connect(self._on_list)
        selection.changed.connect(self._on_selected)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.find_state)

    # -- what the window asks -----------------------------------------------------------------------------------------

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        self._scenario, self._sought = scenario, []
        self.canvas.begin(scenario)
        self.list.begin(scenario)
        self.controls.put_words(scenario)
        self.controls.field.clear()
        self._say("")

    def set_optimum(self, solution: Solution | None) -> None:
        """The exact optimum has been found; None: there is none to show (yet)."""
        self.canvas.set_optimum(solution)

    def wants(self) -> dict[str, Any]:
        """The fields of telemetry.Wanted that it needs to fill its present size."""
        selected = self._selection.state
        most = min(max(self.height() // ROW, FEWEST), MOST)
        return {
            "graph": GraphWanted(
                0 if self.controls.all.isChecked() else most,
                self._sought[0] if self._sought else selected,
                **self.controls.filter.wanted(selected),
            )
        }

    def draw(self, snapshot: Snapshot) -> None:
        """Show this moment; without a graph in it, nothing changes."""
        if snapshot.graph is None or self._scenario is None:
            return
        self.canvas.draw(snapshot.graph, snapshot.step)
        if self.list.isVisible():
            self.list.show_graph(self.canvas.layout_, snapshot.graph)
            if not self.list.currentIndex().isValid():  # what is selected may not have been shown before
                self.list.follow(self.canvas.chosen)
        if self._sought:
            self._seek(snapshot.graph)
        self._states = snapshot.states
        self._say(self._summary(snapshot.graph))

    # -- what a user does ---------------------------------------------------------------------------------------------

    @Slot()
    def find_state(self) -> None:
        """Let somebody type what is to be found."""
        self.controls.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.controls.field.selectAll()

    @Slot(str)
    def _on_asked(self, text: str) -> None:
        self._sought = []
        self.controls.complain("")
        if self._scenario is None or not text.strip():
            return
        if self._scenario.environment is not None:
            self._sought = self._states_called(self._scenario.environment, text)
            if not self._sought:
                self.controls.complain(
                    tr("States of an environment are numbers.")
                    if self._scenario.environment.spaces is None
                    else tr("States of this environment have names like {name}.",
                            name=self._scenario.environment.state_name(self._scenario.first_state[1]))
                )  # fmt: skip
            elif self.canvas.graph is not None:
                self._seek(self.canvas.graph)
            return
        language, prompts = self._scenario.language, range(len(self._scenario.starts))
        first = self._selection.state[:1]  # where several prompts fit, the one that is being looked at
        for _, words in zip(range(MOST_READINGS), readings(language, text), strict=False):
            self._sought += [(prompt, *words) for prompt in sorted(prompts, key=lambda p: (p,) != first)]
        if not self._sought:
            self.controls.complain(tr("These are not words of this language."))
        elif self.canvas.graph is not None:
            self._seek(self.canvas.graph)

    @staticmethod
    def _states_called(environment: Gym, text: str) -> list[State]:
        if environment.spaces is None:
            return [(0, int(text))] if text.strip().isdecimal() and len(text) < MOST_DIGITS else []
        state = environment.state_called(text)
        return [] if state is None else [(0, state)]

    def _seek(self, graph: Graph) -> None:
        """Go to the first text sought that is shown; ask for the next one where this graph was to show the first."""
        for key in self._sought:
            node = self._node_of(graph, key)
            if node >= 0:
                self._sought = []
                self.canvas.select(node)
                self.canvas.reveal(node)
                return
        if graph.wanted.through == self._sought[0]:
            del self._sought[0]
            if not self._sought:
                self.controls.complain(self._why_not_found(graph))

    def _why_not_found(self, graph: Graph) -> str:
        assert self._scenario is not None
        if graph.wanted.is_filtered:
            return tr_for(self._scenario, "The filter leaves this out, or nobody has said it yet.")
        if self._scenario.environment is not None:
            return tr("There is no such state.")
        return tr("Nobody has said this yet.")

    def _node_of(self, graph: Graph, key: State) -> int:
        """The node of a text, or of an environment's state; -1 if it is not shown."""
        if self._scenario is None or self._scenario.environment is None:
            return graph.shape.find(key)
        found = graph.shape.seeing(key)
        return int(found[0]) if len(found) else -1

    @Slot()
    def _on_filter(self) -> None:
        hint = tr("No state passes the filter.") if self.controls.filter.is_on else ""
        if self.controls.filter.around.isChecked() and not self._selection.state:
            hint = tr("Select a state, and the graph shows what lies around it.")
        self.canvas.set_hint(hint)

    @Slot(bool)
    def _on_list(self, on: bool) -> None:
        page = self.list if on else self.canvas
        had_focus = self.canvas.hasFocus() or self.list.hasFocus()
        page.setGeometry(self._pages.geometry())  # or what is selected would be scrolled to in the room it had before
        self._pages.setCurrentWidget(page)
        if on:
            self.list.show_graph(self.canvas.layout_, self.canvas.graph)
            self.list.follow(self.canvas.chosen)
        if had_focus:
            page.setFocus()

    @Slot(tuple)
    def _on_selected(self, state: State) -> None:
        if self.list.isVisible():
            self.list.follow(self.canvas.chosen)

    # -- texts --------------------------------------------------------------------------------------------------------

    def _say(self, subtitle: str) -> None:
        if subtitle != self._subtitle:
            self._subtitle = subtitle
            self.subtitleChanged.emit(subtitle)

    def _summary(self, graph: Graph) -> str:
        layout = self.canvas.layout_
        assert layout is not None
        parts = [tr_n("{count} state", "{count} states", self._states, count=format.count(self._states))]
        if layout.states < self._states:
            parts.append(tr("{count} shown", count=format.count(layout.states)))
        if len(graph.said) == 1 and layout.bounds[1] == 1:
            parts.append(tr("greedy path {text}", text=layout.said(graph.said[0].words)))
        return " · ".join(parts)
