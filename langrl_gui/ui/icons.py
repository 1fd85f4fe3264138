"""The few signs on the toolbar, drawn in the colour of the text so that they fit light and dark."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

_SIZE = 16


def _triangle(left: float, top: float, width: float, height: float) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(
        QPolygonF([QPointF(left, top), QPointF(left + width, top + height / 2), QPointF(left, top + height)])
    )
    path.closeSubpath()
    return path


def _bar(left: float, top: float, width: float, height: float) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(left, top, width, height), 0.8, 0.8)
    return path


_SHAPES = {
    "run": [_triangle(4, 2, 10, 12)],
    "pause": [_bar(3.5, 2.5, 3.2, 11), _bar(9.3, 2.5, 3.2, 11)],
    "step": [_bar(3, 3, 2, 10), _triangle(6.5, 3, 7.5, 10)],
    "stepEpisode": [_triangle(1.5, 3, 6, 10), _triangle(7, 3, 6, 10), _bar(13.2, 3, 1.8, 10)],
    "toEnd": [_triangle(1.5, 3, 6, 10), _triangle(7.5, 3, 6, 10)],
}


def icon(name: str, color: QColor, faint: QColor) -> QIcon:
    """The sign `name` in `color`, and in `faint` where its action is disabled."""
    made = QIcon()
    for mode, ink in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, faint)):
        for scale in (1, 2, 3):
            picture = QPixmap(_SIZE * scale, _SIZE * scale)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(scale, scale)
            _draw(painter, name, ink)
            painter.end()
            made.addPixmap(picture, mode)
    return made


def _draw(painter: QPainter, name: str, ink: QColor) -> None:
    if name == "reset":
        painter.setPen(QPen(ink, 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(QRectF(3, 3.2, 10, 10), 120 * 16, -300 * 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawPolygon(QPolygonF([QPointF(2, 1.2), QPointF(7.6, 2.6), QPointF(3.4, 6.6)]))
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    for shape in _SHAPES[name]:
        painter.drawPath(shape)
