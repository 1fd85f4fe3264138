"""The environment traced into flat arrays: ordinary Python builds them, the learning loop only reads them.

A node is the environment's own state: (what the agent sees, memory of every reward term, length). A row is what the
agent sees: (prompt, the words in its context, and the position if it sees that). Every node has one row; nodes may
share one. An edge is (node, slot), numbered node * slots + slot; a cell is (row, slot), numbered alike.

An edge is traced when it is first taken, or all are traced before the run where the scenario is small. The numbers of
nodes and rows depend on that; nothing that is learned, shown or saved does.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.errors import TableError
from langrl_gui.core.i18n import tr
from langrl_gui.core.language import Language
from langrl_gui.core.scenario import Scenario

UNTRACED: Final = 0
"""Successor of an edge that nobody has taken yet. Zero, so that fresh memory means it."""
END: Final = 1
"""Successor of an edge with which the text ends. Real nodes are numbered from 2."""

UNSEEN: Final = -2
"""In `states`: a word whose position the agent sees, but no longer the word itself."""
PADDING: Final = -1
"""In `states`: nothing, after the last word."""

WHOLE: Final = 1 << 20
"""Edges up to which a scenario is traced before the run: well under a second, and memory nobody notices."""
BUDGET: Final = 1 << 30
"""Bytes that tables and what is learned may take together, unless the caller plans otherwise."""


@dataclass(frozen=True)
class Plan:
    """Memory, before it is taken."""

    capacity: int
    """Nodes that fit, the two signs included."""
    bytes_per_node: int
    """Bytes that one node and its row take, in the tables and in the learner's arrays together."""

    @property
    def bytes(self) -> int:
        """What a full table takes."""
        return self.capacity * self.bytes_per_node


LEARNER_BYTES_PER_CELL: Final = 20
"""q (8), visits (8), and room for one small array more per cell."""


def plan(scenario: Scenario, budget: int = BUDGET) -> Plan:
    """How many nodes fit into `budget` bytes.

    Raises
    ------
    TableError
        If not even one text's worth of nodes fits.
    """
    language = scenario.language
    slots = len(language.words)
    per_node = slots * (4 + 8 + 4 + LEARNER_BYTES_PER_CELL) + 4 * (4 + width(language))
    capacity = min(budget // per_node, 2**32 - 1, _most_nodes(scenario))
    needed = 2 + len(scenario.starts) + language.max_length - 1
    if capacity < needed:
        raise TableError(
            tr(
                "{words} words x {length} positions need at least {needed} MiB of memory and {budget} MiB are planned; "
                "use fewer words, or a shorter context",
                words=slots,
                length=language.max_length,
                needed=-(-needed * per_node >> 20),
                budget=budget >> 20,
            )
        )
    return Plan(capacity, per_node)


def width(language: Language) -> int:
    """Words in a row's name: those that are seen, or hidden places for those of which the position alone is."""
    return language.max_length - 1 if language.sees_position else language.seen_words


def _most_nodes(scenario: Scenario) -> int:
    """One node per prompt and text that has not ended, plus the two signs: exact where the agent sees the whole text,
    an upper bound elsewhere."""
    language = scenario.language
    total, texts = 2, len(scenario.starts)
    for _ in range(language.max_length):
        total += texts
        texts *= len(language.words) - bool(language.end_word)
        if total > 2**40:
            break
    return total


_Edges = tuple[NDArray[np.uint32], NDArray[np.uint32]]


class Tables:
    """The traced environment.

    Attributes
    ----------
    slots : int
        Choices in a row: the words.
    starts : (prompts,) uint32
        The node in which each prompt's episodes begin.
    successor : (capacity * slots,) uint32
        For each edge the next node, or UNTRACED, or END.
    reward : (capacity * slots,) float64
        For each edge its one reward. Known as soon as the node is, whether or not the edge is traced.
    share : (capacity * slots,) uint32
        For each edge its step in `dynamics`, which knows what each term gave.
    row : (capacity,) uint32
        For each node its row.
    length : (capacity,) int32
        For each node how many words have been said.
    states : (capacity, 1 + width) int32
        For each row: prompt, then the words it sees, then PADDING.
    """

    def __init__(self, scenario: Scenario, budget: int = BUDGET, whole: int = WHOLE) -> None:
        self.scenario = scenario
        self.dynamics = Dynamics(scenario)
        self.plan = plan(scenario, budget)
        language = scenario.language
        self.slots = len(language.words)
        self._context = None if language.context == "all" else language.context
        self._sees_position = language.sees_position
        self.width = width(language)
        capacity = self.plan.capacity
        # np.zeros maps memory without touching it: a large plan costs only what is used.
        self.successor = np.zeros(capacity * self.slots, np.uint32)
        self.reward = np.zeros(capacity * self.slots, np.float64)
        self.share = np.zeros(capacity * self.slots, np.uint32)
        self.row = np.zeros(capacity, np.uint32)
        self.length = np.zeros(capacity, np.int32)
        self._joint = np.zeros(capacity, np.uint32)
        self.states = np.zeros((capacity, 1 + self.width), np.int32)
        self.nodes = 2
        self.rows = 0
        self._known_edges: dict[tuple[int, bool], _Edges] = {}
        self._node_numbers: dict[tuple[int, int, int], int] = {}
        self._row_numbers: dict[bytes, int] = {}
        self.starts = self._start()
        self.whole = self._trace_all(whole)

    # -- tracing ------------------------------------------------------------------------------------------------------

    def trace(self, edges: NDArray[np.integer]) -> None:
        """Trace `edges` (each not traced yet, all different): find or make the node that each leads to.

        Raises
        ------
        TableError
            If the table is full. Nothing has changed then.
        """
        if len(edges) == 1 and self._context is None:
            self._trace_one(int(edges[0]))
            return
        nodes, words = np.divmod(edges.astype(np.int64), self.slots)
        joints = np.empty(len(edges), np.uint32)
        for joint in np.unique(self._joint[nodes]):
            here = self._joint[nodes] == joint
            joints[here] = self.dynamics.moves(int(joint)).successors[words[here]]
        lengths = self.length[nodes] + 1
        states = self._seen_after(self.states[self.row[nodes]], words, lengths)
        self.successor[edges] = self._add(states, joints, lengths)

    def _trace_one(self, edge: int) -> None:
        """What `trace` does, for one edge of an agent that sees the whole text: the path of a large scenario, where a
        handful of numbers is copied for each edge and handling arrays would take ten times as long."""
        node, word = divmod(edge, self.slots)
        new, row = self.nodes, self.rows
        if new >= self.plan.capacity:
            raise self._is_full()
        joint = int(self.dynamics.moves(int(self._joint[node])).successors[word])
        length = int(self.length[node]) + 1
        self.row[new], self._joint[new], self.length[new] = row, joint, length
        state = self.states[row]
        state[:] = self.states[self.row[node]]
        state[length] = word
        first = new * self.slots
        cells = slice(first, first + self.slots)
        self.successor[cells], self.share[cells] = self._edges_of(joint, length)
        self.reward[cells] = self.dynamics.rewards[self.share[cells]]
        self.successor[edge] = new
        self.nodes, self.rows = new + 1, row + 1

    def _edges_of(self, joint: int, length: int) -> _Edges:
        """(successor, share) of the edges of a new node with this joint memory and length."""
        last = length + 1 == self.scenario.language.max_length
        if (joint, last) not in self._known_edges:
            moves = self.dynamics.moves(joint)
            ends = self.dynamics.ends_text | last
            successor = np.where(ends, np.uint32(END), np.uint32(UNTRACED))
            self._known_edges[joint, last] = successor, moves.steps(ends)
        return self._known_edges[joint, last]

    def _is_full(self) -> TableError:
        return TableError(
            tr(
                "the table is full: {rows} states take the {size} MiB that were planned; "
                "use fewer words, shorter texts or a shorter context",
                rows=self.rows,
                size=self.plan.bytes >> 20,
            )
        )

    def _start(self) -> NDArray[np.uint32]:
        prompts = len(self.scenario.starts)
        states = np.full((prompts, 1 + self.width), PADDING, np.int32)
        states[:, 0] = np.arange(prompts)
        joints = np.array([self.dynamics.start(prompt) for prompt in range(prompts)], np.uint32)
        return self._add(states, joints, np.zeros(prompts, np.int32))

    def _seen_after(
        self, states: NDArray[np.int32], words: NDArray[np.int64], lengths: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """What the agent sees after one more word, (n, 1 + width); `lengths` count that word."""
        after = states.copy()
        each = np.arange(len(states))
        if self._context is None:
            after[each, lengths] = words
            return after
        seen = np.minimum(lengths, self._context)
        if self._sees_position:
            after[each, lengths] = words
            gone = lengths - self._context
            hidden = np.arange(1, 1 + self.width)[None, :] <= gone[:, None]
            after[:, 1:][hidden] = UNSEEN
            return after
        full = lengths > self._context
        if self._context:
            after[full, 1:-1] = states[full, 2:]
            after[each, seen] = words
        return after

    def _add(
        self, states: NDArray[np.int32], joints: NDArray[np.uint32], lengths: NDArray[np.int32]
    ) -> NDArray[np.uint32]:
        """The nodes with these rows, memories and lengths; those that are new are made."""
        if self._context is None:
            # What is seen is the whole text: every node and every row is new, and no register of them is needed.
            nodes = np.arange(self.nodes, self.nodes + len(states), dtype=np.uint32)
            rows = np.arange(self.rows, self.rows + len(states), dtype=np.uint32)
            new = np.ones(len(states), bool)
        else:
            rows = np.fromiter(
                (self._row_numbers.setdefault(s.tobytes(), len(self._row_numbers)) for s in states), np.uint32
            )
            known = self._node_numbers
            keys = list(zip(rows.tolist(), joints.tolist(), lengths.tolist(), strict=True))
            nodes = np.fromiter((known.setdefault(key, len(known) + 2) for key in keys), np.uint32)
            first = np.unique(nodes, return_index=True)[1]
            new = np.zeros(len(states), bool)
            new[first] = True
            new &= nodes >= self.nodes
        if self.nodes + int(new.sum()) > self.plan.capacity:
            for key in [key for key, number in self._node_numbers.items() if number >= self.nodes]:
                del self._node_numbers[key]
            for state in [state for state, number in self._row_numbers.items() if number >= self.rows]:
                del self._row_numbers[state]
            raise self._is_full()
        self._fill(nodes[new], rows[new], states[new], joints[new], lengths[new])
        return nodes

    def _fill(
        self,
        nodes: NDArray[np.uint32],
        rows: NDArray[np.uint32],
        states: NDArray[np.int32],
        joints: NDArray[np.uint32],
        lengths: NDArray[np.int32],
    ) -> None:
        """Write new nodes: their rows, and for each of their edges reward, shares, and whether the text ends there."""
        self.row[nodes], self._joint[nodes], self.length[nodes] = rows, joints, lengths
        self.states[rows] = states
        self.nodes += len(nodes)
        if len(rows):
            self.rows = max(self.rows, int(rows.max()) + 1)
        successor, reward, share = (a.reshape(-1, self.slots) for a in (self.successor, self.reward, self.share))
        for joint, length in np.unique(np.stack([joints, lengths]).astype(np.int64), axis=1).T.tolist():
            here = nodes[(joints == joint) & (lengths == length)]
            successor[here], share[here] = self._edges_of(joint, length)
            reward[here] = self.dynamics.rewards[share[here[:1]]]

    def _trace_all(self, most_edges: int) -> bool:
        """Trace breadth first until nothing is left (True) or there are more edges than `most_edges` (False)."""
        most = min(most_edges // self.slots + 2, self.plan.capacity)
        if self._context is None and _most_nodes(self.scenario) > most:
            return False
        done = 2
        while done < self.nodes:
            edges = done * self.slots + np.flatnonzero(
                self.successor[done * self.slots : self.nodes * self.slots] == UNTRACED
            )
            if len(edges) and self.nodes + len(edges) > most:
                return False
            done = self.nodes
            if len(edges):
                self.trace(edges)
        return True

    # -- rewards ------------------------------------------------------------------------------------------------------

    def reweigh(self, scenario: Scenario) -> None:
        """Rewards by the weights and gamma of `scenario` from now on. No term is asked again: each edge knows what each
        term gave."""
        if self.dynamics.reweigh(scenario):
            edges = slice(2 * self.slots, self.nodes * self.slots)
            self.reward[edges] = self.dynamics.rewards[self.share[edges]]

    def shares_of(self, edges: NDArray[np.integer]) -> NDArray[np.float64]:
        """(n, terms) what each reward term gave to the rewards of these edges, weighted; they add up to it."""
        return self.dynamics.shares(self.share[edges])

    # -- names that do not depend on how the table was traced ---------------------------------------------------------

    def seen(self, row: int) -> list[int]:
        """What a row sees: word numbers, UNSEEN for words whose position alone is seen."""
        words = self.states[row, 1:]
        return [int(w) for w in words[words != PADDING]]

    def prompt(self, row: int) -> int:
        """The prompt of a row."""
        return int(self.states[row, 0])

    def node_after(self, prompt: int, words: list[int]) -> int:
        """The node reached from a prompt by saying `words`, traced on the way if need be; END if the text ends."""
        node = int(self.starts[prompt])
        for word in words:
            if node == END:
                raise TableError(tr("the text goes on after its end"))
            node = self.follow(node, word)
        return node

    def follow(self, node: int, slot: int) -> int:
        """The node that (node, slot) leads to, traced if need be; END if the text ends."""
        edge = node * self.slots + slot
        if self.successor[edge] == UNTRACED:
            self.trace(np.array([edge]))
        return int(self.successor[edge])

    def find_rows(self, states: NDArray[np.int32]) -> NDArray[np.uint32]:
        """The rows that see `states`, (n, 1 + width), traced if need be.

        Raises
        ------
        TableError
            If no text of the scenario is seen like that, or the table is full.
        """
        prompts, words = states[:, 0], states[:, 1:]
        padded = words == PADDING
        lowest = UNSEEN if self._sees_position else 0
        if (
            ((prompts < 0) | (prompts >= len(self.starts))).any()
            or (words >= self.slots).any()
            or (~padded & (words < lowest)).any()
            or (padded[:, :-1] & ~padded[:, 1:]).any()
        ):
            raise TableError(tr("there is a state with prompts or words that this scenario has not"))
        if self._context is not None:
            if not self.whole:
                return self._reserve_rows(states)
            rows = [self._row_numbers.get(np.ascontiguousarray(state).tobytes()) for state in states]
            if None in rows:
                raise TableError(tr("state {number} is not one of this scenario's", number=rows.index(None)))
            return np.array(rows, np.uint32)
        nodes = self.starts[states[:, 0]].astype(np.int64)
        for position in range(1, 1 + self.width):
            going_on = np.flatnonzero(states[:, position] != PADDING)
            if not len(going_on):
                break
            if (nodes[going_on] < 2).any():
                raise TableError(tr("a state lies after the end of its text"))
            edges = nodes[going_on] * self.slots + states[going_on, position]
            untraced = np.unique(edges[self.successor[edges] == UNTRACED])
            if len(untraced):
                self.trace(untraced)
            nodes[going_on] = self.successor[edges]
        if (nodes < 2).any():
            raise TableError(tr("a state lies after the end of its text"))
        return self.row[nodes]

    def _reserve_rows(self, states: NDArray[np.int32]) -> NDArray[np.uint32]:
        """Rows for `states` before any node leads to them: a node that sees the same will find them."""
        rows = np.fromiter(
            (self._row_numbers.setdefault(np.ascontiguousarray(s).tobytes(), len(self._row_numbers)) for s in states),
            np.uint32,
        )
        if len(self._row_numbers) > self.plan.capacity:
            raise self._is_full()
        self.states[rows] = states
        self.rows = len(self._row_numbers)
        return rows

    def row_order(self, rows: NDArray[np.integer]) -> NDArray[np.intp]:
        """The order that sorts `rows` by (prompt, words): a name for each row that outlives its number."""
        states = self.states[rows]
        return np.lexsort(states.T[::-1])
