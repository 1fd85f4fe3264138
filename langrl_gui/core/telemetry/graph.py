"""The state graph: which states and words are shown, and today's numbers on them."""

import time
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays
from langrl_gui.core.gym_tables import StateTables, SteppedTables
from langrl_gui.core.tables import END
from langrl_gui.core.telemetry import graph_shape
from langrl_gui.core.telemetry.graph_shape import GraphShape, GraphWanted, Indices, Mask
from langrl_gui.core.telemetry.states import StateMap
from langrl_gui.core.trainer import Trainer

SHARE: Final = 20
"""A large graph is looked at so seldom while it runs that the run keeps all but one part in so many of its time."""


class Said(NamedTuple):
    """A text that the agent would say, as far as it is shown to its end."""

    node: int
    """The end that it reaches."""
    prompt: int
    words: tuple[int, ...]
    total: float
    """Sum of its rewards."""


@dataclass(frozen=True, eq=False)
class Graph:
    """The state graph: a shape, and today's numbers on it."""

    shape: GraphShape
    value: NDArray[np.float64]
    """(nodes,) largest Q; 0 for ends: nothing is to come."""
    visits: NDArray[np.uint64]
    """(nodes,) how often a word was chosen there; for ends how often the text ended so."""
    on_greedy_path: Mask
    """(nodes,) whether the agent passes here when it says its best."""
    q: NDArray[np.float64]
    edge_visits: NDArray[np.uint64]
    greedy: Mask
    """(edges,) whether the edge is on the greedy path."""
    current: int
    """The node in which the agent is; -1 if it is not shown."""
    last_edge: int
    """The edge of the last word said; -1 if it is not shown."""
    said: tuple[Said, ...]
    """What the agent would say to the prompts, where that is shown whole."""
    wanted: GraphWanted
    """What was asked for."""


@dataclass
class GraphObserver:
    """Draws graphs of one trainer. Keeps the shape for as long as it does not change."""

    trainer: Trainer
    _shape: GraphShape | None = None
    _shape_for: GraphWanted | None = None
    _seconds: float = 0.0
    _looked_at: float = 0.0
    _states: StateMap | None = None
    _mapped_at: int = -1
    _map_due: float = 0.0

    def observe(self, wanted: GraphWanted, fresh: bool, exact: bool) -> Graph | None:
        """The graph as it is now; what is shown of it is decided anew where `fresh`.

        None, unless `exact`, where it takes so long to look at that the run would suffer: look again later.
        """
        began = time.perf_counter()
        changed = wanted != self._shape_for
        is_large = not wanted.most or wanted.is_filtered
        if is_large and not exact and not changed and began - self._looked_at < SHARE * self._seconds:
            return None
        if fresh or changed or is_large or self._shape is None:
            shape = self._choose(wanted, exact)
            if self._shape is None or not shape.looks_like(self._shape):
                self._shape = shape
            self._shape_for = wanted
        assert self._shape is not None
        graph = self._number(self._shape, wanted)
        self._looked_at = time.perf_counter()
        self._seconds = self._looked_at - began
        return graph

    def _choose(self, wanted: GraphWanted, exact: bool) -> GraphShape:
        tables = self.trainer.tables
        if isinstance(tables, StateTables):
            self._map(tables, exact)
        most = 0 if wanted.is_filtered else wanted.most
        whole = graph_shape.grow(self.trainer, most, wanted.through, wanted.visited, self._states)
        if not wanted.is_filtered:
            return whole
        graph = self._number(whole, wanted)
        nodes, edges = np.ones(len(whole.column), bool), np.ones(len(whole.source), bool)
        if wanted.around:
            nodes &= graph_shape.near(whole, wanted.around, wanted.reach)
        if wanted.above is not None:
            worth = np.where(whole.ends, -np.inf, graph.value) >= wanted.above
            ending = whole.ends[whole.target] & (graph.q >= wanted.above)
            worth[whole.target[ending]] = True
            nodes &= graph_shape.leading_to(whole, worth)
        if wanted.greedy:
            nodes &= graph.on_greedy_path
            edges &= graph.greedy
        if wanted.most:
            rank = graph.visits.astype(np.float64) + np.where(graph.on_greedy_path, 2.0**64, 0.0)
            nodes = graph_shape.fullest(whole, nodes, wanted.most, rank)
        return graph_shape.cut(whole, nodes, edges)

    def _map(self, tables: StateTables, exact: bool) -> None:
        """Know where actions lead: what a table says does not change; what came about does, with every step."""
        changes = isinstance(tables, SteppedTables) and self._mapped_at != self.trainer.step
        if self._states is None or (changes and (exact or time.perf_counter() >= self._map_due)):
            began = time.perf_counter()
            self._states, self._mapped_at = StateMap(tables), self.trainer.step
            self._map_due = began + SHARE * (time.perf_counter() - began)

    def _number(self, shape: GraphShape, wanted: GraphWanted) -> Graph:
        """Today's numbers on this shape."""
        trainer = self.trainer
        learned, slots = trainer.learned, trainer.tables.slots
        cells = shape.rows[shape.source] * slots + shape.slot
        q, edge_visits = learned.q[cells], learned.visits[cells]
        best = trainer.greedy_slots(shape.nodes)
        value = np.where(shape.ends, 0.0, learned.q[shape.rows * slots + best])
        visits = self._visits(shape, edge_visits)
        # From each node at most one edge is the best that was tried: of those of one action, the likeliest, the first.
        tried_best = np.flatnonzero((best[shape.source] == shape.slot) & (edge_visits > 0))[::-1]
        going_on = np.full(len(shape.column), -1)
        going_on[shape.source[tried_best]] = tried_best
        greedy, on_path, said = _follow(shape, going_on, visits)
        current = np.flatnonzero((shape.nodes == int(trainer.progress.counters[arrays.NODE])) & ~shape.ends)
        last = self._last_edge(shape)
        return Graph(
            shape,
            value,
            visits,
            on_path,
            q,
            edge_visits,
            greedy,
            int(current[0]) if len(current) else -1,
            last,
            said,
            wanted,
        )

    def _last_edge(self, shape: GraphShape) -> int:
        """The edge that was taken last, to where it led; -1 where it is not shown, or no longer remembered."""
        trainer, tables = self.trainer, self.trainer.tables
        if not trainer.remembered:
            return -1
        taken = trainer.last_edges(1).astype(np.int64)
        following = int(tables.successor[taken[0]])
        edge = int(tables.edges_of(taken)[0]) if isinstance(tables, StateTables) else int(taken[0])
        there = (shape.nodes[shape.source] == edge // tables.slots) & (shape.slot == edge % tables.slots)
        there &= shape.ends[shape.target] if following == END else shape.nodes[shape.target] == following
        return int(np.flatnonzero(there)[0]) if there.any() else -1

    def _visits(self, shape: GraphShape, edge_visits: NDArray[np.uint64]) -> NDArray[np.uint64]:
        slots = self.trainer.tables.slots
        visits, counted = self.trainer.learned.visits.reshape(-1, slots), np.zeros(len(shape.column), np.uint64)
        at_once = max(1, graph_shape.CHUNK // slots)
        for begin in range(0, len(shape.rows), at_once):
            part = slice(begin, begin + at_once)
            counted[part] = visits[shape.rows[part]].sum(axis=1)
        ending = shape.ends[shape.target]
        counted[shape.target[ending]] = edge_visits[ending]
        return counted


def _follow(shape: GraphShape, going_on: Indices, visits: NDArray[np.uint64]) -> tuple[Mask, Mask, tuple[Said, ...]]:
    """(edges,) and (nodes,) of the greedy path, and the texts along it; `going_on` are the edges to take, -1 for none.

    All prompts at once, word by word, until each has ended, or comes round again.
    """
    greedy, on_path = np.zeros(len(shape.source), bool), np.zeros(len(shape.column), bool)
    starts = np.flatnonzero((shape.column == 0) & (visits > 0))
    on_path[starts] = True
    here, prompts, total = starts, np.arange(len(starts)), np.zeros(len(starts))
    words: list[list[int]] = [[] for _ in starts]
    said: list[tuple[int, Said]] = []
    while len(here):
        edge = going_on[here]
        further = edge >= 0
        further[further] = ~greedy[edge[further]]
        edge, prompts, total = edge[further], prompts[further], total[further] + shape.reward[edge[further]]
        greedy[edge] = True
        here = shape.target[edge]
        on_path[here] = True
        for prompt, word, node, sum_, end in zip(
            prompts.tolist(), shape.word[edge].tolist(), here.tolist(), total.tolist(), shape.ends[here].tolist(),
            strict=True,
        ):  # fmt: skip
            words[prompt].append(word)
            if end:
                said.append((prompt, Said(node, int(shape.of_paths[starts[prompt]]), tuple(words[prompt]), sum_)))
    return greedy, on_path, tuple(text for _, text in sorted(said))
