"""A rectangle of the table, each cell with all its numbers, its rows in an order that people expect."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.tables import NOTHING
from langrl_gui.core.telemetry.rows import RowOrder


@dataclass(frozen=True)
class Heat:
    """A rectangle of the table: rows ordered by (prompt, length, words), columns by word.

    A word that is not offered in a row has zeros there.
    """

    first_row: int
    first_slot: int
    rows: int
    """Rows of the whole table."""
    keys: tuple[tuple[int, ...], ...]
    """(rows shown) prompt and words of each."""
    q: NDArray[np.float64]
    visits: NDArray[np.uint64]
    change: NDArray[np.float32]
    """By how much each cell changed when it last did."""
    offered: NDArray[np.bool_]
    """Whether the word can be chosen there."""
    best: NDArray[np.intp]
    """(rows shown,) the greedy word; -1 where nothing was tried."""
    current: int
    """Index among the rows shown of the state in which the agent is; -1 if it is not among them."""
    selected: tuple[int, ...]
    selected_row: int
    """The state that was asked for, and its row in the whole table; -1 if it is not in it."""


def observe_heat(order: RowOrder, rows: tuple[int, int], slots: tuple[int, int], selected: tuple[int, ...]) -> Heat:
    """This many rows and words from the first ones on, as far as there are so many."""
    trainer = order.trainer
    learned, tables = trainer.learned, trainer.tables
    first, last = rows[0], min(rows[0] + rows[1], len(order.rows))
    shown = order.rows[first:last]
    columns = slice(min(slots[0], tables.words), min(sum(slots), tables.words))
    words, offers = tables.words_at(shown), tables.offered_words(shown)
    best = words[np.arange(len(shown)), trainer.best_slots(shown)].astype(np.intp)
    best[~learned.visits.reshape(-1, tables.slots)[shown].any(axis=1)] = -1
    current = order.current

    def by_word(cells: NDArray[Any]) -> NDArray[Any]:
        if tables.compact:
            return place_by_word(words, cells.reshape(-1, tables.slots)[shown], columns)
        return cells.reshape(-1, tables.slots)[shown, columns]

    offered = np.ones((len(shown), columns.stop - columns.start), bool)
    if offers is not None:
        offered = place_by_word(words, offers != NOTHING, columns)
    return Heat(
        first,
        columns.start,
        len(order.rows),
        tuple(map(order.key, shown.tolist())),
        by_word(learned.q),
        by_word(learned.visits),
        by_word(learned.change),
        offered,
        best,
        current - first if first <= current < last else -1,
        selected,
        order.find(selected),
    )


def place_by_word(words: NDArray[np.uint32], values: NDArray[Any], columns: slice, empty: Any = 0) -> NDArray[Any]:
    """`values` of slots, (rows, slots), in the columns of the words that these stand for; `empty` elsewhere."""
    placed = np.full((len(values), columns.stop - columns.start), empty, values.dtype)
    row, slot = np.nonzero((words >= columns.start) & (words < columns.stop))
    placed[row, words[row, slot] - columns.start] = values[row, slot]
    return placed
