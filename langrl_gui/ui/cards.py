"""Cards: docks that look like calm sheets of paper, with a bold title and a muted line beside it."""

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from langrl_gui.ui import theme
from langrl_gui.ui.line import Line

RADIUS = 6
MARGIN = 5
BETWEEN = " · "
"""What separates the parts of the line beside a title."""
NARROWEST = 160
"""Pixels of a head at the least."""
LEAST_PART = 10
"""Line heights of what is cut off at the least: less would be a word that nobody can guess."""


class Card(QDockWidget):
    """A dock for a view. Its object name is the view's with "Card" added; saved layouts go by it."""

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setObjectName(f"{name}Card")
        self._title = Title(title, self)
        self._subtitle = _Muted(self)
        self._controls: QWidget | None = None
        self._head_line = head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._title)
        head.addWidget(self._subtitle, 1)
        # The card's head is the dock's title bar: that is where it is dragged.
        top, bottom = _Head(self), _Sheet(open_below=False, parent=self)
        top.doubleClicked.connect(self._float_here)
        head.setContentsMargins(MARGIN + 12, MARGIN + 8, MARGIN + 12, 4)
        top.inner.setLayout(head)
        self._body = QVBoxLayout(bottom.inner)
        self._body.setContentsMargins(MARGIN + 10, 2, MARGIN + 10, MARGIN + 10)
        self._head = top
        self.setTitleBarWidget(top)
        self.setWidget(bottom)
        self.topLevelChanged.connect(self._on_floating)

    def fill(self, view: QWidget) -> None:
        """Put the view in. It may have the signals titleChanged(str) and subtitleChanged(str), and `controls`, a widget
        that belongs beside the title."""
        self._body.addWidget(view)
        self._controls = getattr(view, "controls", None)
        self._place_controls()
        if hasattr(view, "subtitleChanged"):
            view.subtitleChanged.connect(self.set_subtitle)
        if hasattr(view, "titleChanged"):
            view.titleChanged.connect(self.set_title)

    @Slot()
    def _float_here(self) -> None:
        """Float where it is. By itself Qt takes the place that it believes it had when it floated last, and is wrong
        where that was while its frame was exchanged: then it lies in the corner of the screen."""
        place = QRect(self.mapToGlobal(QPoint(0, 0)), self.size())
        self.setFloating(True)
        self.setGeometry(place)

    @Slot(bool)
    def _on_floating(self, floating: bool) -> None:
        """Floating, it has the frame and title that windows have, and a way to close it."""
        self.setTitleBarWidget(None if floating else self._head)  # type: ignore[arg-type]
        self._head.setVisible(not floating)
        self._place_controls()

    def _place_controls(self) -> None:
        """Beside the title, or above the view where the title is the window's."""
        if self._controls is not None:
            if self.isFloating():
                self._body.insertWidget(0, self._controls)
            else:
                self._head_line.insertWidget(1, self._controls)

    @Slot(str)
    def set_subtitle(self, text: str) -> None:
        """The muted line beside the title."""
        self._subtitle.setText(text)
        self._subtitle.setToolTip(text)

    def entitle(self, text: str) -> None:
        """Call it something else, wherever it is named."""
        self.setWindowTitle(text)
        self.set_title(text)

    @Slot(str)
    def set_title(self, text: str) -> None:
        """The bold title."""
        self._title.setText(text)


class Title(Line):
    """A bold line with room for its text."""

    def __init__(self, text: str, parent: QWidget) -> None:
        self._wide = 0
        super().__init__(text, parent)
        font = self.font()
        font.setBold(True)
        self.setFont(font)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(text)
        if self._natural_width() != self._wide:
            self._wide = self._natural_width()
            self.updateGeometry()

    def _natural_width(self) -> int:
        """Of the text in the font that is in use now: the window's comes later than the first text."""
        return self.fontMetrics().boundingRect(self.text()).right() + 2

    def sizeHint(self) -> QSize:
        return QSize(self._natural_width(), super().sizeHint().height())

    def is_whole(self) -> bool:
        """Whether all of the text is seen."""
        return self.width() >= self._natural_width()

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = self.text()
        if not self.is_whole():
            shown = self.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()


class _Muted(Line):
    """A line that stands back, and gives way rather than widen what it is in: part after part, the last ones first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("", parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def shown(self) -> str:
        """As many of its parts as there is room for, and the beginning of the next where that tells something."""
        metrics, room = self.fontMetrics(), self.width()
        whole = ""
        for part in self.text().split(BETWEEN):
            longer = whole + BETWEEN + part if whole else part
            if metrics.horizontalAdvance(longer) > room:
                left = room - metrics.horizontalAdvance(whole)
                enough = left >= LEAST_PART * metrics.height()
                return metrics.elidedText(longer, Qt.TextElideMode.ElideRight, room) if enough else whole
            whole = longer
        return whole

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.muted(self.palette()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self.shown())
        painter.end()


class _Sheet(QWidget):
    """One half of a rounded sheet of paper, open towards the other half.

    What lies on it, `inner`, is laid out anew within it as often as it likes. The window, which would lay out every
    card, hears of it only where it needs more room, or less, at the least.
    """

    def __init__(self, *, open_below: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._open_below = open_below
        self._least = QSize()
        self.inner = QWidget(self)

    def sizeHint(self) -> QSize:
        return self.inner.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """A head gives way, controls and all, before the window outgrows a small screen."""
        hint = self.inner.minimumSizeHint()
        return QSize(min(hint.width(), NARROWEST), hint.height()) if self._open_below else hint

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.inner.setGeometry(self.rect())

    def showEvent(self, event: QShowEvent) -> None:
        self._tell()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._tell()
        return super().event(event)

    def _tell(self) -> None:
        least = self.minimumSizeHint()
        if least != self._least:
            self._least = least
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.line(self.palette()), 1))
        painter.setBrush(self.palette().base())
        edge, beyond = MARGIN - 0.5, 3 * RADIUS
        sheet = self.rect().toRectF().adjusted(edge, -beyond, -edge, beyond)
        if self._open_below:
            sheet.setTop(edge)
        else:
            sheet.setBottom(self.height() - edge)
        painter.drawRoundedRect(sheet, RADIUS, RADIUS)
        painter.end()


class _Head(_Sheet):
    """The upper half, by which a card is dragged; two clicks on it have the card float."""

    doubleClicked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(open_below=True, parent=parent)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.doubleClicked.emit()
