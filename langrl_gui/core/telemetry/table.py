"""The table as a list of cells, sorted and filtered: which of them, in which order, and the few that are in view.

Sorting a million cells takes a tenth of a second and is done aside, on copies of what it goes by. Numbers are always
those of the moment; their order may be older while the run goes on.
"""

import time
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.oracle import Solution
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import NOTHING
from langrl_gui.core.telemetry.aside import Errand, OptimalTable, rows_of
from langrl_gui.core.telemetry.rows import RowOrder
from langrl_gui.core.telemetry.search import cells_with

Column = Literal["state", "word", "q", "optimum", "gap", "visits", "change"]

MOST_RANKED: Final = 1 << 22
"""Cells up to which a table is sorted and filtered: the copies that this takes are some 100 MiB then."""
RANKED_FOR: Final = 1.0
"""Seconds for which a running table keeps its order: long enough to read a row."""
REST: Final = 10
"""Times as long as sorting took, a running table keeps its order at least: others need the machine too."""


@dataclass(frozen=True)
class Ranking:
    """Which cells are listed, and in which order. As it stands, all of them, state by state.

    Equal ones keep the order of the states, and within a state that of the words. What is not known (NaN) comes last.
    """

    column: Column = "state"
    """By prompt, length, words; by the word's number; or by a number."""
    descending: bool = False
    typed: str = ""
    """Only what contains this: see `search.cells_with`."""
    visited: bool = False
    greedy: bool = False
    """Only the greedy choice of each state that was visited."""
    ranged: Column | None = None
    low: float = -np.inf
    high: float = np.inf
    """Only where this column's number is within these limits."""
    optimum: Solution | None = None

    @property
    def is_natural(self) -> bool:
        """Whether the cells' own order is meant, and all of them."""
        return self == Ranking(optimum=self.optimum)

    @property
    def goes_by(self) -> frozenset[str]:
        """The numbers that it depends on."""
        compared = {"q" if column == "gap" else column for column in (self.column, self.ranged)}
        names: set[str] = {name for name in ("q", "visits", "change") if name in compared}
        if self.visited or self.greedy:
            names.add("visits")
        if self.greedy:
            names.add("best")
        return frozenset(names)

    @property
    def needs_optimum(self) -> bool:
        """Whether it depends on Q*."""
        return bool({self.column, self.ranged} & {"optimum", "gap"})


@dataclass(frozen=True, eq=False)
class Table:
    """Some cells of the list."""

    ranking: Ranking
    """That which the list follows; for a moment after another one was asked for, that from before."""
    order: object
    """The same one for as long as what is listed, and its order, do not change."""
    cells: int
    """Cells in the list."""
    all_cells: int
    """Cells in the table."""
    first: int
    """Place in the list of the first of those that are here."""
    states: NDArray[np.int32]
    """(cells here, 1 + width) as in tables.Tables.states."""
    words: NDArray[np.intp]
    q: NDArray[np.float64]
    visits: NDArray[np.uint64]
    change: NDArray[np.float32]
    greedy: NDArray[np.bool_]
    """(cells here,) whether it is the greedy choice of a state that was visited."""
    at: tuple[tuple[int, ...], int]
    place: int
    """The cell that was asked for, and its place in the list; -1 if it is not in it."""
    waits: bool
    """Whether the list is being made anew."""
    too_large: bool
    """Whether there are more cells than can be sorted and filtered: then the list has all, state by state."""


class TableObserver:
    """Lists the cells of one trainer. Keeps the list for as long as it holds."""

    def __init__(self, order: RowOrder, optimum: OptimalTable, aside: Executor) -> None:
        self.errand = Errand(aside)
        self._order = order
        self._optimum = optimum
        self._ranking = Ranking()
        self._cells: NDArray[np.intp] | None = None
        """Listed cells, row * slots + slot; None: all, in their own order."""
        self._made_of: tuple[object, ...] = ()
        self._due = 0.0
        self._listing = object()
        self._place: tuple[object, ...] = ()

    def observe(self, ranking: Ranking, part: tuple[int, int], at: tuple[tuple[int, ...], int], exact: bool) -> Table:
        """`part`: first place and number of places in the list; `at`: a state and a word, or -1 for its first one."""
        order, trainer = self._order, self._order.trainer
        slots, offered = trainer.tables.slots, order.words()
        all_cells = len(order.rows) * slots
        too_large = all_cells > MOST_RANKED
        if too_large:
            ranking = Ranking(optimum=ranking.optimum)
        if ranking.is_natural and offered is None:
            self._drop(ranking)
        else:
            self._rank(ranking, offered, exact)
        cells = self._cells
        count = all_cells if cells is None else len(cells)
        first = max(0, min(part[0], count))
        places = np.arange(first, min(first + part[1], count))
        if cells is None:
            rows, slot = order.rows[places // slots], places % slots
        else:
            rows, slot = np.divmod(cells[places], slots)
        shown = rows * slots + slot
        learned = trainer.learned
        greedy = trainer.best_slots(rows) == slot
        greedy[greedy] = learned.visits.reshape(-1, slots)[rows[greedy]].any(axis=1)
        return Table(
            self._ranking,
            self._listing,
            count,
            all_cells,
            first,
            trainer.tables.states[rows],
            slot if offered is None else offered[rows, slot].astype(np.intp),
            learned.q[shown],
            learned.visits[shown],
            learned.change[shown],
            greedy,
            at,
            self._find(*at),
            self.errand.is_out,
            too_large,
        )

    def close(self) -> None:
        """Stop sorting."""
        self.errand.drop()

    def _drop(self, ranking: Ranking) -> None:
        self.errand.drop()
        made_of = (Ranking, self._order.rows)
        if self._cells is not None or self._ranking != ranking or not _same(made_of, self._made_of):
            self._ranking, self._cells, self._made_of = ranking, None, made_of
            self._listing = object()

    def _rank(self, ranking: Ranking, offered: NDArray[np.uint32] | None, exact: bool) -> None:
        """See to it that the list is sorted like that, now or soon."""
        trainer = self._order.trainer
        optimum = self._optimum.of(ranking.optimum) if ranking.needs_optimum else None
        moment = trainer.step if ranking.goes_by else -1
        made_of = (ranking, self._order.rows, offered, optimum, moment)
        self._take_up()
        if _same(made_of, self._made_of):
            return
        new = not self._made_of or self._made_of[0] != ranking
        if self.errand.is_out and not new:
            return  # one after the other, so that there is an end to it
        if not (exact or new or time.monotonic() > self._due):
            return
        self._made_of = made_of
        slots, rows, tables = trainer.tables.slots, trainer.tables.rows, trainer.tables
        columns: dict[str, NDArray[Any]] = {
            name: getattr(trainer.learned, name)[: rows * slots].copy() for name in ranking.goes_by - {"best"}
        }
        if ranking.greedy:
            columns["best"] = trainer.best_slots(np.arange(rows))
        states = tables.states[self._order.rows] if ranking.typed else tables.states[:0]
        self.errand.start(_timed, ranking, tables.scenario, self._order.rows, slots, states, columns, optimum, offered)
        self._take_up()

    def _take_up(self) -> None:
        if self.errand.is_done:
            ranking, cells, seconds = self.errand.result()
            self._ranking, self._cells = ranking, cells
            self._due = time.monotonic() + max(RANKED_FOR, REST * seconds)
            self._listing = object()

    def _find(self, state: tuple[int, ...], word: int) -> int:
        """The place of a cell in the list, looked for once."""
        if not state:
            return -1
        asked = (self._listing, self._order.rows, state, word)
        if not self._place or not _same(asked, self._place[:-1]):
            self._place = (*asked, self._search(state, word))
        return int(self._place[-1])  # type: ignore[call-overload,no-any-return]

    def _search(self, state: tuple[int, ...], word: int) -> int:
        slots, place, offered = self._order.trainer.tables.slots, self._order.find(state), self._order.words()
        if place < 0:
            return -1
        if self._cells is None:
            return place * slots + max(0, word)
        row = int(self._order.rows[place])
        wanted = row * slots + np.arange(slots)
        if word >= 0:
            wanted = wanted[word : word + 1] if offered is None else wanted[offered[row] == word]
        found = np.isin(self._cells, wanted)
        return int(found.argmax()) if found.any() else -1


def _timed(ranking: Ranking, *of: Any) -> tuple[Ranking, NDArray[np.intp], float]:
    began = time.perf_counter()
    cells = ranked(ranking, *of)
    return ranking, cells, time.perf_counter() - began


def ranked(
    ranking: Ranking,
    scenario: Scenario,
    rows: NDArray[np.intp],
    slots: int,
    states: NDArray[np.int32],
    columns: Mapping[str, NDArray[Any]],
    optimum: NDArray[np.float64] | None,
    offered: NDArray[np.uint32] | None,
) -> NDArray[np.intp]:
    """The cells, row * slots + slot, that `ranking` lists, in its order.

    Parameters
    ----------
    rows : all row numbers in the order of the states.
    states : (rows,) what they see; needed where something was typed.
    columns : name -> (cells,), for "best" (rows,), of what `ranking.goes_by`, by the numbers of cells and rows.
    optimum : as of `OptimalTable.of`; needed where `ranking.needs_optimum`.
    offered : as of `RowOrder.words`.
    """

    def numbers(column: Column) -> NDArray[Any]:
        if column in ("optimum", "gap"):
            assert optimum is not None
            best = rows_of(optimum, rows)
            return best if column == "optimum" else columns["q"].reshape(-1, slots)[rows] - best
        return columns[column].reshape(-1, slots)[rows]

    words = np.broadcast_to(np.arange(slots), (len(rows), slots)) if offered is None else offered[rows]
    kept = words != NOTHING
    if ranking.typed:
        hits = cells_with(scenario, states, ranking.typed)
        kept &= np.take_along_axis(hits, np.where(kept, words, 0).astype(np.intp), axis=1)
    if ranking.visited:
        kept &= numbers("visits") > 0
    if ranking.greedy:
        kept &= columns["best"][rows][:, None] == np.arange(slots)
        kept[~np.asarray(numbers("visits").any(axis=1))] = False
    if ranking.ranged is not None:
        within = numbers(ranking.ranged)
        kept &= (within >= ranking.low) & (within <= ranking.high)
    places = np.flatnonzero(kept)
    if ranking.column == "state":
        key: NDArray[Any] = places // slots
    elif ranking.column == "word":
        key = words.ravel()[places].astype(np.int64)
    else:
        key = numbers(ranking.column).ravel()[places]
        if key.dtype == np.uint64:
            key = key.astype(np.int64)
    place, slot = np.divmod(places[np.argsort(-key if ranking.descending else key, kind="stable")], slots)
    return rows[place] * slots + slot


def _same(these: tuple[object, ...], those: tuple[object, ...]) -> bool:
    """Whether they are the same things; of arrays, the very same."""
    return len(these) == len(those) and all(
        a is b or (not isinstance(a, np.ndarray) and a == b) for a, b in zip(these, those, strict=True)
    )
