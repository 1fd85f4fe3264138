"""The state graph without a drawing: the same states as a tree to walk through by keyboard and screen reader.

The model is the graph's own arrays: a state costs nothing until somebody looks at it.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Graph
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import format, theme
from langrl_gui.ui.views.state_graph import describe
from langrl_gui.ui.views.state_graph.layout import Layout

_Index = QModelIndex | QPersistentModelIndex
ROW: Final = 1.45
"""Height of a row, in line heights."""


class Column(IntEnum):
    """What the list tells of each state."""

    STATE = 0
    Q = 1
    VALUE = 2
    VISITS = 3


class StateModel(QAbstractItemModel):
    """Prompts, below each what has been said there, below that what has been said then. Numbers are the graph's."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._widget = parent
        self._graph: Graph | None = None
        self._layout: Layout | None = None
        self._scenario: Scenario | None = None
        self._index(None)

    def begin(self, scenario: Scenario) -> None:
        """There is nothing to show yet of this scenario."""
        self._scenario = scenario
        self.show(None, None)

    def _index(self, graph: Graph | None) -> None:
        """Note who follows whom."""
        into = graph.shape.into if graph is not None else np.zeros(0, np.intp)
        self._parent: NDArray[np.intp] = np.full(len(into), -1)
        if graph is not None and len(graph.shape.source):
            self._parent = np.where(into >= 0, graph.shape.source[into], -1)
        self._order = np.argsort(self._parent, kind="stable")  # siblings side by side
        self._sorted = self._parent[self._order]
        self._place = np.empty_like(self._order)
        self._place[self._order] = np.arange(len(self._order))

    def show(self, layout: Layout | None, graph: Graph | None) -> None:
        """Have this graph. Where its shape is another, indexes that somebody keeps go on to mean the same texts."""
        if graph is not None and self._graph is not None and graph.shape is self._graph.shape:
            self._graph = graph
            return
        if graph is None or self._graph is None:
            self.beginResetModel()
            self._graph, self._layout = graph, layout
            self._index(graph)
            self.endResetModel()
            return
        before = self._graph.shape
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        keys = [before.key(index.internalId()) for index in kept]
        self._graph, self._layout = graph, layout
        self._index(graph)
        found = [graph.shape.find(key) for key in keys]
        self.changePersistentIndexList(
            kept, [self.at(node, index.column()) for node, index in zip(found, kept, strict=True)]
        )
        self.layoutChanged.emit()

    def at(self, node: int, column: int = 0) -> QModelIndex:
        """The index of a node; an invalid one for -1."""
        if node < 0:
            return QModelIndex()
        first = int(np.searchsorted(self._sorted, self._parent[node]))
        return self.createIndex(int(self._place[node]) - first, column, node)

    # -- what Qt asks -------------------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: _Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        first = int(np.searchsorted(self._sorted, parent.internalId() if parent.isValid() else -1))
        return self.createIndex(row, column, int(self._order[first + row]))

    def parent(self, index: _Index) -> QModelIndex:  # type: ignore[override]
        return self.at(int(self._parent[index.internalId()])) if index.isValid() else QModelIndex()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        if parent.column() > 0:
            return 0
        node = parent.internalId() if parent.isValid() else -1
        first, last = np.searchsorted(self._sorted, (node, node + 1))
        return int(last - first)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return (tr("State"), "Q", tr("Value"), tr("Visits"))[section]
            if role == Qt.ItemDataRole.ToolTipRole:
                tips = (
                    N_("The word that was said last; below it, what was said after it."),
                    N_("What saying this word is worth, learned so far."),
                    N_("What is to be had from here with the best word."),
                    N_("How often a word was chosen here; for an end, how often the text ended so."),
                )
                return tr_for(self._scenario, tips[section])
            if role == Qt.ItemDataRole.TextAlignmentRole and section:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self._graph is None or self._layout is None or not index.isValid():
            return None
        graph, node = self._graph, int(index.internalId())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(graph, self._layout, node, Column(index.column()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return describe.node(self._layout, graph, node)
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == Column.STATE:
            said = describe.node(self._layout, graph, node).replace("\n", ", ")
            marks = [tr("on the greedy path")] if graph.on_greedy_path[node] else []
            return ", ".join([said, *marks, *([tr("the agent is here")] if node == graph.current else [])])
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.SizeHintRole and index.column() == Column.STATE:
            return QSize(0, round(ROW * self._widget.fontMetrics().height()))
        if role == Qt.ItemDataRole.FontRole and graph.on_greedy_path[node]:
            font = QFont(self._widget.font())
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole and not graph.visits[node]:
            return theme.muted(self._widget.palette())
        return None

    @staticmethod
    def _text(graph: Graph, layout: Layout, node: int, column: Column) -> str:
        shape, into = graph.shape, int(graph.shape.into[node])
        if column == Column.STATE:
            mark = "● " if node == graph.current else ""
            return mark + (layout.label(node) if into >= 0 and not layout.whole_texts else layout.text(node))
        if column == Column.Q:
            return format.amount(float(graph.q[into])) if into >= 0 and graph.edge_visits[into] else ""
        if column == Column.VALUE:
            return tr("end") if shape.ends[node] else format.amount(float(graph.value[node]))
        return format.count(int(graph.visits[node]))


class StateList(QTreeView):
    """objectName "stateList"."""

    chosen = Signal(int)
    """Somebody has moved to this node."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("stateList")
        self.setAccessibleName(tr("States as a list"))
        self._following = False
        self.setModel(StateModel(self))
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(Column.STATE, QHeaderView.ResizeMode.Stretch)
        for column in (Column.Q, Column.VALUE, Column.VISITS):
            header.resizeSection(column, self.fontMetrics().horizontalAdvance("+00 000 000"))
        self.selectionModel().currentChanged.connect(self._on_current)

    @property
    def states(self) -> StateModel:
        """Its model."""
        model = self.model()
        assert isinstance(model, StateModel)
        return model

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: there is nothing to show yet of this scenario."""
        self.states.begin(scenario)
        self.viewport().update()

    def show_graph(self, layout: Layout | None, graph: Graph | None) -> None:
        """Show this graph."""
        was_empty = not self.states.rowCount()
        self._following = True  # what moves because states come and go was moved by nobody
        self.states.show(layout, graph)
        self._following = False
        if was_empty:
            self.expandToDepth(0)
        self.viewport().update()

    def follow(self, node: int) -> None:
        """Make this node the current one; none if it is -1."""
        self._following = True
        index = self.states.at(node)
        self.setCurrentIndex(index)
        if index.isValid():
            self.scrollTo(index)
        else:
            self.clearSelection()
        self._following = False

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, current: QModelIndex, previous: QModelIndex) -> None:
        if current.isValid() and not self._following:
            self.chosen.emit(current.internalId())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())

    def sizeHint(self) -> QSize:
        return QSize(640, 360)
