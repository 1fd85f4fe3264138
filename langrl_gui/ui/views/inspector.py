"""The inspector: one state with the numbers of each of its words, and the last update there, written out.

Knows telemetry's Inspection, the optimum and which state is selected; where none is, it follows the agent for as long
as an eye can follow too.
"""

import html
import math
import time
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QAction,
    QColor,
    QFont,
    QFontInfo,
    QFontMetrics,
    QGuiApplication,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextDocument,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from langrl_gui.core import explain
from langrl_gui.core.context import Confusion, Sight
from langrl_gui.core.explain import Update
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.oracle import Solution, unsolvable
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Inspection, Snapshot
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import format, names, theme
from langrl_gui.ui.selection import Selection, State
from langrl_gui.ui.views.optimal_rows import OptimalRows
from langrl_gui.ui.views.plain_table import PlainTable
from langrl_gui.ui.views.sight import state_of, told

FOLLOWED: Final = 40.0
"""Steps a second up to which an eye can follow the agent from state to state."""
STILL: Final = 0.3
"""Seconds without a picture after which the run stands still."""
ORDER_KEPT: Final = 1.0
"""Seconds for which a long list keeps its order while its numbers change."""
LONG: Final = 2000
"""Words from which a list is long: sorting it takes a noticeable part of a frame."""
ROW: Final = 1.55
"""Height of a row, in line heights."""
SMALL: Final = 0.88
"""Size of the numbers, in parts of the application's text."""
LONGEST_WORD: Final = 6
"""Room that a word can count on, in line heights."""
MEASURED: Final = 12
"""Words that are measured for it."""
GAP: Final = 8
"""Pixels left free beside a number."""

WORD, Q, OPTIMUM, GAP_TO_OPTIMUM, TRIED, CHANCE = range(6)
COLUMNS: Final = (
    (N_("word"), N_("What can be said here; the best word so far is marked.")),
    ("Q", N_("What the agent has learned that saying this word here is worth.")),
    ("Q*", N_("What it is really worth if all goes on optimally: computed exactly, never learned.")),
    (N_("gap"), N_("Q − Q*: how far the agent is from the truth.")),
    (N_("tried"), N_("How often the agent has said this word here.")),
    (N_("chance"), N_("How likely it is to be said here now, exploration included.")),
)
GIVE_WAY: Final = (GAP_TO_OPTIMUM, TRIED, CHANCE)
"""What is left out first where there is little room: the two that the gap is the difference of stay."""
TOGETHER: Final = "\u2060"
"""Between two signs, has no line end between them: in Chinese it could, within a word."""
BEST: Final = "▸ "


def _column(number: float) -> str:
    """Three decimals, so that a column of them is aligned; 0 is zero, not just nearly."""
    if number == 0:
        return "0"
    number = explain.settled(number)
    return (f"{number:+.3f}" if abs(number) < 1e5 else f"{number:+.4g}").replace("-", "−")


class _Looks(NamedTuple):
    font: QFont
    color: QColor


class WordsModel(QAbstractTableModel):
    """The words of one state with their numbers, best first; only what is in sight is ever written out."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._scenario: Scenario | None = None
        self._words: tuple[str, ...] = ()
        self._shown: Inspection | None = None
        self._optimum: NDArray[np.float64] | None = None
        self._range: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._sorted_by, self._descending = Q, True
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)
        self._ordered = 0.0
        self._plain = self._best = self._untried = _Looks(QFont(), QColor())

    def set_looks(self, font: QFont, palette: QPalette) -> None:
        """How words are written, the best one, and those never tried."""
        bold = QFont(font)
        bold.setBold(True)
        text = palette.color(QPalette.ColorRole.Text)
        self._plain, self._best = _Looks(font, text), _Looks(bold, text)
        self._untried = _Looks(font, theme.muted(palette))

    def looks(self, row: int) -> "tuple[_Looks, int]":
        """How this row is written, and which entry of the inspection it shows."""
        assert self._shown is not None
        entry = int(self._order[row])
        if not self._shown.visits[entry]:
            return self._untried, entry
        return (self._best if entry == self._shown.best else self._plain), entry

    def begin(self, scenario: Scenario) -> None:
        """From now on it is about states of this scenario."""
        self._scenario = scenario
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def show(
        self,
        words: tuple[str, ...],
        inspection: Inspection | None,
        optimum: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    ) -> None:
        """Show these numbers; `optimum` is the least and the greatest Q* of the same words."""
        before = self._shown
        self._shown, self._range = inspection, optimum
        self._optimum = None if optimum is None else np.where(optimum[0] == optimum[1], optimum[0], np.nan)
        same = before is not None and inspection is not None and before.state == inspection.state
        if not same or words is not self._words or len(self._order) != len(inspection.words if inspection else ()):
            self.beginResetModel()
            self._words = words
            self._sort()
            self.endResetModel()
            return
        if len(self._order) < LONG or time.monotonic() - self._ordered > ORDER_KEPT:
            self._sort()
        if len(self._order):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, CHANCE))

    @property
    def order(self) -> NDArray[np.intp]:
        """Which entry of the inspection each row shows."""
        return self._order

    def _sort(self) -> None:
        if self._shown is None:
            self._order = np.zeros(0, np.intp)
            return
        keys = self._keys(self._shown, self._sorted_by)
        self._order = np.argsort(-keys if self._descending else keys, kind="stable")
        self._ordered = time.monotonic()

    def _keys(self, shown: Inspection, column: int) -> NDArray[Any]:
        """What a column is sorted by, of each entry."""
        if column in (OPTIMUM, GAP_TO_OPTIMUM) and self._optimum is not None:
            return self._optimum if column == OPTIMUM else shown.q - self._optimum
        return {WORD: shown.words, TRIED: shown.visits.astype(np.float64), CHANCE: shown.chance}.get(column, shown.q)

    def extremes(self, column: int) -> set[int]:
        """The entries of the least and the greatest number in this column."""
        assert self._shown is not None
        keys = self._keys(self._shown, column)
        least, most = np.where(np.isnan(keys), np.inf, keys), np.where(np.isnan(keys), -np.inf, keys)
        return {int(least.argmin()), int(most.argmax())}

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorted_by, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self.layoutAboutToBeChanged.emit()
        self._sort()
        self.layoutChanged.emit()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return tr_for(self._scenario, COLUMNS[section][0])
            if role == Qt.ItemDataRole.ToolTipRole:
                return tr_for(self._scenario, COLUMNS[section][1])
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(section)
        return None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        shown = self._shown
        if shown is None:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        entry = int(self._order[index.row()])
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(entry, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tip(entry, index.column())
        return None

    def text(self, entry: int, column: int) -> str:
        """What a cell says."""
        shown, optimum = self._shown, self._optimum
        assert shown is not None
        if column == WORD:
            mark = BEST if entry == shown.best and shown.visits[entry] else ""
            return mark + self._words[shown.words[entry]]
        if column == Q:
            return _column(float(shown.q[entry]))
        if column == TRIED:
            return format.count(int(shown.visits[entry]))
        if column == CHANCE:
            return f"{100 * chance:.1f}{format.GROUP}%" if (chance := shown.chance[entry]) == chance else "—"
        if optimum is None or self._range is None:
            return ""
        if column == OPTIMUM:
            low, high = (_column(float(end[entry])) for end in self._range)
            return "—" if np.isnan(self._range[0][entry]) else low if low == high else f"{low} … {high}"
        q, best = float(shown.q[entry]), float(optimum[entry])
        return "—" if np.isnan(best) else _column(explain.without_rounding(q - best, q, best))

    def tip(self, entry: int, column: int) -> str:
        """A cell's number with all its digits."""
        shown, optimum = self._shown, self._optimum
        assert shown is not None
        if column == Q:
            return explain.exact(shown.q[entry])
        if column == CHANCE:
            if np.isnan(shown.chance[entry]):
                return tr("Texts that look the same here offer different words, so the chance is not one number.")
            return explain.exact(shown.chance[entry])
        if column in (OPTIMUM, GAP_TO_OPTIMUM) and optimum is not None:
            assert self._range is not None
            if np.isnan(optimum[entry]):
                low, high = (explain.exact(end[entry]) for end in self._range)
                return tr("Texts that are worth different amounts look the same here: from {low} to {high}.",
                          low=low, high=high)  # fmt: skip
            return explain.exact(optimum[entry] if column == OPTIMUM else shown.q[entry] - optimum[entry])
        return ""

    def as_text(self) -> str:
        """All words with all digits of their numbers, separated by tabs."""
        shown, optimum = self._shown, self._optimum
        if shown is None:
            return ""
        lines = ["\t".join(tr_for(self._scenario, title) for title, _ in COLUMNS)]
        for entry in self._order.tolist():
            best, q = None if optimum is None else float(optimum[entry]), float(shown.q[entry])
            known = best is not None and not np.isnan(best)
            ends = [] if self._range is None else [float(end[entry]) for end in self._range]
            ends = ends[:1] if known else [end for end in ends if not np.isnan(end)]
            cells = [
                self._words[shown.words[entry]],
                explain.exact(q),
                " … ".join(map(explain.exact, ends)),
                explain.exact(q - best) if best is not None and known else "",
                str(int(shown.visits[entry])),
                explain.exact(shown.chance[entry]),
            ]
            lines.append("\t".join(cells))
        return "\n".join(lines)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == WORD else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter


class Inspector(QWidget):
    """objectName "inspector". The selected state; where none is selected, the one in which the agent is."""

    titleChanged = Signal(str)
    subtitleChanged = Signal(str)
    updateWanted = Signal(tuple, bool)
    """The last update of this state is not known and shall be looked for; True: however long that takes."""
    updateGivenUp = Signal()

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setAccessibleName(tr("State"))
        self.setMinimumSize(200, 120)
        self._selection = selection
        self._scenario: Scenario | None = None
        self._optimal = OptimalRows()
        self._shown: Inspection | None = None
        self._step, self._drawn, self._hurries = 0, 0.0, False
        self._asked: State = ()
        self._finding = False
        self._title, self._subtitle = self.title(), ""

        self._confusions: dict[State, Confusion] = {}
        self._model = WordsModel(self)
        self._table = _WordsTable(self._model, self)
        self._confused = Wrapped(self)
        self._confused.setObjectName("confused")
        self._heading = QLabel(self)
        self._copy = QToolButton(self)
        self._copy.setObjectName("copyInspection")
        self._equation = Wrapped(self)
        self._reward = Wrapped(self)
        self._find = QPushButton(self)
        self._find.setObjectName("findUpdate")
        self._find.clicked.connect(self._on_find)
        self._stop = QPushButton(tr("Stop"), self)
        self._stop.setObjectName("stopFinding")
        self._stop.clicked.connect(self.updateGivenUp)
        self._empty = QLabel(self)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)

        copy = QAction(tr("Copy with all digits"), self)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self._copy.setDefaultAction(copy)
        self._copy.setText(tr("Copy"))
        self._copy.setToolTip(tr("Copy everything that is shown here, with all digits of every number (Ctrl+C)"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

        head = QHBoxLayout()
        head.addWidget(self._heading, 1)
        head.addWidget(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._table, 1)
        column.addWidget(self._confused)
        column.addLayout(head)
        column.addWidget(self._equation)
        column.addWidget(self._reward)
        column.addWidget(self._stop, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._find, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._empty, 1)
        column.addStretch(0)
        self._put_looks()
        self.set_finding(False, 0.0)
        self._show()

    # -- what the window asks of a view -------------------------------------------------------------------------------

    def title(self) -> str:
        """What the card around it is called: the state."""
        if self._shown is None or self._scenario is None:
            return tr("State")
        return tr("State {name}", name=names.name_of(self._scenario, self._shown.state))

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        self._scenario, self._shown = scenario, None
        self._model.begin(scenario)
        self._table.setAccessibleName(tr_for(scenario, "Words of the state"))
        self._optimal.begin(scenario)
        self._confusions = {}
        self._asked, self._step, self._drawn, self._hurries = (), 0, 0.0, False
        self._show()

    def set_optimum(self, solution: Solution | None) -> None:
        """The exact optimum has been found; None: there is none to show (yet)."""
        self._optimal.set_solution(solution)
        self._show()

    def set_sight(self, sight: Sight | None) -> None:
        """What is known of the states in which texts that need different words look alike."""
        self._confusions = {} if sight is None else {state_of(one): one for one in sight.confusions}
        self._show()

    def wants(self) -> dict[str, Any]:
        """The selected state, or the one that the agent is in; the start where that changes too fast to be read."""
        if self._selection.state:
            return {"inspected": self._selection.state}
        stands_still = time.monotonic() - self._drawn > STILL
        start = self._scenario.first_state if self._scenario is not None else (0,)
        return {"inspected": start if self._hurries and not stands_still else ()}

    def draw(self, snapshot: Snapshot) -> None:
        """Show this moment."""
        now = time.monotonic()
        if self._drawn:
            self._hurries = snapshot.step - self._step > max(1.0, FOLLOWED * (now - self._drawn))
        self._step, self._drawn = snapshot.step, now
        if snapshot.inspection is None or self._scenario is None:
            return
        self._shown = snapshot.inspection
        self._show()
        self._look_for_update()

    # -- the last update, where it is not at hand ---------------------------------------------------------------------

    def _look_for_update(self) -> None:
        shown = self._shown
        assert shown is not None
        if shown.update is not None:
            if self._finding:
                self.updateGivenUp.emit()
        elif not shown.follows and shown.seen and shown.state == self._selection.state and shown.state != self._asked:
            self._asked = shown.state
            self.updateWanted.emit(shown.state, False)

    @Slot()
    def _on_find(self) -> None:
        if self._shown is not None:
            self.updateWanted.emit(self._shown.state, True)

    @Slot(bool, float)
    def set_finding(self, searches: bool, seconds: float) -> None:
        """Whether the last update is being looked for, and how long that would take; see ui.session.Session.finding."""
        self._finding = searches
        self._stop.setVisible(searches)
        self._find.setVisible(seconds > 0.0)
        takes = tr("Find it: takes about {time}", time=format.duration(seconds))
        self._find.setText(takes if seconds < format.VERY_LONG else tr("Find it: takes very long"))
        self._show_update()

    # -- showing ------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        shown, scenario = self._shown, self._scenario
        title = self.title()
        if title != self._title:
            self._title = title
            self.titleChanged.emit(title)
        subtitle = "" if shown is None else self._stand(shown)
        if subtitle != self._subtitle:
            self._subtitle = subtitle
            self.subtitleChanged.emit(subtitle)
        words = scenario.language.words if scenario is not None else ()
        self._model.show(words, shown, self._q_star())
        filled = shown is not None and len(shown.words) > 0
        if filled:
            self._table.fit()
        self._table.setVisible(filled)
        self._copy.setVisible(filled)
        confusion = self._confusions.get(shown.state) if shown is not None else None
        self._confused.setVisible(filled and confusion is not None)
        if confusion is not None and scenario is not None:
            self._confused.setText(
                self._span(told(scenario, confusion), theme.readable(theme.RED, self.palette()).name())
            )
        elif scenario is not None and (reason := unsolvable(scenario)):
            self._confused.setVisible(filled)
            self._confused.setText(self._span(reason, theme.muted(self.palette()).name()))
        self._empty.setVisible(not filled)
        if shown is None:
            self._empty.setText(tr("The state in which the agent is appears here. Click one to stay with it."))
        elif not filled:
            self._empty.setText(
                tr_for(scenario, "The agent chooses nothing here: the text has ended, or nobody has been here yet.")
            )
        self._show_update()

    def _stand(self, shown: Inspection) -> str:
        seen = tr("seen {count} ×", count=format.count(shown.seen))
        if shown.follows:
            return tr("where the agent is") + " · " + seen
        return seen if self._selection.state else tr("the start") + " · " + seen

    def _q_star(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The least and the greatest Q* of the state that is shown, by its words."""
        shown = self._shown
        if shown is None or self._optimal.solution is None or not len(shown.words):
            return None
        low, high = self._optimal.ranges_of([shown.state])
        return low[0][shown.words], high[0][shown.words]

    def _show_update(self) -> None:
        shown, scenario = self._shown, self._scenario
        filled = shown is not None and scenario is not None and len(shown.words) > 0
        for label in (self._heading, self._equation, self._reward):
            label.setVisible(filled)
        if shown is None or scenario is None or not filled:
            return
        update = shown.update
        here = update is None or update.state == shown.state
        self._heading.setText(tr("Last update here") if here else tr("Last update"))
        self._reward.setVisible(update is not None)
        if update is not None:
            self._equation.setText(self._as_html(update, scenario))
            reward = tr("reward {parts}", parts=explain.parts_of_reward(update, scenario, explain.signed))
            if update.said != update.word:
                slip = tr("slipped, and said {word}", word=scenario.language.words[update.said])
                reward = f"{slip} · {reward}"
            step = tr("step {step}", step=format.count(update.step))
            line = f"<nobr>{html.escape(step)}</nobr> · {html.escape(reward)}"
            self._reward.setText(f'<span style="color:{theme.muted(self.palette()).name()}">{line}</span>')
            return
        if not shown.seen:
            text = tr("Nothing has been learned here yet.")
        elif self._finding:
            text = tr("Going through the run once more to see it …")
        elif self._find.isVisibleTo(self):
            text = tr("It happened before anybody looked here. The run can be gone through once more to see it.")
        else:
            text = tr("It happened before anybody looked here; the next one will be shown.")
        self._equation.setText(self._span(text, theme.muted(self.palette()).name()))

    def _as_html(self, update: Update, scenario: Scenario) -> str:
        palette = self.palette()
        muted = theme.muted(palette).name()
        reward = theme.readable(theme.GREEN if update.reward >= 0 else theme.RED, palette).name()
        colors = {
            explain.ALPHA: theme.readable(theme.BLUE, palette).name(),
            explain.REWARD: reward,
            explain.FUTURE: muted if update.future is None else "",
        }
        parts = []
        for piece in explain.equation(update, scenario, names.name_of(scenario, update.state)):
            text = self._span(piece.text, colors.get(piece.kind, ""))
            parts.append(f"<b>{text}</b>" if piece.kind in (explain.OLD, explain.NEW) else text)
        surprise = self._span(TOGETHER.join(tr("surprise {number}", number=explain.signed(update.surprise))), "")
        return "".join(parts) + f"&nbsp; <nobr>{surprise}</nobr>"

    @staticmethod
    def _span(text: str, color: str) -> str:
        escaped = html.escape(text)
        return f'<span style="color:{color}">{escaped}</span>' if color else escaped

    # -- copying ------------------------------------------------------------------------------------------------------

    @Slot()
    def copy(self) -> None:
        """Put everything that is shown on the clipboard, with all digits."""
        QGuiApplication.clipboard().setText(self.as_text())

    def as_text(self) -> str:
        """Everything that is shown, with all digits."""
        shown, scenario = self._shown, self._scenario
        if shown is None or scenario is None:
            return ""
        parts = [f"{self.title()}\t{self._subtitle}", self._model.as_text()]
        if shown.update is not None:
            written = explain.written(shown.update, scenario, names.name_of(scenario, shown.update.state))
            parts += ["", self._heading.text(), written]
        return "\n".join(parts) + "\n"

    # -- looks --------------------------------------------------------------------------------------------------------

    def _put_looks(self) -> None:
        bold = QFont(self.font())
        bold.setBold(True)
        self._heading.setFont(bold)
        tabular = QFont(self.font())
        tabular.setPointSizeF(SMALL * QFontInfo(tabular).pointSizeF())
        tabular.setFeature(QFont.Tag("tnum"), 1)
        self._table.setFont(tabular)
        self._model.set_looks(tabular, self.palette())
        muted = self._empty.palette()
        muted.setColor(QPalette.ColorRole.WindowText, theme.muted(self.palette()))
        self._empty.setPalette(muted)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._put_looks()
            self._show()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(300, 360)


class Wrapped(QWidget):
    """Rich text in as many lines as it takes. A label would have the whole window laid out anew for each new text, and
    painted; here that happens only when it takes more lines, or fewer."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = ""
        self._document = QTextDocument(self)
        self._document.setDocumentMargin(0)
        self._high = 0
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)

    def text(self) -> str:
        """What it says, as it is read."""
        return self._document.toPlainText().replace(TOGETHER, "")

    def setText(self, text: str) -> None:
        """Say this, in HTML."""
        if text != self._text:
            self._text = text
            self._document.setHtml(text)
            self.setAccessibleName(self.text())
            self._measure()
            self.update()

    def _measure(self) -> None:
        self._document.setTextWidth(max(1, self.width()))
        high = math.ceil(self._document.size().height())
        if high != self._high:
            self._high = high
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(200, self._high)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self._high)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._document.setDefaultFont(self.font())
            self._measure()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            context = QAbstractTextDocumentLayout.PaintContext()
            context.palette = self.palette()
            context.palette.setColor(QPalette.ColorRole.Text, self.palette().color(QPalette.ColorRole.WindowText))
            self._document.documentLayout().draw(painter, context)


class _Cells(QStyledItemDelegate):
    """Writes cells out without a style, which takes its time; that counts where they change all the time."""

    def __init__(self, model: WordsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = model

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:

        rect, palette, state = option.rect, option.palette, option.state
        shown, entry = self._words.looks(index.row())
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(rect, palette.highlight())
        painter.setFont(shown.font)
        painter.setPen(palette.color(QPalette.ColorRole.HighlightedText) if selected else shown.color)
        inner = rect.adjusted(GAP // 2, 0, -(GAP // 2), 0)
        text = self._words.text(entry, index.column())
        if index.column() == WORD:
            text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, int(_alignment(index.column())), text)


class _WordsTable(PlainTable):
    """As high as its rows where there is room for them, with columns as wide as their widest number so far."""

    def __init__(self, model: WordsModel, parent: QWidget) -> None:
        super().__init__(model, tr("Words of the state"), parent)
        self._words = model
        self.setItemDelegate(_Cells(model, self))
        self._has_optimum = False
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        head = self.horizontalHeader()
        head.setMinimumSectionSize(20)
        self._wide = [head.minimumSectionSize()] * len(COLUMNS)
        head.setSectionsClickable(True)
        self.setSortingEnabled(True)
        self.sortByColumn(Q, Qt.SortOrder.DescendingOrder)
        head.setSortIndicatorShown(False)

    def fit(self) -> None:
        """Make room for what the columns say now."""
        bold = QFont(self.font())
        bold.setBold(True)
        metrics = QFontMetrics(bold)
        shown, model = self._words.order, self._words
        self._has_optimum = model.text(int(shown[0]), OPTIMUM) != ""
        ends = {int(shown[0]), int(shown[-1]), int(shown[len(shown) // 2])}
        for column in range(WORD + 1, len(COLUMNS)):
            measured = ends | model.extremes(column)
            texts = [tr(COLUMNS[column][0]), *(model.text(entry, column) for entry in measured)]
            wide = max(metrics.horizontalAdvance(text) for text in texts) + GAP
            self._wide[column] = max(self._wide[column], wide)
        self._share()

    def _share(self) -> None:
        """Numbers take what they need, words what is left."""
        row = round(ROW * QFontMetrics(self.font()).height())
        if self.verticalHeader().defaultSectionSize() != row:
            self.verticalHeader().setDefaultSectionSize(row)
        rows = self._words.rowCount()
        self.setMaximumHeight(self.horizontalHeader().sizeHint().height() + rows * row + 2)
        # As wide as the first words, within reason: what is said is to be read before how far it is off.
        metrics = QFontMetrics(self.font())
        head = self._words.headerData(WORD, Qt.Orientation.Horizontal)
        texts = [head, *(self._words.text(int(entry), WORD) for entry in self._words.order[:MEASURED])]
        widest = max(map(metrics.horizontalAdvance, texts)) + 2 * GAP
        least = min(widest, LONGEST_WORD * metrics.height())
        shown = [c for c in range(WORD + 1, len(COLUMNS)) if self._has_optimum or c not in (OPTIMUM, GAP_TO_OPTIMUM)]
        for column in GIVE_WAY:
            if column in shown and least + sum(self._wide[c] for c in shown) > self.viewport().width():
                shown.remove(column)
        for column in (OPTIMUM, *GIVE_WAY):
            self.setColumnHidden(column, column not in shown)
        numbers = sum(self._wide[c] for c in shown)
        self.setColumnWidth(WORD, max(least, self.viewport().width() - numbers))
        # Else a bar that is not needed may take the last line's room, which takes another bar, which is then needed.
        Policy = Qt.ScrollBarPolicy  # noqa: N806 (a class)
        fits = least + numbers <= self.viewport().width()
        self.setHorizontalScrollBarPolicy(Policy.ScrollBarAlwaysOff if fits else Policy.ScrollBarAsNeeded)
        for column in range(WORD + 1, len(COLUMNS)):
            if self.columnWidth(column) != self._wide[column]:
                self.setColumnWidth(column, self._wide[column])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share()

    def sizeHint(self) -> QSize:
        return QSize(280, min(self.maximumHeight(), 260))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, min(self.maximumHeight(), 80))
