"""Q* of the few states that a view shows, found once for each. Knows the exact solution and how states are named."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import tables
from langrl_gui.core.i18n import tr
from langrl_gui.core.oracle import Solution, unsolvable
from langrl_gui.core.scenario import Scenario
from langrl_gui.ui.selection import State

MOST_KEPT: Final = 1 << 21
"""Cells that are remembered: some screenfuls of the widest table, in 32 MB."""


def missing(scenario: Scenario | None) -> str:
    """Why there is no Q*, in few words, where there can be none."""
    return tr("no Q*: the environment has no table") if scenario is not None and unsolvable(scenario) else ""


class OptimalRows:
    """Q* by state. There is nothing to know (NaN) until there is a solution."""

    def __init__(self) -> None:
        self.solution: Solution | None = None
        self._scenario: Scenario | None = None
        self._known: dict[State, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    def begin(self, scenario: Scenario) -> None:
        """From now on it is about this scenario, of which no solution is known yet."""
        self._scenario, self.solution = scenario, None
        self._known.clear()

    def set_solution(self, solution: Solution | None) -> None:
        """The exact solution has been found, or there is none."""
        self.solution = solution
        self._known.clear()

    def of(self, keys: Sequence[State], words: slice = slice(None)) -> NDArray[np.float64]:
        """Q* of these states, (states, words), of these `words` alone; NaN where texts that share a state do not agree,
        or nothing is known."""
        low, high = self.ranges_of(keys, words)
        return np.where(low == high, low, np.nan)

    def ranges_of(
        self,
        keys: Sequence[State],
        words: slice = slice(None),
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the greatest Q* of the texts that share each of these states, twice (states, words); NaN where
        nothing is known."""
        assert self._scenario is not None
        every = len(self._scenario.language.words)
        if self.solution is None or not keys:
            nothing = np.full((len(keys), len(range(*words.indices(every)))), np.nan)
            return nothing, nothing
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        if new and (len(self._known) + len(new)) * every > MOST_KEPT:
            self._known.clear()
            new = list(dict.fromkeys(keys))
        if new:
            states = np.full((len(new), 1 + tables.width(self._scenario.language)), tables.PADDING, np.int32)
            for state, key in zip(states, new, strict=True):
                state[: len(key)] = key
            ranges = zip(*self.solution.ranges_by_word(states), strict=True)
            self._known.update(zip(new, ranges, strict=True))
        # Of a state with thousands of words a picture shows a few, and there is one for each frame.
        low, high = zip(*((low[words], high[words]) for low, high in map(self._known.__getitem__, keys)), strict=True)
        return np.array(low), np.array(high)
