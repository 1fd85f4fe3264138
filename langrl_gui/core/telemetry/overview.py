"""The table as a picture: one number for each block of cells, so that tables of any size can be seen as a whole.

A block's number is, of its cells that were tried, the value of largest magnitude; of two that are as large, the
positive one. Nothing is averaged away: where one cell of a million stands out, its pixel does.
"""

import time
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.oracle import Solution
from langrl_gui.core.telemetry.aside import OptimalTable, rows_of
from langrl_gui.core.telemetry.heat import place_by_word
from langrl_gui.core.telemetry.rows import RowOrder

BUDGET: Final = 0.0015
"""Seconds that go into a picture of a table in motion: one of a million cells is some milliseconds, and shared between
as many pictures. What is oldest is made anew first; a table at rest is always made whole."""
CHUNK: Final = 1 << 16
"""Cells that are looked at together: they fit into the cache."""


@dataclass(frozen=True)
class OverviewOf:
    """A rectangle of blocks."""

    what: str
    """"q", "visits", "gap" or "change"."""
    rows_each: int
    slots_each: int
    """Cells in a block: so many rows, and so many words of each."""
    lines: tuple[int, int]
    columns: tuple[int, int]
    """First block and number of blocks, downwards and to the right."""
    optimum: Solution | None = None
    """For the gap."""


@dataclass(frozen=True, eq=False)
class Overview:
    """Rows are ordered by (prompt, length, words)."""

    of: OverviewOf
    """What was asked for, without the blocks that do not exist."""
    rows: int
    """Rows of the whole table."""
    values: NDArray[np.float64]
    """(lines, columns); NaN where nothing was tried, or is not known yet."""
    states: NDArray[np.int32]
    """(lines, 1 + width) the first state of each line, as in tables.Tables.states."""
    current: int
    """Row of the state in which the agent is; -1 if it is not in the table."""
    selected: tuple[int, ...]
    selected_row: int
    """The state that was asked for, and its row; -1 if it is not in the table."""


class OverviewObserver:
    """Makes overviews of one trainer. Keeps the last one, and when each of its lines was made."""

    def __init__(self, order: RowOrder, optimum: OptimalTable) -> None:
        self._order = order
        self._optimum = optimum
        self._of: OverviewOf | None = None
        self._made_of: tuple[object, ...] = ()
        self._values: NDArray[np.float64] = np.zeros((0, 0))
        self._made: NDArray[np.int64] = np.zeros(0, np.int64)

    def observe(self, wanted: OverviewOf, selected: tuple[int, ...], exact: bool) -> Overview:
        """The table as it is now where `exact`; else up to some pictures old in places."""
        order, words = self._order, self._order.trainer.tables.words
        optimum = self._optimum.of(wanted.optimum) if wanted.what == "gap" else None
        of = replace(
            wanted,
            lines=_within(wanted.lines, -(-len(order.rows) // wanted.rows_each)),
            columns=_within(wanted.columns, -(-words // wanted.slots_each)),
        )
        self._move_to(of)
        made_of = (order.rows, optimum)
        if any(new is not old for new, old in zip(made_of, self._made_of or (None, None), strict=True)):
            self._made[:] = np.minimum(self._made, 0)  # still worth showing, but not what is
            self._made_of = made_of
        self._make_lines(of, optimum, exact)
        first = np.arange(of.lines[0], sum(of.lines)) * of.rows_each
        return Overview(
            of,
            len(order.rows),
            self._values.copy(),
            order.trainer.tables.states[order.rows[first]],
            order.current,
            selected,
            order.find(selected),
        )

    def _move_to(self, of: OverviewOf) -> None:
        """Keep of the last picture what belongs into this one."""
        before, values, made = self._of, self._values, self._made
        if before == of:
            return
        self._of = of
        self._values = np.full((of.lines[1], of.columns[1]), np.nan)
        self._made = np.full(of.lines[1], -1)
        if before is None or replace(before, lines=of.lines, columns=of.columns) != of:
            return
        lines = range(max(before.lines[0], of.lines[0]), min(sum(before.lines), sum(of.lines)))
        columns = range(max(before.columns[0], of.columns[0]), min(sum(before.columns), sum(of.columns)))
        if lines and columns:
            old = _part(lines, before.lines[0]), _part(columns, before.columns[0])
            new = _part(lines, of.lines[0]), _part(columns, of.columns[0])
            self._values[new] = values[old]
            if len(columns) == of.columns[1]:
                self._made[new[0]] = made[old[0]]

    def _make_lines(self, of: OverviewOf, optimum: NDArray[np.float64] | None, exact: bool) -> None:
        """Make the oldest lines anew, as long as there is time for it; where `exact`, all that are not of this step."""
        now = self._order.trainer.step + 1
        due = np.flatnonzero(self._made != now)
        due = due[np.argsort(self._made[due], kind="stable")]
        each = max(1, CHUNK // max(1, of.rows_each * of.columns[1] * of.slots_each))
        until = time.perf_counter() + BUDGET
        for first in range(0, len(due), each):
            lines = due[first : first + each]
            self._values[lines] = self._blocks(of, lines + of.lines[0], optimum)
            self._made[lines] = now
            if not exact and time.perf_counter() > until:
                break

    def _blocks(
        self, of: OverviewOf, lines: NDArray[np.intp], optimum: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """(lines, columns) of these lines of the whole table."""
        trainer, tables = self._order.trainer, self._order.trainer.tables
        places = lines[:, None] * of.rows_each + np.arange(of.rows_each)
        # The last line may be short: its last row counts several times, which changes no maximum.
        rows = self._order.rows[np.minimum(places.ravel(), len(self._order.rows) - 1)]
        columns = slice(of.columns[0] * of.slots_each, min(sum(of.columns) * of.slots_each, tables.words))
        words = self._order.words() if tables.compact else None
        slots = columns if words is None else slice(tables.slots)
        visits = trainer.learned.visits.reshape(-1, tables.slots)[rows, slots]
        if of.what == "visits":
            values = visits.astype(np.float64)
        elif of.what == "change":
            values = trainer.learned.change.reshape(-1, tables.slots)[rows, slots].astype(np.float64)
        else:
            values = trainer.learned.q.reshape(-1, tables.slots)[rows, slots]
            if optimum is not None:
                values -= rows_of(optimum[:, slots], rows)
        values[visits == 0] = np.nan
        if words is not None:
            values = place_by_word(words[rows], values, columns, np.nan)
        blocks = values.reshape(len(lines), of.rows_each, -1)
        high: NDArray[np.float64] = np.fmax.reduce(blocks, axis=1)  # NaN only where there is nothing else
        low: NDArray[np.float64] = np.fmin.reduce(blocks, axis=1)
        if of.slots_each > 1:
            starts = np.arange(0, columns.stop - columns.start, of.slots_each)
            high, low = np.fmax.reduceat(high, starts, axis=1), np.fmin.reduceat(low, starts, axis=1)
        np.copyto(high, low, where=np.less(high, -low))
        return high


def _within(part: tuple[int, int], count: int) -> tuple[int, int]:
    """(first, number) of those that exist."""
    first = max(0, min(part[0], count))
    return first, max(0, min(part[0] + part[1], count) - first)


def _part(places: range, first: int) -> slice:
    return slice(places.start - first, places.stop - first)
