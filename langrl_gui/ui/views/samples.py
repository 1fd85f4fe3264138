"""Samples: what the agent would have said over time, a line for each time that this was seen to be new.

Knows telemetry's samples, the optimum and the scenario's words.
"""

from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFont, QGuiApplication, QKeySequence, QPalette
from PySide6.QtWidgets import QHeaderView, QLabel, QVBoxLayout, QWidget

from langrl_gui.core import explain
from langrl_gui.core.i18n import N_, tr, tr_n
from langrl_gui.core.oracle import Solution, unsolvable
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Sample, Snapshot
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import format, theme
from langrl_gui.ui.views.plain_table import PlainTable

ROW: Final = 1.45
"""Height of a row, in line heights."""
EQUAL: Final = 1e-9
"""Values that differ by less than this share of them are the same, added up in another order."""

STEP, PROMPT, SAYS, VALUE = range(4)
COLUMNS: Final = (
    (N_("step"), N_("The step after which this was seen to be new; it became so a little earlier.")),
    (N_("prompt"), N_("What it was the answer to.")),
    (N_("says"), N_("What the agent would have said without exploring; the optimum is marked.")),
    (N_("value"), N_("The discounted sum of its rewards.")),
)
OPTIMAL: Final = "✓ "


class SamplesModel(QAbstractTableModel):
    """The samples in the order in which they were taken; only what is in sight is ever written out."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._samples: tuple[Sample, ...] = ()
        self._dropped = 0
        self._scenario: Scenario | None = None
        self._best: dict[int, float] = {}
        self._green = theme.GREEN

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What is shown, by row."""
        return self._samples

    @property
    def dropped(self) -> int:
        """How many came before."""
        return self._dropped

    def begin(self, scenario: Scenario) -> None:
        """A new run of `scenario`: nothing was said yet."""
        self.beginResetModel()
        self._scenario, self._samples, self._dropped, self._best = scenario, (), 0, {}
        self.endResetModel()

    def set_optimum(self, solution: Solution | None) -> None:
        """Mark what is worth as much as the optimum."""
        self._best = {best.prompt: best.value for best in solution.optimum} if solution is not None else {}
        self._tell_all()

    def set_looks(self, palette: QPalette) -> None:
        """Colours that are read on this palette."""
        self._green = theme.readable(theme.GREEN, palette)
        self._tell_all()

    def _tell_all(self) -> None:
        if self._samples:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._samples) - 1, VALUE))

    def show(self, samples: tuple[Sample, ...], dropped: int) -> None:
        """Show these; where they go on from what is shown, only what is new is added."""
        here = len(self._samples)
        if dropped == self._dropped and len(samples) >= here and (not here or samples[here - 1] == self._samples[-1]):
            if len(samples) > here:
                self.beginInsertRows(QModelIndex(), here, len(samples) - 1)
                self._samples = samples
                self.endInsertRows()
            return
        self.beginResetModel()
        self._samples, self._dropped = samples, dropped
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._samples)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self.told(COLUMNS[section][0])
            if role == Qt.ItemDataRole.ToolTipRole:
                return self.told(COLUMNS[section][1])
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(section)
        return None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        sample = self._samples[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(sample, index.column())
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == SAYS and self.is_optimal(sample):
            return self._green
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tip(sample)
        return None

    def told(self, text: str) -> str:
        """A column's title, or what is told of it, as it is said of this scenario."""
        return tr_for(self._scenario, text)

    def is_optimal(self, sample: Sample) -> bool:
        """Whether it is worth as much as the optimum."""
        best = self._best.get(sample.prompt)
        return best is not None and abs(sample.value - best) <= EQUAL * max(1.0, abs(best))

    def text(self, sample: Sample, column: int) -> str:
        """What a cell says."""
        assert self._scenario is not None
        if column == STEP:
            return format.count(sample.step)
        if column == PROMPT:
            return self._scenario.starts[sample.prompt].text
        if column == SAYS:
            said = self._scenario.language.join(sample.words)
            return OPTIMAL + said if self.is_optimal(sample) else said
        return format.amount(sample.value)

    def tip(self, sample: Sample) -> str:
        """The whole text, and its numbers with all their digits."""
        assert self._scenario is not None
        return "\n".join(
            [
                self._scenario.language.join(sample.words),
                tr("value {value}", value=explain.exact(sample.value)),
                tr("return {total}", total=explain.exact(sample.total)),
                tr_n(
                    "after {number} episode",
                    "after {number} episodes",
                    sample.episode,
                    number=format.count(sample.episode),
                ),
                *filter(None, [unsolvable(self._scenario)]),
            ]
        )

    def as_text(self) -> str:
        """All samples with all digits of their numbers, separated by tabs."""
        assert self._scenario is not None
        told = (tr("step"), tr("episode"), self.told("prompt"), self.told("says"), tr("value"), tr("return"))
        lines = ["\t".join(told)]
        for sample in self._samples:
            prompt, said = self._scenario.starts[sample.prompt].text, self._scenario.language.join(sample.words)
            numbers = f"{explain.exact(sample.value)}\t{explain.exact(sample.total)}"
            lines.append(f"{sample.step}\t{sample.episode}\t{prompt}\t{said}\t{numbers}")
        return "\n".join(lines) + "\n"


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (STEP, VALUE) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class Samples(QWidget):
    """objectName "samples". New lines come at the end, and the list stays at its end unless somebody scrolled back."""

    subtitleChanged = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("samples")
        self.setAccessibleName(tr("Samples"))
        self.setMinimumSize(180, 110)
        self._subtitle = ""
        self._model = SamplesModel(self)
        self._table = PlainTable(self._model, "", self)
        head = self._table.horizontalHeader()
        head.setMinimumSectionSize(20)
        head.setSectionResizeMode(SAYS, QHeaderView.ResizeMode.Stretch)
        self._empty = QLabel(self)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        copy = QAction(tr("Copy with all digits"), self)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._table.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._table, 1)
        column.addWidget(self._empty, 1)
        self._put_words(None)
        self._put_looks()
        self._show_emptiness()

    def _put_words(self, scenario: Scenario | None) -> None:
        self._table.setAccessibleName(tr_for(scenario, "What it said, and when that was new"))
        self._empty.setText(
            tr_for(scenario, "What the agent would say is written down here each time it is something new.")
        )

    # -- what the window asks of a view -------------------------------------------------------------------------------

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        self._model.begin(scenario)
        self._put_words(scenario)
        self._table.setColumnHidden(PROMPT, len(scenario.starts) == 1)
        self._show_emptiness()

    def set_optimum(self, solution: Solution | None) -> None:
        """Mark what is worth as much as the optimum."""
        self._model.set_optimum(solution)

    def wants(self) -> dict[str, Any]:
        """All samples: a run has few."""
        return {"samples": True}

    def draw(self, snapshot: Snapshot) -> None:
        """Show what was said up to this moment."""
        found = snapshot.samples
        if found is None:
            return
        bar = self._table.verticalScrollBar()
        at_end = bar.value() == bar.maximum()
        self._model.show(found.taken, found.dropped)
        if at_end:
            self._table.scrollToBottom()
        self._show_emptiness()

    def _show_emptiness(self) -> None:
        count = self._model.rowCount()
        self._table.setVisible(count > 0)
        self._empty.setVisible(not count)
        subtitle, first = "", self._model.samples[0] if count else None
        if first is not None and first.step and not self._model.dropped:  # a run that was opened is sampled from there
            subtitle = tr("since the run was opened, at step {step}", step=format.count(first.step))
        elif count > 1:
            subtitle = tr("{count} different answers in turn", count=format.count(count))
        if subtitle != self._subtitle:
            self._subtitle = subtitle
            self.subtitleChanged.emit(subtitle)
            self._fit()

    def _fit(self) -> None:
        """Make room for the largest numbers, which come last."""
        metrics = self._table.fontMetrics()
        for column in (STEP, PROMPT, VALUE):
            samples = self._model.samples
            some = {samples[0], samples[-1], samples[len(samples) // 2]} if samples else set()
            texts = [self._model.told(COLUMNS[column][0]), *(self._model.text(sample, column) for sample in some)]
            wide = max(metrics.horizontalAdvance(text) for text in texts) + 12
            self._table.setColumnWidth(column, min(wide, 12 * metrics.height()))

    def copy(self) -> None:
        """Put all samples on the clipboard, with all digits."""
        if self._model.samples:
            QGuiApplication.clipboard().setText(self._model.as_text())

    # -- looks --------------------------------------------------------------------------------------------------------

    def _put_looks(self) -> None:
        tabular = QFont(self.font())
        tabular.setFeature(QFont.Tag("tnum"), 1)
        self._table.setFont(tabular)
        self._table.verticalHeader().setDefaultSectionSize(round(ROW * self.fontMetrics().height()))
        self._model.set_looks(self.palette())
        muted = self._empty.palette()
        muted.setColor(QPalette.ColorRole.WindowText, theme.muted(self.palette()))
        self._empty.setPalette(muted)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._put_looks()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(300, 220)
