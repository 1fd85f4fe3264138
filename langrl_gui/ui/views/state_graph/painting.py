"""What the state graph looks like: pills and bars, edges, words and numbers, painted where the geometry says.

Knows colours, fonts and the numbers of a graph; keeps pictures of what looks the same again and again.
"""

import math
from bisect import bisect_left
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontInfo,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QPixmap,
    QStaticText,
    QTransform,
)
from PySide6.QtWidgets import QWidget

from langrl_gui.core.oracle import Solution
from langrl_gui.core.telemetry import Graph, Said
from langrl_gui.ui import format, theme
from langrl_gui.ui.views.state_graph.layout import DOTS, X_AT, Geometry, Sizes, T, along, path_of, sized

LEGIBLE: Final = 7
"""Pixels: words in smaller type are left out."""
NUMBERS: Final = 0.8
"""Size of the numbers on edges, in parts of the words'."""
NUMBER_AT: Final = 0.72
"""How far along its edge a number stands: behind the crowd where edges part ..."""
ACROSS: Final = 1.5 * NUMBER_AT * (1 - NUMBER_AT) + NUMBER_AT**3
"""... and how far that is from left to right."""
WIDEST: Final = 7
"""Pixels of the edge that is taken most."""
GREEDY: Final = 1.5
"""Pixels by which an edge of the greedy path is wider."""
BORDERS: Final = (0.1, 0.1, 0.25, 0.4)
"""Strength of a pill's border for never visited, rarely, often, and among the most visited."""
DECADES: Final = 2.0
"""Powers of ten of visits over which an edge grows from its thinnest to its widest."""
PALE: Final = 0.76
"""Share of the background in an edge whose value is 0 ..."""
UNTRIED: Final = 0.35
"""... and, in that, in one that was never tried: seen from the last row, but less than any that was."""
SHADES: Final = 32
"""Steps from neutral to the strongest colour on either side: more cannot be told apart, and few pens are made."""
MOST_TEXTS: Final = 4096
"""Laid-out numbers that are kept: those from -9.99 to +9.99 and more."""
MOST_PILLS: Final = 1024
"""Pictures of states that are kept: all of a large graph, in some ten MiB."""
TICK: Final = "✓ "
"""Before what a text earned that no other earns more than."""
HIT: Final = 5.0
"""Pixels beside an edge that still count as on it."""


class Shades(NamedTuple):
    """What decides how a graph looks, as coarse as it is drawn."""

    edge: NDArray[np.int8]
    edge_width: NDArray[np.int8]
    """In pixels; 0: never tried."""
    node: NDArray[np.int8]
    node_visits: NDArray[np.int8]
    """0: never visited, up to 3: among the most visited."""
    greedy: NDArray[np.bool_]

    @property
    def strength(self) -> NDArray[np.int64]:
        """(edges,) which of two edges is the one to see: the greedy, the wider, the more strongly coloured."""
        return (self.greedy.astype(np.int64) << 16) + (self.edge_width.astype(np.int64) << 8) + np.abs(self.edge)


def shades_of(graph: Graph, span: float) -> Shades:
    """The shades of all of `graph`; colours are strongest at a value of `span`."""

    def shade(values: NDArray[np.float64]) -> NDArray[np.int8]:
        return np.rint(np.clip(values * (SHADES / span), -SHADES, SHADES)).astype(np.int8)

    def share(visits: NDArray[np.uint64], steps: float) -> NDArray[np.int8]:
        """0 for none, from 1 to `steps` + 1 over the highest DECADES."""
        counted = np.maximum(visits.astype(np.float64), 1.0)
        size = np.clip(1 + np.log10(counted / counted.max(initial=10**DECADES)) / DECADES, 0.0, 1.0)
        return np.where(visits > 0, 1 + np.rint(steps * size), 0).astype(np.int8)

    return Shades(
        shade(graph.q), share(graph.edge_visits, WIDEST - 1), shade(graph.value), share(graph.visits, 2), graph.greedy
    )


class Places(NamedTuple):
    """What is drawn of a graph in a geometry."""

    geometry: Geometry
    left: NDArray[np.float64]
    """(pills,)"""
    middle: NDArray[np.float64]
    width: NDArray[np.float64]
    labels: list[str]
    """(pills,) as much of them as fits."""
    edges: NDArray[np.intp]
    """The edges that are drawn ..."""
    curves: NDArray[np.float64]
    """... where ..."""
    paths: list[QPainterPath]
    numbered: NDArray[np.intp]
    """... and which of them, by their places here, have room for a number."""
    signs: list[tuple[QPointF, str]]
    """Middles and texts of the signs that say how many tried words are not shown."""
    dotted: frozenset[int]
    """Places among the pills of those of which some words are not shown either, but without room for a sign."""
    said: tuple[tuple[int, Said], ...]
    """Places among the pills, and what the agent would say there."""
    sums: list[tuple[Said, QPointF, bool]]
    """What of that stands where with what it earned: beside its pill, from the point on, or else around it."""

    def edge_at(self, point: QPointF) -> int:
        """The edge nearest to this point; -1 if none is near."""
        x0, y0, x1, y1 = self.curves.T
        across = (point.x() - x0) / np.maximum(x1 - x0, 1.0)
        t = np.interp(across, X_AT, T)
        slope = (y1 - y0) * 6 * t * (1 - t) / (np.maximum(x1 - x0, 1.0) * (1.5 - 3 * t + 3 * t**2))
        off = np.abs(along(self.curves, t)[1] - point.y()) / np.sqrt(1 + slope**2)
        distance = np.where((across >= 0) & (across <= 1), off, np.inf)
        nearest = int(distance.argmin()) if len(distance) else -1
        return int(self.edges[nearest]) if nearest >= 0 and distance[nearest] <= HIT else -1


class Brush:
    """Paints graphs for a widget, in its font and palette."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self.refresh()

    def refresh(self) -> None:
        """Take sizes and colours from the widget anew."""
        self.palette = self._widget.palette()
        self.font = QFont(self._widget.font())
        self.font.setFeature(QFont.Tag("tnum"), 1)
        self.font.setPixelSize(QFontInfo(self.font).pixelSize())
        self.sizes = Sizes.of(self.font, sized(self.font, NUMBERS))
        self._high = 0.0
        self._texts: dict[tuple[str, int], QStaticText] = {}
        self._pens: dict[tuple[int, int, bool], QPen] = {}
        self._pills: dict[tuple[str, float, int, int, bool, bool], QPixmap] = {}
        dark, text = theme.is_dark(self.palette), self.palette.color(QPalette.ColorRole.WindowText)
        colors = [theme.value_color(shade, SHADES, dark) for shade in range(-SHADES, SHADES + 1)]
        colors = [theme.mixed(color, text, 0.12) for color in colors]  # bars have no border to stand out with
        self._bars = np.array([color.rgba() for color in (*colors, theme.line(self.palette))], np.uint32)

    # -- where ---------------------------------------------------------------------------------------------------------

    def place(self, geometry: Geometry, graph: Graph, shades: Shades) -> Places:
        """Decide what is drawn of `graph`, and how much of its words and numbers has room."""
        layout, shape, pills = geometry.layout, graph.shape, geometry.pills
        column = shape.column[pills]
        width, labels, said = self._label(geometry, graph)
        edges = geometry.edges_in_sight(shades.strength)
        curves = geometry.curves(edges)
        paths = [path_of(curve) for curve in curves.tolist()]
        left, middle = geometry.left[column], geometry.middle(pills)
        places = Places(
            geometry, left, middle, width, labels, edges, curves, paths, edges[:0], [], frozenset(), said, []
        )
        small = self._small(geometry)
        if small.pixelSize() >= LEGIBLE:
            sums, under = self._find_room_for_sums(places, QFontMetricsF(small))
            places = places._replace(sums=sums)
            signs, dotted = self._find_room_for_signs(places, graph, QFontMetricsF(small), under)
            numbered = self._find_room_for_numbers(places, graph, layout.target_column[edges])
            places = places._replace(numbered=numbered, signs=signs, dotted=dotted)
        if geometry.pill != self._high:
            # Pictures and pens of another size are not needed again soon.
            self._pens.clear()
            self._pills.clear()
            self._high = geometry.pill
        return places

    def _label(
        self, geometry: Geometry, graph: Graph
    ) -> tuple[NDArray[np.float64], list[str], tuple[tuple[int, Said], ...]]:
        """The pills' widths, their words as far as they fit, and which of them say a text to its end."""
        layout, pills, sizes, scale = geometry.layout, geometry.pills, self.sizes, geometry.view.scale
        width = geometry.wide[graph.shape.column[pills]]
        here = {node: place for place, node in enumerate(pills.tolist())}
        said = tuple((here[text.node], text) for text in graph.said if text.node in here)
        font = sized(self.font, scale)
        if font.pixelSize() < LEGIBLE:
            return width, [""] * len(width), said
        metrics, last = QFontMetricsF(font), layout.columns - 1
        labels = [layout.label(node) for node in pills.tolist()]
        natural = layout.label_widths[pills] * scale
        padding = sizes.padding * scale
        for place, text in said:
            # What the agent would say is what people came to read: in full, if it ends where there is room.
            if layout.says_texts and graph.shape.column[text.node] == last:
                labels[place] = layout.said(text.words)
                earned = metrics.horizontalAdvance("  " + TICK + _short(text.total))
                behind = geometry.width - float(geometry.left[-1]) - earned - sizes.margin
                natural[place] = metrics.horizontalAdvance(labels[place])
                width[place] = max(width[place], np.ceil(min(natural[place] + 2 * padding, behind)))
                geometry.wider[text.node] = float(width[place])
                labels[place] = layout.end_of(text.words, float(width[place]) - padding, metrics)
                natural[place] = metrics.horizontalAdvance(labels[place])
        free = width - padding
        for place in np.flatnonzero(natural > free).tolist():
            labels[place] = metrics.elidedText(labels[place], Qt.TextElideMode.ElideRight, float(free[place]))
        return width, labels, said

    def _small(self, geometry: Geometry) -> QFont:
        return sized(self.font, NUMBERS * min(geometry.pill / self.sizes.pill, 1.0))

    def _number_points(self, places: Places, greedy: NDArray[np.bool_]) -> tuple[Any, Any]:
        """The middles of the numbers of these edges: on the edge, or above a wide one."""
        x, y = along(places.curves, NUMBER_AT)
        scale = places.geometry.pill / self.sizes.pill
        return x, y - greedy * (NUMBERS * 0.6 * scale * self.font.pixelSize() + WIDEST / 2)

    def _find_room_for_numbers(self, places: Places, graph: Graph, column: NDArray[np.intp]) -> NDArray[np.intp]:
        """The edges on which a number can stand without touching another, or the greedy path: its own first, then by
        place."""
        geometry, greedy = places.geometry, graph.greedy[places.edges]
        scale = min(geometry.pill / self.sizes.pill, 1.0)
        high, wide = QFontMetricsF(self._small(geometry)).height(), self.sizes.number * scale
        heights = self._number_points(places, greedy)[1].tolist()
        room = places.curves[:, 2] - places.curves[:, 0] >= wide + high
        room &= np.isin(graph.shape.target[places.edges], geometry.pills)
        room &= greedy | ~self._lie_on_the_path(places, greedy, wide, high)
        columns = column.tolist()
        taken: dict[int, list[float]] = {}
        for text, point, is_beside in places.sums:
            if is_beside:
                beside = taken.setdefault(int(graph.shape.column[text.node]) + 1, [])
                beside.insert(bisect_left(beside, point.y()), point.y())
        chosen = []
        for edge in np.lexsort((np.arange(len(heights)), ~greedy)).tolist():
            others, y = taken.setdefault(columns[edge], []), heights[edge]
            at = bisect_left(others, y)
            if room[edge] and all(abs(y - other) >= high for other in others[max(at - 1, 0) : at + 1]):
                others.insert(at, y)
                chosen.append(edge)
        return np.array(sorted(chosen), np.intp)

    @staticmethod
    def _lie_on_the_path(places: Places, greedy: NDArray[np.bool_], wide: float, high: float) -> NDArray[np.bool_]:
        """Whether a number of this size on each of the edges would cut the greedy path."""
        x, y = along(places.curves, NUMBER_AT)
        lie, off = np.zeros(len(y), bool), (high + WIDEST) / 2
        for x0, y0, x1, y1 in places.curves[greedy].tolist():
            # It rises or falls all the way: what it does below a number lies between what it does at the number's ends.
            across = (x + np.multiply.outer((-wide / 2, wide / 2), np.ones(len(x))) - x0) / max(x1 - x0, 1.0)
            t = np.interp(across, X_AT, T)
            ends = y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)
            lie |= (x > x0) & (x < x1) & (ends.min(axis=0) - off < y) & (y < ends.max(axis=0) + off)
        return lie

    def _find_room_for_sums(
        self, places: Places, metrics: QFontMetricsF
    ) -> tuple[list[tuple[Said, QPointF, bool]], list[int]]:
        """Where what a text earned stands, so that it covers no word: beside its pill, from this point on, or, smaller,
        around a point above or below; and the pills under which it so stands. It may have room nowhere."""
        geometry = places.geometry
        pill, plain = geometry.pill, QFontMetricsF(sized(self.font, geometry.pill / self.sizes.pill))
        right = places.left + places.width

        def free(left: float, width: float, middle: float, high: float) -> bool:
            covered = (places.left < left + width) & (right > left)
            covered &= np.abs(places.middle - middle) < (pill + high) / 2
            return not covered.any() and high / 2 <= middle <= geometry.height - high / 2

        sums: list[tuple[Said, QPointF, bool]] = []
        under: list[int] = []
        for place, said in places.said:
            text, y = TICK + _short(said.total), float(places.middle[place])
            beside, center = float(right[place]) + 4, float(places.left[place] + places.width[place] / 2)
            wide, off = metrics.horizontalAdvance(text), (pill + metrics.height()) / 2
            if free(beside, plain.horizontalAdvance(text), y, plain.ascent()):
                sums.append((said, QPointF(beside, y), True))
            elif free(center - wide / 2, wide, y - off, metrics.ascent()):
                sums.append((said, QPointF(center, y - off), False))
                under += [place - 1] if place and places.left[place - 1] == places.left[place] else []
            elif free(center - wide / 2, wide, y + off, metrics.ascent()):
                sums.append((said, QPointF(center, y + off), False))
                under.append(place)
        return sums, under

    def _find_room_for_signs(
        self, places: Places, graph: Graph, metrics: QFontMetricsF, taken: list[int]
    ) -> tuple[list[tuple[QPointF, str]], frozenset[int]]:
        """Signs of how many tried words are not shown: beside a pill, or below where edges leave it and the place is
        not taken; and pills for which there is room for neither."""
        geometry, shape = places.geometry, graph.shape
        pills, row_height = geometry.pills, geometry.view.row_height
        more = shape.more[pills]
        signs: list[tuple[QPointF, str]] = []
        dotted = []
        high = metrics.height()
        first, last = np.searchsorted(shape.source, (pills, pills + 1))
        leads_on = last > first
        texts = {number: f"⋯ +{format.count(number)}" for number in set(more.tolist())}
        widths = {number: metrics.horizontalAdvance(text) for number, text in texts.items()}
        floor = np.full(len(pills), float(geometry.height)) - places.middle
        beside = np.flatnonzero((pills[1:] == pills[:-1] + 1) & (shape.column[pills[1:]] == shape.column[pills[:-1]]))
        floor[beside] = np.diff(places.middle)[beside] - geometry.pill / 2
        crowded = geometry.layout.room[pills] * row_height < geometry.pill
        free_below = (floor > geometry.pill / 2 + high) & ~crowded
        free_below[taken] = False
        right, from_column = places.left + places.width, geometry.layout.source_column[places.edges]
        for column in range(geometry.layout.columns):
            here = np.flatnonzero((shape.column[pills] == column) & (more > 0))
            edges = places.curves[from_column == column]
            # How high the column's edges are where a sign beside a pill would end; neither they nor their numbers may
            # run through it.
            wide = np.array([widths[number] for number in more[here].tolist()])
            across = (right[here] + 6 + wide)[:, None] - edges[:, 0]
            t = np.interp(across / np.maximum(edges[:, 2] - edges[:, 0], 1.0), X_AT, T)
            narrow = np.diff(edges[:, ::2]).min(initial=np.inf) * ACROSS < 8 + wide + self.sizes.number / 2
            begins, there = edges[:, 1], edges[:, 1] + (edges[:, 3] - edges[:, 1]) * (3 * t**2 - 2 * t**3)
            middle, off = places.middle[here][:, None], high / 2 + 1
            crossed = (np.minimum(there, begins) - off < middle) & (middle < np.maximum(there, begins) + off)
            for place, is_crossed in zip(here.tolist(), (narrow | crossed.any(axis=1)).tolist(), strict=True):
                x, y, number = float(right[place]), float(places.middle[place]), int(more[place])
                if leads_on[place] and free_below[place]:
                    middle_x = x - places.width[place] / 2
                    signs.append((QPointF(middle_x, y + (geometry.pill + high) / 2), texts[number]))
                elif not leads_on[place] and not is_crossed:
                    signs.append((QPointF(x + 4 + widths[number] / 2, y), texts[number]))
                else:
                    dotted.append(place)
        return signs, frozenset(dotted)

    # -- what stays ---------------------------------------------------------------------------------------------------

    def signature(self, places: Places, graph: Graph, shades: Shades) -> bytes:
        """Equal for equal pictures of the same places."""
        edges, nodes = places.edges, places.geometry.nodes
        numbers = np.rint(graph.q[edges[places.numbered]] * 100).astype(np.int64)
        parts = shades.edge[edges], shades.edge_width[edges], graph.greedy[edges], shades.node[nodes]
        return b"".join(part.tobytes() for part in (*parts, shades.node_visits[nodes], numbers))

    def paint(self, painter: QPainter, places: Places, graph: Graph, shades: Shades, solution: Solution | None) -> None:
        """Everything that stays while a word travels or a pointer moves."""
        self.paint_edges(painter, places, shades)
        self._paint_bars(painter, places.geometry, shades)
        self._paint_pills(painter, graph, places, shades)
        if self._small(places.geometry).pixelSize() >= LEGIBLE:
            self._paint_signs(painter, places, solution)
        self.paint_numbers(painter, graph, places, places.numbered)

    def paint_edges(self, painter: QPainter, places: Places, shades: Shades) -> None:
        """The weakest first."""
        edges = places.edges
        painter.setBrush(Qt.BrushStyle.NoBrush)
        widths, greedy, shade = shades.edge_width[edges], shades.greedy[edges], shades.edge[edges]
        order = np.lexsort((widths, greedy)).tolist()
        crowd = not places.geometry.is_pill.all()  # to be seen through
        for at in order:
            width = int(widths[at])
            painter.setPen(
                self._pen(int(shade[at]), min(width, 2) if crowd and not greedy[at] else width, bool(greedy[at]))
            )
            painter.drawPath(places.paths[at])

    def _pen(self, shade: int, width: int, greedy: bool) -> QPen:
        pen = self._pens.get((shade, width, greedy))
        if pen is None:
            palette, ground = self.palette, self.palette.color(QPalette.ColorRole.Base)
            line = theme.mixed(palette.color(QPalette.ColorRole.WindowText), ground, PALE)
            strongest = theme.value_color(shade, 1.0, theme.is_dark(palette))
            if not width:
                color = theme.mixed(line, ground, UNTRIED)
            elif greedy and shade:
                color = strongest
            else:
                # The least of colour is seen on a thin line; it grows fast at first.
                color = theme.mixed(line, strongest, (abs(shade) / SHADES) ** 0.6)
            scale = min(1.0, self._high / self.sizes.pill)
            pen = QPen(color, max(1.0, (width + GREEDY * greedy) * scale))
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            self._pens[shade, width, greedy] = pen
        return pen

    def _paint_bars(self, painter: QPainter, geometry: Geometry, shades: Shades) -> None:
        """States without room for a pill: a bar for each column, coloured line by line; where several states share a
        line, by the most visited."""
        view, ratio, room = geometry.view, self._widget.devicePixelRatioF(), geometry.layout.room
        lines = math.ceil(geometry.height * ratio)
        bars = geometry.nodes[~geometry.is_pill]
        columns = np.searchsorted(geometry.layout.shape.column[bars], np.arange(geometry.layout.columns + 1))
        for column, (first, last) in enumerate(pairwise(columns.tolist())):
            if first == last:
                continue
            here = bars[first:last]
            middle = (view.y + geometry.layout.row[here] * view.row_height) * ratio
            lots = np.flatnonzero(np.append(True, np.diff(middle.astype(np.int64)) != 0))
            strongest = np.maximum.reduceat(
                (shades.node_visits[here].astype(np.int64) << 32) | np.arange(len(here)), lots
            )
            chosen = strongest & 0xFFFFFFFF
            nodes = here[chosen]
            high = np.minimum(room[nodes] * view.row_height, geometry.pill) * ratio
            high = np.maximum(np.floor(0.8 * high), 1).astype(np.intp)
            top = np.floor(middle[chosen] - high / 2).astype(np.intp)
            visited = shades.node_visits[nodes] > 0
            colors = self._bars[np.where(visited, shades.node[nodes].astype(np.intp) + SHADES, len(self._bars) - 1)]
            picture = np.zeros(lines, np.uint32)
            for down in range(int(high.max())):
                there = (down < high) & (top + down >= 0) & (top + down < lines)
                picture[top[there] + down] = colors[there]
            image = QImage(picture.data, 1, lines, 4, QImage.Format.Format_ARGB32)
            painter.drawImage(QRectF(float(geometry.left[column]), 0, geometry.bar, lines / ratio), image)

    def _paint_pills(self, painter: QPainter, graph: Graph, places: Places, shades: Shades) -> None:
        pills, high = places.geometry.pills, places.geometry.pill
        shade, visits = shades.node[pills].tolist(), shades.node_visits[pills].tolist()
        left, width, ends = places.left.tolist(), places.width.tolist(), graph.shape.ends[pills].tolist()
        top = (places.middle - high / 2).tolist()
        for at, label in enumerate(places.labels):
            pill = self._pill(label, width[at], shade[at], visits[at], ends[at], at in places.dotted)
            painter.drawPixmap(QPointF(left[at] - 1, top[at] - 1), pill)

    def _pill(self, label: str, width: float, shade: int, visits: int, end: bool, dots: bool) -> QPixmap:
        """The picture of a state, with a margin of one pixel; kept, because most look the same for long."""
        key = label, width, shade, visits, end, dots
        found = self._pills.get(key)
        if found is None:
            if len(self._pills) >= MOST_PILLS:
                self._pills.clear()
            palette, high, ratio = self.palette, self._high, self._widget.devicePixelRatioF()
            text, line = palette.color(QPalette.ColorRole.WindowText), theme.line(palette)
            plain = end or not visits  # ends are neutral: nothing more is to come there
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
                    painter.setFont(sized(self.font, high / self.sizes.pill))
                    painter.setPen(ink)
                    painter.drawText(
                        rect.adjusted(0, 0, -DOTS * high if dots else 0, 0), Qt.AlignmentFlag.AlignCenter, label
                    )
                if dots:
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(ink)
                    for place in (-1, 0, 1):
                        painter.drawEllipse(
                            rect.center() + QPointF((width - DOTS * high) / 2, place * high / 7), 0.9, 0.9
                        )
            self._pills[key] = found
        return found

    def _paint_signs(self, painter: QPainter, places: Places, solution: Solution | None) -> None:
        painter.setFont(self._small(places.geometry))
        painter.setPen(theme.muted(self.palette))
        for point, sign in places.signs:
            self._write(painter, sign, point)
        plain = sized(self.font, places.geometry.pill / self.sizes.pill)
        for said, point, is_beside in places.sums:
            painter.setFont(plain if is_beside else self._small(places.geometry))
            self._write_earned(painter, places, said, point, is_beside, solution)

    def _write_earned(
        self, painter: QPainter, places: Places, said: Said, point: QPointF, is_beside: bool, solution: Solution | None
    ) -> None:
        """The sum of rewards of a text that the agent would say, from a point on or around it, ticked where there is no
        better one, and luck has no part in it."""
        optimum = solution.optimum if solution is not None else ()
        best = next((text for text in optimum if text.prompt == said.prompt), None)
        environment = places.geometry.layout.scenario.environment
        sure = environment is None or environment.is_sure
        as_good = best is not None and sure and (best.words == said.words or said.total >= best.return_ - 1e-9)
        tick = TICK if as_good else ""
        sign = tick + _short(said.total)
        palette, green = self.palette, theme.GREEN
        if theme.is_dark(palette):
            green = theme.mixed(green, palette.color(QPalette.ColorRole.WindowText), 0.3)
        painter.setPen(green if tick else theme.muted(palette))
        text = self._laid_out(painter.font(), sign)
        size = text.size()
        corner = point - QPointF(0 if is_beside else size.width() / 2, size.height() / 2)
        painter.fillRect(QRectF(corner, size), self._patch())
        painter.drawStaticText(corner, text)

    def paint_numbers(self, painter: QPainter, graph: Graph, places: Places, edges: NDArray[np.intp]) -> None:
        """Q on those of these edges (by their places) that were tried.

        On a patch of background each, so that it is read where edges run side by side.
        """
        if not len(edges):
            return
        patch, geometry = self._patch(), places.geometry
        font = self._small(geometry)
        painter.setFont(font)
        painter.setPen(theme.muted(self.palette))
        x, y = self._number_points(places, graph.greedy[places.edges])
        seen = (x > 0) & (x < geometry.width) & (y > 0) & (y < geometry.height)
        seen &= graph.edge_visits[places.edges] > 0
        for edge in edges[seen[edges]].tolist():
            text = self._laid_out(font, format.amount(float(graph.q[places.edges[edge]])))
            size = text.size()
            corner = QPointF(x[edge] - size.width() / 2, y[edge] - size.height() / 2)
            painter.fillRect(QRectF(corner, size), patch)
            painter.drawStaticText(corner, text)

    def _patch(self) -> QColor:
        """Background behind a text on top of edges."""
        color = QColor(self.palette.color(QPalette.ColorRole.Base))
        color.setAlphaF(0.8)
        return color

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

    # -- what passes --------------------------------------------------------------------------------------------------

    def ring(self, painter: QPainter, rect: QRectF, color: QColor, width: float, distance: float) -> None:
        """A mark around a state."""
        painter.setPen(QPen(color, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        around = rect.adjusted(-distance, -distance, distance, distance)
        painter.drawRoundedRect(around, around.height() / 2, around.height() / 2)


def _short(total: float) -> str:
    """A sum of rewards as short as it can be read: +3, −0.595."""
    return f"{total:+.3g}".replace("-", "−")
