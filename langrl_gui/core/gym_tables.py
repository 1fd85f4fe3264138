"""Tables of an environment's states, in the arrays that the learning loop reads: like `tables.Tables`.

A state is a node and a row at once: state s is row s and node s + 2, named (0, s) as a text is named (prompt, words).
An edge has several outcomes: `successor` and `reward` are those of outcomes, not of edges. They are known beforehand
(`GymTables`), or found as they come about (`SteppedTables`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import draws, i18n, memory
from langrl_gui.core.errors import TableError
from langrl_gui.core.gym import Gym, Scene, Table
from langrl_gui.core.gym_play import Play, seed_of
from langrl_gui.core.i18n import tr
from langrl_gui.core.mdp import STAY
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import BYTES_PER_CELL, END, Plan

_FIRST: Final = 2  # the first node after the two signs
BYTES_PER_OUTCOME: Final = 400
"""What an outcome takes that was found: its place in a dictionary, and its numbers, twice while arrays grow."""
LONGEST: Final = 1000
"""Steps after which an episode that is played beside a run is left off: it might never end."""


class Outcomes(NamedTuple):
    """What actions are known to lead to, (outcomes,) each; edges ascending."""

    edge: NDArray[np.int64]
    successor: NDArray[np.int64]
    """The next node, or END."""
    reward: NDArray[np.float64]
    weight: NDArray[np.float64]
    """How likely each is among those of its edge: its chance, or how often it came about."""

    def likeliest(self, slots: int) -> NDArray[np.intp]:
        """For each edge that has any, the likeliest; of equals the first that goes elsewhere, or else the first."""
        stays = self.successor == self.edge // slots
        order = np.lexsort((stays, -self.weight, self.edge))  # stable
        return order[np.flatnonzero(np.diff(self.edge[order], prepend=-1))]

    def depths(self, starts: NDArray[np.integer], nodes: int, slots: int) -> NDArray[np.int32]:
        """(nodes,) how many steps from a start each node is; -1 where it is never reached."""
        depths = np.full(nodes, -1, np.int32)
        first = np.searchsorted(self.edge, np.arange(nodes + 1) * slots).tolist()
        front, depth = np.unique(starts).astype(np.int64), 0
        while len(front):
            depths[front] = depth
            depth += 1
            places = [np.arange(first[node], first[node + 1]) for node in front.tolist()]
            following = np.unique(self.successor[np.concatenate(places)])
            following = following[following >= _FIRST]
            front = following[depths[following] < 0]
        return depths


class StateTables(ABC):
    """The states of an environment.

    Attributes are those of `tables.Tables`. What a tape remembers is an outcome.

    Raises
    ------
    TableError
        If what is learned of it does not fit into `budget` bytes (None: what `memory` says).
    """

    restricted = compact = False
    traced, tracing_seconds = 0, 0.0
    whole: bool
    starts: NDArray[np.uint32]
    successor: NDArray[np.uint32]
    reward: NDArray[np.float64]

    def __init__(self, scenario: Scenario, environment: Gym, budget: int | None = None) -> None:
        self.scenario = scenario
        self.slots = self.words = len(scenario.language.words)
        self.width, self.rows, self.nodes = 1, environment.states, environment.states + _FIRST
        budget = memory.budget() if budget is None else budget
        self.plan = Plan(self.nodes, self.slots * BYTES_PER_CELL, budget)
        needed = self.nodes * self.plan.bytes_per_node
        if needed > budget:
            raise TableError(
                tr("{states} states x {slots} actions need {needed} MiB of memory and {budget} MiB are planned",
                   states=self.rows, slots=self.slots, needed=needed >> 20, budget=budget >> 20)
            )  # fmt: skip
        self.row = np.maximum(np.arange(self.nodes, dtype=np.int64) - _FIRST, 0).astype(np.uint32)
        self.states = np.stack([np.zeros(self.rows, np.int32), np.arange(self.rows, dtype=np.int32)], axis=1)
        self.share, self.amounts, self.potentials = np.zeros(0, np.uint32), np.zeros((1, 0)), np.zeros(0, np.uint32)
        self.offer = np.zeros(self.nodes, np.uint32)
        self.offer_count = np.array([self.slots], np.uint32)
        self.offer_slots = np.arange(self.slots, dtype=np.uint32)

    def trace(self, edges: NDArray[np.integer]) -> None:
        """Nothing is ever missing here."""
        raise AssertionError(edges)

    def reweigh(self, scenario: Scenario) -> None:  # noqa: B027
        """There are no terms that could weigh more or less."""

    def shares_of(self, outcomes: NDArray[np.integer]) -> NDArray[np.float64]:
        """(n, 0): an environment does not say what its rewards are made of."""
        return np.zeros((len(outcomes), 0))

    @abstractmethod
    def edges_of(self, taken: NDArray[np.integer]) -> NDArray[np.int64]:
        """The edges of what a tape remembers, which are outcomes."""

    @abstractmethod
    def outcomes(self) -> Outcomes:
        """What is known of what actions lead to."""

    @abstractmethod
    def prompt_at(self, node: int) -> int:
        """The prompt of an episode that began at this node."""

    # -- names ----------------------------------------------------------------------------------------------------

    def seen(self, row: int) -> list[int]:
        """The state's number."""
        return [row]

    def prompt(self, row: int) -> int:
        """States belong to no prompt: 0."""
        return 0

    def words_of(self, outcomes: NDArray[np.integer]) -> NDArray[np.int64]:
        """The action of each outcome."""
        return self.edges_of(outcomes) % self.slots

    def words_at(self, rows: NDArray[np.integer]) -> NDArray[np.uint32]:
        """(rows, slots) the action of each slot: its number."""
        return np.broadcast_to(np.arange(self.slots, dtype=np.uint32), (len(rows), self.slots))

    def offered_words(self, rows: NDArray[np.integer]) -> None:  # noqa: B027
        """Every action is offered everywhere."""

    def row_offers(self, rows: NDArray[np.integer]) -> None:  # noqa: B027
        """Every action is offered everywhere."""

    def offers(self, nodes: NDArray[np.integer]) -> NDArray[np.bool_]:
        """(nodes, slots) True."""
        return np.ones((len(nodes), self.slots), bool)

    def slot_of(self, node: int, word: int) -> int:
        """The slot of an action: its number."""
        return word

    def node_after(self, prompt: int, words: Sequence[int]) -> int:
        """The node named by a state's number."""
        (state,) = words
        return state + _FIRST

    def find_row(self, state: Sequence[int]) -> int | None:
        """The row of a state, named by 0 and its number."""
        return state[1] if len(state) == 2 and state[0] == 0 and 0 <= state[1] < self.rows else None

    def find_rows(self, states: NDArray[np.int32]) -> NDArray[np.uint32]:
        """The rows of these names.

        Raises
        ------
        TableError
            If there is no such state.
        """
        if (
            states.shape[1] != 2
            or (states[:, 0] != 0).any()
            or ((states[:, 1] < 0) | (states[:, 1] >= self.rows)).any()
        ):
            raise TableError(tr("there is a state that this environment has not"))
        return states[:, 1].astype(np.uint32)

    def row_order(self, rows: NDArray[np.integer]) -> NDArray[np.intp]:
        """The order that sorts `rows` by their numbers."""
        return np.argsort(rows, kind="stable")


class GymTables(StateTables):
    """The table of an environment that has one.

    Attributes are those of `StateTables`, and:

    first_outcome : (nodes * slots + 1,) uint64
        The outcomes of an edge are `first_outcome[edge]` up to `first_outcome[edge + 1]`.
    outcome_thresholds : (outcomes,) uint64
        Cumulative chances within an edge, in units of 2^-53.
    longest : int
        Steps after which an episode is cut off; 0: never.
    length : (nodes,) int32
        How many steps from a start each node is; -1 where it is never reached.
    """

    whole = True

    def __init__(self, scenario: Scenario, environment: Gym, budget: int | None = None) -> None:
        super().__init__(scenario, environment, budget)
        self._table: Table = environment.table
        mdp = self._table.mdp
        self.longest = self._table.longest
        self.starts = (self._table.starts + _FIRST).astype(np.uint32)
        self.successor = np.where(mdp.successor < 0, END, mdp.successor + _FIRST).astype(np.uint32)
        self.reward = mdp.reward
        self.first_outcome = np.concatenate([np.zeros(_FIRST * self.slots), mdp.first]).astype(np.uint64)
        self.outcome_thresholds = _thresholds(mdp.first, mdp.probability)
        outcomes = self.outcomes()
        self._likeliest = np.concatenate([np.zeros(_FIRST * self.slots, np.intp), outcomes.likeliest(self.slots)])
        self.length = outcomes.depths(self.starts, self.nodes, self.slots)

    def edges_of(self, taken: NDArray[np.integer]) -> NDArray[np.int64]:
        edges: NDArray[np.int64] = np.searchsorted(self.first_outcome, taken, side="right") - 1
        return edges

    def outcomes(self) -> Outcomes:
        mdp = self._table.mdp
        edges = mdp.edge_of.astype(np.int64) + _FIRST * self.slots
        return Outcomes(edges, self.successor.astype(np.int64), self.reward, mdp.probability)

    def prompt_at(self, node: int) -> int:
        return int(np.flatnonzero(self.starts == node)[0])

    def likeliest(self, node: int, slot: int) -> int:
        """The outcome of greatest chance; of equals the first that goes elsewhere, or else the first."""
        return int(self._likeliest[node * self.slots + slot])

    def likeliest_path(self, prompt: int, policy: NDArray[np.integer]) -> NDArray[np.int64]:
        """The outcomes that a policy, (states,) actions, has where always the likeliest happens, up to the end, to the
        first state that comes again, or to one where it does nothing any more."""
        node, been, outcomes = int(self.starts[prompt]), set[int](), list[int]()
        while node != END and node not in been and policy[self.row[node]] != STAY:
            been.add(node)
            outcomes.append(self.likeliest(node, int(policy[self.row[node]])))
            node = int(self.successor[outcomes[-1]])
        return np.array(outcomes, np.int64)

    def follow(self, node: int, slot: int) -> int:
        """The node that (node, slot) most likely leads to; END if the episode most likely ends."""
        return int(self.successor[self.likeliest(node, slot)])


def _thresholds(first: NDArray[np.int64], chances: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Cumulative chances within each edge; the last one certain."""
    thresholds = []
    for edge in range(len(first) - 1):
        total = 0.0
        for chance in chances[first[edge] : first[edge + 1]].tolist():
            total += chance
            thresholds.append(draws.threshold(min(1.0, total)))
        thresholds[-1] = 2**53
    return np.array(thresholds, np.uint64)


# -- without a table --------------------------------------------------------------------------------------------------


class Found(NamedTuple):
    """What came about in a run of an environment without a table, and how often: no matter in which order."""

    edge: NDArray[np.uint32]
    """(outcomes,) state * slots + action."""
    into: NDArray[np.int32]
    """(outcomes,) the next state; -1 where the episode ended, in whatever state."""
    reward: NDArray[np.float64]
    counts: NDArray[np.uint64]
    """(outcomes,) ordered by the first three."""
    starts: NDArray[np.int32]
    """(starts,) the states in which episodes began, ascending ..."""
    start_counts: NDArray[np.uint64]
    """... and how many did."""


# In a saved run, name -> (dtype, axes).
FOUND: Final = {
    "edge": ("u4", 1),
    "into": ("i4", 1),
    "reward": ("f8", 1),
    "counts": ("u8", 1),
    "starts": ("i4", 1),
    "start_counts": ("u8", 1),
}


class Done(NamedTuple):
    """A step of an episode that was played beside the run."""

    node: int
    slot: int
    reward: float
    successor: int
    """The next node, or END."""


class SteppedTables(StateTables):
    """The states of an environment without a table, which is asked at each step; and what came of it so far.

    Every episode begins with a seed of its own that is drawn for (the run's seed, its number), so that any moment of a
    run is found again by playing the episode once more.

    Attributes are those of `StateTables`, and:

    starts : (starts,) uint32
        The nodes in which episodes began, the most frequent first.
    found : int
        How many outcomes there are.
    """

    whole = False

    def __init__(self, scenario: Scenario, environment: Gym, budget: int | None = None) -> None:
        super().__init__(scenario, environment, budget)
        self._environment = environment
        self._play = Play(environment)
        self._beside: Play | None = None
        seed = scenario.learner.seed
        self._key, self._key_beside = draws.key(seed, draws.ENVIRONMENT), draws.key(seed, draws.REHEARSAL)
        room = self.plan.budget - self.nodes * self.plan.bytes_per_node
        self._most = min(room // BYTES_PER_OUTCOME, 2**32 - 1)
        self._numbers: dict[tuple[int, int, float], int] = {}
        self._start_counts: dict[int, int] = {}
        self._starts: NDArray[np.uint32] | None = None
        self.found = 0
        self._edge, self._count = np.zeros(1024, np.int64), np.zeros(1024, np.uint64)
        self._into = np.zeros(1024, np.int32)
        self.successor, self.reward = np.zeros(1024, np.uint32), np.zeros(1024)

    # -- the run --------------------------------------------------------------------------------------------------

    def begin(self, episode: int) -> int:
        """Begin the run's next episode; returns the node."""
        state = self._play.begin(seed_of(self._key, episode))
        self._start_counts[state] = self._start_counts.get(state, 0) + 1
        self._starts = None
        return state + _FIRST

    def step(self, edge: int) -> tuple[int, bool]:
        """Take an edge: (its outcome, whether the episode is cut off after it).

        Raises
        ------
        TableError
            If the environment fails, or there is no room for what came about; nothing has changed then.
        """
        happened = self._play.step(edge % self.slots)
        key = edge - _FIRST * self.slots, -1 if happened.ended else happened.state, happened.reward
        outcome = self._numbers.get(key)
        if outcome is None:
            try:
                outcome = self._add(*key)
            except TableError:
                self._play.take_back()
                raise
        self._count[outcome] += np.uint64(1)
        return outcome, happened.cut_off

    def scene(self, state: int, episode: int) -> Scene:
        """What a picture of the episode in progress is of, which stands in this state."""
        return Scene(state, seed_of(self._key, episode), self.actions)

    @property
    def actions(self) -> tuple[int, ...]:
        """What was done in the episode in progress."""
        return tuple(self._play.actions)

    def take_up(self, episode: int, state: int, actions: Sequence[int], total: float) -> tuple[int, list[int]]:
        """Play an episode of the run once more, up to where it stood: in `state` after `actions` that earned `total`.
        Returns (the node, the outcomes on the way).

        Raises
        ------
        TableError
            If the environment does other things than it did.
        """
        here, earned, outcomes = self._play.begin(seed_of(self._key, episode)), 0.0, []
        for action in actions:
            happened = self._play.step(action)
            outcomes.append(self._numbers.get((here * self.slots + action, happened.state, happened.reward), -1))
            earned += happened.reward
            here = happened.state
            if outcomes[-1] < 0 or happened.ended or happened.cut_off:
                raise self.is_another()
        if (here, earned) != (state, total):
            raise self.is_another()
        return here + _FIRST, outcomes

    def remember(self, found: Found) -> None:
        """Have found this before: in a run that is taken up."""
        for outcome in zip(*(array.tolist() for array in found[:3]), strict=True):
            self._add(*outcome)
        self._count[: self.found] = found.counts
        self._start_counts = dict(zip(found.starts.tolist(), found.start_counts.tolist(), strict=True))
        self._starts = None

    def came_before(self, found: Found) -> bool:
        """Whether what came about so far is no more than this."""
        known = dict(
            zip(zip(*(array.tolist() for array in found[:3]), strict=True), found.counts.tolist(), strict=True)
        )
        return all(
            count <= known.get(outcome, 0)
            for outcome, count in zip(self._numbers, self._count[: self.found].tolist(), strict=True)
        )

    def is_another(self) -> TableError:
        """What to say where the environment does other things than it did."""
        return TableError(
            tr("the environment {id} does other things now than when this was learned, though it was begun with the "
               "same seed and given the same actions: the run cannot go on from here", id=self._environment.id)
        )  # fmt: skip

    def _add(self, edge: int, into: int, reward: float) -> int:
        if self.found >= self._most:
            raise TableError(
                tr("more than {count} different outcomes came about, which is what there is memory for",
                   count=i18n.count(self.found))
            )  # fmt: skip
        if self.found == len(self._edge):
            for name in ("_edge", "_count", "_into", "successor", "reward"):
                setattr(self, name, np.concatenate([old := getattr(self, name), np.zeros_like(old)]))
        outcome = self._numbers[edge, into, reward] = self.found
        self._edge[outcome], self._into[outcome], self.reward[outcome] = edge, into, reward
        self.successor[outcome] = END if into < 0 else into + _FIRST
        self.found += 1
        return outcome

    # -- what came about ------------------------------------------------------------------------------------------

    @property
    def starts(self) -> NDArray[np.uint32]:  # type: ignore[override]
        if self._starts is None:
            order = sorted(self._start_counts, key=lambda state: (-self._start_counts[state], state))
            self._starts = np.array(order, np.uint32) + np.uint32(_FIRST)
        return self._starts

    def moment(self) -> Found:
        """A copy of what came about so far."""
        edge, into, reward = self._edge[: self.found], self._into[: self.found], self.reward[: self.found]
        order = np.lexsort((reward, into, edge))
        starts = sorted(self._start_counts)
        return Found(
            edge[order].astype(np.uint32),
            into[order],
            reward[order],
            self._count[order],
            np.array(starts, np.int32),
            np.array([self._start_counts[state] for state in starts], np.uint64),
        )

    def edges_of(self, taken: NDArray[np.integer]) -> NDArray[np.int64]:
        return self._edge[taken.astype(np.int64)] + _FIRST * self.slots

    def outcomes(self) -> Outcomes:
        found = self.moment()
        return Outcomes(
            found.edge.astype(np.int64) + _FIRST * self.slots,
            np.where(found.into < 0, END, found.into.astype(np.int64) + _FIRST),
            found.reward,
            found.counts.astype(np.float64),
        )

    def prompt_at(self, node: int) -> int:
        """There is one for all."""
        return 0

    # -- beside the run -------------------------------------------------------------------------------------------

    def rehearse(self, choose: Callable[[int], int], number: int = 0, seed: int | None = None) -> Iterator[Done]:
        """Play an episode in an environment of its own, by what `choose` says at each node: step by step, to its end or
        LONGEST steps. It changes nothing of the run.

        Parameters
        ----------
        number : which of the episodes that are the same in every run with this seed ...
        seed : ... or with that one.
        """
        self._beside = self._beside or Play(self._environment)
        key = self._key_beside if seed is None else draws.key(seed, draws.REHEARSAL)
        node = self._beside.begin(seed_of(key, number)) + _FIRST
        for _ in range(LONGEST):
            slot = choose(node)
            happened = self._beside.step(slot)
            following = END if happened.ended else happened.state + _FIRST
            yield Done(node, slot, happened.reward, following)
            if happened.ended or happened.cut_off:
                return
            node = following
