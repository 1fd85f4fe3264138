"""An environment's transition table in the arrays that the learning loop reads: like `tables.Tables`, known beforehand.

A state is a node and a row at once: state s is row s and node s + 2, named (0, s) as a text is named (prompt, words).
Where an edge has several outcomes, `successor` and `reward` are those of outcomes, not of edges.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import draws, memory
from langrl_gui.core.errors import TableError
from langrl_gui.core.gym import Table
from langrl_gui.core.i18n import tr
from langrl_gui.core.mdp import STAY
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import BYTES_PER_CELL, END, Plan

_FIRST = 2  # the first node after the two signs


class GymTables:
    """The table of an environment.

    Attributes are those of `tables.Tables`, and:

    first_outcome : (nodes * slots + 1,) uint64
        The outcomes of an edge are `first_outcome[edge]` up to `first_outcome[edge + 1]`.
    outcome_thresholds : (outcomes,) uint64
        Cumulative chances within an edge, in units of 2^-53.
    longest : int
        Steps after which an episode is cut off; 0: never.

    Raises
    ------
    TableError
        If what is learned of it does not fit into `budget` bytes (None: what `memory` says).
    """

    restricted = compact = False
    whole = True
    traced, tracing_seconds = 0, 0.0

    def __init__(self, scenario: Scenario, table: Table, budget: int | None = None) -> None:
        self.scenario = scenario
        self._table = table
        mdp = table.mdp
        self.words, self.width = mdp.slots, 1
        self.slots, self.rows, self.nodes = mdp.slots, mdp.states, mdp.states + _FIRST
        budget = memory.budget() if budget is None else budget
        self.plan = Plan(self.nodes, self.slots * BYTES_PER_CELL, budget)
        needed = self.nodes * self.plan.bytes_per_node
        if needed > budget:
            raise TableError(
                tr("{states} states x {slots} actions need {needed} MiB of memory and {budget} MiB are planned",
                   states=self.rows, slots=self.slots, needed=needed >> 20, budget=budget >> 20)
            )  # fmt: skip
        self.longest = table.longest
        self.starts = (table.starts + _FIRST).astype(np.uint32)
        self.row = np.maximum(np.arange(self.nodes, dtype=np.int64) - _FIRST, 0).astype(np.uint32)
        self.states = np.stack([np.zeros(self.rows, np.int32), np.arange(self.rows, dtype=np.int32)], axis=1)
        self.successor = np.where(mdp.successor < 0, END, mdp.successor + _FIRST).astype(np.uint32)
        self.reward = mdp.reward
        self.first_outcome = np.concatenate([np.zeros(_FIRST * self.slots), mdp.first]).astype(np.uint64)
        self.outcome_thresholds = _thresholds(mdp.first, mdp.probability)
        self.share, self.amounts, self.potentials = np.zeros(0, np.uint32), np.zeros((1, 0)), np.zeros(0, np.uint32)
        self.offer = np.zeros(self.nodes, np.uint32)
        self.offer_count = np.array([self.slots], np.uint32)
        self.offer_slots = np.arange(self.slots, dtype=np.uint32)
        stays = self.successor == mdp.edge_of // mdp.slots + _FIRST
        best_first = np.lexsort((stays, -mdp.probability, mdp.edge_of))  # stable: of equals the first
        self._likeliest = np.concatenate([np.zeros(_FIRST * self.slots, np.intp), best_first[mdp.first[:-1]]])
        self.length = _depths(self)

    def trace(self, edges: NDArray[np.integer]) -> None:
        """Nothing is ever missing here."""
        raise AssertionError(edges)

    def reweigh(self, scenario: Scenario) -> None:
        """There are no terms that could weigh more or less."""

    def shares_of(self, outcomes: NDArray[np.integer]) -> NDArray[np.float64]:
        """(n, 0): an environment does not say what its rewards are made of."""
        return np.zeros((len(outcomes), 0))

    # -- names ----------------------------------------------------------------------------------------------------

    def seen(self, row: int) -> list[int]:
        """The state's number."""
        return [row]

    def prompt(self, row: int) -> int:
        """States belong to no prompt: 0."""
        return 0

    def edges_of(self, taken: NDArray[np.integer]) -> NDArray[np.int64]:
        """The edges of what a tape remembers, which are outcomes."""
        edges: NDArray[np.int64] = np.searchsorted(self.first_outcome, taken, side="right") - 1
        return edges

    def words_of(self, outcomes: NDArray[np.integer]) -> NDArray[np.int64]:
        """The action of each outcome."""
        return self.edges_of(outcomes) % self.slots

    def words_at(self, rows: NDArray[np.integer]) -> NDArray[np.uint32]:
        """(rows, slots) the action of each slot: its number."""
        return np.broadcast_to(np.arange(self.slots, dtype=np.uint32), (len(rows), self.slots))

    def offered_words(self, rows: NDArray[np.integer]) -> None:
        """Every action is offered everywhere."""

    def row_offers(self, rows: NDArray[np.integer]) -> None:
        """Every action is offered everywhere."""

    def offers(self, nodes: NDArray[np.integer]) -> NDArray[np.bool_]:
        """(nodes, slots) True."""
        return np.ones((len(nodes), self.slots), bool)

    def slot_of(self, node: int, word: int) -> int:
        """The slot of an action: its number."""
        return word

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

    def outcome_chances(self, edge: int) -> NDArray[np.float64]:
        """The chances of an edge's outcomes."""
        mdp = self._table.mdp
        edge -= _FIRST * self.slots
        return mdp.probability[mdp.first[edge] : mdp.first[edge + 1]]

    def follow(self, node: int, slot: int) -> int:
        """The node that (node, slot) most likely leads to; END if the episode most likely ends."""
        return int(self.successor[self.likeliest(node, slot)])

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


def _depths(tables: GymTables) -> NDArray[np.int32]:
    """(nodes,) how many steps from a start each node is; -1 where it is never reached."""
    depths = np.full(tables.nodes, -1, np.int32)
    front, depth = np.unique(tables.starts).astype(np.int64), 0
    while len(front):
        depths[front] = depth
        depth += 1
        places = [
            np.arange(tables.first_outcome[node * tables.slots], tables.first_outcome[(node + 1) * tables.slots])
            for node in front
        ]
        following = np.unique(tables.successor[np.concatenate(places).astype(np.int64)]).astype(np.int64)
        following = following[following >= _FIRST]
        front = following[depths[following] < 0]
    return depths
