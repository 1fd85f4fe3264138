"""Exact solutions, computed and never learned: the optimum of a scenario, and the value of a policy.

Texts that nothing can tell apart from here on are one class: (what every reward term remembers, length). What the
agent sees plays no part in the optimum. Knows scenarios, rewards and how tables name rows; nothing of learning.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.errors import TableError
from langrl_gui.core.i18n import tr
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import PADDING, UNSEEN, Tables

Method = Literal["backward-induction", "value-iteration"]
Progress = Callable[[float], bool]
"""Told the fraction done, up to twenty times a second; its answer False cancels."""

MOST_EDGES: Final = 1 << 24
"""Edges of the merged problem up to which it is solved: at about 45 bytes each while it is explored, 700 MiB."""
MOST_ROWS: Final = 1 << 20
"""Rows up to which `Solution.values` lists them: more is nothing to print or to read."""
MOST_SWEEPS: Final = 1_000_000
"""Sweeps after which value iteration gives up: enough for gamma up to 0.99996."""
_CHUNK: Final = 1 << 20  # edges backed up at once, so that temporary arrays stay below some 30 MiB
_REPORT_SECONDS: Final = 0.05
_EXPLORING: Final = 0.9  # share of the time that goes into asking the reward terms


class Cancelled(Exception):
    """The caller's `progress` answered False; nothing was solved."""


class Optimum(NamedTuple):
    """The text of greatest value for one prompt; of several, the one whose words have the lowest numbers."""

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
        If the merged problem has more than `most_edges` edges.
    Cancelled
        If `progress` answered False.
    """
    problem, starts = _explore(scenario, most_edges, _Report(progress, 0.0, _EXPLORING))
    found = _solve(problem, _Report(progress, _EXPLORING, 1.0))
    optimum = tuple(_best_text(scenario, problem, found.values, prompt, int(c)) for prompt, c in enumerate(starts))
    return Solution(
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


def count_states(scenario: Scenario) -> int:
    """Rows of the table of an agent that has seen everything its context lets it see.

    Counted, not traced: any word that does not end the text can follow any text that has not ended.
    """
    language = scenario.language
    words = len(language.words) - bool(language.end_word)
    seen = (min(length, language.seen_words) for length in _row_lengths(scenario))
    return len(scenario.starts) * sum(int(words**k) for k in seen)


def evaluate(scenario: Scenario, policy: Callable[[int, tuple[int, ...]], int]) -> float:
    """The exact value of a deterministic policy, the mean over the prompts by weight.

    `policy` is given a prompt's number and the words said so far, and answers with the next word's number.
    """
    dynamics = Dynamics(scenario)
    values = []
    for prompt in range(len(scenario.starts)):
        joint, rewards, ended = dynamics.start(prompt), list[float](), False
        words: tuple[int, ...] = ()
        while not ended:
            word = policy(prompt, words)
            words = (*words, word)
            ended = bool(dynamics.ends_text[word]) or len(words) == scenario.language.max_length
            moves = dynamics.moves(joint)
            rewards.append(float(moves.rewards(dynamics.ends_text | ended)[word]))
            joint = int(moves.successors[word])
        value = rewards[-1]
        for reward in reversed(rewards[:-1]):
            value = reward + scenario.learner.gamma * value
        values.append(value)
    return _mean(scenario, values)


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
    return _solve(_Problem(np.where(ends, 0, successor), reward, ends, gamma), _Report(progress, 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class Solution:
    """The optimum of a scenario, and Q* and V* of any text and any row.

    Attributes
    ----------
    method : str
        "backward-induction" or "value-iteration".
    states : int
        Rows of the table of an agent that has seen everything its context lets it see.
    edges : int
        Edges of the merged problem that was solved: classes x words.
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
    _problem: "_Problem" = field(repr=False)
    _starts: NDArray[np.intp] = field(repr=False)  # (prompts,) classes
    _values: NDArray[np.float64] = field(repr=False)  # (classes,)

    def q(self, prompt: int, words: Sequence[int]) -> NDArray[np.float64]:
        """Q* after `words`, (words,).

        Raises
        ------
        TableError
            If the text ends before or with its last word.
        """
        here = int(self._starts[prompt])
        for word in words:
            if self._problem.ends[here, word]:
                raise TableError(tr("the text goes on after its end"))
            here = int(self._problem.successor[here, word])
        q: NDArray[np.float64] = self._q(np.array([here]))[0]
        return q

    def q_values(self, tables: Tables, rows: NDArray[np.integer]) -> NDArray[np.float64]:
        """Q* of rows, (rows, words); NaN in a cell for which the texts that share its row do not agree.

        All texts of the scenario count, whether or not the tables have traced them.
        """
        return self._agreed(tables.states[rows], self._q)

    def node_q_values(self, tables: Tables, nodes: NDArray[np.integer]) -> NDArray[np.float64]:
        """Q* of nodes, (nodes, words), whatever the agent can tell apart. It walks through all that `tables` hold."""
        classes = np.zeros(tables.nodes, np.intp)
        classes[tables.starts] = self._starts
        successor = tables.successor.reshape(-1, tables.slots)
        by_length = 2 + np.argsort(tables.length[2 : len(classes)], kind="stable")
        for here in np.split(by_length, np.flatnonzero(np.diff(tables.length[by_length])) + 1):
            following = successor[here]
            traced = following >= 2
            classes[following[traced]] = self._problem.successor[classes[here]][traced]
        return self._q(classes[nodes])

    def values(self) -> Iterator[tuple[int, tuple[int, ...], float]]:
        """(prompt, words that are seen, V*) of every row, in ascending order of (prompt, words).

        As in `Tables.states`, a word of which only the position is seen is UNSEEN. The value is NaN where texts that
        share the row do not agree.

        Raises
        ------
        TableError
            If there are more than `MOST_ROWS` rows.
        """
        if self.states > MOST_ROWS:
            raise TableError(
                tr("too many states to list: {states}, and the limit is {limit}", states=self.states, limit=MOST_ROWS)
            )
        states = _every_row(self._scenario)
        values = self._agreed(states, self._values.__getitem__)
        return (
            (int(state[0]), tuple(state[1:][state[1:] != PADDING].tolist()), float(value))
            for state, value in zip(states, values, strict=True)
        )

    def _q(self, classes: NDArray[np.integer]) -> NDArray[np.float64]:
        return self._problem.q(self._values, classes)

    def _agreed(
        self, states: NDArray[np.int32], of: Callable[[NDArray[np.integer]], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """`of(class)` for each of the rows that see `states`, NaN where the classes sharing a row do not agree."""
        language = self._scenario.language
        step = self._problem.successor
        prompts, words = states[:, 0], states[:, 1:]
        hidden = np.count_nonzero(words == UNSEEN, axis=1)
        if language.sees_position:
            shared = hidden > 0
        else:
            full = np.count_nonzero(words != PADDING, axis=1) == language.seen_words
            shared = full & (language.seen_words < language.max_length - 1)

        classes = self._starts[prompts]
        for position in range(words.shape[1]):
            here = np.flatnonzero(~shared & (words[:, position] != PADDING))
            classes[here] = step[classes[here], words[here, position]]
        result = of(classes)

        lengths: dict[int, list[NDArray[np.intp]]] = {}
        for row in np.flatnonzero(shared):
            prompt = int(prompts[row])
            if prompt not in lengths:
                lengths[prompt] = self._classes_by_length(prompt)
            # Before the words that are seen, anything may have been said: a known number of words, or any number.
            if language.sees_position:
                may_be = lengths[prompt][hidden[row]]
            else:
                may_be = np.concatenate(lengths[prompt][: language.max_length - language.seen_words])
            for word in words[row][words[row] >= 0]:
                may_be = np.unique(step[may_be, word])
            each = of(may_be)
            result[row] = np.where((each == each[0]).all(axis=0), each[0], np.nan)
        return result

    def _classes_by_length(self, prompt: int) -> list[NDArray[np.intp]]:
        """The classes that texts of each length, from 0 on, can be in."""
        lengths = [self._starts[prompt : prompt + 1]]
        while len(here := lengths[-1]):
            lengths.append(np.unique(self._problem.successor[here][~self._problem.ends[here]]))
        return lengths[:-1]


# -- the problem as arrays --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Problem:
    successor: NDArray[np.integer]  # (classes, slots), any valid class where the text ends
    reward: NDArray[np.float64]
    ends: NDArray[np.bool_]
    gamma: float

    def q(self, values: NDArray[np.float64], classes: NDArray[np.integer]) -> NDArray[np.float64]:
        """One backup of some classes: their q, (classes, slots), if what follows is worth `values`."""
        reward = self.reward[classes]
        goes_on: NDArray[np.float64] = reward + self.gamma * values[self.successor[classes]]
        return np.where(self.ends[classes], reward, goes_on)

    def best(self, values: NDArray[np.float64], classes: NDArray[np.integer]) -> NDArray[np.float64]:
        """One backup of some classes: the greatest q of each, a chunk at a time."""
        best = np.empty(len(classes))
        rows = max(1, _CHUNK // self.reward.shape[1])
        for first in range(0, len(classes), rows):
            part = slice(first, first + rows)
            best[part] = self.q(values, classes[part]).max(axis=1)
        return best


class _Report:
    """Passes on the progress of a part of the work, not too often, and raises `Cancelled` where the answer is False."""

    def __init__(self, progress: Progress | None, first: float, last: float) -> None:
        self._progress = progress
        self._first, self._last = first, last
        self._due = 0.0

    def __call__(self, fraction: float) -> None:
        if self._progress is not None and time.monotonic() >= self._due:
            self._due = time.monotonic() + _REPORT_SECONDS
            if not self._progress(self._first + (self._last - self._first) * min(fraction, 1.0)):
                raise Cancelled


def _explore(scenario: Scenario, most_edges: int, report: _Report) -> tuple[_Problem, NDArray[np.intp]]:
    """The merged problem, length by length, and the class in which each prompt begins, (prompts,)."""
    dynamics = Dynamics(scenario)
    language = scenario.language
    slots = np.arange(dynamics.words)
    joints, starts = np.unique([dynamics.start(p) for p in range(len(scenario.starts))], return_inverse=True)
    successors, rewards, endings = [], [], []
    classes = 0  # before this length
    for length in range(language.max_length):
        if (classes + len(joints)) * len(slots) > most_edges:
            raise TableError(
                tr(
                    "an exact solution would have to weigh more than {limit} choices; "
                    "use fewer words, shorter texts or fewer references",
                    limit=most_edges,
                )
            )
        ends = dynamics.ends_text | (length + 1 == language.max_length)
        reward = np.empty((len(joints), len(slots)))
        follows = np.empty((len(joints), len(slots)), np.uint32)
        for number, joint in enumerate(joints):
            moves = dynamics.moves(int(joint))
            reward[number], follows[number] = moves.rewards(ends), moves.successors
            report((length + number / len(joints)) / language.max_length)
        classes += len(joints)
        successor = np.zeros(reward.shape, np.int32)
        joints, numbers = np.unique(follows[:, ~ends], return_inverse=True)
        successor[:, ~ends] = classes + numbers.reshape(len(follows), -1)
        successors.append(successor)
        rewards.append(reward)
        endings.append(np.broadcast_to(ends, reward.shape))
        if not len(joints):
            break
    problem = _Problem(
        np.concatenate(successors), np.concatenate(rewards), np.concatenate(endings), scenario.learner.gamma
    )
    return problem, starts


def _solve(problem: _Problem, report: _Report) -> FixedPoint:
    layers = _layers(problem)
    values = _iterate(problem, report) if layers is None else _induce(problem, layers, report)
    residual = np.abs(problem.best(values, np.arange(len(values))) - values).max(initial=0.0)
    return FixedPoint("value-iteration" if layers is None else "backward-induction", values, float(residual))


def _layers(problem: _Problem) -> list[NDArray[np.intp]] | None:
    """The classes in layers, every edge leading to a later one (Kahn 1962); None where a path comes round again."""
    successor, goes_on = problem.successor, ~problem.ends
    edges_into = np.bincount(successor[goes_on], minlength=len(successor))  # from classes that are in no layer yet
    layers = [np.flatnonzero(edges_into == 0)]
    while len(here := layers[-1]):
        following, edges = np.unique(successor[here][goes_on[here]], return_counts=True)
        edges_into[following] -= edges
        layers.append(following[edges_into[following] == 0])
    return None if edges_into.any() else layers


def _induce(problem: _Problem, layers: list[NDArray[np.intp]], report: _Report) -> NDArray[np.float64]:
    values = np.zeros(len(problem.reward))
    for done, layer in enumerate(reversed(layers)):
        values[layer] = problem.best(values, layer)
        report((done + 1) / len(layers))
    return values


def _iterate(problem: _Problem, report: _Report) -> NDArray[np.float64]:
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
        word = int(problem.q(values, np.array([here]))[0].argmax())
        words.append(word)
        total += float(problem.reward[here, word])
        ended = bool(problem.ends[here, word])
        here = int(problem.successor[here, word])
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


def _every_row(scenario: Scenario) -> NDArray[np.int32]:
    """What each row sees, (rows, 1 + width), as in `Tables.states`, in ascending order."""
    language, prompts = scenario.language, len(scenario.starts)
    words = np.array([number for number, word in enumerate(language.words) if word != language.end_word], np.int32)
    width = _row_lengths(scenario)[-1]
    parts = []
    for length in _row_lengths(scenario):
        seen = min(length, language.seen_words)
        texts = np.arange(prompts * len(words) ** seen)
        states = np.full((len(texts), 1 + width), PADDING, np.int32)
        states[:, 1 : 1 + length - seen] = UNSEEN
        for position in range(length, length - seen, -1):
            texts, digits = np.divmod(texts, len(words))
            states[:, position] = words[digits]
        states[:, 0] = texts
        parts.append(states)
    states = np.concatenate(parts)
    return states[np.lexsort(states.T[::-1])]
