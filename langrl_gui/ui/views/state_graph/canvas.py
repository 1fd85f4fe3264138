"""The drawn graph as a widget: mouse, keys, zoom, and the word on its way. What it looks like is painting's matter.

Knows telemetry's Graph, the scenario and the selection; nothing of how the numbers came about.
"""

import time
from typing import Final, NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import (
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from langrl_gui.core.i18n import tr
from langrl_gui.core.oracle import Solution
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Graph
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import theme
from langrl_gui.ui.selection import Selection, State
from langrl_gui.ui.views.state_graph import describe
from langrl_gui.ui.views.state_graph.layout import LOOSE, Geometry, Layout, View, fitting, path_of, zoomed
from langrl_gui.ui.views.state_graph.painting import Brush, Places, Shades, shades_of

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
MOST_MARKS: Final = 200
"""States that are marked at once where many share the selected row: more would hide what they mark."""


class _Picture(NamedTuple):
    """What is drawn of a graph, and the picture of it."""

    signature: bytes
    pixmap: QPixmap


class Canvas(QWidget):
    """Fits its window until somebody zooms or pans, and again after a double click."""

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stateGraphCanvas")
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
        self._brush = Brush(self)
        self._selection = selection
        selection.changed.connect(self._on_selected)
        self._solution: Solution | None = None
        self._scenario: Scenario | None = None
        self._forget()

    def _forget(self) -> None:
        self._moves.stop()
        self._settles.stop()
        self.graph: Graph | None = None
        """What is shown; None: nothing yet."""
        self.layout_: Layout | None = None
        self._shades: Shades | None = None
        self._places: Places | None = None
        self._picture: _Picture | None = None
        self._view: View | None = None
        """None while it fits."""
        self._cursor: State = ()
        """Text of the node that was chosen here last, of those that share the selected row."""
        self._hint = ""
        self._pressed: QPointF | None = None
        self._dragged = False
        self._largest = 0.0
        self._step: int | None = None
        self._stepped_at = self._departed = self._travel = 0.0
        self._too_fast = False

    # -- what the view around it asks ---------------------------------------------------------------------------------

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        self._forget()
        self._scenario, self._solution = scenario, None
        self.update()

    def set_optimum(self, solution: Solution | None) -> None:
        """The exact optimum has been found; None: there is none to show (yet)."""
        self._solution = solution
        self._shades = self._picture = None
        self.update()

    def set_hint(self, hint: str) -> None:
        """What is said where there is nothing to show."""
        self._hint = hint
        self.update()

    def draw(self, graph: Graph, step: int) -> None:
        """Show this graph, as it was after so many steps."""
        assert self._scenario is not None
        if self.layout_ is None or graph.shape is not self.layout_.shape:
            self.layout_ = Layout(graph, self._scenario, self._brush.font)
            self._places = None
        if self._places is not None and self.graph is not None and self.graph.said != graph.said:
            self._places = None
        self.graph, self._shades = graph, None
        self._largest = max(self._largest, float(np.abs(graph.value).max(initial=0.0)))
        self._follow(step)
        self.update()

    # -- what a user does ---------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> int:
        """The node from which arrow keys go on; -1 if none."""
        if self.graph is None or not self._selection.state:
            return -1
        found = self.graph.shape.find(self._cursor) if self._cursor else -1
        if found < 0:
            sharing = self.graph.shape.seeing(self._selection.state)
            found = int(sharing[0]) if len(sharing) else -1
        return found

    def select(self, node: int) -> None:
        """Select the row of this node; of none if it is -1."""
        assert self.graph is not None
        if node < 0:
            self._cursor = ()
            self._selection.select(())
            return
        self._cursor = self.graph.shape.key(node)
        state = self.graph.shape.state(node)
        if state == self._selection.state:
            self._on_selected(state)
        else:
            self._selection.select(state)

    def fit(self) -> None:
        """Show everything, now and whenever the size or what is shown changes."""
        self._look_at(None)

    @property
    def is_fitting(self) -> bool:
        """Whether everything is shown, whatever comes."""
        return self._view is None

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Enlarge by `factor`; the point `about` (the middle, if None) stays where it is."""
        if self.layout_ is None:
            return
        fit = self._fitting(self.layout_)
        x, y = about.toTuple() if about is not None else self.rect().center().toTuple()
        self._look_at(zoomed(self._view or fit, fit, self._brush.sizes, factor, x, y))

    def pan(self, right: float, down: float) -> None:
        """Move what is seen by so many pixels, never quite out of the window."""
        if self.layout_ is None or not len(self.layout_.row):
            return
        layout, margin = self.layout_, self._brush.sizes.margin
        view = self._view or self._fitting(layout)
        wide = (layout.columns - 1) * view.column_width
        above, below = float(layout.row.min()) * view.row_height, float(layout.row.max()) * view.row_height
        x = min(max(view.x + right, -wide), self.width() - 2 * margin)
        y = min(max(view.y + down, margin - below), self.height() - margin - above)
        self._look_at(view._replace(x=x, y=y))

    def reveal(self, node: int) -> None:
        """Bring this node into sight, and near enough that its words have room."""
        assert self.layout_ is not None
        geometry = self._place().geometry
        if not geometry.shows_pill(node):
            view, sizes = geometry.view, self._brush.sizes
            high = LOOSE * sizes.pill / max(float(self.layout_.room[node]), 1e-9)
            at = geometry.rect(node).center()
            nearer = zoomed(view, self._fitting(self.layout_), sizes, high / view.row_height, at.x(), at.y())
            self._look_at(nearer)
        seen, margin = self._place().geometry.rect(node), self._brush.sizes.margin
        over = QRectF(self.rect()).adjusted(margin, margin, -margin, -margin)
        away_x = max(over.left() - seen.left(), 0.0) + min(over.right() - seen.right(), 0.0)
        away_y = max(over.top() - seen.top(), 0.0) + min(over.bottom() - seen.bottom(), 0.0)
        if away_x or away_y:
            far = abs(away_y) > self.height() / 2  # what was out of sight comes to the middle, not just to the edge
            self.pan(away_x, over.center().y() - seen.center().y() if far else away_y)

    def rect_of(self, key: State) -> QRectF:
        """Where the state with this text is drawn, in pixels of the widget; empty if it is not shown."""
        node = self.graph.shape.find(key) if self.graph is not None else -1
        return self._place().geometry.mark(node) if node >= 0 else QRectF()

    def describe(self, point: QPointF) -> str:
        """What lies at this point of the widget, with its exact numbers; empty where there is nothing."""
        if self.graph is None or self.layout_ is None:
            return ""
        places = self._place()
        node = places.geometry.node_at(point)
        if node >= 0:
            others = 0 if places.geometry.shows_pill(node) else places.geometry.sharing(node)
            return describe.node(self.layout_, self.graph, node, others)
        edge = places.edge_at(point)
        return describe.edge(self.layout_, self.graph, edge) if edge >= 0 else ""

    def _look_at(self, view: View | None) -> None:
        self._view = view
        self._places = None
        self.update()

    @Slot(tuple)
    def _on_selected(self, state: State) -> None:
        node, description = self.chosen, ""
        if not state:
            self._cursor = ()
        elif node >= 0 and self.graph is not None and self.layout_ is not None:
            if self.graph.shape.state(node) != state:
                self._cursor = ()
                node = self.chosen
            if node >= 0:
                description = describe.node(self.layout_, self.graph, node)
        self.setAccessibleDescription(description)
        self.update()

    # -- where things are ---------------------------------------------------------------------------------------------

    def _fitting(self, layout: Layout) -> View:
        return fitting(layout, self._brush.sizes, self.width(), self.height())

    def _shade(self) -> Shades:
        assert self.graph is not None
        if self._shades is None:
            best = max((abs(text.value) for text in self._solution.optimum), default=0.0) if self._solution else 0.0
            # Colours are strongest at the optimum, or the largest value seen.
            self._shades = shades_of(self.graph, max(best, self._largest) or 1.0)
        return self._shades

    def _place(self) -> Places:
        """Where everything is; decided anew when the layout, the view or what the agent would say has changed."""
        assert self.graph is not None
        assert self.layout_ is not None
        if self._places is None:
            view = self._view or self._fitting(self.layout_)
            sizes = self._brush.sizes
            geometry = Geometry(self.layout_, view, sizes, self.width(), self.height(), self.graph)
            self._places, self._picture = self._brush.place(geometry, self.graph, self._shade()), None
        return self._places

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

    @property
    def hint(self) -> str:
        """What stands there for as long as there is nothing to see, or no more than a start."""
        # A map of what came about may be a moment late: it may have no edge yet when the first steps were taken.
        if self.graph is not None and (len(self.graph.shape.source) or (self._step and not self._hint)):
            return ""
        return self._hint or tr_for(self._scenario, "States appear here as the agent says its first words.")

    # -- painting -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            room = QRectF(self.rect()).adjusted(12, 12, -12, -12)
            if self.graph is not None:
                places = self._place()
                painter.drawPixmap(0, 0, self._still_picture(self.graph, places))
                self._paint_moment(painter, self.graph, places)
                if len(places.middle):
                    room.setTop(float(places.middle.max()) + self._brush.sizes.pill)
            if hint := self.hint:
                painter.setPen(theme.muted(self.palette()))
                upright = Qt.AlignmentFlag.AlignVCenter if self.graph is None else Qt.AlignmentFlag.AlignTop
                painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | upright | Qt.TextFlag.TextWordWrap, hint)
            if self.hasFocus():
                theme.paint_focus(painter, self)

    def _still_picture(self, graph: Graph, places: Places) -> QPixmap:
        """All that stays while a word travels or a pointer moves; drawn anew only when it would look different."""
        shades = self._shade()
        signature, ratio = self._brush.signature(places, graph, shades), self.devicePixelRatioF()
        if self._picture is not None:
            before, picture = self._picture
            if before == signature and picture.devicePixelRatioF() == ratio:
                return picture
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        with QPainter(picture) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._brush.paint(painter, places, graph, shades, self._solution)
        self._picture = _Picture(signature, picture)
        return picture

    def _paint_moment(self, painter: QPainter, graph: Graph, places: Places) -> None:
        """What the agent did last, where it is, and what is selected."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        geometry = places.geometry
        progress = (time.monotonic() - self._departed) / self._travel if self._moves.isActive() else 1.0
        last = graph.last_edge
        if last >= 0 and not self._too_fast:
            path = path_of(geometry.curves(np.array([last]))[0].tolist())
            painter.setPen(QPen(theme.BLUE, 2))
            painter.drawPath(path)
            self._brush.paint_numbers(painter, graph, places, places.numbered[places.edges[places.numbered] == last])
            if progress < 1:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.BLUE)
                # Slow at both ends, as things move that somebody moves.
                painter.drawEllipse(path.pointAtPercent(progress * progress * (3 - 2 * progress)), 5, 5)
        current = graph.current
        if last >= 0 and progress < 1:
            current = int(graph.shape.source[last])
        if current >= 0 and not self._too_fast:
            self._brush.ring(painter, geometry.mark(current), theme.BLUE, 2.5, 0.5)
        self._paint_selection(painter, graph, geometry)

    def _paint_selection(self, painter: QPainter, graph: Graph, geometry: Geometry) -> None:
        """Around every state that is the selected row to the agent; around the one that was chosen, a stronger one."""
        if not self._selection.state:
            return
        ink, cursor = self.palette().color(QPalette.ColorRole.WindowText), self.chosen
        sharing = graph.shape.seeing(self._selection.state)
        if len(sharing) > MOST_MARKS:
            sharing = sharing[np.isin(sharing, geometry.nodes)][:MOST_MARKS]
        for node in {*sharing.tolist(), cursor} - {-1}:
            width = 1.5 if node == cursor else 1.0
            self._brush.ring(painter, geometry.mark(node), ink, width, 3.5)

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
        if not self._dragged and self.graph is not None:
            self.select(self._place().geometry.node_at(event.position()))
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
        elif key == Qt.Key.Key_Escape and self._selection.state:
            self.select(-1)
        else:
            super().keyPressEvent(event)

    def _walk(self, right: int, down: int) -> None:
        """Move the selection: to the state before, to the likeliest follower, or to a neighbour in the column."""
        if self.graph is None or not len(self.graph.shape.column):
            return
        graph, shape, node = self.graph, self.graph.shape, self.chosen
        edges = shape.edges_from(node)
        if node < 0:
            node = max(graph.current, 0)
        elif right < 0 and shape.into[node] >= 0:
            node = int(shape.source[shape.into[node]])
        elif right > 0 and edges.start < edges.stop:
            likeliest = np.lexsort((-graph.edge_visits[edges].astype(np.float64), ~graph.greedy[edges]))[0]
            node = int(shape.target[edges.start + likeliest])
        elif down and 0 <= node + down < len(shape.column) and shape.column[node + down] == shape.column[node]:
            node += down
        self.select(node)
        self.reveal(node)

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
            self._brush.refresh()
            self._places = self._picture = None
            if event.type() == QEvent.Type.FontChange and self.graph is not None and self._scenario is not None:
                self.layout_ = Layout(self.graph, self._scenario, self._brush.font)
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
