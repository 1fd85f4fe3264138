"""What takes too long between two slices and is done aside: by whoever the caller of `Observer` lends for it.

Results are taken up at the next observation. Knows no thread: an executor does.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.oracle import Solution
from langrl_gui.core.trainer import Trainer

CHUNK: Final = 1024
"""Rows of which Q* is found before it is asked whether anybody still wants it."""


class AtOnce(Executor):
    """Does everything at once, in the thread that asks: for scripts, which have time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # as every executor: it is raised where the result is asked for
            future.set_exception(error)
        return future


class Errand:
    """One thing at a time that is done aside."""

    def __init__(self, aside: Executor) -> None:
        self._aside = aside
        self._future: Future[Any] | None = None

    @property
    def is_out(self) -> bool:
        """Whether there is something to wait for."""
        return self._future is not None

    @property
    def is_done(self) -> bool:
        """Whether `result` has something new."""
        return self._future is not None and self._future.done()

    def start(self, work: Callable[..., Any], *args: Any) -> None:
        """Have `work(*args)` done, in place of what was to be done before."""
        self.drop()
        self._future = self._aside.submit(work, *args)

    def result(self) -> Any:
        """What came of it; once."""
        assert self._future is not None
        future, self._future = self._future, None
        return future.result()

    def drop(self) -> None:
        """Nobody wants the result any more."""
        if self._future is not None:
            self._future.cancel()
            self._future = None


class OptimalTable:
    """Q* of the whole table of one trainer, found aside."""

    def __init__(self, trainer: Trainer, aside: Executor) -> None:
        self.errand = Errand(aside)
        self._trainer = trainer
        self._solution: Solution | None = None
        self._values: NDArray[np.float64] = np.zeros((0, trainer.tables.slots))
        self._wanted = [True]

    def of(self, solution: Solution | None) -> NDArray[np.float64]:
        """(rows, slots) as far as it is known; whoever has it may keep it. The rest is asked for. Of another scenario's
        solution nothing is known: a window asks for it until it has heard that the run is another."""
        if solution is not None and not solution.is_of(self._trainer.scenario):
            solution = None
        if solution is not self._solution:
            self.close()
            self._solution, self._values, self._wanted = solution, self._values[:0], [True]
        self.take_up()
        known, rows = len(self._values), self._trainer.tables.rows
        if solution is not None and known < rows and not self.errand.is_out:
            self.errand.start(_optimal, solution, self._trainer.tables.states[known:rows].copy(), self._wanted)
            self.take_up()
        return self._values

    def take_up(self) -> None:
        """Add what has been found meanwhile."""
        if self.errand.is_done:
            new = self.errand.result()
            self._values = np.concatenate([self._values, new]) if len(self._values) else new

    def close(self) -> None:
        """Stop looking."""
        self._wanted[0] = False
        self.errand.drop()


def _optimal(solution: Solution, states: NDArray[np.int32], wanted: list[bool]) -> NDArray[np.float64]:
    """Q* of these rows; of the first ones only, if nobody wants it any more."""
    parts = [solution.q_seen(states[:0])]
    for first in range(0, len(states), CHUNK):
        if not wanted[0]:
            break
        parts.append(solution.q_seen(states[first : first + CHUNK]))
    return np.concatenate(parts)


def rows_of(values: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """These rows of what `OptimalTable.of` said; NaN where it is not known yet."""
    if not len(values):
        return np.full((len(rows), values.shape[1]), np.nan)
    found: NDArray[np.float64] = values[np.minimum(rows, len(values) - 1)]
    found[rows >= len(values)] = np.nan
    return found
