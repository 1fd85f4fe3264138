"""The rows of the table in an order that people expect, and where a state stands in it. Knows the trainer's tables."""

import time
from bisect import bisect_left
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays
from langrl_gui.core.tables import PADDING
from langrl_gui.core.telemetry.aside import AtOnce, Errand
from langrl_gui.core.trainer import Trainer

MOST_PICKED: Final = 5000
"""States up to which it costs nothing to look at each whether it was visited, and to sort them."""
REST: Final = 20
"""A hundred thousand rows take some 50 ms to sort; a table that grows may give a twentieth of its time to that."""


@dataclass
class RowOrder:
    """The rows of one trainer's table by (prompt, length, words), kept until there are more of them.

    Where states are traced as they are met, those that only the greedy policy was followed to are left out while there
    are few enough for anyone to notice.
    """

    trainer: Trainer
    aside: Executor = field(default_factory=AtOnce)
    """Who sorts many rows while the run goes on: between two slices there is no time for that."""
    rows: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    """Row numbers in order. Replaced, never written to: whoever holds it may go on reading it."""
    _place: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    _words: NDArray[np.uint32] | None = None
    _room: NDArray[np.uint32] = field(default_factory=lambda: np.zeros((0, 0), np.uint32))
    """Of which `_words` is the part in use."""
    _due: float = 0.0

    def __post_init__(self) -> None:
        self._errand = Errand(self.aside)

    def refresh(self, exact: bool = True) -> None:
        """Take in the rows that there are now; unless `exact`, as of when they were sorted last, which is not done
        again before REST times as long as that took."""
        self._take_up()
        if exact or (time.monotonic() >= self._due and not self._errand.is_out):
            self._order(at_once=exact or not len(self.rows))

    def close(self) -> None:
        """Nobody looks any more."""
        self._errand.drop()

    def _take_up(self) -> None:
        if self._errand.is_done:
            self._take(*self._errand.result())

    def _take(self, rows: NDArray[np.intp], place: NDArray[np.intp], seconds: float) -> None:
        self.rows, self._place = rows, place
        self._due = time.monotonic() + REST * seconds

    def _order(self, at_once: bool) -> None:
        tables, count, known = self.trainer.tables, self.trainer.tables.rows, len(self._place)
        picks = not tables.whole and count <= MOST_PICKED
        if len(self.rows) and not picks and count == known:
            return
        rows = np.arange(count)
        if picks:
            tried: NDArray[np.uint64] = self.trainer.learned.visits[: count * tables.slots].reshape(count, -1)
            visited = np.asarray(tried.max(axis=1) > 0)
            visited[tables.row[self.trainer.progress.counters[arrays.NODE]]] = True
            rows = np.flatnonzero(visited)
            if count == known and len(rows) == len(self.rows):
                return
        # Names of rows that there are never change: they may be read while more are written.
        if at_once or count <= MOST_PICKED:
            self._errand.drop()
            self._take(*_sorted(tables.states[:count], rows))
        else:
            self._errand.start(_sorted, tables.states[:count], rows)
            self._take_up()

    def words(self) -> NDArray[np.uint32] | None:
        """(rows, slots) by row number, the word of each slot, NOTHING where it is not offered; None while every row
        offers all words in their order. Replaced, never written to."""
        tables = self.trainer.tables
        if not tables.compact and not tables.restricted:
            return None
        known = 0 if self._words is None else len(self._words)
        if known < tables.rows:
            new = np.arange(known, tables.rows)
            offered = tables.offered_words(new)
            if tables.rows > len(self._room):  # what there is stays where others may be reading it
                larger = np.empty((2 * tables.rows, tables.slots), np.uint32)
                if self._words is not None:
                    larger[:known] = self._words
                self._room = larger
            self._room[known : tables.rows] = tables.words_at(new) if offered is None else offered
            self._words = self._room[: tables.rows]
        return self._words

    def place_of(self, row: int) -> int:
        """Where a row stands; -1 if it is left out or new."""
        return int(self._place[row]) if row < len(self._place) else -1

    @property
    def current(self) -> int:
        """Where the state stands in which the agent is; -1 if it is left out or new."""
        return self.place_of(int(self.trainer.tables.row[self.trainer.progress.counters[arrays.NODE]]))

    def find(self, key: tuple[int, ...]) -> int:
        """Where the state with this key (prompt, then its words) stands; -1 if it is not here."""
        if not key:
            return -1
        place = bisect_left(self.rows, _sort_key(key), key=lambda row: _sort_key(self.key(int(row))))
        return place if place < len(self.rows) and self.key(int(self.rows[place])) == key else -1

    def key(self, row: int) -> tuple[int, ...]:
        """Prompt and words of a row: its name for good."""
        return (self.trainer.tables.prompt(row), *self.trainer.tables.seen(row))


def _sorted(states: NDArray[np.int32], rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp], float]:
    """These rows in their order; (states,) the place of each row, -1 for those that are left out; the seconds it took.

    `states` : (states, 1 + width) the names of all rows.
    """
    began = time.monotonic()
    names = states[rows]
    lengths = (names[:, 1:] != PADDING).sum(axis=1)
    ordered = rows[np.lexsort((*names[:, :0:-1].T, lengths, names[:, 0]))]
    place = np.full(len(states), -1)
    place[ordered] = np.arange(len(ordered))
    return ordered, place, time.monotonic() - began


def _sort_key(key: tuple[int, ...]) -> tuple[int, ...]:
    return (key[0], len(key), *key[1:])
