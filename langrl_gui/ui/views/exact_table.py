"""The Q-table as exact numbers: a line for each cell, sorted and filtered as one likes, and copied with all digits.

Holds the lines in view and asks for no more; sorting is telemetry's work. Knows Table and the exact solution.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelectionModel,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QBrush,
    QDoubleValidator,
    QFont,
    QFontInfo,
    QFontMetrics,
    QGuiApplication,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.oracle import Solution
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import PADDING
from langrl_gui.core.telemetry import Column, Ranking, Snapshot, Table
from langrl_gui.core.telemetry.table import MOST_RANKED
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import format, names, theme
from langrl_gui.ui.selection import Selection, State
from langrl_gui.ui.views.heat_scales import UNKNOWN
from langrl_gui.ui.views.optimal_rows import OptimalRows, missing
from langrl_gui.ui.views.plain_table import PlainTable

Index = QModelIndex | QPersistentModelIndex
_ROLES: Final = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.ToolTipRole,
    Qt.ItemDataRole.BackgroundRole,
    Qt.ItemDataRole.FontRole,
)


class _Column(NamedTuple):
    name: Column
    title: str
    tip: str
    widest: str
    """As wide as it is where there is room."""
    narrowest: str
    """As wide as it is at the least."""


COLUMNS: Final = (
    _Column("state", N_("State"), N_("What has been said before."), "0000000000000", "000000"),
    _Column("word", N_("Word"), N_("The word to say next; bold where it is the greedy choice."), "00000000", "00000"),
    _Column("q", N_("Q"), N_("What the word is worth there, as learned so far."), "+00.000000", "+0.000"),
    _Column("optimum", N_("Q*"), N_("What it is worth, computed exactly."), "+00.000000", "+0.000"),
    _Column("gap", N_("Q − Q*"), N_("What is missing to the exact optimum, or is too much."), "+00.000000", "+0e−00"),
    _Column("visits", N_("Visits"), N_("How often the word was tried there."), "000 000 000", "0.00 M"),
    _Column("change", N_("Last change"), N_("By how much Q changed when it last did."), "+00.000000", "+0e−00"),
)
NUMBERS: Final = tuple(column.name for column in COLUMNS[2:])
MOST_LISTED: Final = MOST_RANKED
"""Lines of the list. Qt keeps some bytes for each."""
MOST_COPIED: Final = 50_000
"""Lines that are copied at once: the whole table is exported instead."""
MOST_TYPED: Final = 60
MARGIN: Final = 20
"""Lines that are asked for above and below those in view, so that scrolling meets some that are there."""
DECIMALS: Final = range(6, 1, -1)
"""That a number has in the list, the narrower its column, the fewer."""
BESIDE: Final = 8
"""Pixels of a cell that its text leaves free."""
SMALL: Final = 0.88
"""Size of the numbers, in parts of the application's text."""
MARKED: Final = 0.88
"""Share of the paper in the ground of the selected state's lines."""


class Cells(QAbstractTableModel):
    """The list, of which only the part that last came is filled."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ranking = Ranking()
        """What is asked for."""
        self.optimal = OptimalRows()
        self.marked: State = ()
        """The state whose lines have another ground."""
        self.ground = QBrush()
        self.bold = QFont()
        """What a greedy choice is written in."""
        self.scenario: Scenario | None = None
        self.table: Table | None = None
        self._keys: list[State] = []
        self._optimum: NDArray[np.float64] = np.zeros(0)
        self._count = 0

    def begin(self, scenario: Scenario) -> None:
        """Nothing is known of this scenario yet."""
        self.beginResetModel()
        self.scenario, self.table, self._keys, self._count = scenario, None, [], 0
        self.optimal.begin(scenario)
        self.change(optimum=None)
        self.endResetModel()

    def take(self, table: Table) -> None:
        """Show this part of the list."""
        count = min(table.cells, MOST_LISTED)
        if count < self._count:
            self.beginRemoveRows(QModelIndex(), count, self._count - 1)
            self._put(table, count)
            self.endRemoveRows()
        elif count > self._count:
            self.beginInsertRows(QModelIndex(), self._count, count - 1)
            self._put(table, count)
            self.endInsertRows()
        else:
            self._put(table, count)
        if self._keys:
            last = min(table.first + len(self._keys), count) - 1
            self.dataChanged.emit(self.index(table.first, 0), self.index(last, len(COLUMNS) - 1))

    def _put(self, table: Table, count: int) -> None:
        self.table, self._count = table, count
        self._keys = [tuple(word for word in state if word != PADDING) for state in table.states.tolist()]
        self._optimum = np.zeros(0)
        if self._keys:
            self._optimum = self.optimal.of(self._keys)[np.arange(len(self._keys)), table.words]

    def cell(self, line: int) -> tuple[State, int] | None:
        """State and word of a line; None if it is not here."""
        place = self._place(line)
        if place is None or self.table is None:
            return None
        return self._keys[place], int(self.table.words[place])

    def _place(self, line: int) -> int | None:
        place = line - self.table.first if self.table is not None else -1
        return place if 0 <= place < len(self._keys) else None

    def number(self, line: int, column: Column) -> float | int:
        """What stands there, with all its digits; NaN where it is not known. The line must be here."""
        place, table = self._place(line), self.table
        assert place is not None
        assert table is not None
        match column:
            case "visits":
                return int(table.visits[place])
            case "optimum":
                return float(self._optimum[place])
            case "gap":
                return float(table.q[place] - self._optimum[place])
            case "change":
                return float(table.change[place])
            case _:
                return float(table.q[place])

    def written(self, line: int, column: Column) -> Iterator[str]:
        """A number as it can be written, from the longest to the shortest. The line must be here."""
        number = self.number(line, column)
        if number != number:
            yield UNKNOWN
        elif column == "visits":
            yield format.count(int(number))
            yield format.short(number)
        else:
            yield from (format.fine(number, decimals) for decimals in DECIMALS)

    def _exactly(self, line: int, column: Column) -> str | None:
        number = self.number(line, column)
        if number != number:
            if self.optimal.solution is None:
                return missing(self.scenario) or None
            return tr("Q* differs between the texts that share this state")
        return format.count(int(number)) if column == "visits" else format.exact(number)

    def as_tsv(self, first: int, last: int) -> str | None:
        """These lines for other programs, under a line of names; None if not all of them are here.

        All digits are written, so that each number reads back as the same float64; what is not known is left out.
        """
        if self._place(first) is None or self._place(last) is None or self.scenario is None:
            return None
        scenario, language = self.scenario, self.scenario.language
        lines = ["\t".join(("prompt", "text", "word", "q", "q_optimal", "q_gap", "visits", "last_change"))]
        for line in range(first, last + 1):
            cell = self.cell(line)
            assert cell is not None
            state, word = cell
            said = [name or "·" for name in scenario.names(state[1:])]
            numbers = (self.number(line, column) for column in NUMBERS)
            lines.append(
                "\t".join(
                    (
                        scenario.asked(state[0]),
                        language.joiner.join(said),
                        language.words[word],
                        *("" if number != number else repr(number) for number in numbers),
                    )
                )
            )
        return "\n".join(lines) + "\n"

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return tr_for(self.scenario, COLUMNS[section].title)
            if role == Qt.ItemDataRole.ToolTipRole:
                return tr_for(self.scenario, COLUMNS[section].tip)
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role not in _ROLES:
            return None
        cell = self.cell(index.row())
        if cell is None or self.table is None or self.scenario is None:
            return None
        (state, said), column = cell, COLUMNS[index.column()].name
        shown = role == Qt.ItemDataRole.DisplayRole
        if shown or role == Qt.ItemDataRole.ToolTipRole:
            if column == "state":
                return names.name_of(self.scenario, state) if shown else names.explained(self.scenario, state)
            if column == "word":
                return self.scenario.language.words[said]
            return next(self.written(index.row(), column)) if shown else self._exactly(index.row(), column)
        if role == Qt.ItemDataRole.BackgroundRole and state == self.marked:
            return self.ground
        if role == Qt.ItemDataRole.FontRole and column == "word" and self.table.greedy[index.row() - self.table.first]:
            return self.bold
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.change(column=COLUMNS[max(0, column)].name, descending=order == Qt.SortOrder.DescendingOrder)

    def change(self, **what: Any) -> None:
        """Ask for another ranking."""
        self.ranking = replace(self.ranking, **what)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if COLUMNS[column].name in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class _Fitting(QStyledItemDelegate):
    """Writes a number as long as its column has room for: nothing of it is cut off."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        model, column = index.model(), COLUMNS[index.column()].name
        room = option.rect.width() - BESIDE
        if column in NUMBERS and option.text and option.fontMetrics.horizontalAdvance(option.text) > room:
            assert isinstance(model, Cells)
            for text in model.written(index.row(), column):
                option.text = text
                if option.fontMetrics.horizontalAdvance(text) <= room:
                    break


class Lines(PlainTable):
    """The list itself. Ctrl+C copies the selected lines, whether or not they are in view."""

    copied = Signal()

    def __init__(self, model: Cells, parent: QWidget) -> None:
        super().__init__(model, tr("Q-table in numbers"), parent)
        self.setObjectName("qTable")
        self.setCornerButtonEnabled(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        header = self.horizontalHeader()
        header.setSortIndicatorClearable(False)
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.setItemDelegate(_Fitting(self))
        self._wide: list[int] = []
        self._narrow: list[int] = []
        self._fitted: list[int] = []
        self._empty = ""
        copy = QAction(tr("Copy"), self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copied)
        self.addAction(copy)

    def say_empty(self, text: str) -> None:
        """What stands there instead of lines."""
        if text != self._empty:
            self._empty = text
            self.viewport().update()

    def lines_in_view(self) -> tuple[int, int]:
        """First line in view, and how many there is room for."""
        return max(0, self.rowAt(0)), self.viewport().height() // self.verticalHeader().defaultSectionSize() + 2

    def write_in(self, font: QFont) -> None:
        """Have this font, and columns and lines with room for it."""
        self.setFont(font)
        metrics = QFontMetrics(font)
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 4)
        wide = metrics.horizontalAdvance
        self._wide = [max(wide(column.widest), wide(tr(column.title)) + 24) + 14 for column in COLUMNS]
        self._narrow = [max(wide(column.narrowest), wide(tr(column.title))) + BESIDE for column in COLUMNS]
        self._fitted = []
        self._fit()

    def _fit(self) -> None:
        """Columns are narrower where there is no room for all, each by its share, unless somebody has drawn at one.

        Where even that is too wide, those that come first are seen whole.
        """
        if not self._wide or (self._fitted and self._fitted != self._widths()):
            return
        room, most, least = self.viewport().width(), sum(self._wide), sum(self._narrow)
        share = min(1.0, max(0, most - room) / (most - least))
        pairs = zip(self._wide, self._narrow, strict=True)
        widths = [math.floor(wide - share * (wide - narrow)) for wide, narrow in pairs]
        if least > room:
            widths[0] += room - max((reach for reach in accumulate(widths) if reach <= room), default=room)
        for number, width in enumerate(widths):
            self.setColumnWidth(number, width)
        self._fitted = self._widths()

    def _widths(self) -> list[int]:
        return [self.columnWidth(number) for number in range(len(COLUMNS))]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._empty:
            with QPainter(self.viewport()) as painter:
                painter.setPen(theme.muted(self.palette()))
                painter.drawText(
                    self.viewport().rect().adjusted(8, 8, -8, -8),
                    Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                    self._empty,
                )


class ExactTable(QWidget):
    """The list, and above it what it is limited to: typed words, visited or greedy cells, a range of numbers."""

    subtitleChanged = Signal(str)
    """How many cells are listed."""

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self._model = Cells(self)
        self.lines = Lines(self._model, self)
        self._word = -1
        self._seeks = False
        self._follows = False
        self._order: object = None
        self._chosen = -1
        self._copying: tuple[int, int] | None = None
        self._typed = QLineEdit(self)
        self._typed.setClearButtonEnabled(True)
        self._typed.setMaxLength(MOST_TYPED)
        self._visited = self._button(tr("visited"), tr("Only what was tried."))
        self._greedy = self._button(tr("greedy"), tr("Only the greedy choice of each state that was visited."))
        self._ranged = self._button(tr("range"), tr("Only numbers between two limits."))
        self._said = ""
        self._column = QComboBox(self)
        self._column.setAccessibleName(tr("Number that is limited"))
        for column in COLUMNS[2:]:
            self._column.addItem(tr(column.title), column.name)
        self._low, self._high = self._limit(tr("At least")), self._limit(tr("At most"))
        self._limits = QWidget(self)
        limits = QHBoxLayout(self._limits)
        for widget in (self._low, QLabel("≤", self._limits), self._column, QLabel("≤", self._limits), self._high):
            limits.addWidget(widget, int(isinstance(widget, QLineEdit)))
        self._limits.hide()
        filters = QHBoxLayout()
        filters.addWidget(self._typed, 1)
        for button in (self._visited, self._greedy, self._ranged):
            filters.addWidget(button)
        lines = QVBoxLayout(self)
        lines.setSpacing(4)
        for line in (filters, limits):
            line.setContentsMargins(0, 0, 0, 0)
            line.setSpacing(4)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.addLayout(filters)
        lines.addWidget(self._limits)
        lines.addWidget(self.lines, 1)
        self.setMinimumSize(120, 80)
        selection.changed.connect(self._on_selected)
        self._typed.textChanged.connect(self._on_filter)
        self._column.currentIndexChanged.connect(self._on_filter)
        for limit in (self._low, self._high):
            limit.textChanged.connect(self._on_filter)
        for button in (self._visited, self._greedy, self._ranged):
            button.toggled.connect(self._on_filter)
        self._ranged.toggled.connect(self._limits.setVisible)
        self.lines.selectionModel().currentRowChanged.connect(self._on_current)
        self.lines.copied.connect(self.copy)
        self._put_looks()
        self._put_words()

    def _put_words(self) -> None:
        scenario = self._model.scenario
        self._typed.setPlaceholderText(tr_for(scenario, "Find words"))
        self._typed.setAccessibleName(tr_for(scenario, "Show only texts that contain"))
        self._typed.setToolTip(tr_for(scenario, "Only cells whose text, with the word to be said, contains this."))
        self._say()

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _limit(self, name: str) -> QLineEdit:
        limit = QLineEdit(self)
        limit.setAccessibleName(name)
        limit.setPlaceholderText(name)
        validator = QDoubleValidator(limit)
        validator.setLocale(QLocale.c())
        limit.setValidator(validator)
        return limit

    # -- what the window asks of a view -------------------------------------------------------------------------------

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        self._word, self._seeks, self._order, self._chosen, self._copying = -1, False, None, -1, None
        self._model.begin(scenario)
        self._put_words()

    def set_optimum(self, solution: Solution | None) -> None:
        """What the gaps are to."""
        self._model.optimal.set_solution(solution)
        self._model.change(optimum=solution)

    def wants(self) -> dict[str, Any]:
        """The lines in view and some around them, or those that are to be copied."""
        first, count = self.lines.lines_in_view()
        part = (max(0, first - MARGIN), count + 2 * MARGIN)
        if self._copying is not None:
            part = (self._copying[0], self._copying[1] - self._copying[0] + 1)
        return {
            "table": self._model.ranking,
            "table_part": part,
            "table_at": (self._selection.state, self._word),
        }

    def draw(self, snapshot: Snapshot) -> None:
        """Show this moment's part of the list."""
        table = snapshot.table
        if table is None or self._model.scenario is None:
            return
        self._follows = True
        self._model.take(table)
        if table.at == (self._selection.state, self._word):
            # A line that was chosen and lines that are being copied are left alone until that is done.
            moved = table.order is not self._order and self._chosen < 0 and self._copying is None
            if self._seeks or (moved and self._selection.state):
                self._go_to(table.place, self._seeks)
                self._seeks = False
            if moved:
                self._order = table.order
        self._follows = False
        self._choose()
        if self._copying is not None:
            self.copy()
        self._say()

    # -- the selected state -------------------------------------------------------------------------------------------

    def _go_to(self, line: int, scroll: bool) -> None:
        """Make this the current line; in a new order it is where it is now, and the list stays where it was."""
        index, model = self._model.index(line, 0), self.lines.selectionModel()
        if line < 0:
            model.clear()
        elif index.isValid():
            self.lines.setAutoScroll(False)
            model.setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            )
            self.lines.setAutoScroll(True)
            if scroll:
                self.lines.scrollTo(index)

    @Slot(tuple)
    def _on_selected(self, state: State) -> None:
        self._model.marked = state
        self.lines.viewport().update()
        if self._follows:
            return
        self._word, self._seeks = -1, True

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, current: QModelIndex, _: QModelIndex) -> None:
        # Nobody has chosen it where the list has changed, or has only just got the keyboard.
        if not self._follows and self.lines.selectionModel().isSelected(current):
            self._chosen = current.row()
            self._choose()

    def _choose(self) -> None:
        """Select the state of the line that was chosen, as soon as it is here."""
        cell = self._model.cell(self._chosen)
        if cell is not None:
            self._chosen = -1
            state, self._word = cell
            self._follows = True
            self._selection.select(state)
            self._follows = False

    # -- what is listed -----------------------------------------------------------------------------------------------

    @Slot()
    def _on_filter(self) -> None:
        low, high = _number(self._low.text(), -math.inf), _number(self._high.text(), math.inf)
        ranged = self._ranged.isChecked() and (low, high) != (-math.inf, math.inf)
        self._model.change(
            typed=self._typed.text().strip(),
            visited=self._visited.isChecked(),
            greedy=self._greedy.isChecked(),
            ranged=self._column.currentData() if ranged else None,
            low=low if ranged else -math.inf,
            high=high if ranged else math.inf,
        )

    def _say(self) -> None:
        table = self._model.table
        said = empty = ""
        if table is None and self._model.scenario is not None:
            empty = tr("sorting…")
        elif table is None:
            empty = tr("Here stands every number of the table, as soon as a scenario is open.")
        else:
            said = tr("{count} of {all} cells", count=format.count(table.cells), all=format.count(table.all_cells))
            if table.too_large and not self._model.ranking.is_natural:
                said = tr(
                    "{all} cells; up to {most} are sorted and filtered",
                    all=format.count(table.all_cells),
                    most=format.count(MOST_RANKED),
                )
            elif table.waits:
                said += " · " + tr("sorting…")
            if reason := missing(self._model.scenario):
                said += " · " + reason
            if not table.cells:
                empty = tr("No cell is like that.") if table.all_cells else tr("No state has been visited yet.")
        if said != self._said:
            self._said = said
            self.subtitleChanged.emit(said)
        self.lines.say_empty(empty)

    # -- copying ------------------------------------------------------------------------------------------------------

    @Slot()
    def copy(self) -> None:
        """Put the selected lines on the clipboard; those that are not here are asked for first."""
        selected = self.lines.selectionModel().selection()
        if selected.isEmpty():
            self._copying = None
            return
        parts = [selected.at(place) for place in range(selected.count())]
        first = min(part.top() for part in parts)
        last = min(max(part.bottom() for part in parts), first + MOST_COPIED - 1)
        text = self._model.as_tsv(first, last)
        self._copying = (first, last) if text is None else None
        if text is not None:
            QGuiApplication.clipboard().setText(text)

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def _put_looks(self) -> None:
        small = QFont(self.font())
        small.setPointSizeF(SMALL * QFontInfo(small).pointSizeF())
        small.setFeature(QFont.Tag("tnum"), 1)
        self.lines.write_in(small)
        self._model.bold = QFont(small)
        self._model.bold.setBold(True)
        palette = self.palette()
        highlight = palette.color(palette.ColorRole.Highlight)
        self._model.ground = QBrush(theme.mixed(highlight, palette.color(palette.ColorRole.Base), MARKED))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._put_looks()

    def sizeHint(self) -> QSize:
        return QSize(320, 280)


def _number(text: str, otherwise: float) -> float:
    """What is typed, as soon as it is a number."""
    try:
        return float(text)
    except ValueError:
        return otherwise
