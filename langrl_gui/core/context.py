"""Whether the agent sees enough: where its context is too short, what that costs, and which context would do.

An agent that sees only the last words chooses alike in all texts that look alike to it. What the best such choice is
worth is found by search: an upper bound lets the rows that are not decided yet choose differently in each of their
nodes (Littman 1994; branch and bound as Land & Doig 1960). Knows tables; nothing of learning.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import i18n
from langrl_gui.core.errors import TableError
from langrl_gui.core.i18n import tr
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import END, Tables
from langrl_gui.core.work import Progress, Report

MOST_EDGES: Final = 1 << 20
"""Edges up to which a language is traced to be examined: some seconds."""
MOST_BACKUPS: Final = 1 << 27
"""Edges that the search for the best choices may weigh, for each context: a few seconds."""
LEAST_BACKUPS: Final = 1 << 15
"""What weighing a language counts for, however small it is: each time takes a fraction of a millisecond."""
MOST_ROWS: Final = 100
"""Rows that are named; how many there are is always said."""
_ROUNDS: Final = 100
"""Times that equally good choices are fitted to what they lead to, before one of them is left to the search."""
TIE: Final = 1e-9
"""Values that differ by less, relative to the largest of the problem, are equal: sums of rewards in another order."""


@dataclass(frozen=True)
class Group:
    """Texts that share a row, and that have the same best words."""

    text: tuple[int, ...]
    """One of them: the shortest, of equals the one whose words have the lowest numbers."""
    best: tuple[int, ...]
    """The words of greatest Q* after each of them."""


@dataclass(frozen=True)
class Confusion:
    """A row whose nodes have no optimal word in common."""

    prompt: int
    seen: tuple[int, ...]
    """What the agent sees, as in `Tables.states`."""
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Sight:
    """What an agent with this context can and cannot tell apart.

    Attributes
    ----------
    context : int
        Words that the agent sees at most.
    confusions : tuple of Confusion
        The first MOST_ROWS rows, in ascending order of (prompt, words), whose nodes have no optimal word in common.
    confused : int
        How many such rows there are.
    lost : (float, float)
        How much the best choice of one word for each row falls short of the optimum, the mean over the prompts by
        weight: between these two bounds, which are equal where the search closed.
    smallest : (int, int)
        The smallest context that loses nothing: between these two, which are equal where that was decided.
    """

    context: int
    confusions: tuple[Confusion, ...]
    confused: int
    lost: tuple[float, float]
    smallest: tuple[int, int]

    @property
    def exact(self) -> bool:
        """Whether what is lost is known exactly, to rounding."""
        return self.lost[0] == self.lost[1]


def is_short(scenario: Scenario) -> bool:
    """Whether there is a text that the agent does not see whole."""
    return scenario.environment is None and scenario.language.seen_words < scenario.language.max_length - 1


def examine(
    scenario: Scenario,
    *,
    progress: Progress | None = None,
    most_edges: int = MOST_EDGES,
    most_backups: int = MOST_BACKUPS,
) -> Sight:
    """What the context of `scenario` costs.

    Raises
    ------
    TableError
        If the language has more than `most_edges` edges: then neither nodes nor values can be named. What `progress`
        raises in its place passes through, but once it is known what this context costs: see `work.within`.
    Cancelled
        If `progress` answered False.
    """
    longest = scenario.language.max_length - 1
    here = scenario.language.seen_words
    report, share = Report(progress), 1 / (longest + 2)

    def go_on(done: float, _: float) -> bool:
        return progress is None or progress(done)

    world = _World(scenario, most_edges, partial(go_on, 0.0))
    rows = list(world.confusions(partial(report, 0.0)))
    lost = world.lost(most_backups, partial(report, 0.0))
    low, high = 0, longest
    losing = {here: lost}
    for context in range(longest + 1):
        if context not in losing:
            done = (context + 1) * share
            try:
                other = _World(_seeing(scenario, context), most_edges, partial(go_on, done))
                losing[context] = other.lost(most_backups, partial(report, done), enough=True)
            except TableError:  # too large, or no time is left: what is known is told
                break
        if losing[context][1] == 0:
            high = context
            break
        if losing[context][0] > 0 and low == context:
            low = context + 1
    return Sight(here, tuple(rows[:MOST_ROWS]), len(rows), lost, (min(low, high), high))


def _seeing(scenario: Scenario, context: int) -> Scenario:
    language = scenario.language.model_copy(update={"context": context})
    return scenario.model_copy(update={"language": language})


@dataclass(order=True)
class _Branch:
    """Choices for some rows: in each, the first of these slots that a node offers is taken there."""

    order: tuple[float, int]
    """Minus the bound, then the order in which branches were made."""
    choices: dict[int, tuple[int, ...]] = field(compare=False)


class _World:
    """A language traced whole, its nodes numbered by length, and values of policies on it."""

    def __init__(self, scenario: Scenario, most_edges: int, progress: Progress) -> None:
        self.tables = tables = Tables(scenario, whole=most_edges, progress=progress)
        if not tables.whole:
            raise TableError(
                tr(
                    "too large to examine what the context costs: more than {limit} choices; "
                    "use fewer words, a shortlist, shorter texts or a shorter context",
                    limit=i18n.count(most_edges),
                )
            )
        self.gamma, self.slip = scenario.learner.gamma, scenario.language.slip
        weights = np.array([prompt.weight for prompt in scenario.starts])
        self.weights = weights / weights.sum()
        slots = tables.slots
        edges = slice(2 * slots, tables.nodes * slots)
        self.nodes = tables.nodes - 2
        # Nodes are numbered from 0 here; the end is the one after the last, and worth nothing.
        successor = tables.successor[edges].reshape(-1, slots).astype(np.int64) - 2
        self.successor = np.where(successor == END - 2, self.nodes, successor)
        self.reward = tables.reward[edges].reshape(-1, slots)
        self.offered = tables.offers(np.arange(2, tables.nodes))
        self.row = tables.row[2 : tables.nodes].astype(np.int64)
        self.starts = tables.starts.astype(np.int64) - 2
        lengths = tables.length[2 : tables.nodes]
        cuts = np.flatnonzero(np.diff(lengths)) + 1
        self.levels = list(itertools.pairwise([0, *cuts.tolist(), self.nodes]))
        by_row = np.argsort(self.row, kind="stable")
        self.of_row = np.split(by_row, np.flatnonzero(np.diff(self.row[by_row])) + 1)  # its nodes, by row
        self.shared = np.array([len(nodes) > 1 for nodes in self.of_row])
        self.values, self.q = self._solve(np.full(self.nodes, -1))
        self.tie = TIE * max(1.0, float(np.abs(self.values).max()))

    def _solve(self, forced: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The value of each node and of each slot, if nodes take the slots that are forced (-1: the best)."""
        values = np.zeros(self.nodes + 1)
        q = np.empty(self.reward.shape)
        for first, end in reversed(self.levels):
            level = slice(first, end)
            each = self.reward[level] + self.gamma * values[self.successor[level]]
            each = np.where(self.successor[level] == self.nodes, self.reward[level], each)
            each = np.where(self.offered[level], each, -np.inf)
            q[level] = each
            slot = forced[level]
            best = np.where(slot < 0, each.max(axis=1), each[np.arange(end - first), np.maximum(slot, 0)])
            if self.slip:
                offered = self.offered[level]
                mean = np.where(offered, each, 0.0).sum(axis=1) / np.count_nonzero(offered, axis=1)
                best = (1.0 - self.slip) * best + self.slip * mean
            values[level] = best
        return values, q

    def confusions(self, report: Callable[[], None]) -> Iterator[Confusion]:
        """The rows whose nodes have no optimal word in common, in ascending order of (prompt, words)."""
        tables = self.tables
        best = self.q >= self.q.max(axis=1, keepdims=True) - self.tie
        in_common = np.array([best[nodes].all(axis=0).any() for nodes in self.of_row])
        confused = np.flatnonzero(~in_common)
        if not len(confused):
            return
        texts = self._texts(report)
        for row in confused[tables.row_order(confused)].tolist():
            report()
            words = tables.words_at(np.array([row]))[0]
            groups: dict[bytes, Group] = {}
            nodes = self.of_row[row].tolist()
            for node in sorted(nodes, key=lambda node: (len(texts[node]), texts[node])):
                optimal = tuple(int(words[slot]) for slot in np.flatnonzero(best[node]))
                groups.setdefault(best[node].tobytes(), Group(texts[node], optimal))
            yield Confusion(tables.prompt(row), tuple(tables.seen(row)), tuple(groups.values()))

    def _texts(self, report: Callable[[], None]) -> dict[int, tuple[int, ...]]:
        """For each node one text that leads to it: of all, which have one length, the one with the lowest words."""
        texts: dict[int, tuple[int, ...]] = {int(start): () for start in self.starts}
        for first, end in self.levels:
            for node in sorted(range(first, end), key=texts.__getitem__):
                report()
                words = self.tables.words_at(self.tables.row[[node + 2]])[0]
                for slot in np.flatnonzero(self.offered[node]).tolist():
                    following = int(self.successor[node, slot])
                    if following != self.nodes:
                        texts.setdefault(following, (*texts[node], int(words[slot])))
        return texts

    def lost(self, most_backups: int, report: Callable[[], None], enough: bool = False) -> tuple[float, float]:
        """Bounds of what the best choice of one word for each row loses; `enough`: to know whether it is anything."""
        low = high = 0.0
        for prompt, start in enumerate(self.starts.tolist()):
            worst, best = self._lost_from(start, most_backups, report, enough)
            low += self.weights[prompt] * worst
            high += self.weights[prompt] * best
        return float(low), float(high)

    def _lost_from(
        self, start: int, most_backups: int, report: Callable[[], None], enough: bool
    ) -> tuple[float, float]:
        optimum = float(self.values[start])
        found = -np.inf
        made = itertools.count()
        queue = [_Branch((-optimum, next(made)), {})]
        backups, each = 0, max(self.reward.size, LEAST_BACKUPS)
        while queue:
            branch = heapq.heappop(queue)
            bound = -branch.order[0]
            if bound <= found + self.tie or backups > most_backups or (enough and bound < optimum - self.tie):
                heapq.heappush(queue, branch)
                break
            report()
            policy, conflict = self._agree(start, branch.choices)
            backups += 2 * each
            found = max(found, self._value(start, policy))
            if conflict is None:
                continue
            taken = branch.choices.get(conflict, ())
            for slot in np.flatnonzero(self.offered[self.of_row[conflict]].any(axis=0)).tolist():
                if slot not in taken:
                    choices = branch.choices | {conflict: (*taken, slot)}
                    values, _ = self._solve(self._forced(choices))
                    backups += each
                    if values[start] > found + self.tie:
                        heapq.heappush(queue, _Branch((-float(values[start]), next(made)), choices))
        bound = max([found, *(-branch.order[0] for branch in queue[:1])])
        low, high = optimum - bound, optimum - found
        if high - low <= self.tie:
            low = high
        return (0.0 if low <= self.tie else low), (0.0 if high <= self.tie else high)

    def _forced(self, choices: dict[int, tuple[int, ...]]) -> NDArray[np.int64]:
        forced = np.full(self.nodes, -1)
        for row, slots in choices.items():
            nodes = self.of_row[row]
            for slot in reversed(slots):
                forced[nodes[self.offered[nodes, slot]]] = slot
        return forced

    def _agree(self, start: int, choices: dict[int, tuple[int, ...]]) -> tuple[dict[int, list[int]], int | None]:
        """A policy near to the best one that keeps to `choices`: for each row that is reached the slots it prefers, in
        order. And a row in which the best one would have to choose differently in different nodes, if any."""
        forced = self._forced(choices)
        _, q = self._solve(forced)
        optimal = q >= q.max(axis=1, keepdims=True) - self.tie
        policy = {row: list(slots) for row, slots in choices.items()}
        changed = -1
        for _ in range(_ROUNDS):
            reached = self._reached(start, policy, q)
            rows: dict[int, list[int]] = {}
            for node in reached:
                if forced[node] < 0:
                    rows.setdefault(int(self.row[node]), []).append(node)
            changed = -1
            for row, nodes in rows.items():
                prefix = choices.get(row, ())
                common = np.flatnonzero(optimal[nodes].all(axis=0))
                if not len(common):
                    # Its first node decides, so that there is a policy; the search goes on from here.
                    self._complete(policy, reached, q)
                    return policy, row
                wanted = [*prefix, int(common[0])]
                if policy.get(row) != wanted and not (row in policy and policy[row][-1] in common):
                    policy[row], changed = wanted, row
            if changed < 0:
                return policy, None
        return policy, changed

    def _complete(self, policy: dict[int, list[int]], reached: list[int], q: NDArray[np.float64]) -> None:
        for node in reached:
            preferred = policy.setdefault(int(self.row[node]), [])
            if not self.offered[node, preferred].any():
                preferred.append(int(q[node].argmax()))

    def _reached(self, start: int, policy: dict[int, list[int]], q: NDArray[np.float64]) -> list[int]:
        """The nodes that a policy can come to, by length; where it says nothing, the best slot is taken."""
        reached, here = [], [start]
        while here:
            reached += here
            following: dict[int, None] = {}
            for node in here:
                if self.slip:
                    slots = np.flatnonzero(self.offered[node]).tolist()
                else:
                    slots = [self._choose(node, policy, q)]
                following |= dict.fromkeys(int(self.successor[node, slot]) for slot in slots)
            here = [node for node in following if node != self.nodes]
        return reached

    def _choose(self, node: int, policy: dict[int, list[int]], q: NDArray[np.float64]) -> int:
        for slot in policy.get(int(self.row[node]), ()):
            if self.offered[node, slot]:
                return slot
        return int(q[node].argmax())

    def _value(self, start: int, policy: dict[int, list[int]]) -> float:
        """What a policy is worth; a row that it does not name does what is best in the first of its nodes."""
        while True:
            forced = self._forced({row: tuple(slots) for row, slots in policy.items()})
            values, q = self._solve(forced)
            reached = self._reached(start, policy, q)
            if all(forced[node] >= 0 for node in reached):
                return float(values[start])
            self._complete(policy, reached, q)
