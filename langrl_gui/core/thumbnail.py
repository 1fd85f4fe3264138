"""What a scenario looks like from afar: where its best-paid words lead from the first prompt, and some that pay less.

Asks the reward terms, or an environment's table, for a few dozen states, or plays for a moment where there is none;
learns nothing and solves nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from langrl_gui.core import draws
from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.gym import Gym, Table
from langrl_gui.core.gym_play import Play, seed_of
from langrl_gui.core.scenario import Scenario

COLUMNS: Final = 14
"""Words that are followed."""
ROWS: Final = 5
"""States that are kept at each length: of those that earned most on their way, the ones found first."""
PLAYED: Final = 4000
"""Steps of an environment without a table: a fifth of a second."""
END: Final = -1

Step = tuple[float, int]
"""What a word earns in the mean, and the state that follows, or END."""


@dataclass(frozen=True)
class Sketch:
    """A small graph. Node 0 is the start."""

    places: tuple[tuple[int, int], ...]
    """(column, row) of each node; rows count from 0 in each column."""
    ends: tuple[bool, ...]
    """Of each node whether a text ends there."""
    edges: tuple[tuple[int, int, float], ...]
    """(from, to, what it earns), one for each pair of nodes."""

    @property
    def columns(self) -> int:
        """Columns in use."""
        return 1 + max(column for column, _ in self.places)

    def rows(self, column: int) -> int:
        """Nodes in this column."""
        return sum(column == each for each, _ in self.places)


def sketch(scenario: Scenario) -> Sketch:
    """The scenario's first steps."""
    if scenario.environment is not None:
        spaces = scenario.environment.spaces
        steps = _of_table(scenario.environment.table) if spaces is None else _of_play(scenario.environment)
        return _drawn(scenario.first_state[1], steps)
    dynamics = Dynamics(scenario)
    return _drawn(dynamics.start(0), _of_language(dynamics, scenario.language.max_length))


def _of_language(dynamics: Dynamics, longest: int) -> Callable[[int, int], Iterable[Step]]:
    def steps(joint: int, length: int) -> Iterable[Step]:
        moves = dynamics.moves(joint)
        offered = np.flatnonzero(moves.offered)
        ends = moves.stops | (length + 1 == longest)
        ends[offered] |= [dynamics.is_dead_end(int(moves.successors[slot])) for slot in offered]
        rewards = moves.rewards(ends)
        return [(float(rewards[slot]), END if ends[slot] else int(moves.successors[slot])) for slot in offered]

    return steps


def _of_table(table: Table) -> Callable[[int, int], Iterable[Step]]:
    mdp = table.mdp

    def steps(state: int, length: int) -> Iterable[Step]:
        for edge in range(state * mdp.slots, (state + 1) * mdp.slots):
            for outcome in range(mdp.first[edge], mdp.first[edge + 1]):
                following = int(mdp.successor[outcome])
                if following != state:
                    yield float(mdp.reward[outcome]), max(following, END)

    return steps


def _of_play(environment: Gym) -> Callable[[int, int], Iterable[Step]]:
    """What came about in a while of playing at random, always the same."""
    play, found = Play(environment), dict[int, dict[Step, None]]()
    key, slots, episode, state = draws.key(0, draws.ENVIRONMENT), len(environment.language().words), 0, -1
    for step in range(PLAYED):
        if state < 0:
            state = play.begin(seed_of(key, episode))
            episode += 1
        happened = play.step(draws.below(draws.draw(key, step, 1), slots))
        following = END if happened.ended else happened.state
        if following != state:
            found.setdefault(state, {})[happened.reward, following] = None
        state = END if happened.ended or happened.cut_off else happened.state
    return lambda state, length: found.get(state, ())


def _drawn(start: int, steps: Callable[[int, int], Iterable[Step]]) -> Sketch:
    """Length by length; a state that was there before is not gone back to."""
    places, ends, edges = [(0, 0)], [False], dict[tuple[int, int], float]()
    totals, seen, column = {0: 0.0}, {start}, {start: 0}
    for length in range(COLUMNS - 1):
        found = [
            (totals[node] + earned, node, earned, following)
            for state, node in column.items()
            for earned, following in steps(state, length)
            if following not in seen
        ]
        best: dict[int, float] = {}
        for total, _, _, following in found:
            best[following] = max(total, best.get(following, total))
        kept = sorted(best, key=lambda following: -best[following])[:ROWS]
        column = {}
        for total, node, earned, following in found:  # in the order of their parents, so that few lines cross
            if following not in kept:
                continue
            if following not in column:
                column[following] = len(places)
                places.append((length + 1, len(column) - 1))
                ends.append(following == END)
                totals[len(places) - 1] = total
            to = column[following]
            totals[to] = max(totals[to], total)
            edges[node, to] = max(earned, edges.get((node, to), earned))
        column.pop(END, None)
        seen |= set(column)
        if not column:
            break
    return Sketch(tuple(places), tuple(ends), tuple((*ways, earned) for ways, earned in edges.items()))
