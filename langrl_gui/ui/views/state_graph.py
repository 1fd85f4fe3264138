"""The state graph: every state a pill in the column of its length, every word an edge, the greedy path strong.

One painted widget without an item per state. Knows telemetry's Graph and the scenario's words, nothing of how the
numbers came about.
"""

import math
import time
from bisect import bisect_left
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontInfo,
    QFontMetricsF,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
    QStaticText,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from langrl_gui.core.i18n import tr
from langrl_gui.core.oracle import Solution
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Graph, GraphShape, Snapshot
from langrl_gui.ui import format, theme

ROW: Final = 34
"""Pixels of height for which one more state per column is asked for."""
FEWEST: Final = 6
MOST: Final = 60
"""States per column that are asked for in a low and in a high window."""
ANIMATED: Final = 8.0
"""Steps a second up to which an eye can follow a word along its edge."""
FOLLOWED: Final = 25.0
"""Steps a second up to which the state the agent is in can be made out; above, a mark on it would only flicker."""
TRAVEL: Final = 0.2
"""Seconds that a word takes along its edge."""
FRAME: Final = 16
"""Milliseconds between two pictures of a word on its way."""
SETTLED: Final = 90
"""Milliseconds without a step after which a fast run is taken to stand still."""
ZOOM: Final = 1.25
"""Factor of one notch of the wheel, or one press of + or -."""
PAN: Final = 60.0
"""Pixels of one press of Shift and an arrow."""
LARGEST: Final = 12.0
"""Height of a row in pills when zoomed in as far as it goes ..."""
LARGEST_TYPE: Final = 1.6
"""... and the size of its words then, in parts of the natural one."""
TIGHT: Final = 1.2
"""A row is at least so many pills high; where that is too much, pills shrink ..."""
LOOSE: Final = 2.1
"""... and at most so many."""
LEGIBLE: Final = 7
"""Pixels: words in smaller type are left out."""
NUMBERS: Final = 0.8
"""Size of the numbers on edges, in parts of the words'."""
NUMBER_AT: Final = 0.72
"""How far along its edge a number stands: behind the crowd where edges part ..."""
ACROSS: Final = 1.5 * NUMBER_AT * (1 - NUMBER_AT) + NUMBER_AT**3
"""... and how far that is from left to right."""
WHOLE_TEXTS: Final = 5.0
"""Widest text, in line heights, that is written out on every state of its language."""
SAID: Final = 0.24
"""Share of the width that is left for the text that the agent would say."""
WIDEST: Final = 7
"""Pixels of the edge that is taken most."""
GREEDY: Final = 1.5
"""Pixels by which an edge of the greedy path is wider."""
BORDERS: Final = (0.0, 0.0, 0.2, 0.4)
"""Strength of a pill's border for never visited, rarely, often, and among the most visited."""
DECADES: Final = 2.0
"""Powers of ten of visits over which an edge grows from its thinnest to its widest."""
SHADES: Final = 32
"""Steps from neutral to the strongest colour on either side: more cannot be told apart, and few pens are made."""
HIT: Final = 5.0
"""Pixels beside an edge that still count as on it."""
MOST_TEXTS: Final = 4096
"""Laid-out numbers that are kept: those from -9.99 to +9.99 and more."""
MOST_PILLS: Final = 1024
"""Pictures of states that are kept: all of a large graph, in some ten MiB."""


# -- where states stand -----------------------------------------------------------------------------------------------


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
    nodes = len(shape.keys)
    columns: list[list[int]] = [[] for _ in range(int(shape.column.max(initial=0)) + 1)]
    for node, column in enumerate(shape.column.tolist()):
        columns[column].append(node)
    room = max(map(len, columns), default=1)
    followers: list[list[int]] = [[] for _ in range(nodes)]
    next_on_path = [-1] * nodes
    for source, target, on_path in zip(shape.source.tolist(), shape.target.tolist(), greedy.tolist(), strict=True):
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


def _along(curves: NDArray[np.float64], t: NDArray[np.float64] | float) -> tuple[Any, Any]:
    """The points at `t`, 0 to 1, of curves (n, 4) that leave and arrive level, with their bends halfway."""
    x0, y0, x1, y1 = curves.T
    return x0 + (x1 - x0) * (1.5 * t * (1 - t) + t**3), y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)


_T: Final = np.linspace(0, 1, 65)
_X_AT: Final = 1.5 * _T * (1 - _T) + _T**3
"""How far across a curve is at each _T."""


class _Layout(NamedTuple):
    """One shape: where its states stand, and what is written on them."""

    shape: GraphShape
    row: NDArray[np.float64]
    column_sizes: NDArray[np.intp]
    states: int
    """Nodes that are not ends."""
    whole_texts: bool
    """Whether all that has been said is written on each state, not only the last word."""
    texts: tuple[str, ...]
    """(nodes,) all that has been said."""
    labels: tuple[str, ...]
    """(nodes,) what is written on the pill."""
    label_widths: NDArray[np.float64]
    """(nodes,) in pixels at scale 1."""
    words: tuple[str, ...]
    """The language's."""
    edge_into: NDArray[np.intp]
    """(nodes,) the edge that leads there; -1 for starts."""
    nodes: dict[tuple[int, ...], int]
    """The node of each key."""


class _View(NamedTuple):
    """Which part of a layout is seen, and how large: a state's pill begins at x + column * column_width and has its
    middle at y + row * row_height."""

    x: float
    y: float
    column_width: float
    row_height: float
    scale: float
    """Size of pills and words, in parts of their natural size."""


class _Places(NamedTuple):
    """A layout in a view: pixels of the widget."""

    left: NDArray[np.float64]
    middle: NDArray[np.float64]
    width: NDArray[np.float64]
    height: float
    labels: list[str]
    """(nodes,) as much of them as fits."""
    curves: NDArray[np.float64]
    """(edges, 4) x and y where each begins, x and y where it ends."""
    paths: list[QPainterPath]
    numbered: NDArray[np.intp]
    """The edges on which there is room for a number."""
    signs: list[tuple[QPointF, str]]
    """Middles and texts of the signs that say how many tried words are not shown."""
    dotted: frozenset[int]
    """Nodes of which some words are not shown either, but without room for a sign."""
    said: tuple[int, ...]
    """The texts that the agent would say."""

    def rect(self, node: int) -> QRectF:
        """Where this node's pill is."""
        top = self.middle[node] - self.height / 2
        return QRectF(float(self.left[node]), float(top), float(self.width[node]), self.height)


class _Shown(NamedTuple):
    """What there is to draw."""

    graph: Graph
    layout: _Layout


class _Sizes(NamedTuple):
    """Natural sizes in pixels, all from the font."""

    pill: float
    padding: float
    narrowest: float
    """A pill's least width."""
    column: float
    """A column is never wider, from left edge to left edge ..."""
    narrow_column: float
    """... and pills get smaller when it is narrower."""
    gap: float
    """Room between two columns that pills do not grow into."""
    number: float
    """Width of a number on an edge."""
    earned: float
    """Room for a sum of rewards beside the last column."""
    margin: float


class _Shades(NamedTuple):
    """What decides how the graph looks, as coarse as it is drawn."""

    edge: NDArray[np.int8]
    edge_width: NDArray[np.int8]
    """In pixels; 0: never tried."""
    node: NDArray[np.int8]
    node_visits: NDArray[np.int8]
    """0: never visited, up to 3: among the most visited."""
    numbers: NDArray[np.int64]
    """In hundredths."""
    greedy: NDArray[np.bool_]

    def signature(self) -> bytes:
        """Equal for equal pictures of the same places."""
        return b"".join(part.tobytes() for part in self)


def _exact(number: float) -> str:
    """All digits, signed, with a real minus sign."""
    return f"{float(number):+}".replace("-", "−")


def _describe_node(shown: _Shown, node: int) -> str:
    graph, layout = shown
    shape, visits = graph.shape, format.count(int(graph.visits[node]))
    lines = [layout.texts[node]]
    if shape.ends[node]:
        lines.append(tr("The text ends here, with a return of {total}", total=_exact(shape.total[node])))
        lines.append(tr("Said: {count} ×", count=visits))
    else:
        lines.append(tr("Value {value}", value=_exact(graph.value[node])))
        lines.append(tr("Visits: {count}", count=visits))
    if shape.more[node]:
        lines.append(tr("More words tried here: {count}", count=format.count(int(shape.more[node]))))
    return "\n".join(lines)


def _describe_edge(shown: _Shown, edge: int) -> str:
    graph, layout = shown
    shape, tried = graph.shape, int(graph.edge_visits[edge])
    return "\n".join(
        (
            f"{layout.texts[int(shape.source[edge])]} → {layout.words[int(shape.word[edge])]}",
            f"Q {_exact(graph.q[edge])}",
            tr("Tried: {count} ×", count=format.count(tried)) if tried else tr("Never tried"),
        )
    )


def _node_at(places: _Places, point: QPointF) -> int:
    """The node whose pill is at this point; -1 if there is none."""
    x, y = point.toTuple()
    inside = (places.left <= x) & (x <= places.left + places.width) & (abs(places.middle - y) <= places.height / 2)
    return int(inside.argmax()) if inside.any() else -1


def _edge_at(places: _Places, point: QPointF) -> int:
    """The edge nearest to this point; -1 if none is near."""
    x0, y0, x1, y1 = places.curves.T
    across = (point.x() - x0) / np.maximum(x1 - x0, 1.0)
    t = np.interp(across, _X_AT, _T)
    slope = (y1 - y0) * 6 * t * (1 - t) / (np.maximum(x1 - x0, 1.0) * (1.5 - 3 * t + 3 * t**2))
    off = np.abs(_along(places.curves, t)[1] - point.y()) / np.sqrt(1 + slope**2)
    distance = np.where((across >= 0) & (across <= 1), off, np.inf)
    nearest = int(distance.argmin()) if len(distance) else -1
    return nearest if nearest >= 0 and distance[nearest] <= HIT else -1


class StateGraph(QWidget):
    """objectName "stateGraph". Fits its window until somebody zooms or pans, and again after a double click.

    Emits `selected(key)`: (prompt, words ...) of a state, or () when nothing is selected any more.
    """

    subtitleChanged = Signal(str)
    selected = Signal(tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stateGraph")
        self.setAccessibleName(tr("States"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 80)
        self._moves = QTimer(self)
        self._moves.setTimerType(Qt.TimerType.PreciseTimer)
        self._moves.setInterval(FRAME)
        self._moves.timeout.connect(self._on_moves)
        self._settles = QTimer(self)
        self._settles.setSingleShot(True)
        self._settles.setInterval(SETTLED)
        self._settles.timeout.connect(self._on_settled)
        self._scenario: Scenario | None = None
        self._solution: Solution | None = None
        self._subtitle = ""
        self._forget()
        self._measure()

    def _forget(self) -> None:
        self._moves.stop()
        self._settles.stop()
        self._shown: _Shown | None = None
        self._places: _Places | None = None
        self._picture: tuple[bytes, QPixmap] | None = None
        self._view: _View | None = None
        """None while it fits."""
        self._selection: tuple[int, ...] = ()
        self._pressed: QPointF | None = None
        self._dragged = False
        self._largest = 0.0
        self._step: int | None = None
        self._stepped_at = self._departed = self._travel = 0.0
        self._too_fast = False

    # -- what the window asks -----------------------------------------------------------------------------------------

    def title(self) -> str:
        """What the view is called."""
        return tr("States")

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        had_selection = bool(self._selection)
        self._forget()
        self._scenario, self._solution = scenario, None
        self._say("")
        if had_selection:
            self.setAccessibleDescription("")
            self.selected.emit(())
        self.update()

    def set_optimum(self, solution: Solution | None) -> None:
        """The exact optimum has been found; None: there is none to show (yet)."""
        self._solution = solution
        self._picture = None
        self.update()

    def wants(self) -> dict[str, Any]:
        """The fields of telemetry.Wanted that it needs to fill its present size."""
        return {"graph": min(max(self.height() // ROW, FEWEST), MOST)}

    def draw(self, snapshot: Snapshot) -> None:
        """Show this moment; without a graph in it, nothing changes."""
        graph = snapshot.graph
        if graph is None or self._scenario is None:
            return
        if self._shown is None or graph.shape is not self._shown.layout.shape:
            self._shown = _Shown(graph, self._lay_out(graph, self._scenario))
            self._places = None
        else:
            self._shown = _Shown(graph, self._shown.layout)
        self._largest = max(self._largest, float(np.abs(graph.value[~graph.shape.ends]).max(initial=0.0)))
        self._follow(snapshot.step)
        self._say(self._summary(self._shown, snapshot.states))
        self.update()

    # -- what a user does ---------------------------------------------------------------------------------------------

    @property
    def selection(self) -> tuple[int, ...]:
        """(prompt, words ...) of the selected state; () if none is."""
        return self._selection

    def select(self, key: tuple[int, ...]) -> None:
        """Select the state of this name, shown or not; () selects nothing."""
        if key == self._selection:
            return
        self._selection = key
        node = self._node_of(key)
        self.setAccessibleDescription(_describe_node(self._shown, node) if self._shown and node >= 0 else "")
        self.update()
        self.selected.emit(key)

    def fit(self) -> None:
        """Show everything, now and whenever the size or what is shown changes."""
        self._look_at(None)

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Enlarge by `factor`; the point `about` (the middle, if None) stays where it is."""
        if self._shown is None:
            return
        fitting = self._fitting(self._shown.layout)
        view = self._view or fitting
        most = max(self._sizes.pill * LARGEST / view.row_height, self._sizes.column * 2 / view.column_width, 1.0)
        factor = min(factor, most)
        if factor < 1 and view.row_height * factor < fitting.row_height * 1.001:
            self.fit()
            return
        x, y = about.toTuple() if about is not None else self.rect().center().toTuple()
        scale = fitting.scale * factor * view.row_height / fitting.row_height
        self._look_at(
            _View(
                x + (view.x - x) * factor,
                y + (view.y - y) * factor,
                view.column_width * factor,
                view.row_height * factor,
                min(scale, LARGEST_TYPE),
            )
        )

    def pan(self, right: float, down: float) -> None:
        """Move what is seen by so many pixels, never quite out of the window."""
        if self._shown is None:
            return
        layout, margin = self._shown.layout, self._sizes.margin
        view = self._view or self._fitting(layout)
        wide = (len(layout.column_sizes) - 1) * view.column_width
        above, below = float(layout.row.min()) * view.row_height, float(layout.row.max()) * view.row_height
        x = min(max(view.x + right, -wide), self.width() - 2 * margin)
        y = min(max(view.y + down, margin - below), self.height() - margin - above)
        self._look_at(view._replace(x=x, y=y))

    def rect_of(self, key: tuple[int, ...]) -> QRectF:
        """Where the state of this name is drawn, in pixels of the widget; empty if it is not shown."""
        node = self._node_of(key)
        return self._place(self._shown).rect(node) if self._shown and node >= 0 else QRectF()

    def describe(self, point: QPointF) -> str:
        """What lies at this point of the widget, with its exact numbers; empty where there is nothing."""
        if self._shown is None:
            return ""
        places = self._place(self._shown)
        node, edge = _node_at(places, point), _edge_at(places, point)
        if node >= 0:
            return _describe_node(self._shown, node)
        return _describe_edge(self._shown, edge) if edge >= 0 else ""

    def _look_at(self, view: _View | None) -> None:
        self._view = view
        self._places = None
        self.update()

    # -- texts --------------------------------------------------------------------------------------------------------

    def _say(self, subtitle: str) -> None:
        if subtitle != self._subtitle:
            self._subtitle = subtitle
            self.subtitleChanged.emit(subtitle)

    @staticmethod
    def _summary(shown: _Shown, states: int) -> str:
        graph, layout = shown
        parts = [tr("{count} states", count=format.count(states))]
        if layout.states < states:
            parts.append(tr("{count} shown", count=format.count(layout.states)))
        said = np.flatnonzero(graph.on_greedy_path & graph.shape.ends)
        if len(said) == 1 and layout.column_sizes[0] == 1:
            parts.append(tr("greedy path {text}", text=layout.texts[int(said[0])]))
        return " · ".join(parts)

    # -- layout -------------------------------------------------------------------------------------------------------

    def _measure(self) -> None:
        """Take sizes and colours from the font and the palette."""
        font = QFont(self.font())
        font.setFeature(QFont.Tag("tnum"), 1)
        font.setPixelSize(QFontInfo(font).pixelSize())
        self._font = font
        metrics = QFontMetricsF(font)
        em = metrics.height()
        number = QFontMetricsF(self._sized(NUMBERS)).horizontalAdvance("+0.00 ")
        earned = metrics.horizontalAdvance(" ✓ +10")
        self._sizes = _Sizes(1.7 * em, 0.7 * em, 3.2 * em, 25 * em, 6 * em, number + em, number, earned, 0.6 * em)
        self._drawn_height = 0.0
        self._texts: dict[tuple[str, int], QStaticText] = {}
        self._pens: dict[tuple[int, int, bool], QPen] = {}
        self._pills: dict[tuple[str, float, int, int, bool, bool], QPixmap] = {}
        self._places = self._picture = None

    def _sized(self, scale: float) -> QFont:
        font = QFont(self._font)
        font.setPixelSize(max(1, round(self._font.pixelSize() * scale)))
        return font

    def _lay_out(self, graph: Graph, scenario: Scenario) -> _Layout:
        shape, language, metrics = graph.shape, scenario.language, QFontMetricsF(self._font)
        columns = int(shape.column.max(initial=0))
        longest = max(language.words, key=len)
        # What is longer than this is not taken in at a glance, and leaves the edges no room.
        whole = metrics.horizontalAdvance(language.joiner.join([longest] * columns)) <= WHOLE_TEXTS * metrics.height()
        texts, labels = [], []
        for key, ends in zip(shape.keys, shape.ends.tolist(), strict=True):
            if scenario.environment is not None:
                texts.append(str(key[1]))
                labels.append(language.words[key[-1]] if ends else texts[-1])
            elif len(key) == 1:
                texts.append(scenario.starts[key[0]].text or "⌂")
                labels.append(texts[-1])
            else:
                texts.append(language.join(key[1:]) or language.words[key[-1]])
                labels.append(texts[-1] if whole else language.words[key[-1]])
        widths = {label: metrics.horizontalAdvance(label) for label in set(labels)}
        into = np.full(len(shape.keys), -1)
        into[shape.target] = np.arange(len(shape.target))
        return _Layout(
            shape,
            tidy_rows(shape, graph.greedy),
            np.bincount(shape.column),
            int((~shape.ends).sum()),
            whole,
            tuple(texts),
            tuple(labels),
            np.array([widths[label] for label in labels]),
            language.words,
            into,
            {key: node for node, key in enumerate(shape.keys)},
        )

    def _fitting(self, layout: _Layout) -> _View:
        """The view in which the whole layout fills the widget."""
        sizes, columns, rows = self._sizes, len(layout.column_sizes), int(layout.column_sizes.max())
        high = self.height() - 2 * sizes.margin
        pitch = TIGHT * sizes.pill
        scale = min(1.0, high / (pitch * (rows - 1) + sizes.pill))
        row_height = LOOSE * sizes.pill
        if rows > 1:
            row_height = min(row_height, (high - sizes.pill * scale) / (rows - 1))
        last = float(layout.label_widths[layout.shape.column == columns - 1].max()) + 2 * sizes.padding
        behind = max(sizes.narrowest, last) * scale + sizes.earned
        if not layout.whole_texts and self.width() > sizes.column:
            behind = max(behind, min(SAID * self.width(), sizes.column))
        behind = min(behind, 0.4 * self.width())
        wide = self.width() - 2 * sizes.margin - behind
        column_width = min(wide / max(columns - 1, 1), sizes.column)
        scale = min(scale, max(column_width / sizes.narrow_column, 0.1))
        x = (self.width() - behind - column_width * (columns - 1)) / 2
        return _View(x, self.height() / 2, column_width, row_height, scale)

    def _place(self, shown: _Shown) -> _Places:
        """Where everything is; computed anew when the layout, the view or what the agent would say has changed."""
        graph, layout = shown
        said = tuple(np.flatnonzero(graph.on_greedy_path & graph.shape.ends).tolist())
        if self._places is not None and self._places.said == said:
            return self._places
        view = self._view or self._fitting(layout)
        shape, sizes, scale = layout.shape, self._sizes, view.scale
        high = 2.0 * max(1, round(sizes.pill * scale / 2))
        last = len(layout.column_sizes) - 1
        # On whole pixels, where pictures of pills are as sharp as the pills.
        left = np.rint(view.x + shape.column * view.column_width)
        middle = np.rint(view.y + layout.row * view.row_height)
        widest = np.zeros(last + 1)
        np.maximum.at(widest, shape.column, layout.label_widths)
        widths = np.maximum(widest + 2 * sizes.padding, sizes.narrowest) * scale
        widths[:last] = np.minimum(widths[:last], max(view.column_width - sizes.gap * scale, 0.5 * view.column_width))
        width, labels = self._label(layout, view, np.ceil(widths)[shape.column], said)
        source, target = shape.source, shape.target
        curves = np.stack((left[source] + width[source], middle[source], left[target], middle[target]), axis=1)
        paths = []
        for x0, y0, x1, y1 in curves.tolist():
            path = QPainterPath(QPointF(x0, y0))
            path.cubicTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1)
            paths.append(path)
        places = _Places(left, middle, width, high, labels, curves, paths, np.zeros(0, np.intp), [], frozenset(), said)
        small = self._sized(NUMBERS * min(high / sizes.pill, 1.0))
        if small.pixelSize() >= LEGIBLE:
            signs, dotted = self._find_room_for_signs(places, shape, QFontMetricsF(small))
            places = places._replace(numbered=self._find_room_for_numbers(places, graph), signs=signs, dotted=dotted)
        if high != self._drawn_height:
            # Pictures and pens of another size are not needed again soon.
            self._pens.clear()
            self._pills.clear()
            self._drawn_height = high
        self._places, self._picture = places, None
        return places

    def _label(
        self, layout: _Layout, view: _View, width: NDArray[np.float64], said: tuple[int, ...]
    ) -> tuple[NDArray[np.float64], list[str]]:
        """The pills' widths, and their words as far as they fit."""
        font = self._sized(view.scale)
        if font.pixelSize() < LEGIBLE:
            return width, [""] * len(width)
        metrics, sizes, last = QFontMetricsF(font), self._sizes, len(layout.column_sizes) - 1
        labels = list(layout.labels)
        natural = layout.label_widths * view.scale
        padding = sizes.padding * view.scale
        behind = self.width() - (view.x + last * view.column_width) - sizes.earned - sizes.margin
        for node in said:
            # What the agent would say is what people came to read: in full, if it ends where there is room.
            if not layout.whole_texts and layout.shape.column[node] == last:
                labels[node] = layout.texts[node]
                natural[node] = metrics.horizontalAdvance(labels[node])
                width[node] = max(width[node], np.ceil(min(natural[node] + 2 * padding, behind)))
        free = width - padding
        for node in np.flatnonzero(natural > free).tolist():
            labels[node] = metrics.elidedText(labels[node], Qt.TextElideMode.ElideRight, float(free[node]))
        return width, labels

    def _number_points(self, places: _Places, greedy: NDArray[np.bool_]) -> tuple[Any, Any]:
        """The middles of the numbers of all edges: on the edge, or above a wide one."""
        x, y = _along(places.curves, NUMBER_AT)
        return x, y - greedy * (NUMBERS * 0.6 * places.height / self._sizes.pill * self._font.pixelSize() + WIDEST / 2)

    def _find_room_for_numbers(self, places: _Places, graph: Graph) -> NDArray[np.intp]:
        """The edges on which a number can stand without touching another: the greedy ones first, then by place."""
        scale = min(places.height / self._sizes.pill, 1.0)
        high, wide = QFontMetricsF(self._sized(NUMBERS * scale)).height(), self._sizes.number * scale
        heights = self._number_points(places, graph.greedy)[1].tolist()
        room = (places.curves[:, 2] - places.curves[:, 0] >= wide + high).tolist()
        columns = graph.shape.column[graph.shape.target].tolist()
        taken: dict[int, list[float]] = {}
        for node in places.said:  # what a text earned stands beside it
            taken.setdefault(int(graph.shape.column[node]) + 1, []).append(float(places.middle[node]))
        chosen = []
        for edge in np.lexsort((np.arange(len(room)), ~graph.greedy)).tolist():
            others, y = taken.setdefault(columns[edge], []), heights[edge]
            at = bisect_left(others, y)
            if room[edge] and all(abs(y - other) >= high for other in others[max(at - 1, 0) : at + 1]):
                others.insert(at, y)
                chosen.append(edge)
        return np.array(sorted(chosen), np.intp)

    def _find_room_for_signs(
        self, places: _Places, shape: GraphShape, metrics: QFontMetricsF
    ) -> tuple[list[tuple[QPointF, str]], frozenset[int]]:
        """Signs of how many tried words are not shown: beside a pill, or below where edges leave it; and nodes for
        which there is room for neither."""
        signs: list[tuple[QPointF, str]] = []
        dotted = []
        high, leads_on = metrics.height(), np.bincount(shape.source, minlength=len(shape.keys)) > 0
        texts = {more: f"⋯ +{more}" for more in set(shape.more.tolist())}
        widths = {more: metrics.horizontalAdvance(text) for more, text in texts.items()}
        floor = np.full(len(leads_on), float(self.height()))
        floor[:-1][np.diff(shape.column) == 0] = places.middle[1:][np.diff(shape.column) == 0] - places.height / 2
        free_below = floor - places.middle > places.height / 2 + high
        right, from_column = places.left + places.width, shape.column[shape.source]
        for column in range(int(shape.column.max(initial=0)) + 1):
            nodes = np.flatnonzero((shape.column == column) & (shape.more > 0))
            edges = places.curves[from_column == column]
            # How high the column's edges are where a sign beside a pill would end; neither they nor their numbers may
            # run through it.
            wide = np.array([widths[more] for more in shape.more[nodes].tolist()])
            across = (right[nodes] + 6 + wide)[:, None] - edges[:, 0]
            t = np.interp(across / np.maximum(edges[:, 2] - edges[:, 0], 1.0), _X_AT, _T)
            narrow = np.diff(edges[:, ::2]).min(initial=np.inf) * ACROSS < 8 + wide + self._sizes.number / 2
            begins, there = edges[:, 1], edges[:, 1] + (edges[:, 3] - edges[:, 1]) * (3 * t**2 - 2 * t**3)
            middle, off = places.middle[nodes][:, None], high / 2 + 1
            crossed = (np.minimum(there, begins) - off < middle) & (middle < np.maximum(there, begins) + off)
            for node, is_crossed in zip(nodes.tolist(), (narrow | crossed.any(axis=1)).tolist(), strict=True):
                x, y, more = float(right[node]), float(places.middle[node]), int(shape.more[node])
                if leads_on[node] and free_below[node]:
                    signs.append((QPointF(x - places.width[node] / 2, y + (places.height + high) / 2), texts[more]))
                elif not leads_on[node] and not is_crossed:
                    signs.append((QPointF(x + 4 + widths[more] / 2, y), texts[more]))
                else:
                    dotted.append(node)
        return signs, frozenset(dotted)

    # -- time ---------------------------------------------------------------------------------------------------------

    def _follow(self, step: int) -> None:
        """Decide from the steps taken since the last moment whether an eye can follow them."""
        if step == self._step:
            return
        now = time.monotonic()
        taken = step - self._step if self._step is not None else 0
        pause = max(now - self._stepped_at, 1e-6)
        self._step, self._stepped_at = step, now
        # Once too fast, it stays so until it is clearly slower: marks that come and go would blink.
        self._too_fast = taken > FOLLOWED * pause * (0.6 if self._too_fast else 1.0)
        if self._too_fast:
            self._settles.start()
        else:
            self._settles.stop()
        if taken == 1 and pause * ANIMATED >= 1 and self.isVisible():
            self._departed, self._travel = now, min(TRAVEL, 0.9 * pause)
            self._moves.start()
        else:
            self._moves.stop()

    @Slot()
    def _on_moves(self) -> None:
        if time.monotonic() - self._departed >= self._travel:
            self._moves.stop()
        self.update()

    @Slot()
    def _on_settled(self) -> None:
        self._too_fast = False
        self.update()

    # -- painting -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            room, nothing = QRectF(self.rect()).adjusted(12, 12, -12, -12), True
            if self._shown is not None:
                places = self._place(self._shown)
                painter.drawPixmap(0, 0, self._still_picture(self._shown.graph, places))
                self._paint_moment(painter, self._shown.graph, places)
                room.setTop(float(places.middle.max()) + self._sizes.pill)
                nothing = not places.paths
            if nothing:
                painter.setPen(theme.muted(self.palette()))
                upright = Qt.AlignmentFlag.AlignVCenter if self._shown is None else Qt.AlignmentFlag.AlignTop
                how = Qt.AlignmentFlag.AlignHCenter | upright | Qt.TextFlag.TextWordWrap
                painter.drawText(room, how, tr("States appear here as the agent says its first words."))
            if self.hasFocus():
                theme.paint_focus(painter, self)

    def _still_picture(self, graph: Graph, places: _Places) -> QPixmap:
        """All that stays while a word travels or a pointer moves; drawn anew only when it would look different."""
        shades = self._shade(graph, places)
        signature, ratio = shades.signature(), self.devicePixelRatioF()
        if self._picture is not None:
            before, picture = self._picture
            if before == signature and picture.devicePixelRatioF() == ratio:
                return picture
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        with QPainter(picture) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_edges(painter, places, shades)
            self._paint_nodes(painter, graph, places, shades)
            self._paint_numbers(painter, graph, places, places.numbered)
        self._picture = signature, picture
        return picture

    def _shade(self, graph: Graph, places: _Places) -> _Shades:
        span = self._span()

        def shade(values: NDArray[np.float64]) -> NDArray[np.int8]:
            return np.rint(np.clip(values * (SHADES / span), -SHADES, SHADES)).astype(np.int8)

        def share(visits: NDArray[np.uint64], steps: float) -> NDArray[np.int8]:
            """0 for none, from 1 to `steps` + 1 over the highest DECADES."""
            counted = np.maximum(visits.astype(np.float64), 1.0)
            size = np.clip(1 + np.log10(counted / counted.max(initial=10**DECADES)) / DECADES, 0.0, 1.0)
            return np.where(visits > 0, 1 + np.rint(steps * size), 0).astype(np.int8)

        return _Shades(
            shade(graph.q),
            share(graph.edge_visits, WIDEST - 1),
            shade(np.where(graph.shape.ends, 0.0, graph.value)),
            share(graph.visits, 2),
            np.rint(graph.q[places.numbered] * 100).astype(np.int64),
            graph.greedy,
        )

    def _span(self) -> float:
        """The value at which colours are strongest: the optimum's, or the largest seen."""
        best = max((abs(text.value) for text in self._solution.optimum), default=0.0) if self._solution else 0.0
        return max(best, self._largest) or 1.0

    def _paint_edges(self, painter: QPainter, places: _Places, shades: _Shades) -> None:
        x0, y0, x1, y1 = places.curves.T
        seen = (x1 > 0) & (x0 < self.width()) & (np.maximum(y0, y1) > -9) & (np.minimum(y0, y1) < self.height() + 9)
        order = np.lexsort((shades.edge_width, shades.greedy))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        widths, greedy, shade = shades.edge_width.tolist(), shades.greedy.tolist(), shades.edge.tolist()
        for edge in order[seen[order]].tolist():
            painter.setPen(self._pen(shade[edge], widths[edge], greedy[edge]))
            painter.drawPath(places.paths[edge])

    def _pen(self, shade: int, width: int, greedy: bool) -> QPen:
        pen = self._pens.get((shade, width, greedy))
        if pen is None:
            palette = self.palette()
            line, strongest = theme.line(palette), theme.value_color(shade, 1.0, theme.is_dark(palette))
            if not width:
                color = theme.mixed(line, palette.color(QPalette.ColorRole.Base), 0.45)
            elif greedy and shade:
                color = strongest
            else:
                # The least of colour is seen on a thin line; it grows fast at first.
                color = theme.mixed(line, strongest, (abs(shade) / SHADES) ** 0.6)
            scale = min(1.0, self._drawn_height / self._sizes.pill)
            pen = QPen(color, max(1.0, (width + GREEDY * greedy) * scale))
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            self._pens[shade, width, greedy] = pen
        return pen

    def _paint_nodes(self, painter: QPainter, graph: Graph, places: _Places, shades: _Shades) -> None:
        shape, high = graph.shape, places.height
        seen = (places.left + places.width > 0) & (places.left < self.width())
        seen &= (places.middle > -high) & (places.middle < self.height() + high)
        # Ends are neutral: nothing more is to come there.
        shade = np.where(shape.ends, 0, shades.node).tolist()
        visits, left, width = shades.node_visits.tolist(), places.left.tolist(), places.width.tolist()
        top, ends = (places.middle - high / 2).tolist(), shape.ends.tolist()
        for node in np.flatnonzero(seen).tolist():
            dots = node in places.dotted
            pill = self._pill(places.labels[node], width[node], shade[node], visits[node], ends[node], dots)
            painter.drawPixmap(QPointF(left[node] - 1, top[node] - 1), pill)
        scale = high / self._sizes.pill
        small = self._sized(NUMBERS * min(scale, 1.0))
        if small.pixelSize() < LEGIBLE:
            return
        painter.setFont(small)
        painter.setPen(theme.muted(self.palette()))
        for point, sign in places.signs:
            self._write(painter, sign, point)
        painter.setFont(self._sized(scale))
        for node in places.said:
            self._write_earned(painter, places, node, float(shape.total[node]), shape.keys[node])

    def _pill(self, label: str, width: float, shade: int, visits: int, end: bool, dots: bool) -> QPixmap:
        """The picture of a state, with a margin of one pixel; kept, because most look the same for long."""
        key = label, width, shade, visits, end, dots
        found = self._pills.get(key)
        if found is None:
            if len(self._pills) >= MOST_PILLS:
                self._pills.clear()
            palette, high, ratio = self.palette(), self._drawn_height, self.devicePixelRatioF()
            text, line = palette.color(QPalette.ColorRole.WindowText), theme.line(palette)
            plain = end or not visits
            fill = palette.color(QPalette.ColorRole.Base)
            if not plain:
                fill = theme.value_color(shade / SHADES, 1.0, theme.is_dark(palette))
            found = QPixmap(math.ceil((width + 2) * ratio), math.ceil((high + 2) * ratio))
            found.setDevicePixelRatio(ratio)
            found.fill(Qt.GlobalColor.transparent)
            rect = QRectF(1, 1, width, high)
            with QPainter(found) as painter:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(theme.mixed(line, text, BORDERS[visits]))
                painter.setBrush(fill)
                painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), high / 2, high / 2)
                ink = theme.muted(palette) if not visits else text if plain else theme.text_on(fill)
                if label:
                    painter.setFont(self._sized(high / self._sizes.pill))
                    painter.setPen(ink)
                    painter.drawText(
                        rect.adjusted(0, 0, -high / 3 if dots else 0, 0), Qt.AlignmentFlag.AlignCenter, label
                    )
                if dots:
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(ink)
                    for place in (-1, 0, 1):
                        painter.drawEllipse(rect.center() + QPointF(width / 2 - high / 6, place * high / 7), 0.9, 0.9)
            self._pills[key] = found
        return found

    def _write_earned(self, painter: QPainter, places: _Places, node: int, total: float, key: tuple[int, ...]) -> None:
        """The sum of rewards beside a text that the agent would say, ticked where there is no better one."""
        optimum = self._solution.optimum if self._solution is not None else ()
        best = next((text for text in optimum if text.prompt == key[0]), None)
        tick = "✓ " if best is not None and (best.words == key[1:] or total >= best.return_ - 1e-9) else ""
        sign = tick + f"{total:+.4g}".replace("-", "−")
        palette, green = self.palette(), theme.GREEN
        if theme.is_dark(palette):
            green = theme.mixed(green, palette.color(QPalette.ColorRole.WindowText), 0.3)
        painter.setPen(green if tick else theme.muted(palette))
        rect, text = places.rect(node), self._laid_out(painter.font(), sign)
        corner = QPointF(rect.right() + 4, rect.center().y() - text.size().height() / 2)
        painter.fillRect(QRectF(corner, text.size()), self._patch())
        painter.drawStaticText(corner, text)

    def _paint_numbers(self, painter: QPainter, graph: Graph, places: _Places, edges: NDArray[np.intp]) -> None:
        """Q on those of these edges that were tried.

        On a patch of background each, so that it is read where edges run side by side.
        """
        if not len(edges):
            return
        patch = self._patch()
        font = self._sized(NUMBERS * min(places.height / self._sizes.pill, 1.0))
        painter.setFont(font)
        painter.setPen(theme.muted(self.palette()))
        x, y = self._number_points(places, graph.greedy)
        seen = (x > 0) & (x < self.width()) & (y > 0) & (y < self.height()) & (graph.edge_visits > 0)
        for edge in edges[seen[edges]].tolist():
            text = self._laid_out(font, format.amount(float(graph.q[edge])))
            size = text.size()
            corner = QPointF(x[edge] - size.width() / 2, y[edge] - size.height() / 2)
            painter.fillRect(QRectF(corner, size), patch)
            painter.drawStaticText(corner, text)

    def _patch(self) -> QColor:
        """Background behind a text on top of edges."""
        color = QColor(self.palette().color(QPalette.ColorRole.Base))
        color.setAlphaF(0.8)
        return color

    def _paint_moment(self, painter: QPainter, graph: Graph, places: _Places) -> None:
        """What the agent did last, where it is, and what is selected."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        progress = (time.monotonic() - self._departed) / self._travel if self._moves.isActive() else 1.0
        last = graph.last_edge
        if last >= 0 and not self._too_fast:
            path = places.paths[last]
            painter.setPen(QPen(theme.BLUE, 2))
            painter.drawPath(path)
            self._paint_numbers(painter, graph, places, places.numbered[places.numbered == last])
            if progress < 1:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.BLUE)
                # Slow at both ends, as things move that somebody moves.
                painter.drawEllipse(path.pointAtPercent(progress * progress * (3 - 2 * progress)), 5, 5)
                painter.setBrush(Qt.BrushStyle.NoBrush)
        current = graph.current
        if last >= 0 and progress < 1:
            current = int(graph.shape.source[last])
        if current >= 0 and not self._too_fast:
            painter.setPen(QPen(theme.BLUE, 2.5))
            self._ring(painter, places.rect(current), 0.5)
        selected = self._node_of(self._selection)
        if selected >= 0:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 1.5))
            self._ring(painter, places.rect(selected), 3.5)

    @staticmethod
    def _ring(painter: QPainter, rect: QRectF, distance: float) -> None:
        around = rect.adjusted(-distance, -distance, distance, distance)
        painter.drawRoundedRect(around, around.height() / 2, around.height() / 2)

    def _write(self, painter: QPainter, text: str, center: QPointF) -> None:
        laid_out = self._laid_out(painter.font(), text)
        size = laid_out.size()
        painter.drawStaticText(QPointF(center.x() - size.width() / 2, center.y() - size.height() / 2), laid_out)

    def _laid_out(self, font: QFont, text: str) -> QStaticText:
        key = text, font.pixelSize()
        found = self._texts.get(key)
        if found is None:
            if len(self._texts) >= MOST_TEXTS:
                self._texts.clear()
            found = QStaticText(text)
            found.setTextFormat(Qt.TextFormat.PlainText)
            found.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            found.prepare(QTransform(), font)
            self._texts[key] = found
        return found

    def _node_of(self, key: tuple[int, ...]) -> int:
        return self._shown.layout.nodes.get(key, -1) if self._shown is not None else -1

    # -- events -------------------------------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y():
            self.zoom(ZOOM ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        moved = event.position() - self._pressed
        if self._dragged or moved.manhattanLength() >= QApplication.startDragDistance():
            if not self._dragged:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._dragged, self._pressed = True, event.position()
            self.pan(moved.x(), moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        self.unsetCursor()
        if not self._dragged and self._shown is not None:
            node = _node_at(self._place(self._shown), event.position())
            self.select(self._shown.graph.shape.keys[node] if node >= 0 else ())
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        arrows = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            super().keyPressEvent(event)
        elif key in arrows:
            right, down = arrows[Qt.Key(key)]
            if shift:
                self.pan(-PAN * right, -PAN * down)
            else:
                self._walk(right, down)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(ZOOM)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / ZOOM)
        elif key in (Qt.Key.Key_0, Qt.Key.Key_F):
            self.fit()
        elif key == Qt.Key.Key_Escape and self._selection:
            self.select(())
        else:
            super().keyPressEvent(event)

    def _walk(self, right: int, down: int) -> None:
        """Move the selection: to the state before, to the likeliest follower, or to a neighbour in the column."""
        if self._shown is None:
            return
        graph, layout = self._shown
        shape, node = graph.shape, self._node_of(self._selection)
        if node < 0:
            node = max(graph.current, 0)
        elif right < 0 and layout.edge_into[node] >= 0:
            node = int(shape.source[layout.edge_into[node]])
        elif right > 0 and (edges := np.flatnonzero(shape.source == node)).size:
            likeliest = np.lexsort((-graph.edge_visits[edges].astype(np.float64), ~graph.greedy[edges]))[0]
            node = int(shape.target[edges[likeliest]])
        elif down and 0 <= node + down < len(shape.keys) and shape.column[node + down] == shape.column[node]:
            node += down
        self.select(shape.keys[node])
        seen, margin = self.rect_of(self._selection), self._sizes.margin
        over = QRectF(self.rect()).adjusted(margin, margin, -margin, -margin)
        away_x = max(over.left() - seen.left(), 0.0) + min(over.right() - seen.right(), 0.0)
        away_y = max(over.top() - seen.top(), 0.0) + min(over.bottom() - seen.bottom(), 0.0)
        if (away_x or away_y) and self._view is not None:
            self.pan(away_x, away_y)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.describe(QPointF(event.pos()))
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._measure()
            if event.type() == QEvent.Type.FontChange and self._shown is not None and self._scenario is not None:
                self._shown = _Shown(self._shown.graph, self._lay_out(self._shown.graph, self._scenario))
            self.update()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._places = self._picture = None
        super().resizeEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._moves.stop()
        self._settles.stop()
        self._too_fast = False
        super().hideEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(640, 360)
