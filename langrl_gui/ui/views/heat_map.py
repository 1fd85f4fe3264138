"""The Q-table as a heat map: rows are states, columns words; colour and number are what the mode says.

Paints what can be seen and asks for no more, so a table of millions of rows costs what a screenful costs. Knows
telemetry's Heat and the exact solution, and nothing of how they are made.
"""

import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
    QStaticText,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QFrame,
    QToolTip,
    QWidget,
)

from langrl_gui.core.explain import ROUNDING
from langrl_gui.core.i18n import tr, tr_n
from langrl_gui.core.oracle import Solution
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import PADDING as NO_WORD
from langrl_gui.core.telemetry import Heat, Overview, OverviewOf, Snapshot
from langrl_gui.core.wording import tr_for, tr_n_for
from langrl_gui.ui import format, names, theme
from langrl_gui.ui.names import ARROW, START
from langrl_gui.ui.selection import Selection, State
from langrl_gui.ui.switch import Switch
from langrl_gui.ui.views.heat_scales import LEVELS, MODES, UNKNOWN, UNTRIED, Scale
from langrl_gui.ui.views.optimal_rows import OptimalRows, missing

GREY: Final = 0.75
"""Share of the background in the grey of cells never tried: neither the colour of 0 nor the background itself."""
GAP: Final = 2
"""Pixels between two cells that show their numbers."""
PADDING: Final = 6
"""Pixels left free beside a text."""
CORNER: Final = 3.0
SMALL: Final = 0.88
"""Size of the numbers, in parts of the application's text."""
LEAST_WORD: Final = "0000"
"""As wide as what is left of a word at least: where columns are narrower, not each is named."""
WIDEST_NUMBERS: Final = ("+00.00", "−0e−00")
WIDEST_CELL: Final = 2.2
"""Widths of a number that a cell grows to where there is room."""
WIDEST_HEADER: Final = 0.4
"""Share of the width that the names of the states may take."""
ZOOM_STEP: Final = 1.25
FAR_STEP: Final = 2.0
"""The step where a pixel stands for several cells."""
GREATEST_ZOOM: Final = ZOOM_STEP**4
SETTLED: Final = 150
"""Milliseconds after which a run no longer hurries: a frame that leaps from row to row at full speed says nothing."""
MARGIN: Final = 0.5
"""Share of a page that is asked for above and below what is seen, so that scrolling meets rows that are there."""
MARGIN_LINES: Final = 32
"""The same where there are no numbers: pages are long there."""
MOST_CACHED: Final = 4096
SELECTED: Final = 0.75
"""Share of the paper in the ground of the selected state's name, so that it is read as well as the others."""
BAR: Final = 72
"""Pixels of the legend's bar of colours."""
_ALL: Final = slice(None)
_WAYS: Final = {
    Qt.Key.Key_Up: (-1, False),
    Qt.Key.Key_Down: (1, False),
    Qt.Key.Key_PageUp: (-1, True),
    Qt.Key.Key_PageDown: (1, True),
}
"""Key -> (which way, whether by a page)."""
_FOCUS_BY_KEY: Final = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class Cell(NamedTuple):
    """A place in the table; -1 stands for the header."""

    row: int
    slot: int


class _Grid(NamedTuple):
    """Where everything lies, in pixels of the viewport."""

    left: int
    """Width of the states' names."""
    top: int
    """Height of the words."""
    width: int
    """From one column to the next."""
    height: int
    """From one line to the next."""
    lines: int
    """Lines that are seen, the last perhaps in part."""
    columns: int
    full_lines: int
    """Lines that are seen whole."""
    full_columns: int
    rows_each: int
    slots_each: int
    """Rows that a line stands for, and slots that a column does: one, but where the whole is seen from afar."""


class QHeatMap(QAbstractScrollArea):
    """Scrolls by rows and columns; Ctrl and the wheel, or Ctrl and + - 0, zoom from numbers to colours alone.

    Up and down, or a click, select a state; one that is selected elsewhere is scrolled to.
    """

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("qHeatMap")
        self._selection = selection
        selection.changed.connect(self._on_selected)
        self.controls = Switch(tr("Shown in the Q-table"), ((m.name, tr(m.label), tr(m.tip)) for m in MODES))
        """Which of MODES the cells show."""
        self.controls.chosen.connect(self._on_mode)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAutoFillBackground(False)
        self.setMinimumSize(120, 80)
        self._scenario: Scenario | None = None
        self._heat: Heat | None = None
        self._overview: Overview | None = None
        self._optimal = OptimalRows()
        self._scales = {mode.name: Scale(mode) for mode in MODES}
        self._scale = self._scales[MODES[0].name]
        self._selected_row = -1
        self._seeks = False
        self._select_row = -1
        self._zoom = 1.0
        self._whole = False
        """Whether the whole table is to stay in view while it grows."""
        self._wheel = 0
        self._header = 0
        self._step = -1
        self._focus_by_key = False
        self._hurry = QTimer(self)
        self._hurry.setSingleShot(True)
        self._hurry.setInterval(SETTLED)
        self._hurry.timeout.connect(self._on_settled)
        # What is painted again and again, painted once: dropped when the looks change.
        self._colors: list[QColor] = []
        self._inks: list[QColor] = []
        self._cells: dict[int | str, QPixmap] = {}
        self._cells_for: tuple[QSize, float] | None = None
        self._numbers: dict[str, tuple[QStaticText, float]] = {}
        self._names: dict[State, str] = {}
        self._legend = _Legend(self)
        self._put_words()
        self._put_looks()

    # -- what the window asks of a view -------------------------------------------------------------------------------

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        self._scenario, self._heat, self._overview = scenario, None, None
        self._optimal.begin(scenario)
        for scale in self._scales.values():
            scale.span = 0.0
        self._step, self._header = -1, 0
        self._selected_row = self._select_row = -1
        self._seeks = False
        self._hurry.stop()
        self._names.clear()
        self.verticalScrollBar().setValue(0)
        self.horizontalScrollBar().setValue(0)
        self._arrange()
        self._put_words()

    def set_optimum(self, solution: Solution | None) -> None:
        """What the gaps are to."""
        self._optimal.set_solution(solution)
        self._take_in()

    def wants(self) -> dict[str, Any]:
        """The rectangle that is seen, and a margin around it; where there are no numbers, as a picture."""
        grid = self._grid()
        line, column = self.verticalScrollBar().value(), self.horizontalScrollBar().value()
        margin = math.ceil(MARGIN * grid.lines) if self.shows_numbers else MARGIN_LINES
        lines = max(0, line - margin), grid.lines + 2 * margin
        columns = max(0, column - 1), grid.columns + 2
        wanted: dict[str, Any] = {"selected": self._selection.state}
        if self.shows_numbers:
            return {**wanted, "heat_rows": lines, "heat_slots": columns}
        what = self._scale.mode.name
        optimum = self._optimal.solution if what == "gap" else None
        return {**wanted, "overview": OverviewOf(what, grid.rows_each, grid.slots_each, lines, columns, optimum)}

    def draw(self, snapshot: Snapshot) -> None:
        """Show this moment's part of the table."""
        if self._scenario is None or (snapshot.heat is None and snapshot.overview is None):
            return
        hurried = self._step >= 0 and abs(snapshot.step - self._step) > self._scenario.language.max_length
        self._step = snapshot.step
        if hurried:
            self._hurry.start()
        before, rows = self._heat, self._rows
        self._heat, self._overview = snapshot.heat, None if snapshot.heat is not None else snapshot.overview
        if before is not None and self._heat is not None and before.rows != self._heat.rows:
            self._keep_place(before, self._heat)
        self._widen_header()
        self._take_in()
        if self._whole and self._rows != rows:
            self._set_zoom(0.0)
        self._follow_selection()

    def _take_in(self) -> None:
        """Widen the colours' scale to what is there now, and have it painted."""
        if self._heat is not None:
            self._scale.widen(self._colored(self._heat))
        elif self._overview is not None and self._overview.of.what == self._scale.mode.name:
            self._scale.widen(self._overview.values)
        self._arrange()
        self._say()

    def _shown(self, heat: Heat, rows: slice = _ALL, slots: slice = _ALL) -> NDArray[np.float64]:
        """(rows, slots) what these cells show in this mode; NaN where it is not known."""
        match self._scale.mode.name:
            case "visits":
                return heat.visits[rows, slots].astype(np.float64)
            case "change":
                return heat.change[rows, slots].astype(np.float64)
            case "gap":
                first, last, _ = slots.indices(heat.q.shape[1])
                words = slice(heat.first_slot + first, heat.first_slot + last)
                return heat.q[rows, slots] - self._optimal.of(heat.keys[rows], words)
            case _:
                return heat.q[rows, slots]

    def _colored(self, heat: Heat) -> NDArray[np.float64]:
        """The same of all cells, NaN where nothing was tried."""
        return np.where(heat.visits > 0, self._shown(heat), np.nan)

    # -- the selected state -------------------------------------------------------------------------------------------

    @property
    def selected_row(self) -> int:
        """The row that is marked because it is selected; -1 if none is."""
        return self._selected_row

    @property
    def _rows(self) -> int:
        """Rows of the whole table, as far as is known."""
        seen = self._heat or self._overview
        return seen.rows if seen is not None else 0

    def _follow_selection(self) -> None:
        """Mark the selected state where it stands now, and go there where it was selected elsewhere."""
        seen = self._heat or self._overview
        if seen is not None and seen.selected == self._selection.state:  # and not what was selected when it was asked
            self._selected_row = seen.selected_row
        key = self._key_of(self._select_row)
        if key is not None:
            self._select_row = -1
            self._selection.select(key)
        elif self._seeks and self._selected_row >= 0:
            self._seeks = False
            self._show_row(self._selected_row)

    def _key_of(self, row: int) -> State | None:
        """The name of a row, or of the first one of its line; None if it did not come with the last picture."""
        if self._heat is not None:
            place = row - self._heat.first_row
            return self._heat.keys[place] if 0 <= place < len(self._heat.keys) else None
        if self._overview is not None:
            place = row // self._overview.of.rows_each - self._overview.of.lines[0]
            if row >= 0 and 0 <= place < len(self._overview.states):
                return tuple(word for word in self._overview.states[place].tolist() if word != NO_WORD)
        return None

    def _show_row(self, row: int) -> None:
        """Scroll no further than is needed to see this row whole."""
        bar, grid = self.verticalScrollBar(), self._grid()
        line = row // grid.rows_each
        if line < bar.value():
            bar.setValue(line)
        elif line >= bar.value() + grid.full_lines:
            bar.setValue(line - grid.full_lines + 1)

    def _select(self, row: int) -> None:
        """Select the state of this row, as soon as its name is known: it may have to be asked for."""
        row = max(0, min(row, self._rows - 1))
        row -= row % self._grid().rows_each  # a line has the name of its first state
        self._show_row(row)
        self._select_row = row
        key = self._key_of(row)
        if key is not None:
            self._select_row, self._selected_row = -1, row
            self._selection.select(key)
        self.viewport().update()

    @Slot(tuple)
    def _on_selected(self, state: State) -> None:
        if state != self._key_of(self._selected_row):
            self._selected_row, self._seeks = -1, bool(state)
            if self._heat is not None and state in self._heat.keys:
                self._selected_row, self._seeks = self._heat.first_row + self._heat.keys.index(state), False
                self._show_row(self._selected_row)
        self.viewport().update()

    # -- what is where ------------------------------------------------------------------------------------------------

    @property
    def shows_numbers(self) -> bool:
        """Whether cells are large enough for their numbers."""
        return self._zoom >= 1.0

    @property
    def span(self) -> float:
        """The largest magnitude of what is shown that was seen so far in this run; there colours are full."""
        return self._scale.span

    @property
    def current_row(self) -> int:
        """The row that is framed because the agent is there; -1 if none is."""
        if self._hurry.isActive():
            return -1
        if self._heat is not None:
            return self._heat.first_row + self._heat.current if self._heat.current >= 0 else -1
        return self._overview.current if self._overview is not None else -1

    def cell_at(self, place: QPoint) -> Cell | None:
        """The cell, state's name (slot -1) or word (row -1) at this place of the viewport."""
        grid = self._grid()
        if self._scenario is None or not self._rows:
            return None
        row = slot = -1
        if place.y() >= grid.top:
            row = (self.verticalScrollBar().value() + (place.y() - grid.top) // grid.height) * grid.rows_each
        if place.x() >= grid.left:
            slot = (self.horizontalScrollBar().value() + (place.x() - grid.left) // grid.width) * grid.slots_each
        if row >= self._rows or slot >= len(self._scenario.language.words) or (row, slot) == (-1, -1):
            return None
        return Cell(row, slot)

    def rect_of(self, cell: Cell) -> QRect:
        """Where this cell lies in the viewport, or the block that it belongs to, whether or not it is seen."""
        grid, x, y = self._grid(), 0, 0
        if cell.slot >= 0:
            x = grid.left + (cell.slot // grid.slots_each - self.horizontalScrollBar().value()) * grid.width
        if cell.row >= 0:
            y = grid.top + (cell.row // grid.rows_each - self.verticalScrollBar().value()) * grid.height
        gap = GAP if self.shows_numbers else 0
        return QRect(
            x,
            y,
            (grid.width if cell.slot >= 0 else grid.left) - gap,
            (grid.height if cell.row >= 0 else grid.top) - gap,
        )

    def text_of(self, key: State) -> str:
        """The name of a state: the words that it sees, after its prompt where there are several."""
        assert self._scenario is not None
        return names.name_of(self._scenario, key)

    def _short_text_of(self, key: tuple[int, ...], width: int) -> str:
        """The name of a state in no more than `width` pixels: a prompt's beginning, a text's end."""
        assert self._scenario is not None
        metrics, (prompt, words) = self._word_metrics, names.parts_of(self._scenario, key)
        if prompt:
            room = width - metrics.horizontalAdvance(ARROW)
            room -= min(metrics.horizontalAdvance(words), room // 2)
            prompt = metrics.elidedText(prompt, Qt.TextElideMode.ElideRight, room) + ARROW
        room = width - metrics.horizontalAdvance(prompt)
        return prompt + metrics.elidedText(words, Qt.TextElideMode.ElideLeft, room)

    def _grid(self) -> _Grid:
        metrics = self._metrics
        height = metrics.height() + 2 + GAP
        number = max(map(metrics.horizontalAdvance, (*WIDEST_NUMBERS, *self._scale.ends)))
        width = number + 2 * PADDING + GAP
        top = self._word_metrics.height() + 4
        left = self._header or self._word_metrics.horizontalAdvance(START) + 2 * PADDING
        room = self.viewport().size() - QSize(left, top)
        slots = len(self._scenario.language.words) if self._scenario else 1
        rows_each = slots_each = 1
        if self.shows_numbers:
            width = max(width, min(room.width() // slots, round(width * WIDEST_CELL)))
        else:
            # Without numbers cells need no width: where there are many words, they shrink towards squares, and where
            # even so a cell is less than a pixel, a pixel stands for several.
            tall = height * self._zoom
            wide = max(tall, width * self._zoom**2, min(room.width() / slots, width))
            height, rows_each = max(1, round(tall)), _round_up(1 / tall)
            width, slots_each = max(1, int(wide)), _round_up(1 / wide)
        columns = -(-slots // slots_each)
        full = (max(1, room.height() // height), max(1, room.width() // width))
        seen = (max(1, -(-room.height() // height)), max(1, -(-room.width() // width)))
        return _Grid(
            left,
            top,
            width,
            height,
            seen[0],
            min(columns, seen[1]),
            full[0],
            min(columns, full[1]),
            rows_each,
            slots_each,
        )

    def _arrange(self) -> None:
        """Scroll ranges for the present size, and a new picture."""
        grid = self._grid()
        slots = len(self._scenario.language.words) if self._rows and self._scenario else 0
        for bar, count, full in (
            (self.verticalScrollBar(), -(-self._rows // grid.rows_each), grid.full_lines),
            (self.horizontalScrollBar(), -(-slots // grid.slots_each), grid.full_columns),
        ):
            bar.setRange(0, max(0, count - full))
            bar.setPageStep(full)
            bar.setSingleStep(1)
        self.viewport().update()

    def _keep_place(self, before: Heat, heat: Heat) -> None:
        """New states come between the old ones: stay with the one that was at the top."""
        bar = self.verticalScrollBar()
        top = bar.value() - before.first_row
        if bar.value() and 0 <= top < len(before.keys) and before.keys[top] in heat.keys:
            bar.setMaximum(max(bar.maximum(), heat.rows))
            bar.setValue(heat.first_row + heat.keys.index(before.keys[top]))

    def _widen_header(self) -> None:
        """Room for the names in view. It only grows while a run lasts, so that columns stay put."""
        natural = max(
            (self._word_metrics.horizontalAdvance(self.text_of(key)) for _, key in self._seen_keys()), default=0
        )
        most = int(WIDEST_HEADER * self.viewport().width())
        # Widths are parts of pixels, and rounded: with one more, what just fits is not shortened.
        header = min(most, max(self._header, natural + 1 + 2 * PADDING))
        if header != self._header:
            self._header = header
            self._names.clear()

    def _seen_keys(self) -> Iterator[tuple[int, State]]:
        """(row, key) of the rows in view whose names are written: each, or one of several where rows are thin."""
        grid = self._grid()
        every = -(-self._word_metrics.height() // grid.height)
        first = self.verticalScrollBar().value()
        for line in range(first + -first % every, first + grid.lines, every):
            key = self._key_of(line * grid.rows_each)
            if key is not None:
                yield line * grid.rows_each, key

    # -- painting -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self.viewport()) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self._scenario is None or not self._rows:
                painter.setPen(theme.muted(self.palette()))
                painter.drawText(
                    self.viewport().rect().adjusted(8, 8, -8, -8),
                    Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                    tr("Here stands what every word is worth in every state, as soon as a scenario is open."),
                )
            else:
                self._paint_selected(painter)
                self._paint_names(painter, self._scenario)
                if self._heat is not None and self.shows_numbers:
                    self._paint_cells(painter, self._heat, *self._seen_part(self._heat))
                elif self._heat is not None:
                    heat = self._heat
                    self._paint_image(painter, self._colored(heat), heat.first_row, heat.first_slot, 1, 1)
                elif self._overview is not None and self._overview.of.what == self._scale.mode.name:
                    of = self._overview.of
                    begin = of.lines[0] * of.rows_each, of.columns[0] * of.slots_each
                    self._paint_image(painter, self._overview.values, *begin, of.rows_each, of.slots_each)
                self._paint_frame(painter, self._selected_row, 1.0)
                self._paint_frame(painter, self.current_row, GAP)
            if self._focus_by_key:
                theme.paint_focus(painter, self.viewport())

    def _seen_part(self, heat: Heat) -> tuple[slice, slice]:
        """What of `heat` is in view: places in its arrays."""
        grid = self._grid()
        parts = []
        for first, count, begins, held in (
            (self.verticalScrollBar().value(), grid.lines, heat.first_row, heat.q.shape[0]),
            (self.horizontalScrollBar().value(), grid.columns, heat.first_slot, heat.q.shape[1]),
        ):
            start = max(0, first - begins)
            parts.append(slice(start, max(start, min(held, first + count - begins))))
        return parts[0], parts[1]

    def _paint_names(self, painter: QPainter, scenario: Scenario) -> None:
        grid, metrics = self._grid(), self._word_metrics
        painter.setFont(self.font())
        painter.setPen(theme.muted(self.palette()))
        if len(self._names) > MOST_CACHED:
            self._names.clear()
        first_row = self.verticalScrollBar().value() * self._grid().rows_each
        for row, key in self._seen_keys():
            name = self._names.get(key)
            if name is None:
                name = self._names[key] = self._short_text_of(key, grid.left - 2 * PADDING)
            place = self.rect_of(Cell(row, -1))
            middle = place.center().y()
            if row > first_row and not self._is_read(middle):
                break
            box = QRect(PADDING, middle - metrics.height(), grid.left - 2 * PADDING, 2 * metrics.height() + 1)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
        words = scenario.language.words
        every = -(-metrics.horizontalAdvance(LEAST_WORD) // grid.width)
        first, edge = self.horizontalScrollBar().value(), self.viewport().width()
        for column in range(first + -first % every, first + grid.columns, every):
            slot = column * grid.slots_each
            if slot < len(words):
                place = self.rect_of(Cell(-1, slot))
                place.setWidth(every * grid.width - GAP)
                word = metrics.elidedText(words[slot], Qt.TextElideMode.ElideRight, place.width())
                if column > first and place.center().x() + metrics.horizontalAdvance(word) / 2 >= edge:
                    break  # there is room for a part of it
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, word)

    def _is_read(self, middle: float) -> bool:
        """Whether the words and numbers of the row whose middle is there are seen whole, and not a part of them."""
        return middle + self._word_metrics.ascent() / 2 <= self.viewport().height()

    def _paint_cells(self, painter: QPainter, heat: Heat, rows: slice, slots: slice) -> None:
        grid = self._grid()
        self._prepare_cells(QSize(grid.width - GAP, grid.height - GAP))
        shown = self._shown(heat, rows, slots)
        levels = self._scale.levels(np.where(heat.visits[rows, slots] > 0, shown, np.nan))
        if self._scale.mode.name == "gap":
            shown[np.abs(shown) < ROUNDING * np.abs(heat.q[rows, slots])] = 0.0
        left = grid.left + (heat.first_slot + slots.start - self.horizontalScrollBar().value()) * grid.width
        top = grid.top + (heat.first_row + rows.start - self.verticalScrollBar().value()) * grid.height
        metrics, muted = self._metrics, theme.muted(self.palette())
        # Numbers end where the widest would if it stood in the middle: so their points stand below one another. One of
        # another kind, that is too small for two decimals, may be wider, and stands in the middle itself.
        widest = max(map(metrics.horizontalAdvance, self._scale.ends))
        ends = (grid.width - GAP + widest) / 2
        drop = (grid.height - GAP - metrics.height()) / 2
        edge = self.viewport().width()
        outline = self._cell("greedy")
        painter.setFont(self._number_font)
        ink: QColor | None = None
        text_of = self._scale.mode.text
        offered = heat.offered[rows, slots].tolist()
        for i, (row_levels, row_shown) in enumerate(zip(levels.tolist(), shown.tolist(), strict=True)):
            y = top + i * grid.height
            fits = grid.lines == 1 or self._is_read(y + (grid.height - GAP) // 2)
            best = int(heat.best[rows.start + i]) - heat.first_slot - slots.start
            for j, (level, number) in enumerate(zip(row_levels, row_shown, strict=True)):
                if not offered[i][j]:
                    continue
                x = left + j * grid.width
                painter.drawPixmap(x, y, self._cells.get(level) or self._cell(level))
                if j == best:
                    painter.drawPixmap(x, y, outline)
                color = muted if level == UNTRIED else self._inks[level]
                if color is not ink:
                    painter.setPen(color)
                    ink = color
                text = UNKNOWN if number != number else "0" if level == UNTRIED and number == 0.0 else text_of(number)
                drawn, width = self._numbers.get(text) or self._number(text)
                in_middle = width > widest or text in ("0", UNKNOWN)
                shift = (grid.width - GAP - width) / 2 if in_middle else ends - width
                if fits and (x + shift + width <= edge or grid.columns == 1):  # half a number is another number
                    painter.drawStaticText(QPointF(x + shift, y + drop), drawn)

    def _paint_image(
        self, painter: QPainter, values: NDArray[np.float64], row: int, slot: int, rows_each: int, slots_each: int
    ) -> None:
        """A picture whose first pixel stands for this many rows and slots from here on, to the scale of the grid."""
        grid, levels = self._grid(), self._scale.levels(values)
        if not levels.size:
            return
        height, width = levels.shape
        image = QImage(levels.data, width, height, width, QImage.Format.Format_Indexed8)
        image.setColorTable([color.rgb() for color in self._colors])
        # While a picture is on its way after zooming, the old one is shown in its place.
        wide, tall = slots_each / grid.slots_each * grid.width, rows_each / grid.rows_each * grid.height
        left = grid.left + (slot / grid.slots_each - self.horizontalScrollBar().value()) * grid.width
        top = grid.top + (row / grid.rows_each - self.verticalScrollBar().value()) * grid.height
        painter.save()
        painter.setClipRect(self.viewport().rect().adjusted(grid.left, grid.top, 0, 0))
        # Qt paints what has the screen's format several times as fast.
        image = image.convertToFormat(QImage.Format.Format_RGB32)
        painter.drawImage(QRectF(left, top, width * wide, height * tall), image, QRectF(0, 0, width, height))
        painter.restore()

    def _paint_frame(self, painter: QPainter, row: int, width: float) -> None:
        """Around a row, just as wide as the gap between two rows at most: it covers nothing."""
        grid = self._grid()
        first = self.verticalScrollBar().value()
        if row < 0 or not first <= row // grid.rows_each < first + grid.lines:
            return
        name, last = self.rect_of(Cell(row, -1)), self.rect_of(Cell(row, self._last_seen_slot(grid)))
        right = min(last.right() + 1.0 + GAP, self.viewport().width() - 1.0)
        frame = QRectF(1, name.top() - 1, right - 1, name.height() + 2)
        painter.setPen(QPen(theme.BLUE, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, CORNER + 1, CORNER + 1)

    def _paint_selected(self, painter: QPainter) -> None:
        """The selected state's name stands on a ground of its own, as in every list."""
        if self._selected_row >= 0:
            highlight = self.palette().color(QPalette.ColorRole.Highlight)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.mixed(highlight, self.palette().color(QPalette.ColorRole.Base), SELECTED))
            place = QRectF(self.rect_of(Cell(self._selected_row, -1)))
            painter.drawRoundedRect(place.adjusted(1, -1, 0, 1), CORNER + 1, CORNER + 1)

    def _last_seen_slot(self, grid: _Grid) -> int:
        assert self._scenario is not None
        end = (self.horizontalScrollBar().value() + grid.columns) * grid.slots_each
        return min(end, len(self._scenario.language.words)) - 1

    def _prepare_cells(self, size: QSize) -> None:
        """Drop painted cells that are not of this size and sharpness."""
        wanted = (size, self.viewport().devicePixelRatioF())
        if wanted != self._cells_for:
            self._cells_for = wanted
            self._cells.clear()

    def _cell(self, kind: int | str) -> QPixmap:
        """A cell of this colour, or the outline of a greedy one, painted once."""
        pixmap = self._cells.get(kind)
        if pixmap is not None:
            return pixmap
        assert self._cells_for is not None
        size, ratio = self._cells_for
        pixmap = QPixmap(QSize(math.ceil(size.width() * ratio), math.ceil(size.height() * ratio)))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if isinstance(kind, int) and kind != UNTRIED:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._colors[kind])
                painter.drawRoundedRect(QRectF(0, 0, size.width(), size.height()), CORNER, CORNER)
            else:
                ink = theme.line(self.palette()) if kind == UNTRIED else self._outline
                width = 1.0 if kind == UNTRIED else 1.3
                painter.setPen(QPen(ink, width))
                inset = width / 2
                painter.drawRoundedRect(
                    QRectF(inset, inset, size.width() - width, size.height() - width), CORNER - inset, CORNER - inset
                )
        self._cells[kind] = pixmap
        return pixmap

    def _number(self, text: str) -> tuple[QStaticText, float]:
        """A number laid out once."""
        if len(self._numbers) > MOST_CACHED:
            self._numbers.clear()
        drawn = QStaticText(text)
        drawn.setTextFormat(Qt.TextFormat.PlainText)
        drawn.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
        drawn.prepare(font=self._number_font)
        self._numbers[text] = drawn, drawn.size().width()
        return self._numbers[text]

    # -- words and looks ----------------------------------------------------------------------------------------------

    def _say(self) -> None:
        """What the legend says: the size of the table, and what the colours mean."""
        size = short = ""
        if self._rows and self._scenario is not None:
            rows, words = self._rows, len(self._scenario.language.words)
            states = tr_n("{count} state", "{count} states", rows, count=format.count(rows))
            each = tr_n_for(self._scenario, "{count} word", "{count} words", words, count=format.count(words))
            size = f"{states} × {each}"
            short = f"{format.count(rows)} × {format.count(words)}"
            if self._scale.mode.name == "gap" and (reason := missing(self._scenario)):
                size = short = reason
        self._legend.show_scale(size, short, self._scale.ends if self._scale.span > 0 else None, self._colors)

    def _explanation(self, cell: Cell) -> str:
        """What the tooltip of a cell or a block says: exact numbers."""
        scenario, key = self._scenario, self._key_of(cell.row)
        assert scenario is not None
        if cell.row < 0:
            return scenario.language.words[cell.slot]
        if key is None:
            return ""
        if cell.slot < 0:
            return names.explained(scenario, key)
        if self._heat is not None:
            return self._cell_explained(self._heat, cell)
        if self._overview is not None:
            return self._block_explained(self._overview, cell)
        return ""

    def _block_explained(self, overview: Overview, cell: Cell) -> str:
        scenario, of, key = self._scenario, overview.of, self._key_of(cell.row)
        assert scenario is not None
        assert key is not None
        words = scenario.language.words
        column = cell.slot // of.slots_each - of.columns[0]
        if not 0 <= column < overview.values.shape[1]:
            return ""
        value = float(overview.values[cell.row // of.rows_each - of.lines[0], column])
        number = tr("never tried")
        if value == value:
            number = format.count(int(value)) if of.what == "visits" else format.exact(value)
        what = tr(self._scale.mode.label)
        if (of.rows_each, of.slots_each) == (1, 1):
            said = tr_for(scenario, "{state}, then {word}", state=names.explained(scenario, key), word=words[cell.slot])
            return said + "\n" + tr("{what}: {value}", what=what, value=number)
        last = min(cell.slot + of.slots_each, len(words)) - 1
        rows = min(of.rows_each, overview.rows - cell.row)
        return "\n".join(
            (
                tr_n(
                    "{count} state from {state} on",
                    "{count} states from {state} on",
                    rows,
                    count=format.count(rows),
                    state=names.explained(scenario, key),
                ),
                tr_for(scenario, "then {first}", first=words[cell.slot])
                if last == cell.slot
                else tr_for(scenario, "then {first} … {last}", first=words[cell.slot], last=words[last]),
                tr("{what}, the farthest from 0: {value}", what=what, value=number),
            )
        )

    def _cell_explained(self, heat: Heat, cell: Cell) -> str:
        scenario = self._scenario
        assert scenario is not None
        i, j = cell.row - heat.first_row, cell.slot - heat.first_slot
        if not 0 <= j < heat.q.shape[1]:
            return ""
        if not heat.offered[i, j]:
            return tr(
                "{word} is not on offer after {state}",
                word=scenario.language.words[cell.slot],
                state=names.explained(scenario, heat.keys[i]),
            )
        said = [
            tr_for(
                scenario,
                "{state}, then {word}",
                state=names.explained(scenario, heat.keys[i]),
                word=scenario.language.words[cell.slot],
            ),
            tr("Q = {value}", value=format.exact(heat.q[i, j])),
        ]
        if self._optimal.solution is not None:
            optimum = self._optimal.of(heat.keys[i : i + 1], slice(cell.slot, cell.slot + 1))[0, 0]
            if np.isnan(optimum):
                said.append(tr("Q* differs between the texts that share this state"))
            else:
                said.append(tr("Q* = {value}", value=format.exact(optimum)))
                said.append(tr("Q − Q* = {value}", value=format.exact(heat.q[i, j] - optimum)))
        if heat.visits[i, j]:
            said.append(tr("tried {count} ×", count=format.count(int(heat.visits[i, j]))))
            said.append(tr("last change: {value}", value=format.exact(heat.change[i, j])))
        else:
            said.append(tr("never tried"))
        if int(heat.best[i]) == cell.slot:
            said.append(tr("the greedy choice here"))
        return "\n".join(said)

    def _put_words(self) -> None:
        self.setAccessibleName(tr("Q-table as a heat map"))
        for mode in MODES:
            self.controls.set_tip(mode.name, tr_for(self._scenario, mode.tip))
        self.setAccessibleDescription(
            tr_for(
                self._scenario,
                "A row for each state, a column for each word. Outlined: the greedy choice. "
                "Framed: where the agent is. On blue: the selected state. Without colour: never tried. "
                "Ctrl and the wheel zoom, out to the whole table.",
            )
        )
        self._say()
        self.viewport().update()

    def _put_looks(self) -> None:
        palette = self.palette()
        dark = theme.is_dark(palette)
        self._colors = self._scale.colors(dark)
        inks = {color.name(): color for color in map(theme.text_on, self._colors)}
        self._inks = [inks[theme.text_on(color).name()] for color in self._colors]
        text, base = palette.color(palette.ColorRole.WindowText), palette.color(palette.ColorRole.Base)
        self._colors.append(theme.mixed(text, base, GREY))
        self._outline = text
        self._number_font = _scaled(self.font(), SMALL * max(1.0, self._zoom))
        self._number_font.setFeature(QFont.Tag("tnum"), 1)
        self._metrics, self._word_metrics = QFontMetrics(self._number_font), QFontMetrics(self.font())
        self._cells.clear()
        self._numbers.clear()
        self._names.clear()
        height = self._legend.sizeHint().height()
        self.setViewportMargins(0, 0, 0, height)
        self._arrange()
        self._say()

    def _zoom_by(self, notches: int, at: QPoint | None = None) -> None:
        """Zoom in by so many notches, out where they are negative. On the way nothing misses the sizes at which cells
        have their numbers, or are a pixel high."""
        zoom, pixel = self._zoom, 1.0 / self._row_height
        for _ in range(abs(notches)):
            before = zoom
            far = zoom < pixel * 0.99 or (notches < 0 and zoom < pixel * 1.01)
            step = FAR_STEP if far else ZOOM_STEP
            zoom = zoom * step if notches > 0 else zoom / step
            for stop in (1.0, pixel):
                if min(before, zoom) * 1.001 < stop < max(before, zoom) * 0.999:
                    zoom = stop
        self._set_zoom(zoom, at)

    def _set_zoom(self, zoom: float, at: QPoint | None = None) -> None:
        """Zoom so that the cell at this place of the viewport stays there; without a place, the selected row or the
        first one in view."""
        whole = (self.viewport().height() - self._grid().top) / max(1, self._rows * self._row_height)
        least = min(1.0 / self._row_height, whole)
        self._whole = zoom <= whole < 1.0 / self._row_height
        zoom = min(GREATEST_ZOOM, max(zoom, least))
        if abs(zoom - 1.0) < 1e-6:
            zoom = 1.0
        if zoom == self._zoom:
            return
        grid = self._grid()
        cell = self.cell_at(at) if at is not None else None
        if cell is None:
            row, first = self._selected_row, self.verticalScrollBar().value()
            if row < 0 or not first <= row // grid.rows_each < first + grid.lines:
                row = first * grid.rows_each
            cell = Cell(row, -1)
            at = self.rect_of(cell).topLeft()
        assert at is not None
        self._zoom = zoom
        self._put_looks()
        grid = self._grid()
        if cell.row >= 0:
            self.verticalScrollBar().setValue(cell.row // grid.rows_each - (at.y() - grid.top) // grid.height)
        if cell.slot >= 0:
            self.horizontalScrollBar().setValue(cell.slot // grid.slots_each - (at.x() - grid.left) // grid.width)

    @property
    def _row_height(self) -> int:
        """Pixels of a row at zoom 1, where numbers begin."""
        return QFontMetrics(_scaled(self.font(), SMALL)).height() + 2 + GAP

    # -- Qt -----------------------------------------------------------------------------------------------------------

    @Slot(str)
    def _on_mode(self, name: str) -> None:
        self._scale = self._scales[name]
        self._put_looks()
        self._take_in()

    @Slot()
    def _on_settled(self) -> None:
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(320, 280)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._header = 0
            self._put_looks()
            self._widen_header()
        elif event.type() == QEvent.Type.LanguageChange:
            self._put_words()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._header = 0
            self._names.clear()
            self._widen_header()
        self._arrange()
        if self._whole:
            self._set_zoom(0.0)
        place = self.viewport().geometry()
        self._legend.setGeometry(place.left(), place.bottom() + 1, place.width(), self._legend.sizeHint().height())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._hurry.stop()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            # Touchpads send notches in small change.
            self._wheel += event.angleDelta().y()
            notches = int(self._wheel / 120)
            self._wheel -= notches * 120
            self._zoom_by(notches, event.position().toPoint())
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        bars = self.horizontalScrollBar(), self.verticalScrollBar()
        if event.matches(QKeySequence.StandardKey.ZoomIn) or (control and event.key() == Qt.Key.Key_Equal):
            self._zoom_by(1)
        elif event.matches(QKeySequence.StandardKey.ZoomOut):
            self._zoom_by(-1)
        elif control and event.key() == Qt.Key.Key_0:
            self._set_zoom(1.0)
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            if control and self._rows:
                self._select(0 if event.key() == Qt.Key.Key_Home else self._rows)
            else:
                bars[0].setValue(bars[0].minimum() if event.key() == Qt.Key.Key_Home else bars[0].maximum())
        elif event.key() in _WAYS and not control and self._rows:
            way, page = _WAYS[Qt.Key(event.key())]
            row = self._select_row if self._select_row >= 0 else self._selected_row
            # Where nothing is selected, the first row in view comes first.
            far = (bars[1].pageStep() if page else 1) * self._grid().rows_each
            self._select(row + way * far if row >= 0 else bars[1].value() * self._grid().rows_each)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None and cell.row >= 0:
            self._select(cell.row)
        else:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()  # the press was taken

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            cell = self.cell_at(event.pos())
            text = self._explanation(cell) if cell is not None else ""
            QToolTip.showText(event.globalPos(), text, self.viewport(), self.rect_of(cell) if cell else QRect())
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._focus_by_key = event.reason() in _FOCUS_BY_KEY
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._focus_by_key = False
        super().focusOutEvent(event)
        self.viewport().update()


class _Legend(QWidget):
    """One line below the table: how large it is, and what its colours mean."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._size = self._short = ""
        self._ends: tuple[str, str] | None = None
        self._colors: list[QColor] = []

    def show_scale(self, size: str, short: str, ends: tuple[str, str] | None, colors: list[QColor]) -> None:
        """`short`: the size where there is little room. `ends`: what the first and the last of `colors` stand for; None
        while there is nothing to colour."""
        if (size, ends) != (self._size, self._ends) or colors is not self._colors:
            self._size, self._short, self._ends, self._colors = size, short, ends, colors
            self.setToolTip(f"{size}\n{ends[0]} … {ends[1]}" if ends else size)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        metrics = self.fontMetrics()
        line = QRect(2, 4, self.width() - 2 - PADDING, self.height() - 4)
        swatch = metrics.ascent()

        def text(said: str, right: int) -> int:
            """Write this so that it ends there; says where it begins."""
            left = right - metrics.horizontalAdvance(said)
            painter.drawText(QRect(left, line.top(), right - left, line.height()), Qt.AlignmentFlag.AlignVCenter, said)
            return left

        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(theme.muted(self.palette()))
            right = line.right() + 1
            if self._ends is not None:
                right = text(self._ends[1], right) - PADDING
                bar = QRectF(right - BAR, line.center().y() - swatch / 2 + 1, BAR, swatch)
                gradient = QLinearGradient(bar.topLeft(), bar.topRight())
                for stop in range(0, 2 * LEVELS + 1, LEVELS // 4):
                    gradient.setColorAt(stop / (2 * LEVELS), self._colors[stop])
                painter.fillRect(bar, gradient)
                right = text(self._ends[0], right - BAR - PADDING) - 2 * PADDING
                never = tr("never tried")
                needed = metrics.horizontalAdvance(never) + swatch + 3 * PADDING
                if right - needed - line.left() > metrics.horizontalAdvance(self._size):
                    right = text(never, right) - PADDING
                    box = QRectF(right - swatch, bar.top(), swatch, swatch).adjusted(0.5, 0.5, -0.5, -0.5)
                    right -= swatch + 2 * PADDING
                    painter.save()
                    painter.setPen(theme.line(self.palette()))
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    painter.drawRoundedRect(box, CORNER - 1, CORNER - 1)
                    painter.restore()
            room = right - line.left()
            size = next((size for size in (self._size, self._short) if metrics.horizontalAdvance(size) <= room), "")
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, size)


def _scaled(font: QFont, factor: float) -> QFont:
    scaled = QFont(font)
    if font.pointSizeF() > 0:
        scaled.setPointSizeF(font.pointSizeF() * factor)
    else:
        scaled.setPixelSize(round(font.pixelSize() * factor))
    return scaled


def _round_up(number: float) -> int:
    """The least of 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20 ... that is no less: so a table that grows is not seen
    anew with each of its rows."""
    unit = 1 << max(0, math.ceil(math.log2(number / 8)))
    return max(1, math.ceil(number / unit - 1e-9) * unit)
