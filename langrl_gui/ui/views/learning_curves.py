"""Learning curves over the episodes: what training earned and what the greedy policy is worth beside the optimum; or
what each reward term gives, how surprised the agent was, how much it explored. One axis, and one place in it, for all.

Return is the plain sum of an episode's rewards, value the discounted one; they share an axis and are never mixed up in
words. Knows telemetry's Curves and pyqtgraph.
"""

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QGraphicsPolygonItem,
    QGraphicsSceneResizeEvent,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStyleOptionGraphicsItem,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

# isort: split
import pyqtgraph as pg  # after PySide6: it takes the first Qt binding that it finds loaded

from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.oracle import Solution, unsolvable
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Curves, Snapshot
from langrl_gui.ui import format, theme
from langrl_gui.ui.switch import Switch

pg.setConfigOptions(antialias=True, background=None, useNumba=False, useOpenGL=False)

LEAST_PIXELS: Final = 5
"""Pixels that a bin takes at least: where there are more bins, neighbours are merged, and the line can be followed."""
ENOUGH: Final = 0.5
"""Share of a merged bin that must be finished before its mean is a point of the line: a mean of few jumps about. The
band shows every episode at once."""
MARGIN: Final = 0.06
"""Share of the values' span that is left free above and below them."""
LEAST_EPISODES: Final = 10
"""Episodes that the axis shows at least."""
SMALL: Final = 0.88
"""Size of axis and legend text, in parts of the application's."""
MOST_MARKS: Final = 12
"""Marks on an axis: however much room there is, more are no help."""
ROOM_FOR_LABEL: Final = 140
"""Height in pixels from which the axis says what it counts."""
ROOM_FOR_LAST_MARK: Final = 14
"""Pixels right of the plot, into which half the last episode number reaches."""
ZOOM: Final = 1.5
"""Factor of one press of + or -."""
BAND_OPACITY: Final = 0.15
THICK: Final = 1.5
PALE: Final = 0.92
"""Share of the background in the lines of the grid."""
_FOCUS_BY_KEY: Final = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


RETURN, BY_TERM, SURPRISE, EXPLORATION = "curvesReturn", "curvesByTerm", "curvesSurprise", "curvesExploration"
CHOICES: Final = (
    (
        RETURN,
        N_("Return"),
        N_("What training earned, and what the agent would earn now without exploring, beside the optimum."),
    ),
    (
        BY_TERM,
        N_("Terms"),
        N_("What each reward term gives, weighted, to the texts that the agent would say without exploring"),
    ),
    (
        SURPRISE,
        N_("Surprise"),
        N_("How far each value was from its target before it was learned: |TD error| of a step, mean."),
    ),
    (EXPLORATION, "ε", N_("How likely a step was to explore, mean over the steps of these episodes: exact.")),
)
"""What can be looked at: name, word and explanation."""


class Bins(NamedTuple):
    """What is drawn of the training return, one entry per merged bin."""

    begins: NDArray[np.float64]
    """Episodes finished before it."""
    ends: NDArray[np.float64]
    mean: NDArray[np.float64]
    least: NDArray[np.float64]
    greatest: NDArray[np.float64]
    size: float
    """Episodes in a full one."""
    surprise: NDArray[np.float64]
    exploration: NDArray[np.float64]


def merged(curves: Curves, size: int) -> Bins:
    """Every `size` neighbouring bins of `curves` as one: exact means by number of episodes or steps, exact extremes."""
    begins = np.concatenate(([0.0], curves.ends[:-1]))
    if size == 1:
        return Bins(
            begins,
            curves.ends,
            curves.return_mean,
            curves.return_min,
            curves.return_max,
            float(curves.width),
            curves.surprise_mean,
            curves.exploration,
        )
    first = np.arange(0, len(begins), size)
    episodes = curves.ends - begins
    return Bins(
        begins[first],
        curves.ends[np.minimum(first + size, len(begins)) - 1],
        np.add.reduceat(curves.return_mean * episodes, first) / np.add.reduceat(episodes, first),
        np.minimum.reduceat(curves.return_min, first),
        np.maximum.reduceat(curves.return_max, first),
        float(curves.width * size),
        np.add.reduceat(curves.surprise_mean * curves.steps, first) / np.add.reduceat(curves.steps, first),
        np.add.reduceat(curves.exploration * curves.steps, first) / np.add.reduceat(curves.steps, first),
    )


def count_text(number: float, largest: float, spacing: float) -> str:
    """`number` as a mark on an axis that ends at `largest` and has a mark every `spacing`: 250, 40 k, 1.5 M."""
    if number == 0:
        return "0"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if largest >= max(size, 1e4):
            digits = max(0, math.ceil(-math.log10(spacing / size) - 1e-9))
            return f"{number / size:.{digits}f}{format.GROUP}{letter}"
    return format.count(round(number))


class LearningCurves(QWidget):
    """Training return, greedy value and optimum over the episodes.

    Follows the whole run until the user zooms or pans; then it stays where it is until told to follow again.
    """

    subtitleChanged = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("learningCurves")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 80)
        self._curves: Curves | None = None
        self._bins: Bins | None = None
        self._optimum: float | None = None
        self._extent: tuple[float, float] | None = None
        self._bounds = (0.0, float(LEAST_EPISODES), -1.0, 1.0)
        self._cursor: float | None = None
        self._subtitle = ""
        self._focus_by_key = False
        self._terms: list[tuple[str, str]] = []
        self._shares: list[pg.PlotCurveItem] = []

        self._legend = _Legend(self)
        choices = ((name, tr(text), tr(tip)) for name, text, tip in CHOICES)
        self.controls = Switch(tr("Shown by the learning curves"), choices)
        self.controls.chosen.connect(self._on_chosen)
        self._follow = QToolButton(self)
        self._follow.setObjectName("followCurves")
        self._follow.hide()
        self._follow.clicked.connect(self.follow)
        self._top = QWidget(self)
        row = QHBoxLayout(self._top)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._legend, 1)
        row.addWidget(self._follow)

        self._plot = pg.PlotWidget(self, background=None, axisItems={"left": _ValueAxis(), "bottom": _EpisodeAxis()})
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setMenuEnabled(False)
        menu = self._plot.getPlotItem().ctrlMenu  # made all the same, and without a parent never deleted
        menu.setParent(self._plot, menu.windowFlags())
        self._plot.setMouseEnabled(x=True, y=False)  # what is high stays in sight
        self._plot.hideButtons()
        self._plot.viewport().installEventFilter(self)
        self._plot.getPlotItem().layout.setContentsMargins(0, 4, ROOM_FOR_LAST_MARK, 0)
        self._box = self._plot.getViewBox()
        for name in ("left", "bottom"):
            self._plot.getAxis(name).setZValue(-1)
        self._box.disableAutoRange()
        self._box.setDefaultPadding(0)
        self._add_items()
        self._plot.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self._box.sigRangeChangedManually.connect(self._on_range_chosen)
        self._box.sigXRangeChanged.connect(self._on_room_changed)
        self._box.sigResized.connect(self._on_room_changed)

        self._empty = QLabel(self)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._top)
        column.addWidget(self._plot, 1)
        column.addWidget(self._empty, 1)
        self._put_words()
        self._put_looks()
        self._show_emptiness()

    def _add_items(self) -> None:
        self._band = QGraphicsPolygonItem()
        self._band.setPen(QPen(Qt.PenStyle.NoPen))
        self._mean = pg.PlotCurveItem(skipFiniteCheck=True)
        self._greedy = pg.PlotCurveItem(skipFiniteCheck=True)
        self._other = pg.PlotCurveItem(skipFiniteCheck=True)
        self._optimum_line = pg.InfiniteLine(angle=0)
        self._cursor_line = pg.InfiniteLine(angle=90)
        self._optimum_line.hide()
        self._cursor_line.hide()
        # From the back to the front: nothing that is thin lies under something that is wide.
        for item in (self._band, self._cursor_line, self._mean, self._greedy, self._other, self._optimum_line):
            self._plot.addItem(item, ignoreBounds=True)

    # -- what the window asks of a view -------------------------------------------------------------------------------

    def title(self) -> str:
        """What the card around it is called."""
        return tr("Learning")

    def subtitle(self) -> str:
        """What stands beside the title: what is drawn, or the numbers under the cursor."""
        return self._subtitle

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        self._curves = self._bins = self._extent = None
        self._optimum = self._cursor = None
        self._optimum_line.hide()
        self._legend.set_optimum(False)
        self._legend.set_missing(unsolvable(scenario))
        self._follow.hide()
        self._add_shares(scenario)
        self._show_emptiness()
        self._say()

    def set_optimum(self, solution: Solution | None) -> None:
        """Draw the optimum's value, or none."""
        self._optimum = None if solution is None else solution.start_value
        self._optimum_line.setVisible(self._optimum is not None and self.controls.choice == RETURN)
        self._legend.set_optimum(self._optimum is not None)
        if self._optimum is not None:
            self._optimum_line.setPos(self._optimum)
        self._grow()
        self._say()

    def wants(self) -> dict[str, Any]:
        """Curves have one size, whatever the view's."""
        return {"curves": True}

    def draw(self, snapshot: Snapshot) -> None:
        """Show this moment's curves."""
        if snapshot.curves is None:
            return
        self._curves = curves = snapshot.curves
        self._show_emptiness()
        self._grow()
        full = len(curves.greedy_value)
        self._greedy.setData(curves.ends[:full], curves.greedy_value, skipFiniteCheck=True)
        for line, values in zip(self._shares, curves.greedy_shares.T, strict=False):
            line.setData(curves.ends[:full], values, skipFiniteCheck=True)
        self._merge()
        self._say()

    # -- what each reward term gives ----------------------------------------------------------------------------------

    def _add_shares(self, scenario: Scenario) -> None:
        """A line for each reward term, to be looked at in place of the return where there are several."""
        for line in self._shares:
            self._plot.removeItem(line)
        kinds = [type(term).model_fields["kind"] for term in scenario.rewards]
        self._terms = [(tr(kind.title or ""), tr(kind.description or "")) for kind in kinds]
        several = len(self._terms) > 1
        self._shares = [pg.PlotCurveItem(skipFiniteCheck=True) for _ in self._terms if several]
        for line in self._shares:
            self._plot.addItem(line, ignoreBounds=True)
        self.controls.set_offered(BY_TERM, several)
        self._on_chosen()
        self._put_looks()

    @Slot()
    def _on_chosen(self) -> None:
        """Show what was chosen, in the same episodes."""
        choice = self.controls.choice
        for item in (self._band, self._mean, self._greedy):
            item.setVisible(choice == RETURN)
        for line in self._shares:
            line.setVisible(choice == BY_TERM)
        self._other.setVisible(choice in (SURPRISE, EXPLORATION))
        self._optimum_line.setVisible(self._optimum is not None and choice == RETURN)
        ((name, tip),) = ((tr(text), tr(tip)) for key, text, tip in CHOICES if key == choice)
        self._legend.set_terms({RETURN: [], BY_TERM: self._terms}.get(choice, [(name, tip)]))
        self._extent = None
        self._grow()
        self._box.setYRange(*self._bounds[2:], padding=0)
        self._merge()
        self._say()

    def _reach(self, curves: Curves) -> tuple[float, float]:
        """The least and the greatest value that is drawn."""
        choice = self.controls.choice
        if choice == BY_TERM:
            return float(curves.greedy_shares.min(initial=0.0)), float(curves.greedy_shares.max(initial=0.0))
        if choice in (SURPRISE, EXPLORATION):
            return 0.0, float((curves.surprise_mean if choice == SURPRISE else curves.exploration).max())
        return (
            float(min(curves.return_min.min(), curves.greedy_value.min(initial=math.inf))),
            float(max(curves.return_max.max(), curves.greedy_value.max(initial=-math.inf))),
        )

    # -- following and zooming ----------------------------------------------------------------------------------------

    @property
    def following(self) -> bool:
        """Whether the whole run is shown, and what comes will be."""
        return self._follow.isHidden()

    @Slot()
    def follow(self) -> None:
        """Show the whole run, and go on with it."""
        self._follow.hide()
        self._grow()

    def _grow(self) -> None:
        """Let the axes reach over everything; they never shrink within a run, so what is drawn stays put."""
        curves = self._curves
        low, high = self._extent or (math.inf, -math.inf)
        if curves is not None and len(curves.ends):
            least, greatest = self._reach(curves)
            self._extent = low, high = min(low, least), max(high, greatest)
        if self._optimum is not None and self.controls.choice == RETURN:
            low, high = min(low, self._optimum), max(high, self._optimum)
        if low > high:
            return
        margin = MARGIN * (high - low) or 1.0
        episodes = float(curves.ends[-1]) if curves is not None and len(curves.ends) else 0.0
        bounds = (0.0, _rounded_up(episodes), low - margin, high + margin)
        following = self.following
        if bounds != self._bounds:
            self._bounds = bounds
            left, right, bottom, top = bounds
            self._box.setLimits(
                xMin=left, xMax=right, yMin=bottom, yMax=top, minXRange=4.0, minYRange=1e-6 * (top - bottom)
            )
        if following:
            left, right, bottom, top = self._bounds
            self._box.setRange(xRange=(left, right), yRange=(bottom, top), padding=0)

    @Slot(object)
    def _on_range_chosen(self, _: object) -> None:
        (left, right), (bottom, top) = self._box.viewRange()
        slack = 1e-6
        wide, high = self._bounds[1] - self._bounds[0], self._bounds[3] - self._bounds[2]
        self._follow.setVisible(right - left < (1 - slack) * wide or top - bottom < (1 - slack) * high)

    @Slot()
    def _on_room_changed(self) -> None:
        self._merge()

    def _merge(self) -> None:
        """Draw the training return as finely as the visible range has room for."""
        curves = self._curves
        if curves is None or not len(curves.ends):
            return
        left, right = self._box.viewRange()[0]
        least = LEAST_PIXELS * (right - left) / max(1.0, self._box.width())
        size = 1
        while size * curves.width < least and size < len(curves.ends):
            size *= 2
        self._bins = bins = merged(curves, size)
        enough = len(bins.ends)
        if enough > 1 and bins.ends[-1] - bins.begins[-1] < ENOUGH * bins.size:
            enough -= 1
        middle = ((bins.begins + bins.ends) / 2)[:enough]
        self._mean.setData(middle, bins.mean[:enough], skipFiniteCheck=True)
        other = bins.surprise if self.controls.choice == SURPRISE else bins.exploration
        self._other.setData(middle, other[:enough], skipFiniteCheck=True)
        x = np.column_stack((bins.begins, bins.ends)).ravel()
        edge = [np.repeat(values, 2) for values in (bins.greatest, bins.least)]
        self._band.setPolygon(_polygon(np.concatenate((x, x[::-1])), np.concatenate((edge[0], edge[1][::-1]))))

    # -- the cursor ---------------------------------------------------------------------------------------------------

    def _set_cursor(self, episode: float | None) -> None:
        self._cursor = episode
        if episode is None:
            self._cursor_line.hide()
        else:
            self._cursor_line.setPos(episode)
            self._cursor_line.show()
        self._say()

    @Slot(object)
    def _on_mouse_moved(self, place: QPointF) -> None:
        inside = self._bins is not None and self._box.sceneBoundingRect().contains(place)
        self._set_cursor(self._box.mapSceneToView(place).x() if inside else None)

    def _bin_at(self, episode: float | None) -> int | None:
        """The merged bin that holds this episode."""
        if episode is None or self._bins is None or not 0 <= episode <= self._bins.ends[-1]:
            return None
        return min(int(np.searchsorted(self._bins.ends, episode, side="right")), len(self._bins.ends) - 1)

    def _reading(self, exact: bool) -> list[str]:
        """The numbers under the cursor: to two decimals, or with all their digits."""
        place = self._bin_at(self._cursor)
        if place is None or self._bins is None or self._curves is None:
            return []
        bins, number = self._bins, _exact if exact else _short
        first, last = int(bins.begins[place]) + 1, int(bins.ends[place])
        if first == last:
            said = [
                tr("episode {number}", number=format.count(first)),
                tr("return {value}", value=number(bins.mean[place])),
            ]
        else:
            said = [
                tr("episodes {first} to {last}", first=format.count(first), last=format.count(last)),
                tr(
                    "return {mean} ({least} to {greatest})",
                    mean=number(bins.mean[place]),
                    least=_signed(f"{bins.least[place]:.12g}"),
                    greatest=_signed(f"{bins.greatest[place]:.12g}"),
                ),
            ]
        at_end = int(np.searchsorted(self._curves.ends, last))
        if self.controls.choice in (SURPRISE, EXPLORATION) and not exact:
            return [said[0], self._other_reading(place)]
        if self.controls.choice == BY_TERM:
            if at_end < len(self._curves.greedy_shares):
                shares = zip(self._terms, self._curves.greedy_shares[at_end].tolist(), strict=True)
                return [said[0], *(f"{name} {number(share)}" for (name, _), share in shares)]
            return said[:1]
        if at_end < len(self._curves.greedy_value):
            said.append(tr("value {value}", value=number(self._curves.greedy_value[at_end])))
        if exact:
            said.append(tr("surprise {number}", number=number(bins.surprise[place])))
            said.append(tr("ε {number}", number=number(bins.exploration[place])))
        return said

    def _other_reading(self, place: int) -> str:
        assert self._bins is not None
        if self.controls.choice == SURPRISE:
            return tr("surprise {number}", number=_signed(f"{self._bins.surprise[place]:.4g}"))
        return tr("ε {number}", number=_signed(f"{self._bins.exploration[place]:.4g}"))

    def _say(self) -> None:
        said = self._reading(exact=False)
        self._legend.set_reading(" · ".join(said))
        if not said:
            choice = self.controls.choice
            if choice == SURPRISE:
                said = [tr("mean of a step")]
            elif choice == EXPLORATION:
                said = [tr("chance of a step")]
            elif choice == BY_TERM:
                said = [tr("of what it says now")]
            elif self._optimum is not None:
                said = [tr("optimum {value}", value=_short(self._optimum))]
            else:
                said = [tr("by episode")]
        subtitle = " · ".join(said)
        if subtitle != self._subtitle:
            self._subtitle = subtitle
            self.subtitleChanged.emit(subtitle)

    # -- looks --------------------------------------------------------------------------------------------------------

    def _show_emptiness(self) -> None:
        empty = self._curves is None or not len(self._curves.ends)
        self._empty.setVisible(empty)
        self._top.setVisible(not empty)
        self._plot.setVisible(not empty)

    def _put_words(self) -> None:
        self.setAccessibleName(tr("Learning curves"))
        self.setAccessibleDescription(
            tr("Left and Right read the values of an episode, + and - zoom, Home shows the whole run again")
        )
        self._empty.setText(tr("Here the learning curves grow, from the first finished episode on."))
        self._follow.setText(tr("Follow"))
        self._follow.setToolTip(tr("Show the whole run again, and go on with it"))
        self._plot.getAxis("bottom").setLabel(tr("episode"))
        self._legend.put_words()
        self._say()

    def _put_looks(self) -> None:
        palette = self.palette()
        text, muted, line = palette.color(palette.ColorRole.WindowText), theme.muted(palette), theme.line(palette)
        font = _small(self.font())
        self._plot.setBackground(palette.color(palette.ColorRole.Base))  # cheaper to redraw than see-through
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setPen(line)
            axis.setTickPen(theme.mixed(text, palette.color(palette.ColorRole.Base), PALE))
            axis.setTextPen(muted)
            axis.setTickFont(font)
            axis.label.setFont(font)
            axis.setStyle(tickTextHeight=QFontMetrics(font).height())
        self._plot.getAxis("left").setGrid(255)
        band = QColor(theme.BLUE)
        band.setAlphaF(BAND_OPACITY)
        self._band.setBrush(band)
        # Widths of a plot's pens are counted in the screen's own pixels.
        sharpness = self.devicePixelRatioF()
        self._mean.setPen(_pen(theme.BLUE, THICK * sharpness))
        self._greedy.setPen(_pen(text, THICK * sharpness))
        self._optimum_line.setPen(_pen(theme.GREEN, THICK * sharpness, dashed=True))
        self._cursor_line.setPen(_pen(muted, sharpness))
        for line, pen in zip(self._shares, _term_pens(len(self._shares), text, THICK * sharpness), strict=True):
            line.setPen(pen)
        self._other.setPen(_pen(theme.BLUE, THICK * sharpness))
        self._follow.setFont(font)
        self._legend.setFont(font)
        muted_palette = self._empty.palette()
        muted_palette.setColor(muted_palette.ColorRole.WindowText, muted)
        self._empty.setPalette(muted_palette)
        self._top.setFixedHeight(max(self._follow.sizeHint().height(), self._legend.sizeHint().height()))

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(440, 260)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._put_looks()
        elif event.type() == QEvent.Type.LanguageChange:
            self._put_words()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._put_looks()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._plot.getAxis("bottom").showLabel(self.height() >= ROOM_FOR_LABEL)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, bins = event.key(), self._bins
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and bins is not None:
            place, last = self._bin_at(self._cursor), len(bins.ends) - 1
            step = 1 if key == Qt.Key.Key_Right else -1
            place = last if place is None else max(0, min(last, place + step))
            self._set_cursor(float(bins.begins[place] + bins.ends[place]) / 2)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus) and bins is not None:
            factor = ZOOM if key == Qt.Key.Key_Minus else 1 / ZOOM
            self._box.scaleBy(x=factor, center=None if self._cursor is None else QPointF(self._cursor, 0.0))
            self._on_range_chosen(None)
        elif key == Qt.Key.Key_Home:
            self.follow()
        elif key == Qt.Key.Key_Escape and self._cursor is not None:
            self._set_cursor(None)
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._set_cursor(None)
        elif event.type() == QEvent.Type.MouseButtonDblClick:
            self.follow()
        elif isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), "\n".join(self._reading(exact=True)), self._plot)
            return True
        return super().eventFilter(watched, event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._focus_by_key = event.reason() in _FOCUS_BY_KEY
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._focus_by_key = False
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._focus_by_key:
            with QPainter(self) as painter:
                theme.paint_focus(painter, self)


class _Axis(pg.AxisItem):
    """A quiet axis. Keeps what it draws as numbers, not as a QPicture: painting on a new one leaves references to None
    behind (six each, PySide6 6.11), and playing it takes longer than drawing."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.picture: tuple[Any, Any, Any] | None = None
        self.enableAutoSIPrefix(False)
        # Opaque and behind the curves: thin see-through lines take many times as long to draw.
        self.setStyle(tickAlpha=255)
        self.setStyle(tickLength=0, tickTextOffset=4, autoReduceTextSpace=False, hideOverlappingLabels=False)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None) -> None:
        if self.picture is None:
            self.picture = self.generateDrawSpecs(painter)
        if self.picture is not None:
            self.drawPicture(painter, *self.picture)


class _ValueAxis(_Axis):
    """Returns and values, at 1, 2, 5 times a power of ten."""

    room = 1.8
    """Heights of a line of text between two marks, at least."""

    def __init__(self) -> None:
        super().__init__("left")

    def boundingRect(self) -> QRectF:
        # A mark near an end may reach half its height beyond it.
        beyond = self.style["tickTextHeight"] / 2
        return super().boundingRect().adjusted(0, -beyond, 0, beyond)

    def tickSpacing(self, least: float, greatest: float, size: float) -> list[tuple[float, float]]:
        line = QFontMetrics(self.style["tickFont"] or QFont()).height()
        spacing = _nice((greatest - least) * max(1 / MOST_MARKS, self.room * line / max(size, 1.0)))
        if greatest - least < 2 * spacing:
            spacing = _nice(0.3 * spacing)  # one mark alone is no scale
        return [(spacing, 0.0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        digits = max(0, math.ceil(-math.log10(spacing) - 1e-9))
        return [_signed(f"{value:.{digits}f}") for value in values]


class _EpisodeAxis(_Axis):
    """Whole numbers of episodes, at 1, 2, 5 times a power of ten."""

    room = 7
    """Widths of a digit between two marks, at least."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.label.document().setDocumentMargin(0)

    def resizeEvent(self, event: QGraphicsSceneResizeEvent | None = None) -> None:
        super().resizeEvent(event)
        if self.label is not None:  # it is gone before the axis is
            self.label.setY(self.size().height() - self.label.boundingRect().height())  # pyqtgraph has it reach beyond

    def tickSpacing(self, least: float, greatest: float, size: float) -> list[tuple[float, float]]:
        digit = QFontMetrics(self.style["tickFont"] or QFont()).horizontalAdvance("0")
        share = max(1 / MOST_MARKS, self.room * digit / max(size, 1.0))
        return [(max(1.0, _nice((greatest - least) * share)), 0.0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [count_text(value, max(values, default=0.0), spacing) for value in values]


class _Legend(QWidget):
    """One quiet line that names the curves, in short words where there is little room, or in none."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._optimum = False
        self._missing = ""
        self._terms: list[tuple[str, str]] = []
        self._reading = ""
        self._entries: list[tuple[str, str, str, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def put_words(self) -> None:
        """Take the names from the catalogue."""
        self._entries = [
            (
                tr("Training return, mean and range"),
                tr("Training return"),
                tr("Return"),
                tr(
                    "Return: the plain sum of an episode's rewards as it was trained, exploration included.\n"
                    "Line: mean. Band: from the least to the greatest."
                ),
            ),
            (
                tr("Greedy policy's value"),
                tr("Greedy value"),
                tr("Value"),
                tr(
                    "Value: the discounted sum of the rewards that the agent would earn now without exploring,\n"
                    "mean over what episodes start from, by weight. To be compared with the optimum, not the return."
                ),
            ),
            (
                tr("Optimum value"),
                tr("Optimum value"),
                tr("Optimum"),
                tr("The greatest value that any policy can have: computed exactly, never learned."),
            ),
        ]
        self.update()

    def set_optimum(self, known: bool) -> None:
        """Whether there is an optimum to be named."""
        self._optimum = known
        self.update()

    def set_missing(self, reason: str) -> None:
        """Why there are neither exact values nor an optimum; empty where there are."""
        self._missing = reason
        self.update()

    def set_reading(self, text: str) -> None:
        """The numbers under the cursor, in place of the names for as long as it is there."""
        if text != self._reading:
            self._reading = text
            self.update()

    def set_terms(self, terms: list[tuple[str, str]]) -> None:
        """Name these reward terms, each with its explanation, in place of return and value; none: not."""
        self._terms = terms
        self.update()

    def _places(self) -> list[tuple[QRect, str, str]]:
        """(rectangle, name, explanation) of each curve, from left to right."""
        entries = self._entries[: 3 if self._optimum else 2]
        if self._missing:
            reason = self._missing + "\n" + tr("Nor can it be computed what the greedy policy is worth.")
            why = (
                tr("No optimum and no exact value: the environment has no table"),
                tr("No optimum: the environment has no table"),
                tr("No optimum"),
            )
            entries = [self._entries[0], (*why, reason)]
        if self._terms:
            entries = [(name, name, name, f"{name}: {explanation}") for name, explanation in self._terms]
        metrics, swatch = self.fontMetrics(), self._swatch()
        gap = metrics.averageCharWidth()
        extra = swatch + 2 * gap
        for level in range(3):
            names = [entry[level] for entry in entries]
            widths = [metrics.horizontalAdvance(name) + extra for name in names]
            if sum(widths) <= self.width():
                break
        else:
            names, widths = [""] * len(entries), [extra] * len(entries)
        lefts = np.cumsum([0, *widths])[:-1].tolist()
        return [
            (QRect(left, 0, width, self.height()), name, entry[3])
            for left, width, name, entry in zip(lefts, widths, names, entries, strict=True)
        ]

    def _swatch(self) -> int:
        return self.fontMetrics().height()

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 2)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            for place, _, explanation in self._places():
                if place.contains(event.pos()):
                    QToolTip.showText(event.globalPos(), explanation, self, place)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            metrics, swatch = self.fontMetrics(), self._swatch()
            if self._reading:
                painter.setPen(theme.muted(self.palette()))
                shown = metrics.elidedText(self._reading, Qt.TextElideMode.ElideRight, self.width())
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, shown)
                return
            text = self.palette().color(self.palette().ColorRole.WindowText)
            pens = [_pen(theme.BLUE, THICK), _pen(text, THICK), _pen(theme.GREEN, THICK, dashed=True)]
            if len(self._terms) > 1:
                pens = _term_pens(len(self._terms), text, THICK)
            for pen in pens:
                pen.setCosmetic(False)
            for number, (place, name, _) in enumerate(self._places()):
                middle = place.center().y() + 0.5
                if number == 0 and not self._terms:
                    band = QColor(theme.BLUE)
                    band.setAlphaF(BAND_OPACITY)
                    painter.fillRect(QRectF(place.left(), middle - 4, swatch, 8), band)
                if self._missing and number:  # in words alone
                    painter.setPen(theme.muted(self.palette()))
                    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, name)
                    continue
                painter.setPen(pens[number])
                painter.drawLine(QPointF(place.left(), middle), QPointF(place.left() + swatch, middle))
                painter.setPen(theme.muted(self.palette()))
                left = place.left() + swatch + metrics.averageCharWidth() // 2
                painter.drawText(
                    QRect(left, 0, place.right() - left + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, name
                )


def _nice(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(max(least, 1e-300)))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))


def _rounded_up(episodes: float) -> float:
    """Where the axis ends: ahead of the curve by up to a tenth, so that it is still most of the time."""
    step = 10.0 ** math.floor(math.log10(max(episodes, LEAST_EPISODES))) / 10
    return max(float(LEAST_EPISODES), math.ceil(episodes / step) * step)


def _polygon(x: NDArray[np.float64], y: NDArray[np.float64]) -> QPolygonF:
    return pg.functions.arrayToQPolygonF(x, y)


def _pen(color: QColor, width: float, dashed: bool = False) -> QPen:
    pen = pg.mkPen(color, width=width)
    if dashed:
        pen.setDashPattern([4.0, 3.0])
    return pen


def _term_pens(count: int, text: QColor, width: float) -> list[QPen]:
    """A pen for each of so many reward terms; where the colours do not suffice, they come again dashed."""
    colors = [*theme.KINDS, text]
    return [_pen(colors[n % len(colors)], width, dashed=n // len(colors) % 2 == 1) for n in range(count)]


def _small(font: QFont) -> QFont:
    small = QFont(font)
    if font.pointSizeF() > 0:
        small.setPointSizeF(font.pointSizeF() * SMALL)
    else:
        small.setPixelSize(round(font.pixelSize() * SMALL))
    return small


def _signed(digits: str) -> str:
    """With a true minus sign, which is as wide as a plus; and no minus before a zero."""
    return digits.replace("-", "−") if float(digits) else digits.replace("-", "")


def _short(value: float) -> str:
    return _signed(f"{value:.2f}")


def _exact(value: float) -> str:
    return _signed(repr(float(value)))
