"""What views receive: immutable pictures of a run, holding what the visible views asked for and can draw.

`observe` is called between two slices and takes well under a millisecond; its arrays are copies.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core import arrays
from langrl_gui.core.tables import END, PADDING, UNTRACED
from langrl_gui.core.timeline import Address
from langrl_gui.core.trainer import NO_LIMIT as NO_LIMIT
from langrl_gui.core.trainer import Text, Trainer

REFRESH: Final = 0.2
"""Seconds for which a running graph keeps its shape, and the heat map its order of rows: long enough to be read, and
to cost the run nothing."""
FEW: Final = 50
"""States up to which the state graph shows those as well that nobody has been to."""
MOST_PICKED: Final = 5000
"""States up to which it costs nothing to look at each whether it was visited."""
MOST_PROMPTS: Final = 100
"""Prompts for which a snapshot says what the agent answers."""


@dataclass(frozen=True)
class Wanted:
    """What the visible views want to see. Nothing is made that nobody wants."""

    curves: bool = False
    says: bool = False
    tape: bool = False
    graph: int = 0
    """Most states per column of the state graph; 0: no graph."""
    heat_rows: tuple[int, int] = (0, 0)
    """First row and number of rows of the heat map."""
    heat_slots: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Curves:
    """What happened over the episodes, in bins of `width` episodes; the last bin may not be full yet.

    All arrays have one entry per bin, but for `greedy_value`, which exists for full bins only.
    """

    width: int
    episodes: NDArray[np.float64]
    """Episode number at the middle of the bin's finished part."""
    ends: NDArray[np.float64]
    """Episodes finished at the bin's end."""
    return_mean: NDArray[np.float64]
    return_min: NDArray[np.float64]
    return_max: NDArray[np.float64]
    surprise_mean: NDArray[np.float64]
    """Mean |TD error| of a step."""
    greedy_value: NDArray[np.float64]


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


@dataclass(frozen=True)
class Heat:
    """A rectangle of the table: rows ordered by (prompt, length, words)."""

    first_row: int
    first_slot: int
    rows: int
    """Rows of the whole table."""
    keys: tuple[tuple[int, ...], ...]
    """(rows shown) prompt and words of each."""
    q: NDArray[np.float64]
    visits: NDArray[np.uint64]
    best: NDArray[np.intp]
    """(rows shown,) the greedy slot; -1 where nothing was tried."""
    current: int
    """Index among the rows shown of the state in which the agent is; -1 if it is not among them."""


@dataclass(frozen=True)
class TapeStep:
    """One word that was said, and what it earned."""

    word: int
    reward: float


@dataclass(frozen=True)
class Tape:
    """The episode in progress and the one before it (empty where it is no longer remembered)."""

    prompt: int
    steps: tuple[TapeStep, ...]
    previous_prompt: int
    previous: tuple[TapeStep, ...]
    last_q: float
    """Value of the last word said, before it was learned from."""
    last_td_error: float


@dataclass(frozen=True)
class Snapshot:
    """One moment of a run, as far as it was asked for."""

    address: Address
    episode: int
    alpha: float
    gamma: float
    epsilon: float
    states: int
    curves: Curves | None = None
    says: tuple[Text, ...] | None = None
    tape: Tape | None = None
    graph: Graph | None = None
    heat: Heat | None = None

    @property
    def step(self) -> int:
        """Steps taken."""
        return self.address.step


@dataclass
class Observer:
    """Makes snapshots of one trainer. Keeps nothing but which states are shown, and in which order."""

    trainer: Trainer
    _order: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    _place: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    _shape: GraphShape | None = None
    _shape_most: int = 0
    _refreshed: float = 0.0

    def observe(self, wanted: Wanted, exact: bool = True) -> Snapshot:
        """The trainer as it is now, as far as `wanted` asks.

        Unless `exact`, which states are shown may be as of up to REFRESH seconds ago. Numbers never are.
        """
        trainer = self.trainer
        now = time.monotonic()
        fresh = exact or now - self._refreshed > REFRESH
        if fresh:
            self._refreshed = now
        learner = trainer.scenario.learner
        prompts = range(min(len(trainer.tables.starts), MOST_PROMPTS))
        return Snapshot(
            trainer.timeline.pointer,
            trainer.episode,
            learner.alpha,
            learner.gamma,
            learner.explore.epsilon,
            trainer.tables.rows,
            self._curves() if wanted.curves else None,
            tuple(trainer.greedy_text(prompt) for prompt in prompts) if wanted.says else None,
            self._tape() if wanted.tape else None,
            self._graph(wanted.graph, fresh) if wanted.graph else None,
            self._heat(wanted.heat_rows, wanted.heat_slots, fresh)
            if wanted.heat_rows[1] and wanted.heat_slots[1]
            else None,
        )

    def _curves(self) -> Curves:
        counters, histories = self.trainer.progress.counters, self.trainer.progress.histories
        shift, episode = int(counters[arrays.BIN_SHIFT]), self.trainer.episode
        bins, full = -(-episode >> shift), episode >> shift
        if full and np.isnan(histories.greedy_value[full - 1]):
            full -= 1
        first = np.arange(bins, dtype=np.float64) * (1 << shift)
        ends = np.minimum(first + (1 << shift), episode)
        steps = np.maximum(histories.steps[:bins], 1).astype(np.float64)
        return Curves(
            1 << shift,
            (first + ends) / 2,
            ends,
            histories.return_sum[:bins] / (ends - first),
            histories.return_min[:bins].copy(),
            histories.return_max[:bins].copy(),
            histories.surprise[:bins] / steps,
            histories.greedy_value[:full].copy(),
        )

    def _tape(self) -> Tape:
        trainer = self.trainer
        tape, slots = trainer.progress.tape, trainer.tables.slots
        position, step = trainer.position, trainer.step
        edges = trainer.last_edges(position)
        reach = min(step, len(tape), position + trainer.scenario.language.max_length)
        before = trainer.last_edges(reach)[: reach - position]
        starts = np.flatnonzero(np.isin(before // np.uint64(slots), trainer.tables.starts))
        previous = before[starts[-1] :] if len(starts) else before[:0]
        prompts = np.flatnonzero(trainer.tables.starts == (previous[0] // np.uint64(slots))) if len(previous) else [0]
        amounts = trainer.progress.amounts
        return Tape(
            trainer.prompt,
            self._steps(edges),
            int(prompts[0]),
            self._steps(previous),
            float(amounts[arrays.LAST_Q]),
            float(amounts[arrays.LAST_TD_ERROR]),
        )

    def _steps(self, edges: NDArray[np.uint64]) -> tuple[TapeStep, ...]:
        words, rewards = edges % np.uint64(self.trainer.tables.slots), self.trainer.tables.reward[edges]
        return tuple(TapeStep(int(w), float(r)) for w, r in zip(words, rewards, strict=True))

    # -- state graph --------------------------------------------------------------------------------------------------

    def _graph(self, most: int, fresh: bool) -> Graph:
        if fresh or self._shape is None or most != self._shape_most:
            shape = self._choose(most)
            if self._shape is None or shape.keys != self._shape.keys or (shape.more != self._shape.more).any():
                self._shape, self._shape_most = shape, most
        shape = self._shape
        assert shape is not None
        learned, slots = self.trainer.learned, self.trainer.tables.slots
        q, visits = learned.q.reshape(-1, slots), learned.visits.reshape(-1, slots)
        source_rows = shape.rows[shape.source]
        edge_q, edge_visits = q[source_rows, shape.word], visits[source_rows, shape.word]
        best = learned.best[shape.rows].astype(np.intp)
        value = np.where(shape.ends, shape.total, q[shape.rows, best])
        node_visits = visits[shape.rows].sum(axis=1)
        node_visits[shape.target] = np.where(shape.ends[shape.target], edge_visits, node_visits[shape.target])
        on_path = (shape.column == 0) & (node_visits > 0)
        greedy = np.zeros(len(shape.word), bool)
        for column in range(int(shape.column.max(initial=0))):
            here = shape.column[shape.source] == column
            greedy |= here & on_path[shape.source] & (best[shape.source] == shape.word) & (edge_visits > 0)
            on_path[shape.target[greedy & here]] = True
        prompt, words = self.trainer.prompt, self.trainer.words
        current, last_edge = _index(shape.keys, (prompt, *words)), -1
        if self.trainer.step:
            said = self._tape()
            text = (prompt, *words) if words else (said.previous_prompt, *(step.word for step in said.previous))
            last_edge = _index(shape.target.tolist(), _index(shape.keys, text))
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
        edges: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]] = []
        more = [np.zeros(len(nodes), np.intp)]
        offset = 0
        for depth in range(1, self.trainer.scenario.language.max_length + 1):
            rows = tables.row[nodes]
            tried = visits_of[rows] * ~ends[:, None]
            followers = successor[nodes]
            offered = (followers != UNTRACED) & ~ends[:, None] & ((tried > 0) | (everything & (followers != END)))
            source, word = np.nonzero(offered)
            if not len(source):
                break
            best = greedy[source] & (learned.best[rows[source]] == word)
            here = np.zeros(len(source), bool)
            if len(current) > depth:
                here = np.array([(*keys[s], w) == current[: depth + 1] for s, w in zip(source, word, strict=True)])
            if len(source) > most:
                rank = np.lexsort((word, source, -tried[source, word].astype(np.float64), ~here, ~best))
                chosen = np.sort(rank[:most])
            else:
                chosen = np.arange(len(source))
            left_out = np.bincount(source, minlength=len(nodes)) - np.bincount(source[chosen], minlength=len(nodes))
            more[-1] = left_out
            source, word, greedy = source[chosen], word[chosen], best[chosen]
            target = followers[source, word].astype(np.intp)
            ends = target == END
            totals = totals[source] + reward[nodes[source], word]
            keys = [(*keys[s], w) for s, w in zip(source.tolist(), word.tolist(), strict=True)]
            edges.append((source + offset, np.arange(len(source)) + offset + len(nodes), word))
            offset += len(nodes)
            nodes = np.where(ends, nodes[source], target)
            columns.append((nodes, keys, totals, ends))
            more.append(np.zeros(len(nodes), np.intp))
        all_nodes = np.concatenate([column[0] for column in columns])
        all_ends = np.concatenate([column[3] for column in columns])
        none = np.zeros(0, np.intp)
        return GraphShape(
            tuple(key for column in columns for key in column[1]),
            np.repeat(np.arange(len(columns)), [len(column[0]) for column in columns]),
            all_ends,
            np.where(all_ends, np.concatenate([column[2] for column in columns]), 0.0),
            np.concatenate([e[0] for e in edges]) if edges else none,
            np.concatenate([e[1] for e in edges]) if edges else none,
            np.concatenate([e[2] for e in edges]) if edges else none,
            tables.row[all_nodes].astype(np.intp),
            all_nodes,
            np.concatenate(more),
        )

    # -- heat map -----------------------------------------------------------------------------------------------------

    def _order_rows(self, fresh: bool) -> None:
        """Order the rows by (prompt, length, words). Where states are traced as they are met, those that only the
        greedy policy was followed to are left out while there are few enough for anyone to notice."""
        tables, count, known = self.trainer.tables, self.trainer.tables.rows, len(self._place)
        picks = not tables.whole and count <= MOST_PICKED
        if len(self._order) and not (fresh and (picks or count > known)):
            return
        rows = np.arange(count)
        if picks:
            tried: NDArray[np.uint64] = self.trainer.learned.visits[: count * tables.slots].reshape(count, -1)
            visited = np.asarray(tried.max(axis=1) > 0)
            visited[tables.row[self.trainer.progress.counters[arrays.NODE]]] = True
            rows = np.flatnonzero(visited)
        states = tables.states[rows]
        lengths = (states[:, 1:] != PADDING).sum(axis=1)
        self._order = rows[np.lexsort((*states[:, :0:-1].T, lengths, states[:, 0]))]
        self._place = np.full(count, -1)
        self._place[self._order] = np.arange(len(rows))

    def _heat(self, rows: tuple[int, int], slots: tuple[int, int], fresh: bool) -> Heat:
        trainer = self.trainer
        tables = trainer.tables
        self._order_rows(fresh)
        first, last = rows[0], min(rows[0] + rows[1], len(self._order))
        shown = self._order[first:last]
        cells = slice(slots[0], min(slots[0] + slots[1], tables.slots))
        learned, width = trainer.learned, tables.slots
        row = int(tables.row[trainer.progress.counters[arrays.NODE]])
        place = int(self._place[row]) if row < len(self._place) else -1
        visits = learned.visits.reshape(-1, width)[shown]
        return Heat(
            first,
            cells.start,
            len(self._order),
            tuple((tables.prompt(r), *tables.seen(r)) for r in shown.tolist()),
            learned.q.reshape(-1, width)[shown, cells],
            visits[:, cells],
            np.where(visits.any(axis=1), learned.best[shown].astype(np.intp), -1),
            place - first if first <= place < last else -1,
        )


def _index(items: Sequence[object], item: object) -> int:
    """Where `item` stands among `items`; -1 if it does not."""
    return items.index(item) if item in items else -1
