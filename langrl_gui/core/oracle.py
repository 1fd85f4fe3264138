"""Exact solutions, computed and never learned: the optimum of a scenario, and the value of a policy.

Texts that nothing can tell apart from here on are one class: (what every reward term remembers, length). What the
agent sees plays no part in the optimum. Where words slip, values are expected ones. Knows scenarios, rewards and how
tables name rows; nothing of learning.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import i18n, mdp
from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.errors import TableError
from langrl_gui.core.gym import Gym
from langrl_gui.core.gym_tables import GymTables, StateTables
from langrl_gui.core.i18n import tr
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import PADDING, UNSEEN, Tables
from langrl_gui.core.text import Shortlist, shortlist
from langrl_gui.core.work import Cancelled as Cancelled
from langrl_gui.core.work import Progress, Report

Method = Literal["backward-induction", "value-iteration", "policy-iteration"]

MOST_EDGES: Final = 1 << 24
"""Edges of the merged problem up to which it is solved: at about 45 bytes each while it is explored, 700 MiB."""
MOST_ROWS: Final = 1 << 20
"""Rows up to which `Solution.values` lists them: more is nothing to print or to read."""
MOST_SWEEPS: Final = 1_000_000
"""Sweeps after which value iteration gives up: enough for gamma up to 0.99996."""
_CHUNK: Final = 1 << 20  # edges backed up at once, so that temporary arrays stay below some 30 MiB
_EXPLORING: Final = 0.9  # share of the time that goes into asking the reward terms


AnyTables = Tables | StateTables


class Optimum(NamedTuple):
    """The text of greatest value for one prompt; of several, the one whose words have the lowest numbers.

    Where words slip, it is what the best policy says when none does, and `value` is what that policy can expect. In an
    environment it is what that policy does where always the likeliest happens, up to the first state that comes again.
    """

    prompt: int
    words: tuple[int, ...]
    text: str
    value: float
    return_: float


class FixedPoint(NamedTuple):
    """What `solve_arrays` found."""

    method: Method
    values: NDArray[np.float64]
    """(states,) V*."""
    residual: float
    """max |TV - V|, recomputed after the solution was found."""


def solve(scenario: Scenario, *, progress: Progress | None = None, most_edges: int = MOST_EDGES) -> "Solution":
    """The exact optimum of `scenario`.

    Raises
    ------
    TableError
        If the merged problem has more than `most_edges` edges, or with gamma 1 has no optimum; and for an environment
        without a table.
    Cancelled
        If `progress` answered False.
    """
    if reason := unsolvable(scenario):
        raise TableError(reason)
    if scenario.environment is not None:
        return _of_environment(scenario, scenario.environment, Report(progress))
    problem, starts = _explore(scenario, most_edges, Report(progress, 0.0, _EXPLORING))
    found = _solve(problem, Report(progress, _EXPLORING, 1.0))
    optimum = tuple(_best_text(scenario, problem, found.values, prompt, int(c)) for prompt, c in enumerate(starts))
    return _LanguageSolution(
        method=found.method,
        states=count_states(scenario),
        edges=problem.reward.size,
        residual=found.residual,
        start_value=_mean(scenario, [best.value for best in optimum]),
        optimum=optimum,
        _scenario=scenario,
        _problem=problem,
        _starts=starts,
        _values=found.values,
    )


def unsolvable(scenario: Scenario) -> str:
    """Why nobody can know the optimum; empty where it can be computed."""
    if scenario.environment is None or scenario.environment.spaces is None:
        return ""
    return tr("There is no exact optimum: the environment has no table P of what may follow an action.")


def count_states(scenario: Scenario) -> int:
    """Rows of the table of an agent that has seen everything its context lets it see, if every word may follow any
    that its shortlist offers after it.

    Counted, not traced: any word that does not end the text can follow any text that has not ended. Where a mask or a
    shortlist restricts what is said, fewer rows may be met.
    """
    if scenario.environment is not None:
        return scenario.environment.states
    language = scenario.language
    words = len(language.words) - bool(language.end_word)
    offered = language.slots if language.slots < len(language.words) else words
    count = 0
    for length in _row_lengths(scenario):
        seen = min(length, language.seen_words)
        # What stood before the first word that is seen may have offered any.
        first = words if _is_hidden(scenario, length) else offered
        count += int(first * offered ** (seen - 1)) if seen else 1
    return len(scenario.starts) * count


def evaluate(scenario: Scenario, policy: Callable[[int, tuple[int, ...]], int]) -> float:
    """The exact value of a deterministic policy, the mean over the prompts by weight; expected, where words slip.

    `policy` is given a prompt's number and the words said so far, and answers with the next word's number. Where words
    slip it is asked after every text that may come about.
    """
    dynamics = Dynamics(scenario)
    gamma, slip, length = scenario.learner.gamma, scenario.language.slip, scenario.language.max_length

    def value(prompt: int, joint: int, words: tuple[int, ...]) -> float:
        moves = dynamics.moves(joint)
        ends = moves.stops | (len(words) + 1 == length)
        ends |= [not ends[slot] and dynamics.is_dead_end(after) for slot, after in enumerate(moves.successors.tolist())]
        rewards = moves.rewards(ends)
        chosen = policy(prompt, words)
        each = {}
        for slot in np.flatnonzero(moves.offered).tolist():
            word = int(moves.words[slot])
            if slip == 0 and word != chosen:
                continue
            each[word] = float(rewards[slot])
            if not ends[slot]:
                each[word] += gamma * value(prompt, int(moves.successors[slot]), (*words, word))
        if chosen not in each:
            raise TableError(tr("a text has a word that may not be said there"))
        return each[chosen] if slip == 0 else (1.0 - slip) * each[chosen] + slip * (sum(each.values()) / len(each))

    return _mean(scenario, [value(p, dynamics.start(p), ()) for p in range(len(scenario.starts))])


def solve_arrays(
    successor: NDArray[np.integer],
    reward: NDArray[np.float64],
    ends: NDArray[np.bool_],
    gamma: float,
    *,
    progress: Progress | None = None,
) -> FixedPoint:
    """The optimal values of a deterministic problem given as arrays, each (states, slots).

    A backup is `reward + gamma * max(V[successor])` in float64 and in this order, and `reward` alone where the text
    ends; so a value computed elsewhere by the same arithmetic is the same to the last bit.

    Where no path comes round again, values are found from the last states to the first (backward induction; Bellman
    1957). Otherwise by value iteration (Puterman 1994, section 6.3), begun below every value: then each sweep raises
    values or leaves them, even rounded, and it stops when a sweep changes none of them, with residual 0 as well. With
    gamma = 1 a value is the greatest sum of rewards among the texts that end.

    Parameters
    ----------
    successor
        The next state; anything where `ends`.
    ends
        Whether the text ends with this edge.

    Raises
    ------
    TableError
        If the values grow without bound, or some state has none, or a million sweeps were not enough.
    Cancelled
        If `progress` answered False.
    """
    return _solve(_Problem(np.where(ends, 0, successor), reward, ends, gamma), Report(progress, 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class Solution(ABC):
    """The optimum of a scenario, and Q* and V* of any text and any row.

    Attributes
    ----------
    method : str
        "backward-induction", "value-iteration", or "policy-iteration".
    states : int
        Rows of the table of an agent that has seen everything its context lets it see.
    edges : int
        Edges of the merged problem that was solved: classes x words, or states x actions.
    residual : float
        max |TV - V|, recomputed.
    start_value : float
        The mean over the prompts by weight.
    optimum : tuple of Optimum
        For each prompt the text of greatest value.
    """

    method: Method
    states: int
    edges: int
    residual: float
    start_value: float
    optimum: tuple[Optimum, ...]
    _scenario: Scenario = field(repr=False)

    def is_of(self, scenario: Scenario) -> bool:
        """Whether it is about the states and words of `scenario`, with whatever discount and weights."""

        def kind(one: Scenario) -> object:
            return one.language, one.prompts, one.environment, [type(term) for term in one.rewards]

        return self._scenario is scenario or kind(self._scenario) == kind(scenario)

    def q_values(self, tables: AnyTables, rows: NDArray[np.integer]) -> NDArray[np.float64]:
        """Q* of rows, (rows, slots); NaN in a cell for which the texts that share its row do not agree, or that none of
        them offers.

        All texts of the scenario count, whether or not the tables have traced them.
        """
        return self.q_seen(tables.states[rows])

    @abstractmethod
    def q(self, prompt: int, words: Sequence[int]) -> NDArray[np.float64]:
        """Q* after `words`, or in the state that is named by them, (words,); NaN for words that may not be said there.

        Raises
        ------
        TableError
            If the text ends before or with its last word, or cannot be said.
        """

    @abstractmethod
    def q_ranges(self, tables: AnyTables, rows: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the greatest Q* of each cell among the texts that share its row, twice (rows, slots).

        Where texts with different futures look the same to the agent, a cell has no single Q*; it has this range. NaN
        where no text offers the word.
        """

    @abstractmethod
    def q_seen(self, states: NDArray[np.int32]) -> NDArray[np.float64]:
        """Q* of the rows that see `states`, each as in `Tables.states`; (states, slots), NaN as in `q_values`."""

    @abstractmethod
    def ranges_by_word(self, states: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """As `q_ranges`, of the rows that see `states`, each as in `Tables.states`; twice (states, words), NaN as well
        for a word that has no slot there."""

    @abstractmethod
    def node_q_values(self, tables: AnyTables, nodes: NDArray[np.integer]) -> NDArray[np.float64]:
        """Q* of nodes, (nodes, slots), whatever the agent can tell apart; NaN for slots that are not offered there. It
        walks through all that `tables` hold."""

    @abstractmethod
    def values(self) -> Iterator[tuple[int, tuple[int, ...], float]]:
        """(prompt, words that are seen, V*) of every row, in ascending order of (prompt, words).

        As in `Tables.states`, a word of which only the position is seen is UNSEEN. The value is NaN where texts that
        share the row do not agree, and -inf where with gamma 1 nothing ends.

        Raises
        ------
        TableError
            If there are more than `MOST_ROWS` rows.
        """


def _check_rows(states: int) -> None:
    if states > MOST_ROWS:
        raise TableError(
            tr("too many states to list: {states}, and the limit is {limit}",
               states=i18n.count(states), limit=i18n.count(MOST_ROWS))
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _LanguageSolution(Solution):
    _problem: "_Problem" = field(repr=False)
    _starts: NDArray[np.intp] = field(repr=False)  # (prompts,) classes
    _values: NDArray[np.float64] = field(repr=False)  # (classes,)
    _lengths: dict[int, list[NDArray[np.intp]]] = field(default_factory=dict, repr=False)  # classes by length, kept

    def q(self, prompt: int, words: Sequence[int]) -> NDArray[np.float64]:
        problem = self._problem
        here: NDArray[np.integer] = self._starts[[prompt]]
        for word in words:
            slot = problem.slots(here, np.array([word]))
            if slot[0] < 0:
                raise TableError(tr("a text has a word that may not be said there"))
            if problem.ends[here, slot][0]:
                raise TableError(tr("the text goes on after its end"))
            here = problem.successor[here, slot]
        q = np.full(len(self._scenario.language.words), np.nan)
        q[problem.words_of(here)[0]] = self._q(here)[0]
        return q

    def q_ranges(self, tables: AnyTables, rows: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._ranges(tables.states[rows], self._q)

    def q_seen(self, states: NDArray[np.int32]) -> NDArray[np.float64]:
        low, high = self._ranges(states, self._q)
        return np.where(low == high, low, np.nan)

    def ranges_by_word(self, states: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._ranges(states, self._q_by_word)

    def node_q_values(self, tables: AnyTables, nodes: NDArray[np.integer]) -> NDArray[np.float64]:
        assert isinstance(tables, Tables)
        return self._q(self.node_classes(tables)[nodes])

    def node_classes(self, tables: Tables) -> NDArray[np.intp]:
        """The class of the merged problem that each node of `tables` is in, (nodes,)."""
        classes = np.zeros(tables.nodes, np.intp)
        classes[tables.starts] = self._starts
        successor = tables.successor.reshape(-1, tables.slots)
        by_length = 2 + np.argsort(tables.length[2 : len(classes)], kind="stable")
        for here in np.split(by_length, np.flatnonzero(np.diff(tables.length[by_length])) + 1):
            following = successor[here]
            traced = following >= 2
            classes[following[traced]] = self._problem.successor[classes[here]][traced]
        return classes

    def values(self) -> Iterator[tuple[int, tuple[int, ...], float]]:
        _check_rows(self.states)
        states = _every_row(self._scenario)
        low, high = self._ranges(states, lambda classes: self._values[classes][:, None])
        met = ~np.isnan(low[:, 0])
        values = np.where(low == high, low, np.nan)[:, 0]
        return (
            (int(state[0]), tuple(state[1:][state[1:] != PADDING].tolist()), float(value))
            for state, value in zip(states[met], values[met], strict=True)
        )

    def _q(self, classes: NDArray[np.integer]) -> NDArray[np.float64]:
        return self._problem.q(self._values, classes)

    def _q_by_word(self, classes: NDArray[np.integer]) -> NDArray[np.float64]:
        q, words = self._q(classes), self._problem.words_of(classes)
        placed = np.full((len(classes), len(self._scenario.language.words)), np.nan)
        np.put_along_axis(placed, words.astype(np.intp), q, axis=1)
        return placed

    def _ranges(
        self, states: NDArray[np.int32], of: Callable[[NDArray[np.integer]], NDArray[np.float64]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the greatest of `of(class)`, (classes, n), among the classes that texts which are seen as
        `states` can be in; NaN where there is no such text."""
        language, problem = self._scenario.language, self._problem
        prompts, words = states[:, 0], states[:, 1:]
        hidden = np.count_nonzero(words == UNSEEN, axis=1)
        if language.sees_position:
            shared = hidden > 0
        else:
            full = np.count_nonzero(words != PADDING, axis=1) == language.seen_words
            shared = full & (language.seen_words < language.max_length - 1)

        classes = self._starts[prompts]
        possible = ~shared
        for position in range(words.shape[1]):
            here = np.flatnonzero(possible & (words[:, position] != PADDING))
            slots = problem.slots(classes[here], words[here, position])
            goes_on = (slots >= 0) & ~problem.ends[classes[here], slots]
            possible[here[~goes_on]] = False
            classes[here[goes_on]] = problem.successor[classes[here[goes_on]], slots[goes_on]]
        low = of(classes)
        low[~possible] = np.nan
        high = low.copy()

        for row in np.flatnonzero(shared):
            by_length = self._classes_by_length(int(prompts[row]))
            # Before the words that are seen, anything may have been said: a known number of words, or any number.
            if language.sees_position:
                parts = by_length[hidden[row] : hidden[row] + 1]
            else:
                parts = by_length[: language.max_length - language.seen_words]
            may_be = np.concatenate([np.zeros(0, np.intp), *parts])
            for word in words[row][words[row] >= 0]:
                slots = problem.slots(may_be, np.full(len(may_be), word))
                goes_on = (slots >= 0) & ~problem.ends[may_be, slots]
                may_be = np.unique(problem.successor[may_be[goes_on], slots[goes_on]])
            if len(may_be):
                each = of(may_be)
                low[row], high[row] = np.fmin.reduce(each, axis=0), np.fmax.reduce(each, axis=0)
        return low, high

    def _classes_by_length(self, prompt: int) -> list[NDArray[np.intp]]:
        """The classes that texts of each length, from 0 on, can be in; found once."""
        if prompt not in self._lengths:
            problem = self._problem
            lengths = [self._starts[prompt : prompt + 1]]
            while len(here := lengths[-1]):
                goes_on = ~problem.ends[here]
                if problem.offered is not None:
                    goes_on &= problem.offered[here]
                lengths.append(np.unique(problem.successor[here][goes_on]))
            self._lengths[prompt] = lengths[:-1]
        return self._lengths[prompt]


# -- environments -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _EnvironmentSolution(Solution):
    _values: NDArray[np.float64] = field(repr=False)  # (states,)
    _q: NDArray[np.float64] = field(repr=False)  # (states, slots)

    def q(self, prompt: int, words: Sequence[int]) -> NDArray[np.float64]:
        (state,) = words
        q: NDArray[np.float64] = self._q[state]
        return q

    def q_ranges(self, tables: AnyTables, rows: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._q[rows], self._q[rows]

    def q_seen(self, states: NDArray[np.int32]) -> NDArray[np.float64]:
        return np.asarray(self._q[states[:, 1]])

    def ranges_by_word(self, states: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        q = self.q_seen(states)
        return q, q

    def node_q_values(self, tables: AnyTables, nodes: NDArray[np.integer]) -> NDArray[np.float64]:
        return np.asarray(self._q[tables.row[nodes]])

    def values(self) -> Iterator[tuple[int, tuple[int, ...], float]]:
        _check_rows(self.states)
        return ((0, (state,), value) for state, value in enumerate(self._values.tolist()))


def _of_environment(scenario: Scenario, environment: Gym, report: Report) -> Solution:
    gamma, tables, table = scenario.learner.gamma, GymTables(scenario, environment), environment.table
    solved = mdp.solve(table.mdp, gamma, report=report)
    optimum = []
    for prompt, start in enumerate(table.starts.tolist()):
        done = tables.likeliest_path(prompt, solved.policy)
        words, total = tables.words_of(done).tolist(), 0.0
        for reward in tables.reward[done].tolist():
            total += reward
        text, value = scenario.language.join(words), float(solved.values[start])
        optimum.append(Optimum(prompt, tuple(words), text, value, total))
    return _EnvironmentSolution(
        method=solved.method,
        states=table.mdp.states,
        edges=table.mdp.edges,
        residual=solved.residual,
        start_value=_mean(scenario, [best.value for best in optimum]),
        optimum=tuple(optimum),
        _scenario=scenario,
        _values=solved.values,
        _q=table.mdp.q(solved.values, gamma),
    )


# -- the problem as arrays --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Problem:
    successor: NDArray[np.integer]  # (classes, slots), any valid class where the text ends
    reward: NDArray[np.float64]
    ends: NDArray[np.bool_]
    gamma: float
    slip: float = 0.0
    offered: NDArray[np.bool_] | None = None  # (classes, slots); None: everything
    words: NDArray[np.uint32] | None = None  # (classes, slots) ascending; None: each slot's own number

    def q(self, values: NDArray[np.float64], classes: NDArray[np.integer]) -> NDArray[np.float64]:
        """One backup of some classes: their q, (classes, slots), if what follows is worth `values`; NaN where a slot is
        not offered."""
        reward = self.reward[classes]
        goes_on: NDArray[np.float64] = reward + self.gamma * values[self.successor[classes]]
        q = np.where(self.ends[classes], reward, goes_on)
        if self.offered is not None:
            q[~self.offered[classes]] = np.nan
        if self.slip:
            total, count = np.zeros(len(q)), np.count_nonzero(~np.isnan(q), axis=1)
            for slot in range(q.shape[1]):  # in the order in which the loop adds them
                total = np.where(np.isnan(q[:, slot]), total, total + q[:, slot])
            q = (1.0 - self.slip) * q + (self.slip * (total / count))[:, None]
        return q

    def best(self, values: NDArray[np.float64], classes: NDArray[np.integer]) -> NDArray[np.float64]:
        """One backup of some classes: the greatest q of each, a chunk at a time."""
        best = np.empty(len(classes))
        rows = max(1, _CHUNK // self.reward.shape[1])
        for first in range(0, len(classes), rows):
            part = slice(first, first + rows)
            q = self.q(values, classes[part])
            best[part] = q.max(axis=1) if self.offered is None else np.fmax.reduce(q, axis=1)
        return best

    def words_of(self, classes: NDArray[np.integer]) -> NDArray[np.integer]:
        """(classes, slots) the word of each slot."""
        if self.words is not None:
            words: NDArray[np.integer] = self.words[classes]
            return words
        return np.broadcast_to(np.arange(self.reward.shape[1]), (len(classes), self.reward.shape[1]))

    def slots(self, classes: NDArray[np.integer], words: NDArray[np.integer]) -> NDArray[np.intp]:
        """(classes,) the slot that offers each class its word; -1 where none does."""
        if self.words is None:
            slots, found = words.astype(np.intp), np.ones(len(words), bool)
        else:
            stands = self.words[classes] == words[:, None]
            slots, found = stands.argmax(axis=1), stands.any(axis=1)
        if self.offered is not None:
            found &= self.offered[classes, slots]
        return np.where(found, slots, -1)


def _explore(scenario: Scenario, most_edges: int, report: Report) -> tuple[_Problem, NDArray[np.intp]]:
    """The merged problem, length by length, and the class in which each prompt begins, (prompts,)."""
    dynamics = Dynamics(scenario)
    language = scenario.language
    slots = dynamics.slots
    joints, starts = np.unique([dynamics.start(p) for p in range(len(scenario.starts))], return_inverse=True)
    parts: list[list[NDArray[Any]]] = [[], [], [], [], []]
    classes = 0  # before this length
    _check_edges(len(joints) * slots, most_edges)
    for length in range(language.max_length):
        last = length + 1 == language.max_length
        shape = (len(joints), slots)
        reward, follows, ends = np.empty(shape), np.empty(shape, np.uint32), np.ones(shape, bool)
        offered, stands = np.empty(shape, bool), np.empty(shape, np.uint32)
        for number, joint in enumerate(joints):
            moves = dynamics.moves(int(joint))
            offered[number], stands[number] = moves.offered, moves.words
            follows[number] = 0 if last else moves.successors
            ends[number] = moves.stops | ~moves.offered | last
            reward[number] = moves.rewards(ends[number])
            report((length + number / len(joints)) / language.max_length)
        if not last:
            following = np.unique(follows[~ends]).tolist()
            # Before they are asked, each of which takes its time.
            _check_edges((classes + len(joints) + len(following)) * slots, most_edges)
            dead_ends, known = [], dynamics.known
            for count, joint in enumerate(following, start=1):
                report((length + 1) / language.max_length)
                if dynamics.is_dead_end(joint):
                    dead_ends.append(joint)
                elif length + 2 < language.max_length:
                    # One length ahead, so that nobody waits for what will be too much; an end word leads nowhere.
                    dynamics.moves(joint).number_all()
                    new = dynamics.known - known - (count if language.end is not None else 0)
                    _check_edges((classes + len(joints) + len(following) + new) * slots, most_edges)
            dead = np.array(dead_ends, np.uint32)
            for number in np.flatnonzero(np.isin(follows, dead).any(axis=1)).tolist():
                ends[number] |= np.isin(follows[number], dead)
                reward[number] = dynamics.moves(int(joints[number])).rewards(ends[number])
        classes += len(joints)
        successor = np.zeros(shape, np.int32)
        joints, numbers = np.unique(follows[~ends], return_inverse=True)
        successor[~ends] = classes + numbers
        arrays: tuple[NDArray[Any], ...] = (successor, reward, ends, offered, stands)
        for part, array in zip(parts, arrays, strict=True):
            part.append(array)
        if not len(joints):
            break
    successor, reward, ends, offered, stands = map(np.concatenate, parts)
    problem = _Problem(
        successor,
        reward,
        ends,
        scenario.learner.gamma,
        language.slip,
        None if offered.all() else offered,
        stands if dynamics.compact else None,
    )
    return problem, starts


def _check_edges(edges: int, most: int) -> None:
    if edges > most:
        raise TableError(
            tr(
                "an exact solution would have to weigh more than {limit} choices; "
                "use fewer words, a shortlist, shorter texts or fewer references",
                limit=i18n.count(most),
            )
        )


def _solve(problem: _Problem, report: Report) -> FixedPoint:
    layers = _layers(problem)
    values = _iterate(problem, report) if layers is None else _induce(problem, layers, report)
    residual = np.abs(problem.best(values, np.arange(len(values))) - values).max(initial=0.0)
    return FixedPoint("value-iteration" if layers is None else "backward-induction", values, float(residual))


def _layers(problem: _Problem) -> list[NDArray[np.intp]] | None:
    """The classes in layers, every edge leading to a later one (Kahn 1962); None where a path comes round again."""
    successor, goes_on = problem.successor, ~problem.ends  # what is not offered counts as an end
    edges_into = np.bincount(successor[goes_on], minlength=len(successor))  # from classes that are in no layer yet
    layers = [np.flatnonzero(edges_into == 0)]
    while len(here := layers[-1]):
        following, edges = np.unique(successor[here][goes_on[here]], return_counts=True)
        edges_into[following] -= edges
        layers.append(following[edges_into[following] == 0])
    return None if edges_into.any() else layers


def _induce(problem: _Problem, layers: list[NDArray[np.intp]], report: Report) -> NDArray[np.float64]:
    values = np.zeros(len(problem.reward))
    for done, layer in enumerate(reversed(layers)):
        values[layer] = problem.best(values, layer)
        report((done + 1) / len(layers))
    return values


def _iterate(problem: _Problem, report: Report) -> NDArray[np.float64]:
    gamma, classes = problem.gamma, np.arange(len(problem.reward))
    if gamma < 1:
        # Twice the worst that can happen: so far below that rounding cannot make the first sweep lower a value.
        values = np.full(len(classes), 2 * min(float(problem.reward.min()), 0.0) / (1 - gamma))
        sweeps, likely = MOST_SWEEPS, 40 / (1 - gamma)  # gamma ** (40 / (1 - gamma)) is below what a float resolves
    else:
        # Texts of up to n words are known after n sweeps, and no longer one is better unless a circle pays.
        values = np.full(len(classes), -np.inf)
        sweeps = likely = len(classes) + 1
    for sweep in range(sweeps):
        report(sweep / likely)
        before, values = values, problem.best(values, classes)
        if np.array_equal(before, values):
            break
    else:
        if gamma < 1:
            raise TableError(tr("the values still change after {sweeps} sweeps; lower gamma", sweeps=sweeps))
        raise TableError(tr("with gamma 1 going round in circles pays without end; use a gamma below 1"))
    if np.isinf(values).any():
        raise TableError(tr("with gamma 1 a state from which no text ends has no value; use a gamma below 1"))
    return values


def _best_text(scenario: Scenario, problem: _Problem, values: NDArray[np.float64], prompt: int, start: int) -> Optimum:
    here, words, total, ended = start, list[int](), 0.0, False
    while not ended:
        slot = int(np.nanargmax(problem.q(values, np.array([here]))[0]))
        words.append(int(problem.words_of(np.array([here]))[0, slot]))
        total += float(problem.reward[here, slot])
        ended = bool(problem.ends[here, slot])
        here = int(problem.successor[here, slot])
    return Optimum(prompt, tuple(words), scenario.language.join(words), float(values[start]), total)


def _mean(scenario: Scenario, values: Sequence[float]) -> float:
    """The mean over the prompts by weight; with one prompt exactly its value."""
    total, mean = 0.0, 0.0
    for prompt in scenario.starts:
        total += prompt.weight
    for prompt, value in zip(scenario.starts, values, strict=True):
        mean += prompt.weight / total * value
    return mean


# -- every row that a scenario can have -------------------------------------------------------------------------------


def _row_lengths(scenario: Scenario) -> range:
    """The lengths that rows tell apart."""
    language = scenario.language
    return range(language.max_length if language.sees_position else language.seen_words + 1)


def _is_hidden(scenario: Scenario, length: int) -> bool:
    """Whether words may have been said before those that are seen in a row of this length."""
    language = scenario.language
    if language.sees_position:
        return length > language.seen_words
    return length == language.seen_words < language.max_length - 1


def _every_row(scenario: Scenario) -> NDArray[np.int32]:
    """What each row sees, (rows, 1 + width), as in `Tables.states`, in ascending order."""
    language, prompts = scenario.language, len(scenario.starts)
    width = _row_lengths(scenario)[-1]
    parts = []
    for length in _row_lengths(scenario):
        texts = _every_text(scenario, min(length, language.seen_words), _is_hidden(scenario, length))
        states = np.full((prompts * len(texts), 1 + width), PADDING, np.int32)
        states[:, 0] = np.arange(prompts).repeat(len(texts))
        states[:, 1 : 1 + length] = UNSEEN
        states[:, 1 + length - texts.shape[1] : 1 + length] = np.tile(texts, (prompts, 1))
        parts.append(states)
    states = np.concatenate(parts)
    return states[np.lexsort(states.T[::-1])]


def _every_text(scenario: Scenario, seen: int, hidden: bool) -> NDArray[np.int32]:
    """(texts, seen) words that may be seen in a row, after others that are not where some are `hidden`."""
    language = scenario.language
    every = np.array([number for number, word in enumerate(language.words) if word != language.end_word], np.int32)
    likely: Shortlist | None = None
    if language.shortlist is not None and language.slots < len(language.words):
        assert language.source is not None
        likely = shortlist(language.source, language.shortlist, language.end)

    def after(last: int | None) -> NDArray[np.int32]:
        return every if likely is None else np.intersect1d(likely.after(last), every).astype(np.int32)

    texts = np.zeros((1, 0), np.int32)
    for place in range(seen):
        if place == 0:
            texts = (every if hidden else after(None)).reshape(-1, 1)
            continue
        following = {last: after(last) for last in np.unique(texts[:, -1]).tolist()}
        each = [following[last] for last in texts[:, -1].tolist()]
        texts = np.column_stack([texts.repeat(list(map(len, each)), axis=0), np.concatenate([every[:0], *each])])
    return texts
