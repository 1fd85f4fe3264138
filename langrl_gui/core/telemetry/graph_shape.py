"""Which states and words the state graph shows: grown from the prompts column by column, and cut to what was asked for.

Knows the tables and what has been learned. Nothing here depends on the private numbers of nodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.errors import TableError
from langrl_gui.core.gym_tables import StateTables
from langrl_gui.core.tables import END, PADDING, UNTRACED
from langrl_gui.core.telemetry.states import StateMap
from langrl_gui.core.trainer import Trainer

FEW: Final = 50
"""States up to which those are shown as well that nobody has been to."""
MOST_NODES: Final = 1 << 20
"""States and ends after which no further column is begun: some hundred MiB for whoever draws them."""
CHUNK: Final = 1 << 20
"""Cells that are looked at in one go, so that temporary arrays stay small."""

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class GraphWanted:
    """What of the graph somebody wants to see: at most `most` states a column, all if it is 0."""

    most: int = 0
    through: tuple[int, ...] = ()
    """Prompt and words of a text that is shown whatever else is, as far as it has been said."""
    visited: bool = False
    """Leave out states that nobody has been to."""
    greedy: bool = False
    """Leave out all but the greedy path."""
    around: tuple[int, ...] = ()
    """Name of a row: leave out what is more than `reach` words before or after it; () is none."""
    reach: int = 1
    above: float | None = None
    """Leave out states of a lower value that lead to none of at least this one."""

    @property
    def is_filtered(self) -> bool:
        """Whether something is left out that is not for lack of room."""
        return self.greedy or bool(self.around) or self.above is not None


@dataclass(frozen=True, eq=False)
class Paths:
    """How each state was first reached: (nodes,) the node before it, -1 for prompts, and the word said there."""

    parent: Indices
    word: Indices


@dataclass(frozen=True, eq=False)
class GraphShape:
    """Which states and words the state graph shows; the same object for as long as that does not change.

    A node is a state of the environment; texts that nothing can tell apart are one. Each way to end a text is a node of
    its own. Nodes are ordered by (column, the text by which they were first reached), so those first reached from one
    node stand side by side, and edges are ordered by (source, word).
    """

    column: Indices
    """(nodes,) fewest words that lead there."""
    ends: Mask
    """(nodes,) whether the text has ended here."""
    total: NDArray[np.float64]
    """(nodes,) for an end the sum of the rewards of the text by which it was first reached, else 0."""
    states: NDArray[np.int32]
    """(nodes, 1 + width) names of their rows, as in tables.Tables; for ends of the row before."""
    into: Indices
    """(nodes,) the edge by which it was first reached; -1 where that begins at nothing that is shown."""
    source: Indices
    target: Indices
    word: Indices
    """(edges,) each word that leads from one shown node to another."""
    rows: Indices
    """(nodes,) rows in the table; for ends the row before."""
    nodes: Indices
    """(nodes,) their numbers in the table; for ends the node before."""
    slot: Indices
    """(edges,) which choice of its row each word is."""
    reward: NDArray[np.float64]
    """(edges,)"""
    more: Indices
    """(nodes,) words tried there that are not shown."""
    place: NDArray[np.float64]
    """(nodes,) the middle of all that is first reached through a node, in a list of the texts in order of words."""
    paths: Paths
    """The same for all that could be shown ..."""
    of_paths: Indices
    """(nodes,) ... and where in it each node is."""

    def key(self, node: int) -> tuple[int, ...]:
        """Prompt and words of the text by which this node was first reached: a name that lasts."""
        at, words = int(self.of_paths[node]), list[int]()
        while (before := int(self.paths.parent[at])) >= 0:
            words.append(int(self.paths.word[at]))
            at = before
        return (at, *reversed(words))

    def state(self, node: int) -> tuple[int, ...]:
        """The name of this node's row; for an end of the row before."""
        name = self.states[node]
        return tuple(name[name != PADDING].tolist())

    def find(self, key: tuple[int, ...]) -> int:
        """The node that is reached from a prompt by these words; -1 if it is not shown."""
        if not key:
            return -1
        at, parent = key[0], self.paths.parent
        for word in key[1:]:
            # Those first reached from one node stand side by side, and so do their numbers.
            first, last = np.searchsorted(parent, (at, at + 1)).tolist()
            there = np.flatnonzero(self.paths.word[first:last] == word)
            if not len(there):
                return self._follow(key)
            at = first + int(there[0])
        node = int(np.searchsorted(self.of_paths, at))
        return node if node < len(self.of_paths) and self.of_paths[node] == at else -1

    def _follow(self, key: tuple[int, ...]) -> int:
        """The same along edges: another text may have been the first to reach the node."""
        node = self.find(key[:1])
        for word in key[1:]:
            edges = self.edges_from(node)
            there = np.flatnonzero(self.word[edges] == word)
            if node < 0 or not len(there):
                return -1
            node = int(self.target[edges.start + there[0]])
        return node

    def edges_from(self, node: int) -> slice:
        """The edges that leave this node."""
        first, last = np.searchsorted(self.source, (node, node + 1))
        return slice(int(first), int(last))

    def seeing(self, state: tuple[int, ...]) -> Indices:
        """The nodes that share the row of this name, ends apart."""
        if not state or len(state) > self.states.shape[1]:
            return np.zeros(0, np.intp)
        name = np.full(self.states.shape[1], PADDING, np.int32)
        name[: len(state)] = state
        return np.flatnonzero((self.states == name).all(axis=1) & ~self.ends)

    def looks_like(self, other: "GraphShape") -> bool:
        """Whether both show the same."""
        return all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("nodes", "ends", "source", "target", "word", "more")
        )


# -- growing ----------------------------------------------------------------------------------------------------------


def grow(
    trainer: Trainer, most: int, through: tuple[int, ...], visited: bool, states: StateMap | None = None
) -> GraphShape:
    """Everything that has been said, in each column at most `most` of what follows the column before (0: all): first
    what the best word leads to, then what the episode in progress and the text `through` pass, then the most visited.

    Of an environment, whose `states` are given, everything there is, unless only what was `visited` is asked for.
    """
    tables, slots = trainer.tables, trainer.tables.slots
    everything = tables.whole and (states is not None or tables.rows <= FEW) and not visited
    here = _on_the_way(trainer, through, states)
    index = np.zeros(tables.nodes, np.uint32)  # of each node of the table among those shown, from 1 on; 0: not shown

    level = tables.starts[: most or None].astype(np.intp)
    index[level] = np.arange(1, len(level) + 1)
    greedy, ends = np.ones(len(level), bool), np.zeros(len(level), bool)
    total = np.zeros(len(level))
    none = np.zeros(0, np.intp)
    nodes, all_ends, totals, into, column = [level], [ends], [total], [np.full(len(level), -1)], [np.zeros_like(level)]
    sources, targets, chosen_slots, more = [none], [none], [none], [np.zeros(len(level), np.intp)]
    rewards = [np.zeros(0)]
    first, edges = 0, 0
    while len(level) and first + len(level) < MOST_NODES:
        source, slot, following, reward, tried = (
            _offered(trainer, level, ends, everything)
            if states is None
            else _known(trainer, states, level, ends, everything)
        )
        ending = following == END
        # What an edge leads to: a node of the table, or an end of its own.
        goal = np.where(ending, -1 - np.arange(len(source)), following)
        known = np.where(ending, 0, index[following])
        best = greedy[source] & (trainer.greedy_slots(level)[source] == slot)
        new = np.flatnonzero(known == 0)
        if most and len(new) > most:
            passed = np.isin(level[source[new]] * slots + slot[new], here)
            rank = np.lexsort((slot[new], source[new], -tried[new].astype(np.float64), ~passed, ~best[new]))
            reached = goal[new[rank]]
            once = np.sort(np.unique(reached, return_index=True)[1])
            new = new[np.isin(goal[new], reached[once[:most]])]
        leading = new[np.sort(np.unique(goal[new], return_index=True)[1])]  # the first edge to each
        begins = first + len(level)
        found = following[leading]
        index[found[~ending[leading]]] = begins + 1 + np.flatnonzero(~ending[leading])
        target = np.where(ending, 0, index[following]).astype(np.intp) - 1
        target[leading] = begins + np.arange(len(leading))
        shown = target >= 0
        left_out = np.bincount(source[~shown], minlength=len(level))
        more[-1] = left_out
        number = np.cumsum(shown) - 1 + edges
        sources.append(source[shown] + first)
        targets.append(target[shown])
        chosen_slots.append(slot[shown])
        rewards.append(reward[shown])
        edges += int(shown.sum())
        greedy_next = np.zeros(len(leading), bool)
        greedy_next[target[shown & best & (target >= begins)] - begins] = True
        total = total[source[leading]] + reward[leading]
        ends = ending[leading]
        level = np.where(ends, level[source[leading]], found)
        greedy = greedy_next
        nodes.append(level)
        all_ends.append(ends)
        totals.append(total)
        into.append(number[leading])
        column.append(np.full(len(level), len(column)))
        more.append(np.zeros(len(level), np.intp))
        first = begins
    node, end, columns = np.concatenate(nodes), np.concatenate(all_ends), np.concatenate(column)
    source, target, slot = np.concatenate(sources), np.concatenate(targets), np.concatenate(chosen_slots)
    entering, rows = np.concatenate(into), tables.row[node].astype(np.intp)
    word = slot if states is not None else tables.words_of(node[source] * slots + slot).astype(np.intp)
    parent = np.where(entering < 0, -1, source[entering] if len(source) else -1)
    return GraphShape(
        columns,
        end,
        np.where(end, np.concatenate(totals), 0.0),
        tables.states[rows],
        entering,
        source,
        target,
        word,
        rows,
        node,
        slot,
        np.concatenate(rewards),
        np.concatenate(more),
        _places(columns, parent),
        Paths(parent, np.where(entering < 0, -1, word[entering] if len(word) else -1)),
        np.arange(len(node)),
    )


def _on_the_way(trainer: Trainer, through: tuple[int, ...], states: StateMap | None) -> NDArray[np.int64]:
    """The edges of the episode in progress, and those of the text `through` that are traced; of an environment those
    that lead to the state of this name."""
    tables = trainer.tables
    taken = trainer.last_edges(min(trainer.position, trainer.remembered)).astype(np.int64)
    if isinstance(tables, StateTables):
        taken = tables.edges_of(taken)
        row = tables.find_row(through)
        if states is None or row is None:
            return taken
        way = states.way_to(tables.node_after(0, (row,)))
        return np.concatenate([taken, states.node[way] * tables.slots + states.slot[way]])
    edges = taken.tolist()
    if through and through[0] < len(tables.starts):
        node = int(tables.starts[through[0]])
        for word in through[1:]:
            if word < 0 or node in (END, UNTRACED):
                break
            try:
                edges.append(node * tables.slots + tables.slot_of(node, word))
            except TableError:  # it is not on offer there
                break
            node = int(tables.successor[edges[-1]])
    return np.array(edges, np.int64)


_Edges = tuple[Indices, Indices, Indices, NDArray[np.float64], NDArray[np.uint64]]
"""(place in the level, slot, next node or END, reward, visits) of edges, by place and slot."""


def _offered(trainer: Trainer, level: Indices, ends: Mask, everything: bool) -> _Edges:
    """The words to be shown at the nodes of `level`."""
    tables, slots = trainer.tables, trainer.tables.slots
    visits, successor = trainer.learned.visits.reshape(-1, slots), tables.successor.reshape(-1, slots)
    parts = []
    at_once = max(1, CHUNK // slots)
    for begin in range(0, len(level), at_once):
        part = level[begin : begin + at_once]
        tried, following = visits[tables.row[part]], successor[part]
        shown = (following != UNTRACED) & ((tried > 0) | (everything & (following != END)))
        shown &= ~ends[begin : begin + at_once, None]
        source, slot = np.nonzero(shown)
        parts.append((source + begin, slot, tried[source, slot]))
    source, slot, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
    nodes = level[source]
    return source, slot, successor[nodes, slot].astype(np.intp), tables.reward.reshape(-1, slots)[nodes, slot], counts


def _known(trainer: Trainer, states: StateMap, level: Indices, ends: Mask, everything: bool) -> _Edges:
    """The actions of an environment to be shown at the nodes of `level`."""
    tables, going_on = trainer.tables, np.flatnonzero(~ends)
    source, edge = states.leaving(level[going_on], tables.nodes)
    slot = states.slot[edge]
    tried = trainer.learned.visits.reshape(-1, tables.slots)[tables.row[states.node[edge]], slot]
    shown = (tried > 0) | everything
    source, edge = going_on[source[shown]], edge[shown]
    return source, slot[shown], states.following[edge].astype(np.intp), states.reward[edge], tried[shown]


def _columns(column: Indices) -> Iterator[slice]:
    """The nodes of each column, from the first to the last."""
    bounds = np.searchsorted(column, np.arange(int(column.max(initial=-1)) + 2)).tolist()
    yield from (slice(first, last) for first, last in pairwise(bounds))


def _places(column: Indices, parent: Indices) -> NDArray[np.float64]:
    """Where each node stands in a list of all texts that go no further, in order of words; an inner one at the middle
    of its own."""
    size = np.ones(len(column))
    slices = list(_columns(column))
    for nodes in reversed(slices[1:]):
        followers = np.bincount(parent[nodes], minlength=nodes.start)
        inner = np.flatnonzero(followers)
        size[inner] = np.bincount(parent[nodes], size[nodes], nodes.start)[inner]
    begin = np.zeros(len(column))
    for number, nodes in enumerate(slices):
        before = np.cumsum(size[nodes]) - size[nodes]
        if number:
            # Siblings stand side by side: what is before the first of them belongs to others.
            of = parent[nodes]
            eldest = np.searchsorted(of, of)
            before = begin[of] + before - before[eldest]
        begin[nodes] = before
    return begin + (size - 1) / 2


# -- cutting ----------------------------------------------------------------------------------------------------------


def cut(shape: GraphShape, nodes: Mask, edges: Mask) -> GraphShape:
    """`shape` with nothing but these (nodes,), and those of these (edges,) between two of them."""
    edges = edges & nodes[shape.source] & nodes[shape.target]
    number = np.cumsum(nodes) - 1
    renumbered = np.where(edges, np.cumsum(edges) - 1, -1)
    into = shape.into[nodes]
    into = np.where(into >= 0, renumbered[into] if len(renumbered) else -1, -1)
    source, target = number[shape.source[edges]], number[shape.target[edges]]
    left_out = np.bincount(shape.source[~edges], minlength=len(nodes))[nodes]
    parent = np.where(into >= 0, source[into] if len(source) else -1, -1)
    return GraphShape(
        shape.column[nodes],
        shape.ends[nodes],
        shape.total[nodes],
        shape.states[nodes],
        into,
        source,
        target,
        shape.word[edges],
        shape.rows[nodes],
        shape.nodes[nodes],
        shape.slot[edges],
        shape.reward[edges],
        shape.more[nodes] + left_out,
        _closed_up(shape.column[nodes], parent, shape.place[nodes]),
        shape.paths,
        shape.of_paths[nodes],
    )


def _closed_up(column: Indices, parent: Indices, place: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same order of texts without the gaps that those left out have made."""
    leads_on = np.zeros(len(column), bool)
    leads_on[parent[parent >= 0]] = True
    last = np.flatnonzero(~leads_on)
    low, high = np.full(len(column), np.inf), np.full(len(column), -np.inf)
    order = last[np.lexsort((column[last], place[last]))]
    low[order] = high[order] = np.arange(len(order))
    for nodes in reversed(list(_columns(column))):
        followers = np.arange(nodes.start, nodes.stop)[parent[nodes] >= 0]
        np.minimum.at(low, parent[followers], low[followers])
        np.maximum.at(high, parent[followers], high[followers])
    middle: NDArray[np.float64] = (low + high) / 2
    return middle


def near(shape: GraphShape, state: tuple[int, ...], reach: int) -> Mask:
    """(nodes,) what is at most `reach` words before or after the row of this name."""
    before, after = np.zeros(len(shape.column), bool), np.zeros(len(shape.column), bool)
    before[shape.seeing(state)] = after[shape.seeing(state)] = True
    for _ in range(reach):
        before[shape.source[before[shape.target]]] = True
        after[shape.target[after[shape.source]]] = True
    return before | after


def leading_to(shape: GraphShape, wanted: Mask) -> Mask:
    """(nodes,) the wanted ones, and those through which each was first reached."""
    kept = wanted.copy()
    for nodes in reversed(list(_columns(shape.column))):
        into = shape.into[nodes][kept[nodes]]
        kept[shape.source[into[into >= 0]]] = True
    return kept


def fullest(shape: GraphShape, nodes: Mask, most: int, rank: NDArray[np.float64]) -> Mask:
    """(nodes,) in each column the `most` of `nodes` of highest `rank` that follow what is kept before them."""
    kept = nodes.copy()
    parent = np.where(shape.into >= 0, shape.source[shape.into] if len(shape.source) else -1, -1)
    for column in _columns(shape.column):
        here = kept[column] & ((parent[column] < 0) | ~nodes[parent[column]] | kept[parent[column]])
        places = np.flatnonzero(here)
        if len(places) > most:
            chosen = np.lexsort((places, -rank[column][places]))[:most]
            here = np.zeros(len(here), bool)
            here[places[chosen]] = True
        kept[column] = here
    return kept
