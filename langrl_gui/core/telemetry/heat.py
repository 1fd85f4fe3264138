"""A rectangle of the table, its rows in an order that people expect."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays
from langrl_gui.core.tables import PADDING
from langrl_gui.core.trainer import Trainer

MOST_PICKED: Final = 5000
"""States up to which it costs nothing to look at each whether it was visited."""


@dataclass(frozen=True)
class Heat:
    """A rectangle of the table: rows ordered by (prompt, length, words), columns by word.

    A word that has no slot in a row looks like one that was never tried there.
    """

    first_row: int
    first_slot: int
    rows: int
    """Rows of the whole table."""
    keys: tuple[tuple[int, ...], ...]
    """(rows shown) prompt and words of each."""
    q: NDArray[np.float64]
    visits: NDArray[np.uint64]
    best: NDArray[np.intp]
    """(rows shown,) the greedy word; -1 where nothing was tried."""
    current: int
    """Index among the rows shown of the state in which the agent is; -1 if it is not among them."""


@dataclass
class HeatObserver:
    """Cuts rectangles out of one trainer's table. Keeps the order of its rows."""

    trainer: Trainer
    _order: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    _place: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))

    def _order_rows(self, fresh: bool) -> None:
        """Order the rows by (prompt, length, words). Where states are traced as they are met, those that only the
        greedy policy was followed to are left out while there are few enough for anyone to notice."""
        tables, count, known = self.trainer.tables, self.trainer.tables.rows, len(self._place)
        picks = not tables.whole and count <= MOST_PICKED
        if len(self._order) and not (fresh and (picks or count > known)):
            return
        rows = np.arange(count)
        if picks:
            tried: NDArray[np.uint64] = self.trainer.learned.visits[: count * tables.slots].reshape(count, -1)
            visited = np.asarray(tried.max(axis=1) > 0)
            visited[tables.row[self.trainer.progress.counters[arrays.NODE]]] = True
            rows = np.flatnonzero(visited)
        states = tables.states[rows]
        lengths = (states[:, 1:] != PADDING).sum(axis=1)
        self._order = rows[np.lexsort((*states[:, :0:-1].T, lengths, states[:, 0]))]
        self._place = np.full(count, -1)
        self._place[self._order] = np.arange(len(rows))

    def observe(self, rows: tuple[int, int], slots: tuple[int, int], fresh: bool) -> Heat:
        """This many rows and slots from the first ones on; the order of rows is made anew where `fresh`."""
        trainer = self.trainer
        tables = trainer.tables
        self._order_rows(fresh)
        first, last = rows[0], min(rows[0] + rows[1], len(self._order))
        shown = self._order[first:last]
        cells = slice(slots[0], min(slots[0] + slots[1], tables.dynamics.words))
        learned, width = trainer.learned, tables.slots
        row = int(tables.row[trainer.progress.counters[arrays.NODE]])
        place = int(self._place[row]) if row < len(self._place) else -1
        q, visits = learned.q.reshape(-1, width)[shown], learned.visits.reshape(-1, width)[shown]
        words = tables.words_at(shown)
        best = words[np.arange(len(shown)), trainer.best_slots(shown)].astype(np.intp)
        best[~visits.any(axis=1)] = -1
        if tables.dynamics.compact:
            q, visits = _by_word(words, q, cells), _by_word(words, visits, cells)
        else:
            q, visits = q[:, cells], visits[:, cells]
        return Heat(
            first,
            cells.start,
            len(self._order),
            tuple((tables.prompt(r), *tables.seen(r)) for r in shown.tolist()),
            q,
            visits,
            best,
            place - first if first <= place < last else -1,
        )


def _by_word(words: NDArray[np.uint32], values: NDArray[Any], columns: slice) -> NDArray[Any]:
    """`values` of slots, (rows, slots), in the columns of the words that these stand for; 0 elsewhere."""
    placed = np.zeros((len(values), columns.stop - columns.start), values.dtype)
    row, slot = np.nonzero((words >= columns.start) & (words < columns.stop))
    placed[row, words[row, slot] - columns.start] = values[row, slot]
    return placed
