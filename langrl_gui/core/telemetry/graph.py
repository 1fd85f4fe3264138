"""Which states and words the state graph shows, and today's numbers on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.gym_tables import GymTables
from langrl_gui.core.tables import END, UNTRACED
from langrl_gui.core.telemetry.states import StateMap
from langrl_gui.core.telemetry.tape import observe_tape
from langrl_gui.core.trainer import Trainer

FEW: Final = 50
"""States up to which the state graph shows those as well that nobody has been to."""


@dataclass(frozen=True, eq=False)
class GraphShape:
    """Which states and words the state graph shows; the same object for as long as that does not change.

    Nodes are ordered by (column, place in the order of words); node 0 and its like in column 0 are the prompts.
    """

    keys: tuple[tuple[int, ...], ...]
    """Prompt and words of each node: a name that lasts from picture to picture."""
    column: NDArray[np.intp]
    """(nodes,) words said before it."""
    ends: NDArray[np.bool_]
    """(nodes,) whether the text has ended here."""
    total: NDArray[np.float64]
    """(nodes,) for an end the sum of its text's rewards, else 0."""
    source: NDArray[np.intp]
    target: NDArray[np.intp]
    word: NDArray[np.intp]
    """(edges,) each word that leads from one shown node to another."""
    slot: NDArray[np.intp]
    """(edges,) the slot that stands for it."""
    rows: NDArray[np.intp]
    """(nodes,) rows in the table; for ends the row before."""
    nodes: NDArray[np.intp]
    """(nodes,) their numbers in the table."""
    more: NDArray[np.intp]
    """(nodes,) tried words of it that are not shown."""


@dataclass(frozen=True, eq=False)
class Graph:
    """The state graph: a shape, and today's numbers on it."""

    shape: GraphShape
    value: NDArray[np.float64]
    """(nodes,) largest Q; for ends the sum of the text's rewards."""
    visits: NDArray[np.uint64]
    """(nodes,) how often a word was chosen there; for ends how often the text was said."""
    on_greedy_path: NDArray[np.bool_]
    """(nodes,) whether the agent passes here when it says its best."""
    q: NDArray[np.float64]
    edge_visits: NDArray[np.uint64]
    greedy: NDArray[np.bool_]
    """(edges,) whether the edge is on the greedy path."""
    current: int
    """The node in which the agent is; -1 if it is not shown."""
    last_edge: int
    """The edge of the last word said; -1 if it is not shown."""


@dataclass
class GraphObserver:
    """Draws graphs of one trainer. Keeps the shape for as long as it does not change."""

    trainer: Trainer
    _shape: GraphShape | None = None
    _shape_most: int = 0
    _map: StateMap | None = None

    def observe(self, most: int, fresh: bool) -> Graph:
        """At most `most` states a column; which ones is decided anew where `fresh`."""
        if fresh or self._shape is None or most != self._shape_most:
            tables = self.trainer.tables
            shape = self._choose_states(tables, most) if isinstance(tables, GymTables) else self._choose(most)
            if self._shape is None or shape.keys != self._shape.keys or (shape.more != self._shape.more).any():
                self._shape, self._shape_most = shape, most
        shape = self._shape
        assert shape is not None
        learned, slots = self.trainer.learned, self.trainer.tables.slots
        q, visits = learned.q.reshape(-1, slots), learned.visits.reshape(-1, slots)
        source_rows = shape.rows[shape.source]
        edge_q, edge_visits = q[source_rows, shape.slot], visits[source_rows, shape.slot]
        best = self.trainer.greedy_slots(shape.nodes)
        value = np.where(shape.ends, shape.total, q[shape.rows, best])
        node_visits = visits[shape.rows].sum(axis=1)
        node_visits[shape.target] = np.where(shape.ends[shape.target], edge_visits, node_visits[shape.target])
        on_path = (shape.column == 0) & (node_visits > 0)
        greedy = np.zeros(len(shape.word), bool)
        for column in range(int(shape.column.max(initial=0))):
            here = shape.column[shape.source] == column
            greedy |= here & on_path[shape.source] & (best[shape.source] == shape.slot) & (edge_visits > 0)
            on_path[shape.target[greedy & here]] = True
        current, last_edge = self._places(shape)
        return Graph(
            shape,
            value,
            node_visits,
            on_path,
            edge_q,
            edge_visits,
            greedy,
            current,
            last_edge,
        )

    def _places(self, shape: GraphShape) -> tuple[int, int]:
        """The node in which the agent is and the edge that it took last; -1 for what is not shown."""
        trainer = self.trainer
        tables = trainer.tables
        if isinstance(tables, GymTables):
            last = -1
            if trainer.remembered:
                edge = int(tables.edges_of(trainer.last_edges(1))[0])
                there = (shape.nodes[shape.source] == edge // tables.slots) & (shape.slot == edge % tables.slots)
                last = int(np.flatnonzero(there)[0]) if there.any() else -1
            return _index(shape.keys, trainer.state), last
        prompt, words = trainer.prompt, trainer.words
        if not trainer.step:
            return _index(shape.keys, (prompt, *words)), -1
        said = observe_tape(trainer)
        text = (prompt, *words) if words else (said.previous_prompt, *(step.word for step in said.previous))
        return _index(shape.keys, (prompt, *words)), _index(shape.target.tolist(), _index(shape.keys, text))

    def _choose_states(self, tables: GymTables, most: int) -> GraphShape:
        """At most `most` states of an environment a column: the most visited."""
        if self._map is None:
            self._map = StateMap(tables)
        known = self._map
        rows = tables.row[known.nodes].astype(np.intp)
        visits = self.trainer.learned.visits[: tables.rows * tables.slots].reshape(-1, tables.slots)
        kept = known.cut(most, visits[rows].sum(axis=1))
        place = np.full(len(known.nodes), -1)
        place[kept] = np.arange(len(kept))
        shown = (place[known.source] >= 0) & (place[known.target] >= 0)
        source, target, slot = known.source[shown], known.target[shown], known.slot[shown]
        ending = dict(zip(known.target.tolist(), known.slot.tolist(), strict=True))
        keys = [
            (0, int(rows[node]), ending[node]) if known.ends[node] else (0, int(rows[node])) for node in kept.tolist()
        ]
        outgoing = np.bincount(known.source, minlength=len(known.nodes)) - np.bincount(source, minlength=len(place))
        return GraphShape(
            tuple(keys),
            known.column[kept],
            known.ends[kept],
            known.earned[kept],
            place[source],
            place[target],
            slot,
            slot,
            rows[kept],
            known.nodes[kept],
            np.where(known.ends, 0, outgoing)[kept],
        )

    def _choose(self, most: int) -> GraphShape:
        """At most `most` followers a column of what is shown: the best word's, the current one's, the most visited."""
        tables, learned, slots = self.trainer.tables, self.trainer.learned, self.trainer.tables.slots
        visits_of = learned.visits.reshape(-1, slots)
        successor = tables.successor.reshape(-1, slots)
        reward = tables.reward.reshape(-1, slots)
        everything = tables.whole and tables.rows <= FEW
        spoken = self.trainer.words
        current = (self.trainer.prompt, *spoken)

        nodes = tables.starts[:most].astype(np.intp)
        keys: list[tuple[int, ...]] = [(prompt,) for prompt in range(len(nodes))]
        totals = np.zeros(len(nodes))
        ends = np.zeros(len(nodes), bool)
        greedy = np.ones(len(nodes), bool)
        columns = [(nodes, keys, totals, ends)]
        edges: list[tuple[NDArray[np.intp], ...]] = []
        more = [np.zeros(len(nodes), np.intp)]
        offset = 0
        for depth in range(1, self.trainer.scenario.language.max_length + 1):
            rows = tables.row[nodes]
            tried = visits_of[rows] * ~ends[:, None]
            followers = successor[nodes]
            offered = (followers != UNTRACED) & ~ends[:, None] & ((tried > 0) | (everything & (followers != END)))
            source, slot = np.nonzero(offered)
            if not len(source):
                break
            word = tables.words_at(rows)[source, slot].astype(np.intp)
            best = greedy[source] & (self.trainer.greedy_slots(nodes)[source] == slot)
            here = np.zeros(len(source), bool)
            if len(current) > depth:
                here = np.array([(*keys[s], w) == current[: depth + 1] for s, w in zip(source, word, strict=True)])
            if len(source) > most:
                rank = np.lexsort((word, source, -tried[source, slot].astype(np.float64), ~here, ~best))
                chosen = np.sort(rank[:most])
            else:
                chosen = np.arange(len(source))
            left_out = np.bincount(source, minlength=len(nodes)) - np.bincount(source[chosen], minlength=len(nodes))
            more[-1] = left_out
            source, slot, word, greedy = source[chosen], slot[chosen], word[chosen], best[chosen]
            target = followers[source, slot].astype(np.intp)
            ends = target == END
            totals = totals[source] + reward[nodes[source], slot]
            keys = [(*keys[s], w) for s, w in zip(source.tolist(), word.tolist(), strict=True)]
            edges.append((source + offset, np.arange(len(source)) + offset + len(nodes), word, slot))
            offset += len(nodes)
            nodes = np.where(ends, nodes[source], target)
            columns.append((nodes, keys, totals, ends))
            more.append(np.zeros(len(nodes), np.intp))
        all_nodes = np.concatenate([column[0] for column in columns])
        all_ends = np.concatenate([column[3] for column in columns])
        nothing = np.zeros((0, 4), np.intp)
        sources, targets, words, slots_of = np.concatenate([nothing, *(np.stack(e, axis=1) for e in edges)]).T.copy()
        return GraphShape(
            tuple(key for column in columns for key in column[1]),
            np.repeat(np.arange(len(columns)), [len(column[0]) for column in columns]),
            all_ends,
            np.where(all_ends, np.concatenate([column[2] for column in columns]), 0.0),
            sources,
            targets,
            words,
            slots_of,
            tables.row[all_nodes].astype(np.intp),
            all_nodes,
            np.concatenate(more),
        )


def _index(items: Sequence[object], item: object) -> int:
    """Where `item` stands among `items`; -1 if it does not."""
    return items.index(item) if item in items else -1
