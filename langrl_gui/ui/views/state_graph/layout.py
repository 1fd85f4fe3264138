"""Where the states of the graph stand, and which of them are in sight: arrays of numbers, and nothing painted.

Knows the graph's shape, and the sizes that words have; nothing of widgets.
"""

from functools import cached_property
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFont, QFontInfo, QFontMetricsF, QPainterPath

from langrl_gui.core.i18n import tr
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Graph, GraphShape

TIDY: Final = 1000
"""Nodes up to which states stand where they read best; more stand in a list of all texts, which takes no time."""
TIGHT: Final = 1.2
"""A row is at least so many pills high; where that is too much, pills shrink ..."""
LOOSE: Final = 2.1
"""... and at most so many."""
SMALLEST: Final = 0.5
"""Size of the smallest pills, in parts of the natural one. Where not all have room, those without are bars ..."""
CROWDED: Final = 0.8
"""... and the others of this size, so that they can be read."""
LARGEST: Final = 12.0
"""Height of a row in pills when zoomed in as far as it goes ..."""
LARGEST_TYPE: Final = 1.6
"""... and the size of its words then, in parts of the natural one."""
DOTS: Final = 0.25
"""Width of the dots in a pill, not all of whose words are shown, in pills' heights."""
WORDS_FIRST: Final = 0.7
"""Share of a column's width that a pill may take rather than cut its word, even if edges then have no numbers."""
BAR: Final = 0.45
"""Width of a bar, in pills' heights."""
WHOLE_TEXTS: Final = 5.0
"""Widest text, in line heights, that is written out on every state of its language."""
SAID: Final = 0.24
"""Share of the width that is left for the text that the agent would say."""
BEYOND: Final = 20_000.0
"""Pixels outside the window up to which a curve is drawn to where it really goes."""
CURVES: Final = 500
"""Edges up to which each has a curve of its own; of more, those that run side by side share one."""
START: Final = "⌂"
HIDDEN: Final = "…"
"""In place of words for which there is no room, or which the agent does not see."""


def spaced(wanted: list[float], weights: list[float], room: int) -> list[float]:
    """The places nearest to `wanted` that keep their order, at least 1 apart, all within 0 .. room - 1.

    Weighted least squares by pooling adjacent violators (Ayer et al. 1955) on `wanted` less the places of a tight row.
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for index, (place, weight) in enumerate(zip(wanted, weights, strict=True)):
        mean, count = place - index, 1
        while pools and pools[-1][0] >= mean:
            before, heavy, members = pools.pop()
            mean = (mean * weight + before * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + members
        pools.append((mean, weight, count))
    places: list[float] = []
    for mean, _, count in pools:
        first = min(max(mean, 0.0), float(room - len(wanted))) + len(places)
        places.extend([first + number for number in range(count)])
    return places


def tidy_rows(shape: GraphShape, greedy: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each node of `shape` the row in which it stands, counted from the middle; (nodes,).

    Nodes of a column keep their order, so that no edges cross, and are at least 1 apart; the height is that of the
    fullest column. A state stands at the middle of its followers, or, on the greedy path, beside the next state on it,
    as far as its neighbours leave room. `greedy` are the (edges,) of that path.
    """
    nodes = len(shape.column)
    columns: list[list[int]] = [[] for _ in range(int(shape.column.max(initial=0)) + 1)]
    for node, column in enumerate(shape.column.tolist()):
        columns[column].append(node)
    room = max(map(len, columns), default=1)
    followers: list[list[int]] = [[] for _ in range(nodes)]
    next_on_path = [-1] * nodes
    first = shape.into[shape.into >= 0]  # what is reached by other edges as well stands where it was first reached
    for source, target, on_path in zip(
        shape.source[first].tolist(), shape.target[first].tolist(), greedy[first].tolist(), strict=True
    ):
        followers[source].append(target)
        if on_path:
            next_on_path[source] = target
    row = [(room - 1) / 2] * nodes

    def place(column: list[int], wanted: dict[int, tuple[float, float]]) -> None:
        chosen = [wanted.get(node, (row[node], 1.0)) for node in column]
        for node, found in zip(column, spaced([c[0] for c in chosen], [c[1] for c in chosen], room), strict=True):
            row[node] = found

    def spread(keep: bool) -> None:
        """From left to right: followers gather around the state before them; with `keep`, only those that end here."""
        top = (room - len(columns[0])) / 2
        place(columns[0], {node: (top + index, 1.0) for index, node in enumerate(columns[0])})
        for column, after in pairwise(columns):
            wanted = {}
            for node in column:
                here, straight = followers[node], next_on_path[node]
                anchor = here.index(straight) if straight >= 0 else (len(here) - 1) / 2
                for i, follower in enumerate(here):
                    inner = keep and followers[follower]
                    near = row[follower] if inner else row[node] + i - anchor
                    wanted[follower] = near, 8.0 if follower == straight or inner else 1.0
            place(after, wanted)

    def gather() -> None:
        """From right to left: states move to the middle of their followers."""
        for column in reversed(columns[1:] if len(columns[0]) == 1 else columns):
            wanted = {}
            for node in column:
                here, straight = followers[node], next_on_path[node]
                if here:
                    middle = row[straight] if straight >= 0 else (row[here[0]] + row[here[-1]]) / 2
                    wanted[node] = middle, 16.0 if straight >= 0 else 4.0
            place(column, wanted)

    if nodes:
        spread(keep=False)
        gather()
        spread(keep=True)
        gather()
    return np.array(row) - (room - 1) / 2


def along(curves: NDArray[np.float64], t: NDArray[np.float64] | float) -> tuple[Any, Any]:
    """The points at `t`, 0 to 1, of curves (n, 4) that leave and arrive level, with their bends halfway."""
    x0, y0, x1, y1 = curves.T
    return x0 + (x1 - x0) * (1.5 * t * (1 - t) + t**3), y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)


T: Final = np.linspace(0, 1, 65)
X_AT: Final = 1.5 * T * (1 - T) + T**3
"""How far across a curve is at each T."""


def path_of(curve: list[float]) -> QPainterPath:
    """One of the curves; one that leads back swings out on its way."""
    x0, y0, x1, y1 = curve
    path = QPainterPath(QPointF(x0, y0))
    if x1 >= x0:
        path.cubicTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1)
    else:
        out, down = (x0 - x1) / 2, 0.5 * (x0 - x1) if abs(y1 - y0) < 1 else 0.0
        path.cubicTo(x0 + out, y0 + down, x1 - out, y1 + down, x1, y1)
    return path


class Sizes(NamedTuple):
    """Natural sizes in pixels, all from the font."""

    pill: float
    padding: float
    narrowest: float
    """A pill's least width."""
    column: float
    """A column is never wider, from left edge to left edge, unless somebody zooms ..."""
    narrow_column: float
    """... and pills get smaller when it is narrower, unless their words are short."""
    gap: float
    """Room between two columns that pills do not grow into."""
    number: float
    """Width of a number on an edge."""
    earned: float
    """Room for a sum of rewards beside the last column."""
    margin: float

    @classmethod
    def of(cls, font: QFont, small: QFont) -> "Sizes":
        """For words in `font` and numbers in `small`."""
        metrics = QFontMetricsF(font)
        em = metrics.height()
        number = QFontMetricsF(small).horizontalAdvance("+0.00 ")
        earned = metrics.horizontalAdvance(" ✓ +10")
        return cls(1.7 * em, 0.7 * em, 3.2 * em, 25 * em, 6 * em, number + em, number, earned, 0.6 * em)


def sized(font: QFont, scale: float) -> QFont:
    """`font` in whole pixels at this scale."""
    found = QFont(font)
    found.setPixelSize(max(1, round(QFontInfo(font).pixelSize() * scale)))
    return found


class Layout:
    """One shape: where its states stand, and what is written on them.

    Attributes
    ----------
    row : (nodes,) in which each stands, counted from the middle; ascending within a column.
    bounds : (columns + 1,) the first node of each column.
    room : (nodes,) rows to the nearer neighbour in its column.
    label_widths : (nodes,) pixels at scale 1.
    column_widths : (columns,) the widest of them.
    whole_texts : whether all that the agent sees is written on each state, not only the last word.
    """

    def __init__(self, graph: Graph, scenario: Scenario, font: QFont) -> None:
        shape = self.shape = graph.shape
        self.scenario = scenario
        self.columns = int(shape.column.max(initial=0)) + 1
        self.bounds = np.searchsorted(shape.column, np.arange(self.columns + 1))
        if len(shape.column) <= TIDY:
            self.row = tidy_rows(shape, graph.greedy)
        else:
            self.row = shape.place - (shape.place.min() + shape.place.max()) / 2
        apart = np.where(np.diff(shape.column) == 0, np.diff(self.row), np.inf)
        self.room = np.minimum(np.append(apart, np.inf), np.append(np.inf, apart))
        self.source_row, self.target_row = self.row[shape.source], self.row[shape.target]
        self.source_column, self.target_column = shape.column[shape.source], shape.column[shape.target]
        self._measure(QFontMetricsF(font))

    def _measure(self, metrics: QFontMetricsF) -> None:
        shape, language = self.shape, self.scenario.language
        longest = max(language.words, key=len)
        # What is longer than this is not taken in at a glance, and leaves the edges no room.
        whole = language.joiner.join([longest] * (self.columns - 1))
        self.whole_texts = (
            self.scenario.environment is None and metrics.horizontalAdvance(whole) <= WHOLE_TEXTS * metrics.height()
        )
        last, seen = self.last_word, shape.states[:, 1:]
        wide = np.zeros(len(language.words) + 1)  # at -1: no word
        for word in np.unique(np.append(last, seen if self.whole_texts else [])).astype(int).tolist():
            wide[word] = metrics.horizontalAdvance(language.words[word]) if word >= 0 else 0.0
        self.label_widths = wide[last]
        if self.whole_texts:
            words = (seen >= 0).sum(axis=1) + shape.ends
            between = np.maximum(words - 1, 0) * metrics.horizontalAdvance(language.joiner)
            hidden = (shape.column > words) * metrics.horizontalAdvance(HIDDEN)
            seen_widths = wide[np.maximum(seen, -1)].sum(axis=1)
            self.label_widths = seen_widths + between + hidden + np.where(shape.ends, wide[last], 0.0)
        if self.scenario.environment is not None:
            numbers = shape.states[:, 1]
            names = (
                numbers.astype(str)
                if self.scenario.environment.spaces is None
                else np.array([self.scenario.environment.state_name(state) for state in numbers.tolist()], np.str_)
            )
            digits = np.char.str_len(names) * metrics.horizontalAdvance("0")
            self.label_widths = np.where(shape.ends, metrics.horizontalAdvance(tr("end")), digits)
        else:
            for node in range(int(self.bounds[1])):
                self.label_widths[node] = metrics.horizontalAdvance(self.text(node))
        self.column_widths = np.zeros(self.columns)
        np.maximum.at(self.column_widths, shape.column, self.label_widths)

    @cached_property
    def last_word(self) -> NDArray[np.intp]:
        """(nodes,) the word that led there; -1 for prompts."""
        return self.shape.paths.word[self.shape.of_paths]

    @property
    def says_texts(self) -> bool:
        """Whether the text that the agent would say stands in the last column, where it ends."""
        return self.scenario.environment is None and not self.whole_texts

    @cached_property
    def states(self) -> int:
        """Nodes that are not ends."""
        return int((~self.shape.ends).sum())

    def text(self, node: int) -> str:
        """What has been said, as far as the agent sees it, the prompt where nothing has; of an environment, the state's
        name, and the action that ended it there."""
        shape, language = self.shape, self.scenario.language
        if self.scenario.environment is not None:
            state = self.scenario.environment.state_name(int(shape.states[node, 1]))
            return f"{state} → {language.words[int(self.last_word[node])]}" if shape.ends[node] else state
        if shape.column[node] == 0:
            return self.scenario.starts[shape.key(node)[0]].text or START
        words = [word for word in shape.state(node)[1:] if word >= 0]
        if shape.ends[node]:
            words.append(int(self.last_word[node]))
        hidden = HIDDEN if len(words) < shape.column[node] else ""
        return hidden + language.join(words) or language.words[int(self.last_word[node])]

    def label(self, node: int) -> str:
        """What is written on the pill."""
        if self.scenario.environment is not None and self.shape.ends[node]:
            return tr("end")
        if self.whole_texts or self.scenario.environment is not None or self.shape.column[node] == 0:
            return self.text(node)
        return self.scenario.language.words[int(self.last_word[node])]

    def word(self, edge: int) -> str:
        """The word of an edge."""
        return self.scenario.language.words[int(self.shape.word[edge])]

    def said(self, words: tuple[int, ...]) -> str:
        """A whole text."""
        return self.scenario.language.join(words)

    def end_of(self, words: tuple[int, ...], room: float, metrics: QFontMetricsF) -> str:
        """A text in this many pixels: where it is too long, its last words, because those before stand on its way."""
        said = self.said(words)
        for first in range(1, len(words)):
            if metrics.horizontalAdvance(said) <= room:
                break
            said = self.scenario.language.joiner.join((HIDDEN, self.said(words[first:])))
        return said


class View(NamedTuple):
    """Which part of a layout is seen, and how large: a state's pill begins at x + column * column_width and has its
    middle at y + row * row_height."""

    x: float
    y: float
    column_width: float
    row_height: float
    scale: float
    """Size of pills and words, in parts of their natural size."""


def fitting(layout: Layout, sizes: Sizes, width: float, height: float) -> View:
    """The view in which the whole layout fills a window of this size."""
    columns = layout.columns
    rows = float(np.ptp(layout.row)) if len(layout.row) else 0.0
    high = height - 2 * sizes.margin
    scale = min(1.0, high / (sizes.pill * (TIGHT * rows + 1)))
    if scale < SMALLEST:
        scale = CROWDED
    row_height = LOOSE * sizes.pill
    if rows:
        row_height = min(row_height, (high - sizes.pill * scale) / rows)
    last = float(layout.column_widths[-1]) + 2 * sizes.padding
    behind = max(sizes.narrowest, last) * scale + sizes.earned
    if layout.says_texts and width > sizes.column:
        behind = max(behind, min(SAID * width, sizes.column))
    behind = min(behind, 0.4 * width)
    column_width = min((width - 2 * sizes.margin - behind) / max(columns - 1, 1), sizes.column)
    narrow = min(sizes.narrow_column, (float(layout.column_widths.max()) + sizes.padding) / WORDS_FIRST)
    scale = min(scale, max(column_width / narrow, 0.1))
    x = (width - behind - column_width * (columns - 1)) / 2
    middle = float(layout.row.min() + layout.row.max()) / 2 if len(layout.row) else 0.0
    return View(x, height / 2 - middle * row_height, column_width, row_height, scale)


def zoomed(view: View, fit: View, sizes: Sizes, factor: float, x: float, y: float) -> View | None:
    """`view` enlarged by `factor` around a point; None where that is no larger than `fit`.

    Rows can grow a thousandfold until there is room for their words; columns only as wide as is of use.
    """
    row_height = min(view.row_height * factor, max(sizes.pill * LARGEST, fit.row_height))
    if factor < 1 and row_height < fit.row_height * 1.001:
        return None
    widest = max(2 * sizes.column, fit.column_width)
    column_width = min(max(view.column_width * factor, fit.column_width), widest)
    if factor < 1:  # on the way back, columns are as wide as they were on the way here
        column_width = min(column_width, max(fit.column_width * row_height / fit.row_height, fit.column_width))
    tight = max(fit.row_height, TIGHT * sizes.pill * fit.scale)
    scale = min(fit.scale * max(row_height / tight, 1.0), max(LARGEST_TYPE, fit.scale))
    across, down = column_width / view.column_width, row_height / view.row_height
    return View(x + (view.x - x) * across, y + (view.y - y) * down, column_width, row_height, scale)


class Geometry:
    """A layout in a view of a window: where everything is, in pixels, and what of it is in sight."""

    def __init__(self, layout: Layout, view: View, sizes: Sizes, width: float, height: float, graph: Graph) -> None:
        self.layout, self.view, self.sizes = layout, view, sizes
        self.width, self.height = width, height
        self.pill = 2.0 * max(1, round(sizes.pill * view.scale / 2))
        """How high a pill is."""
        self.bar = max(2.0, round(BAR * self.pill))
        self.said = graph.said
        # On whole pixels, where pictures of pills are as sharp as the pills.
        self.left = np.rint(view.x + np.arange(layout.columns) * view.column_width)
        dots = np.zeros(layout.columns)
        dots[graph.shape.column[graph.shape.more > 0]] = DOTS * sizes.pill
        wide = np.maximum(layout.column_widths + dots + 2 * sizes.padding, sizes.narrowest) * view.scale
        free = max(view.column_width - sizes.gap * view.scale, 0.5 * view.column_width)
        tight = np.minimum((layout.column_widths + dots + sizes.padding) * view.scale, WORDS_FIRST * view.column_width)
        wide[:-1] = np.minimum(wide, np.maximum(free, tight))[:-1]
        self.wide = np.ceil(wide)
        """(columns,) how wide a pill is."""
        self.wider: dict[int, float] = {}
        """Nodes whose pills are wider than others."""
        self.nodes = self._nodes_in_sight()
        """(n,) nodes in sight, in order."""
        self.is_pill = self._have_room(self.nodes, graph)
        """(n,) which of them are pills; others are bars."""
        self.pills = self.nodes[self.is_pill]

    # -- all ----------------------------------------------------------------------------------------------------------

    def middle(self, nodes: Any) -> Any:
        """Height of the middle of these nodes."""
        return np.rint(self.view.y + self.layout.row[nodes] * self.view.row_height)

    def rect(self, node: int) -> QRectF:
        """Where this node's pill is, or would be."""
        column = self.layout.shape.column[node]
        width = self.wider.get(node, float(self.wide[column]))
        return QRectF(float(self.left[column]), float(self.middle(node)) - self.pill / 2, width, self.pill)

    def mark(self, node: int) -> QRectF:
        """Where this node is drawn: its pill or its bar."""
        rect = self.rect(node)
        if not self.shows_pill(node):
            high = max(4.0, min(self.pill, float(self.layout.room[node]) * self.view.row_height))
            rect = QRectF(rect.left(), rect.center().y() - high / 2, self.bar, high)
        return rect

    def shows_pill(self, node: int) -> bool:
        """Whether this node is drawn as a pill, or would be if it were in sight."""
        at = int(np.searchsorted(self.nodes, node))
        if at < len(self.nodes) and self.nodes[at] == node:
            return bool(self.is_pill[at])
        return float(self.layout.room[node]) * self.view.row_height >= self.pill

    def curves(self, edges: NDArray[np.intp]) -> NDArray[np.float64]:
        """(n, 4) x and y where each of these edges begins, x and y where it ends."""
        layout, shape = self.layout, self.layout.shape
        source, target, column = shape.source[edges], shape.target[edges], layout.source_column[edges]
        is_pill = (layout.room[source] * self.view.row_height >= self.pill) | np.isin(source, self.pills)
        low, high = -BEYOND, self.height + BEYOND
        return np.stack(
            (
                self.left[column] + np.where(is_pill, self.wide[column], self.bar),
                np.clip(self.middle(source), low, high),
                self.left[layout.target_column[edges]],
                np.clip(self.middle(target), low, high),
            ),
            axis=1,
        )

    # -- in sight -----------------------------------------------------------------------------------------------------

    def _rows_in_sight(self, beyond: float) -> tuple[float, float]:
        view = self.view
        return (-beyond - view.y) / view.row_height, (self.height + beyond - view.y) / view.row_height

    def _nodes_in_sight(self) -> NDArray[np.intp]:
        top, bottom = self._rows_in_sight(self.pill)
        parts = [np.zeros(0, np.intp)]
        for column, (first, last) in enumerate(pairwise(self.layout.bounds.tolist())):
            # What the agent would say is wider: it counts as in sight for as long as its column might be.
            if self.left[column] < self.width and self.left[column] + self.view.column_width + self.width > 0:
                rows = self.layout.row[first:last]
                parts.append(np.arange(first + np.searchsorted(rows, top), first + np.searchsorted(rows, bottom)))
        return np.concatenate(parts)

    def _have_room(self, nodes: NDArray[np.intp], graph: Graph) -> NDArray[np.bool_]:
        room = self.layout.room[nodes] * self.view.row_height >= self.pill
        # The greedy path is what people came to see: it is written out in the crowd as well, as far as it goes.
        path = np.flatnonzero(graph.on_greedy_path[nodes] & ~room)
        if len(path) and len(path) <= CURVES:
            middle, column = self.middle(nodes[path]), self.layout.shape.column[nodes[path]]
            free, before = np.zeros(len(path), bool), (-1, 0.0)
            for i, (c, y) in enumerate(zip(column.tolist(), middle.tolist(), strict=True)):
                if c != before[0] or y - before[1] >= self.pill:
                    free[i], before = True, (c, y)
            room[path[free]] = True
        return room

    def edges_in_sight(self, strength: NDArray[np.int64]) -> NDArray[np.intp]:
        """The edges to draw: all in sight, or where those are many, of each lot that run side by side the one of
        greatest `strength`, (edges,) below 2^31."""
        layout = self.layout
        top, bottom = self._rows_in_sight(9.0)
        y0, y1, column, after = layout.source_row, layout.target_row, layout.source_column, layout.target_column
        seen = (np.maximum(y0, y1) > top) & (np.minimum(y0, y1) < bottom)
        seen &= ((self.left < self.width)[column] & (self.left > 0)[after]) | (after <= column)
        edges = np.flatnonzero(seen)
        step = 2.0 / self.view.row_height
        while len(edges) > CURVES:
            # Neighbours in order of texts run side by side if they begin and end at the same height, nearly.
            begin = np.floor(np.clip(y0[edges], 2 * top - bottom, 2 * bottom - top) / step)
            end = np.floor(np.clip(y1[edges], 2 * top - bottom, 2 * bottom - top) / step)
            differs = (np.diff(begin) != 0) | (np.diff(end) != 0) | (np.diff(column[edges]) != 0)
            lots = np.flatnonzero(np.append(True, differs))
            edges = (np.maximum.reduceat((strength[edges] << 32) | edges, lots) & 0xFFFFFFFF).astype(np.intp)
            step *= 2
            if step > 2 * (bottom - top):
                edges = np.sort(edges[np.argsort(-strength[edges], kind="stable")[:CURVES]])
        return edges

    def node_at(self, point: QPointF) -> int:
        """The node that is drawn at this point; -1 if there is none."""
        x, y = point.x(), point.y()
        column, shape = self.layout.shape.column, self.layout.shape
        if len(self.pills):
            left, width = self.left[column[self.pills]], self.wide[column[self.pills]]
            for node, wider in self.wider.items():
                width[self.pills == node] = wider
            inside = (left <= x) & (x <= left + width) & (abs(self.middle(self.pills) - y) <= self.pill / 2)
            if inside.any():
                return int(self.pills[inside.argmax()])
        bars = self.nodes[~self.is_pill]
        if len(bars):
            left = self.left[shape.column[bars]]
            off = np.where((left <= x) & (x <= left + self.bar), abs(self.middle(bars) - y), np.inf)
            nearest = int(off.argmin())
            if off[nearest] <= max(1.0, float(self.layout.room[bars[nearest]]) * self.view.row_height / 2):
                return int(bars[nearest])
        return -1

    def sharing(self, node: int) -> int:
        """How many nodes are drawn at the same height as this bar, itself apart."""
        first, last = self.layout.bounds[self.layout.shape.column[node] + np.array((0, 1))]
        rows, half = self.layout.row[first:last], 0.5 / self.view.row_height
        at = float(self.layout.row[node])
        return int(np.searchsorted(rows, at + half) - np.searchsorted(rows, at - half)) - 1
