"""The welcome page: the scenarios that come with the program, as cards in chapters, each with a small picture of it.

It lies over the cards of the window, whose toolbar and keys go on working: whoever presses Run has the window as it is.
"""

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from langrl_gui.core import scenario as scenarios
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.thumbnail import Sketch, sketch
from langrl_gui.ui import settings, theme
from langrl_gui.ui.side_work import SideWork

NARROWEST: Final = 220
"""Pixels of a card; as many stand in a row as there is room for: five on a small screen."""
FAINTEST: Final = 0.35
"""Share of the strongest colour in that of what earns, or costs, next to nothing, so that it is seen."""
PICTURE: Final = 84
MARGIN: Final = 12
GAP: Final = 12
KIND: Final = N_("Pictures of the gallery")


class Picture(QAbstractButton):
    """A card: the scenario's picture, its name, and what there is to watch."""

    def __init__(self, path: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.path = path
        name, description = scenarios.told(path)
        self.setObjectName(path.stem)
        self.setText(tr(name))
        self.setAccessibleName(tr(name))
        self.setAccessibleDescription(tr(description))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.sketch: Sketch | None = None

    def set_sketch(self, sketch: Sketch) -> None:
        """Show what the scenario looks like."""
        self.sketch = sketch
        self.update()

    def height_in(self, width: int) -> int:
        """Pixels that it needs for its texts."""
        return sum(rect.height() for rect in self._texts(width)) + PICTURE + 3 * MARGIN + 4

    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setBold(True)
        return font

    def _texts(self, width: int) -> tuple[QRect, QRect]:
        """Where the name and the sentence stand, below the picture."""
        room = QRect(MARGIN, PICTURE + 2 * MARGIN, width - 2 * MARGIN, 10_000)
        name = QRect(room.topLeft(), QSize(room.width(), self.fontMetrics().height() + 2))
        wrap = int(Qt.TextFlag.TextWordWrap)
        sentence = self.fontMetrics().boundingRect(room, wrap, self.accessibleDescription())
        return name, QRect(room.x(), name.bottom() + 4, room.width(), sentence.height() + 4)

    def sizeHint(self) -> QSize:
        return QSize(NARROWEST, self.height_in(NARROWEST))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, palette = QPainter(self), self.palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        sheet = self.rect().toRectF().adjusted(1, 1, -1, -1)
        chosen = self.hasFocus() or self.underMouse() or self.isDown()
        frame = palette.color(QPalette.ColorRole.Highlight) if chosen else theme.line(palette)
        painter.setPen(QPen(frame, 2 if self.hasFocus() else 1))
        painter.setBrush(palette.color(QPalette.ColorRole.AlternateBase if self.isDown() else QPalette.ColorRole.Base))
        painter.drawRoundedRect(sheet, 6, 6)
        if self.sketch is not None:
            paint(painter, self.sketch, QRectF(MARGIN, MARGIN, self.width() - 2 * MARGIN, PICTURE), palette)
        name, sentence = self._texts(self.width())
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        painter.setFont(self._bold())
        title = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, name.width())
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter, title)
        painter.setFont(self.font())
        painter.setPen(theme.muted(palette))
        painter.drawText(sentence, int(Qt.TextFlag.TextWordWrap), self.accessibleDescription())


def paint(painter: QPainter, sketch: Sketch, room: QRectF, palette: QPalette) -> None:
    """Draw it: words that pay in orange, words that cost in blue, ends as rings."""
    span = max((abs(earned) for _, _, earned in sketch.edges), default=0.0)
    columns, tallest = sketch.columns, max(sketch.rows(column) for column in range(sketch.columns))
    across = min(room.width() / max(columns - 1, 1), 44.0)
    down = min(room.height() / max(tallest, 1), 22.0)
    left = room.center().x() - across * (columns - 1) / 2
    points = [
        QPointF(left + across * column, room.center().y() + down * (row - (sketch.rows(column) - 1) / 2))
        for column, row in sketch.places
    ]
    line = theme.mixed(palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Base), 0.7)
    radius = min(4.0, across / 4, down / 3)
    earned_at = [0.0] * len(points)
    for source, target, earned in sorted(sketch.edges, key=lambda edge: edge[2]):  # the best ones on top
        color = _color(earned, span) if earned else line
        earned_at[target] = earned
        painter.setPen(QPen(color, 2.2 if earned > 0 else 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        path, (begin, end) = QPainterPath(points[source]), (points[source], points[target])
        bend = QPointF((end.x() - begin.x()) / 2, 0)
        path.cubicTo(begin + bend, end - bend, end)
        painter.drawPath(path)
    for node, point in enumerate(points):
        color = _color(earned_at[node], span) if earned_at[node] else line
        painter.setPen(QPen(color, 1.6))
        painter.setBrush(palette.color(QPalette.ColorRole.Base) if sketch.ends[node] else color)
        painter.drawEllipse(point, radius + (node == 0), radius + (node == 0))


def _color(earned: float, span: float) -> QColor:
    return theme.value_color(math.copysign(max(abs(earned), FAINTEST * span), earned), span)


Chapter = tuple[QLabel, list[Picture]]
"""A heading, and the cards below it."""


class Gallery(QWidget):
    """objectName "gallery". Each card has the id of its scenario as its object name.

    Signals
    -------
    chosen(object) : the path of a scenario's file.
    """

    chosen = Signal(object)

    def __init__(self, side: SideWork, window: QMainWindow) -> None:
        super().__init__(window)
        self.setObjectName("gallery")
        self.setAccessibleName(tr("Gallery"))
        self.setAccessibleDescription(tr("The scenarios that come with the program. Tab goes from one to the next."))
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._window, self._side = window, side
        self._chapters: list[Chapter] = []
        title = QLabel(tr("What shall the agent learn?"), self)
        font = title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.5)
        title.setFont(font)
        close = QPushButton(tr("To the window"), self)
        close.setObjectName("closeGallery")
        close.clicked.connect(self.hide)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(close)
        inside = QWidget(self)
        self._grid = QGridLayout()
        self._grid.setSpacing(GAP)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, GAP, GAP)
        column.addLayout(self._grid)
        column.addStretch(1)
        paths = scenarios.built_in()
        for chapter, names in scenarios.CHAPTERS:
            heading = QLabel(tr(chapter), inside)
            heading.setFont(self._bold(title.font()))
            cards = [Picture(paths[name], inside) for name in names]
            for card in cards:
                card.clicked.connect(self._on_clicked)
            self._chapters.append((heading, cards))
        self._area = QScrollArea(self)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(inside)
        self._at_start = QCheckBox(tr("Show this page at the start"), self)
        self._at_start.setObjectName("galleryAtStart")
        self._at_start.setChecked(settings.welcomes())
        self._at_start.toggled.connect(settings.set_welcomes)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 14, 12, 12)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(self._area, 1)
        layout.addWidget(self._at_start)
        self._asked_for_pictures = False
        window.installEventFilter(self)
        self.hide()

    def _bold(self, font: QFont) -> QFont:
        font.setPointSizeF(self.font().pointSizeF() * 1.1)
        return font

    def open(self) -> None:
        """Lie over the window's cards, with the keyboard; its first key goes to the window or to the cards."""
        self._fit()
        self.show()
        self.raise_()
        self.setFocus()
        if not self._asked_for_pictures:
            self._asked_for_pictures = True
            for card in self.cards:
                task = self._side.new(tr(KIND), tr(KIND), partial(_sketched, card.path))
                task.done.connect(card.set_sketch)
                self._side.start(task)

    @property
    def cards(self) -> list[Picture]:
        """All cards, as they teach."""
        return [card for _, cards in self._chapters for card in cards]

    @Slot()
    def _on_clicked(self) -> None:
        card = self.sender()
        assert isinstance(card, Picture)
        self.hide()
        self.chosen.emit(card.path)

    def _fit(self) -> None:
        """Cover what is between the toolbar and the status bar, and as many cards in a row as that holds."""
        window = self._window
        bars = [*window.findChildren(QToolBar), window.menuBar()]
        top = max((bar.mapTo(window, bar.rect().bottomLeft()).y() + 1 for bar in bars if bar.isVisible()), default=0)
        bottom = window.statusBar().geometry().top() if window.statusBar().isVisible() else window.height()
        self.setGeometry(0, top, window.width(), max(bottom - top, 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        layout = self.layout()
        assert layout is not None
        margins = layout.contentsMargins()
        bar = self._area.verticalScrollBar().sizeHint().width()
        room = self.width() - margins.left() - margins.right() - bar - GAP
        columns = max(1, (room + GAP) // (NARROWEST + GAP))
        width = (room - (columns - 1) * GAP) // columns
        row = 0
        for chapters in self._side_by_side(columns):
            row = self._lay_out(chapters, row, columns, width)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, column >= columns)
        self._grid.setColumnStretch(columns, 1)

    def _side_by_side(self, columns: int) -> Iterator[list[Chapter]]:
        """The chapters in order, as many in a row as there is room for."""
        here: list[Chapter] = []
        for chapter in self._chapters:
            if here and sum(len(cards) for _, cards in (*here, chapter)) > columns:
                yield here
                here = []
            here.append(chapter)
        yield here

    def _lay_out(self, chapters: list[Chapter], row: int, columns: int, width: int) -> int:
        """Put these from this row of the grid on; returns the row below them."""
        cards = [card for _, cards in chapters for card in cards]
        first = 0
        for heading, own in chapters:
            heading.setContentsMargins(0, GAP if row else 0, 0, 0)
            self._grid.addWidget(heading, row, first, 1, min(len(own), columns))
            first += len(own)
        for begin in range(0, len(cards), columns):
            row += 1
            line = cards[begin : begin + columns]
            for column, card in enumerate(line):
                card.setFixedSize(width, max(each.height_in(width) for each in line))
                self._grid.addWidget(card, row, column)
        return row + 1

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and self.isVisible():
            self._fit()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1}
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        elif event.key() in steps:
            self.focusNextPrevChild(steps[Qt.Key(event.key())] > 0)
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays on the page: what lies below cannot be seen."""
        ways: list[QWidget] = [*self.cards, self._at_start, *self.findChildren(QPushButton, "closeGallery")]
        now = self.focusWidget()
        place = ways.index(now) if now in ways and now.hasFocus() else -1 if forward else 0
        ways[(place + (1 if forward else -1)) % len(ways)].setFocus(Qt.FocusReason.TabFocusReason)
        self._area.ensureWidgetVisible(self.focusWidget())
        return True


def _sketched(path: Path, progress: object) -> Sketch:
    return sketch(scenarios.load(path))
