"""The environment traced into flat arrays: ordinary Python builds them, the learning loop only reads them.

A node is the environment's own state: (what the agent sees, memory of every reward term, length). A row is what the
agent sees: (prompt, the words in its context, and the position if it sees that). Every node has one row; nodes may
share one. An edge is (node, slot), numbered node * slots + slot; a cell is (row, slot), numbered alike.

A slot stands for a word: the one with its number, or, with a shortlist, one that depends on the last word, which the
row sees; so a slot means the same in all nodes that share a row. Which slots are offered may differ between them.

An edge is traced when it is first taken, or all are traced before the run where the scenario is small. The numbers of
nodes and rows depend on that; nothing that is learned, shown or saved does.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import memory
from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.errors import TableError
from langrl_gui.core.i18n import count, tr
from langrl_gui.core.language import Language
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.work import Progress, Report, along

UNTRACED: Final = 0
"""Successor of an edge that nobody has taken yet. Zero, so that fresh memory means it."""
END: Final = 1
"""Successor of an edge with which the text ends. Real nodes are numbered from 2."""

UNSEEN: Final = -2
"""In `states`: a word whose position the agent sees, but no longer the word itself."""
PADDING: Final = -1
"""In `states`: nothing, after the last word."""

NOTHING: Final = 2**32 - 1
"""In a list of the words that slots stand for: a slot that is not offered."""

WHOLE: Final = 1 << 20
"""Edges up to which a scenario is traced before the run: well under a second, and memory nobody notices."""


@dataclass(frozen=True)
class Plan:
    """Memory, before it is taken."""

    capacity: int
    """Nodes that fit, the two signs included."""
    bytes_per_node: int
    """Bytes that one node and its row take, in the tables and in the learner's arrays together."""

    budget: int
    """Bytes that may be taken. What the reward terms remember takes some of them, too, so that fewer nodes may fit."""

    bytes_per_memory: int = 0
    """Bytes that what can follow one of the terms' memories takes; there are at most as many as nodes."""

    @property
    def bytes(self) -> int:
        """What is taken at most."""
        return min(self.budget, self.capacity * (self.bytes_per_node + self.bytes_per_memory))


class Room(NamedTuple):
    """Whether all states will fit, before any are met."""

    least: int
    """States that fit where the reward terms tell all texts apart."""
    most: int
    """And where they tell none apart."""
    all: int
    """States that there may be."""
    bytes: int
    """What is taken at most."""

    @property
    def suffices(self) -> bool:
        """Whether the table cannot become full."""
        return self.least >= self.all

    def __str__(self) -> str:
        size = count(self.bytes >> 20)
        if self.suffices:
            return tr(
                "up to {states} states will be traced as they are met, in at most {size} MiB of memory",
                states=count(self.all), size=size,
            )  # fmt: skip
        return tr(
            "there may be {all} states, traced as they are met; {least} to {most} of them fit into the {size} MiB of "
            "memory that are planned: the more texts the rewards tell apart, the fewer",
            all=_counted(self.all), least=count(self.least), most=count(self.most), size=size,
        )  # fmt: skip


def _counted(states: int) -> str:
    """So many, as far as they were counted."""
    return count(states) if states <= _COUNTED else tr("more than {number}", number=count(_COUNTED))


BYTES_PER_EDGE: Final = 4 + 8 + 4 + 4
"""successor, reward, share, and a place among the slots that are offered."""
BYTES_PER_CELL: Final = 8 + 8 + 4
"""q, visits and the last change."""
BYTES_OF_REGISTERS: Final = 500
"""What knows a node, and a row, by what it is: where nodes share rows."""


def plan(scenario: Scenario, budget: int | None = None, bytes_per_memory: int = 0) -> Plan:
    """How many nodes fit into `budget` bytes; None: what `memory` says this machine has for it.

    `bytes_per_memory`: see `Dynamics`.

    Raises
    ------
    TableError
        If not even one text's worth of nodes fits.
    """
    language = scenario.language
    budget = memory.budget() if budget is None else budget
    slots = language.slots
    per_node = slots * (BYTES_PER_EDGE + BYTES_PER_CELL) + 4 * (6 + width(language))
    if language.context != "all":
        per_node += BYTES_OF_REGISTERS + 4 * (1 + width(language))
    most = most_nodes(scenario, slots)
    capacity = min(budget // per_node, 2**32 - 1, most)
    needed = min(2 + len(scenario.starts) + language.max_length - 1, most)
    if capacity < needed:
        raise TableError(
            tr(
                "{words} words in at least {states} states need {needed} MiB of memory and {budget} MiB are planned; "
                "use fewer words, a shortlist, fewer prompts, shorter texts or a shorter context",
                words=count(slots), states=count(needed - 2), needed=count(-(-needed * per_node >> 20)),
                budget=count(budget >> 20),
            )
        )  # fmt: skip
    return Plan(capacity, per_node, budget, bytes_per_memory)


def width(language: Language) -> int:
    """Words in a row's name: those that are seen, or hidden places for those of which the position alone is."""
    return language.max_length - 1 if language.sees_position else language.seen_words


def most_nodes(scenario: Scenario, slots: int) -> int:
    """One node per prompt and text that has not ended, plus the two signs: exact where the agent sees the whole text,
    an upper bound elsewhere."""
    language = scenario.language
    total, texts = 2, len(scenario.starts)
    for _ in range(language.max_length):
        total += texts
        # An end word that a shortlist need not hold ends no text for certain.
        texts *= slots - (bool(language.end_word) and slots == len(language.words))
        if total > _COUNTED + 2:
            break
    return total


_COUNTED: Final = 10**12
"""States up to which is counted how many there may be: more would not fit anywhere."""

_Edges = tuple[NDArray[np.uint32], NDArray[np.uint32]]

_KEPT: Final = 4096
"""Memories of which the edges are kept: where there are few, many nodes have the same."""

_CHUNK: Final = 1 << 16
"""Edges that are traced at once: enough to be fast, few enough to hear often how far it is."""


def _groups(values: NDArray[np.integer]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Each distinct value, and where it stands."""
    order = np.argsort(values, kind="stable")
    if len(order):
        changes = np.flatnonzero(np.diff(values[order])) + 1
        for here in np.split(order, changes):
            yield int(values[here[0]]), here


class Place(NamedTuple):
    """Where a text stands, whether or not the table has a node for it."""

    node: int
    """Its node; UNTRACED if there is none."""
    joint: int
    length: int
    state: NDArray[np.int32]
    """(1 + width,) what is seen there, as in `Tables.states`."""


class Tables:
    """The traced environment.

    Attributes
    ----------
    slots : int
        Choices in a row at most.
    starts : (prompts,) uint32
        The node in which each prompt's episodes begin.
    successor : (capacity * slots,) uint32
        For each edge the next node, or UNTRACED, or END.
    reward : (capacity * slots,) float64
        For each edge its one reward. Known as soon as the node is, but where a text can end because nothing can be said
        any more: there it is known when the edge is traced.
    share : (capacity * slots,) uint32
        For each edge its step in `dynamics`, which knows what each term gave.
    row : (capacity,) uint32
        For each node its row.
    length : (capacity,) int32
        For each node how many words have been said.
    states : (capacity, 1 + width) int32
        For each row: prompt, then the words it sees, then PADDING.
    room : Room
        How many states fit, as it was foreseen before the run.
    traced, tracing_seconds : int, float
        How many edges have been traced, and how long that took.
    restricted : bool
        Whether some node does not offer all slots. Then, and only then, the next three say what is offered.
    offer : (capacity,) uint32
        For each node the number of its offer.
    offer_count : (capacity,) uint32
        For each offer how many slots it has; 0 has all of them.
    offer_slots : (capacity * slots,) uint32
        For each offer its slots, ascending, from offer * slots on.
    """

    def __init__(
        self, scenario: Scenario, budget: int | None = None, whole: int = WHOLE, progress: Progress | None = None
    ) -> None:
        """Traces everything beforehand where that is at most `whole` edges; `progress` hears of it and may cancel."""
        self.scenario = scenario
        self.dynamics = Dynamics(scenario)
        self.plan = plan(scenario, budget, self.dynamics.bytes_per_memory)
        language = scenario.language
        self.slots = self.dynamics.slots
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
        self.traced, self.tracing_seconds = 0, 0.0
        self.restricted = False
        self.offer = np.zeros(capacity, np.uint32)
        self.offer_count = np.zeros(capacity, np.uint32)
        self.offer_slots = np.zeros(capacity * self.slots, np.uint32)
        self.offer_count[0] = self.slots
        self.offer_slots[: self.slots] = np.arange(self.slots)
        self.nodes = 2
        self.rows = 0
        self._offers: dict[bytes, int] = {np.ones(self.slots, bool).tobytes(): 0}
        self._known_edges: dict[tuple[int, bool], _Edges] = {}
        self._node_numbers: dict[tuple[int, int, int], int] = {}
        self._row_numbers: dict[bytes, int] = {}
        self.starts = self._start()
        self._is_small: bool | None = None  # what `complete` says, as far as it is known
        if self._is_surely_more_than(WHOLE):
            self._is_small = False
        self.whole = self._trace_all(whole, Report(progress))
        self.room = self._room()
        if self._is_small is None and (self.whole or whole >= WHOLE):
            self._is_small = self.whole and self.nodes <= WHOLE // self.slots + 2

    # -- tracing ------------------------------------------------------------------------------------------------------

    def trace(self, edges: NDArray[np.integer]) -> None:
        """Trace `edges` (each offered and not traced yet, all different): find or make the node that each leads to.

        Raises
        ------
        TableError
            If the table is full. Nothing has changed then.
        """
        began = time.perf_counter()
        if len(edges) == 1:
            self._trace_one(int(edges[0]))
        else:
            self._trace_some(edges.astype(np.int64))
        self.traced += len(edges)
        self.tracing_seconds += time.perf_counter() - began

    def _trace_some(self, edges: NDArray[np.int64]) -> None:
        nodes = edges // self.slots
        lengths = self.length[nodes] + 1
        joints, words = self._after(edges)
        dead = np.zeros(len(edges), bool)
        for joint, here in _groups(joints):
            dead[here] = self.dynamics.is_dead_end(joint)
        states = self._seen_after(self.states[self.row[nodes]], words, lengths)
        self.successor[edges[~dead]] = self._add(states[~dead], joints[~dead], lengths[~dead])
        for edge in edges[dead].tolist():
            self._end_at(edge)

    def _after(self, edges: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The joint memory that each of these edges leads to, and the word that is said."""
        nodes, slots = np.divmod(edges, self.slots)
        joints, words = np.empty(len(edges), np.uint32), np.empty(len(edges), np.int64)
        for joint, here in _groups(self._joint[nodes]):
            moves = self.dynamics.moves(joint)
            joints[here], words[here] = moves.successors[slots[here]], moves.words[slots[here]]
        return joints, words

    def _trace_one(self, edge: int) -> None:
        """What `trace` does, for one edge: the path of a large scenario, where a handful of numbers is copied for each
        edge and handling arrays would take ten times as long."""
        node, slot = divmod(edge, self.slots)
        moves = self.dynamics.moves(int(self._joint[node]))
        joint, word, length = moves.after(slot), int(moves.words[slot]), int(self.length[node]) + 1
        if self.dynamics.is_dead_end(joint):
            self._end_at(edge)
            return
        state = self.states[self.row[node]].copy()
        if self._context is None:
            new, row = self.nodes, self.rows
            state[length] = word
        else:
            self._see(state, word, length)
            row = self._row_numbers.get(state.tobytes(), len(self._row_numbers))
            new = self._node_numbers.get((row, joint, length), self.nodes)
        if new == self.nodes:
            if not self._has_room(1):
                raise self._is_full()
            if self._context is not None:
                self._row_numbers.setdefault(state.tobytes(), row)
                self._node_numbers[row, joint, length] = new
            self.row[new], self._joint[new], self.length[new] = row, joint, length
            self.states[row] = state
            self._write_edges(slice(new * self.slots, (new + 1) * self.slots), new, joint, length)
            self.nodes, self.rows = new + 1, max(self.rows, row + 1)
        self.successor[edge] = new

    def _end_at(self, edge: int) -> None:
        """Let the text end with this edge, because nothing could be said after it."""
        node, slot = divmod(edge, self.slots)
        moves = self.dynamics.moves(int(self._joint[node]))
        ends = np.zeros(self.slots, bool)
        ends[slot] = True
        step = moves.steps(moves.stops | ends)[slot]
        self.successor[edge], self.share[edge], self.reward[edge] = END, step, self.dynamics.rewards[step]

    def _write_edges(
        self, cells: slice | NDArray[np.int64], nodes: int | NDArray[np.uint32], joint: int, length: int
    ) -> None:
        """Write what is known of the edges of new nodes with this joint memory and length: rewards, shares, offers, and
        which of them end the text. `cells`: their places, (nodes, slots) or a slice for one node."""
        successor, share = self._edges_of(joint, length)
        self.successor[cells], self.share[cells], self.reward[cells] = successor, share, self.dynamics.rewards[share]
        if self.dynamics.restricted:
            self.restricted = True
            self.offer[nodes] = self._offer(self.dynamics.moves(joint).offered)

    def _edges_of(self, joint: int, length: int) -> _Edges:
        """(successor, share) of the edges of a new node with this joint memory and length."""
        last = length + 1 == self.scenario.language.max_length
        known = self._known_edges.get((joint, last))
        if known is None:
            moves = self.dynamics.moves(joint)
            ends = moves.stops | last
            known = np.where(ends | ~moves.offered, np.uint32(END), np.uint32(UNTRACED)), moves.steps(ends)
            if len(self._known_edges) < _KEPT:
                self._known_edges[joint, last] = known
        return known

    def _offer(self, offered: NDArray[np.bool_]) -> int:
        """The number of the offer of these slots."""
        number = self._offers.setdefault(offered.tobytes(), len(self._offers))
        if not self.offer_count[number]:
            slots = np.flatnonzero(offered)
            self.offer_count[number] = len(slots)
            self.offer_slots[number * self.slots : number * self.slots + len(slots)] = slots
        return number

    def _has_room(self, nodes: int) -> bool:
        """Whether so many nodes more fit."""
        total = self.nodes + nodes
        return (
            total <= self.plan.capacity
            and len(self._row_numbers) <= self.plan.capacity
            and total * self.plan.bytes_per_node + self.dynamics.bytes <= self.plan.budget
        )

    def _room(self) -> Room:
        """Whether all states will fit, as far as those show that there are."""
        each = self.plan.bytes_per_node + self.dynamics.bytes_of_each
        most = self.plan.capacity - 2
        least = max(self.nodes - 2, min(most, int(self.plan.budget / each) - 2))
        return Room(least, most, most_nodes(self.scenario, self.slots) - 2, self.plan.bytes)

    def _is_full(self) -> TableError:
        most = most_nodes(self.scenario, self.slots) - 2
        return TableError(
            tr(
                "the table is full: {rows} states, and what the rewards remember of them, take the {size} MiB of "
                "memory that were planned; there may be {all}, for which {needed} MiB would be needed; use fewer "
                "prompts, fewer words, a shortlist, shorter texts, a shorter context, or rewards that tell fewer texts "
                "apart",
                rows=count(self.rows), size=count(self.plan.budget >> 20), all=_counted(most),
                needed=_counted(most * self.plan.budget // (self.nodes - 2) >> 20),
            )
        )  # fmt: skip

    def _start(self) -> NDArray[np.uint32]:
        prompts = len(self.scenario.starts)
        states = np.full((prompts, 1 + self.width), PADDING, np.int32)
        states[:, 0] = np.arange(prompts)
        each = along(range(prompts), tr("asking what can be said first"), prompts, lambda _: 1)
        joints = np.array([self.dynamics.start(prompt) for prompt in each], np.uint32)
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

    def _see(self, state: NDArray[np.int32], word: int, length: int) -> None:
        """What `_seen_after` does, in place, for one state of an agent that does not see the whole text."""
        context = self._context
        assert context is not None
        if self._sees_position:
            state[length] = word
            state[1 : 1 + max(0, length - context)] = UNSEEN
        elif context:
            if length > context:
                state[1:-1] = state[2:]
            state[min(length, context)] = word

    def _add(
        self, states: NDArray[np.int32], joints: NDArray[np.uint32], lengths: NDArray[np.int32]
    ) -> NDArray[np.uint32]:
        """The nodes with these rows, memories and lengths; those that are new are made."""
        if self._context is None:
            # What is seen is the whole text: every node and every row is new, and no register of them is needed.
            nodes = np.arange(self.nodes, self.nodes + len(states), dtype=np.uint32)
            rows = np.arange(self.rows, self.rows + len(states), dtype=np.uint32)
            new = np.arange(len(states))
        else:
            row_numbers, node_numbers = self._row_numbers, self._node_numbers
            raw, size = states.tobytes(), states.shape[1] * states.itemsize
            found_rows, found_nodes, made = [], [], []
            following = self.nodes
            for place, joint, length in zip(range(len(states)), joints.tolist(), lengths.tolist(), strict=True):
                row = row_numbers.setdefault(raw[place * size : (place + 1) * size], len(row_numbers))
                node = node_numbers.setdefault((row, joint, length), following)
                if node == following:
                    following += 1
                    made.append(place)
                found_rows.append(row)
                found_nodes.append(node)
            rows, nodes = np.array(found_rows, np.uint32), np.array(found_nodes, np.uint32)
            new = np.array(made, np.intp)
        if not self._has_room(len(new)):
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
        """Write new nodes: their rows, and what is known of their edges."""
        self.row[nodes], self._joint[nodes], self.length[nodes] = rows, joints, lengths
        self.states[rows] = states
        self.nodes += len(nodes)
        if len(rows):
            self.rows = max(self.rows, int(rows.max()) + 1)
        slots = np.arange(self.slots)
        for code, here in _groups(joints.astype(np.int64) << 32 | lengths):
            cells = nodes[here].astype(np.int64)[:, None] * self.slots + slots
            self._write_edges(cells, nodes[here], code >> 32, code & (2**32 - 1))

    def complete(self) -> bool:
        """Whether all of it is WHOLE edges at most, and traced; if nobody knows, it is found out by tracing."""
        if self._is_small is None:
            self._is_small = self.whole = self._trace_all(WHOLE, Report(None))
        return self._is_small

    def _is_surely_more_than(self, edges: int) -> bool:
        """Whether that can be told without tracing: where every text is a node of its own."""
        most = min(edges // self.slots + 2, self.plan.capacity)
        return self._context is None and not self.dynamics.restricted and most_nodes(self.scenario, self.slots) > most

    def _asking(self, edges: NDArray[np.integer], most: int) -> int:
        """How many of these edges can be traced if at most so many joint memories are asked that never were. Many edges
        may lead to one; and each takes time and memory for all words, so that there may not be many more than nodes."""
        joints, first = np.unique(self._after(edges.astype(np.int64))[0], return_index=True)
        new = np.sort(first[[not self.dynamics.has_asked(joint) for joint in joints.tolist()]])
        return len(edges) if len(new) <= most else int(new[most])

    def _trace_all(self, most_edges: int, report: Report) -> bool:
        """Trace breadth first until nothing is left (True) or there are more edges than `most_edges` (False)."""
        if self._is_surely_more_than(most_edges):
            return False
        most = min(most_edges // self.slots + 2, self.plan.capacity)
        likely = most_nodes(self.scenario, self.slots)
        done, chunk = 2, max(1, _CHUNK // self.slots)
        while done < self.nodes:
            report(
                min(done / likely, 1.0)
                if self._context is None
                else int(self.length[done]) / self.scenario.language.max_length
            )
            some = range(done, min(done + chunk, self.nodes))
            edges = some.start * self.slots + np.flatnonzero(
                self.successor[some.start * self.slots : some.stop * self.slots] == UNTRACED
            )
            while len(edges):
                # Where nodes are many for each edge, not many more are made than may be; some edges end the text.
                few = max(chunk, most - self.nodes)
                some_edges = few if self._context is None else self._asking(edges, few)
                if not self._has_room(min(some_edges, len(edges))) and self._context is None:
                    return False
                self.trace(edges[:some_edges])
                edges = edges[some_edges:]
                if self.nodes > most:
                    return False
            done = some.stop
        return True

    @property
    def words(self) -> int:
        """Words that there are; `slots` where no shortlist restricts them."""
        return self.dynamics.words

    @property
    def compact(self) -> bool:
        """Whether slots stand for the words of a shortlist."""
        return self.dynamics.compact

    @property
    def amounts(self) -> NDArray[np.float64]:
        """What each kind of step earns: `Dynamics.room`."""
        return self.dynamics.room

    @property
    def potentials(self) -> NDArray[np.uint32]:
        """`Dynamics.potentials`."""
        return self.dynamics.potentials

    # -- looking without tracing --------------------------------------------------------------------------------------

    def start_of(self, prompt: int) -> Place:
        """Where the texts of a prompt begin."""
        node = int(self.starts[prompt])
        return Place(node, int(self._joint[node]), 0, self.states[self.row[node]])

    def row_at(self, place: Place) -> int:
        """The row of a place; -1 where there is none yet."""
        if place.node:
            return int(self.row[place.node])
        return -1 if self._context is None else self._row_numbers.get(place.state.tobytes(), -1)

    def offers_at(self, place: Place) -> NDArray[np.bool_]:
        """(slots,) which slots are offered there."""
        return self.dynamics.moves(place.joint).offered

    def look(self, place: Place, slot: int) -> tuple[int, float, Place | None]:
        """(word, reward, where it leads, or None if the text ends) of saying a slot's word. Nothing is traced."""
        moves = self.dynamics.moves(place.joint)
        word, joint, length = int(moves.words[slot]), moves.after(slot), place.length + 1
        following = int(self.successor[place.node * self.slots + slot]) if place.node else UNTRACED
        if following != UNTRACED:
            reward = float(self.reward[place.node * self.slots + slot])
            if following == END:
                return word, reward, None
            return word, reward, Place(following, joint, length, self.states[self.row[following]])
        last = length == self.scenario.language.max_length
        ended = last or bool(moves.stops[slot]) or self.dynamics.is_dead_end(joint)
        reward = float(moves.rewards(moves.stops | ended)[slot])
        if ended:
            return word, reward, None
        state = place.state.copy()
        if self._context is None:
            state[length] = word
        else:
            self._see(state, word, length)
        return word, reward, Place(UNTRACED, joint, length, state)

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

    def words_at(self, rows: NDArray[np.integer]) -> NDArray[np.uint32]:
        """(rows, slots) the word that each slot of these rows stands for, ascending."""
        if not self.dynamics.compact:
            return np.broadcast_to(self.dynamics.slot_words(None), (len(rows), self.slots))
        states = self.states[rows]
        seen = np.count_nonzero(states[:, 1:] != PADDING, axis=1)
        lasts = states[np.arange(len(states)), seen]
        words = [
            self.dynamics.slot_words(last if length else None)
            for last, length in zip(lasts.tolist(), seen.tolist(), strict=True)
        ]
        return np.array(words, np.uint32).reshape(len(rows), self.slots)

    def offered_words(self, rows: NDArray[np.integer]) -> NDArray[np.uint32] | None:
        """(rows, slots) the word of each slot, NOTHING for slots that are not offered there; None where all of `rows`
        offer all words in their order. Where nodes may share a row, it has what any of them might offer."""
        offered = self.row_offers(rows)
        if not self.dynamics.compact and (offered is None or offered.all()):
            return None
        words = self.words_at(rows)
        return words if offered is None else np.where(offered, words, np.uint32(NOTHING))

    def words_of(self, edges: NDArray[np.integer]) -> NDArray[np.int64]:
        """The word that each edge says."""
        nodes, slots = np.divmod(edges.astype(np.int64), self.slots)
        if self.dynamics.compact:
            return self.words_at(self.row[nodes])[np.arange(len(slots)), slots].astype(np.int64)
        return slots

    def edges_of(self, taken: NDArray[np.integer]) -> NDArray[np.int64]:
        """The edges of what a tape remembers: those are edges, where no edge has several outcomes."""
        return taken.astype(np.int64)

    def likeliest(self, node: int, slot: int) -> int:
        """What most likely comes about by (node, slot), as a tape remembers it: the edge."""
        return node * self.slots + slot

    def prompt_at(self, node: int) -> int:
        """The prompt of a text that began at this node."""
        return int(np.flatnonzero(self.starts == node)[0])

    def slots_of(self, rows: NDArray[np.integer], words: NDArray[np.integer]) -> NDArray[np.int64]:
        """The slot that stands for a word in each of these rows.

        Raises
        ------
        TableError
            If a row has no slot for its word.
        """
        if not self.dynamics.compact:
            return words.astype(np.int64)
        stands = self.words_at(rows) == words[:, None]
        if not stands.any(axis=1).all():
            raise TableError(tr("a text has a word that is not on the shortlist after the one before"))
        slots: NDArray[np.int64] = stands.argmax(axis=1)
        return slots

    def row_offers(self, rows: NDArray[np.integer]) -> NDArray[np.bool_] | None:
        """(rows, slots) which slots are offered; None where all are, or where nodes that differ in it may share a row:
        everywhere but for an agent that sees the whole text."""
        if self._context is not None or not self.restricted:
            return None
        return self.offers(rows.astype(np.int64) + 2)  # each node has its row, and both are numbered as they are made

    def offers(self, nodes: NDArray[np.integer]) -> NDArray[np.bool_]:
        """(nodes, slots) which slots are offered there."""
        offered = np.zeros((len(nodes), self.slots), bool)
        slots = self.offer_slots.reshape(-1, self.slots)
        for offer, here in _groups(self.offer[nodes]):
            offered[np.ix_(here, slots[offer, : self.offer_count[offer]])] = True
        return offered

    def node_after(self, prompt: int, words: Sequence[int]) -> int:
        """The node reached from a prompt by saying `words`, traced on the way if need be; END if the text ends.

        Raises
        ------
        TableError
            If a word is not offered there, or the text has ended before it.
        """
        node = int(self.starts[prompt])
        for word in words:
            if node == END:
                raise TableError(tr("the text goes on after its end"))
            node = self.follow(node, self.slot_of(node, word))
        return node

    def slot_of(self, node: int, word: int) -> int:
        """The slot with which `word` is said at a node.

        Raises
        ------
        TableError
            If it is not offered there.
        """
        slot = int(self.slots_of(self.row[[node]], np.array([word]))[0])
        if self.restricted and not self.offers(np.array([node]))[0, slot]:
            raise TableError(tr("a text has a word that may not be said there"))
        return slot

    def follow(self, node: int, slot: int) -> int:
        """The node that (node, slot) leads to, traced if need be; END if the text ends."""
        edge = node * self.slots + slot
        if self.successor[edge] == UNTRACED:
            self.trace(np.array([edge]))
        return int(self.successor[edge])

    def find_row(self, state: Sequence[int]) -> int | None:
        """The row that sees `state` (its prompt, then its words), if there is one already; nothing is traced for it."""
        if not 0 <= state[0] < len(self.starts) or len(state) > 1 + self.width:
            return None
        if self._context is not None:
            padded = np.full(1 + self.width, PADDING, np.int32)
            padded[: len(state)] = state
            return self._row_numbers.get(padded.tobytes())
        node = int(self.starts[state[0]])
        for word in state[1:]:
            if not 0 <= word < self.dynamics.words:
                return None
            try:
                node = int(self.successor[node * self.slots + self.slot_of(node, word)])
            except TableError:
                return None
            if node in (UNTRACED, END):
                return None
        return int(self.row[node])

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
            or (words >= self.dynamics.words).any()
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
            here = nodes[going_on]
            slots = self.slots_of(self.row[here], states[going_on, position])
            if self.restricted and not self.offers(here)[np.arange(len(here)), slots].all():
                raise TableError(tr("a text has a word that may not be said there"))
            edges = here * self.slots + slots
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
