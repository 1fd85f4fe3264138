"""The episode tape: the words of the episode in progress with what they earned, the episodes before it, and what the
agent would say now. Knows telemetry's Tape and Text, the scenario's words, and which state is selected.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QScrollBar, QToolTip, QWidget

from langrl_gui.core.i18n import tr
from langrl_gui.core.oracle import Solution, unsolvable
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Episode, Snapshot, TapeStep
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import format, names, theme
from langrl_gui.ui.selection import Selection, State

PILL: Final = 1.6
"""Height of a word on the tape, in line heights; so is what follows."""
BETWEEN: Final = 0.25
"""Height between the two rows."""
LINE: Final = 1.5
"""Height of a line of the answers."""
ARROW: Final = 1.6
LONGEST_WORD: Final = 9.0
"""Width after which a word on the tape is cut."""
SIDE_BY_SIDE: Final = 30.0
"""Width of the view from which the answers stand beside the tape and not below it."""
MOST_OF_ANSWERS: Final = 0.5
"""Share of the width that the answers take at most."""
FADED: Final = 0.7
"""Opacity of the episodes before."""
EVERYTHING: Final = 1 << 20
"""More episodes than are ever remembered."""
EQUAL: Final = 1e-9
"""Values that differ by less than this share of them are the same, added up in another order."""


class _Pill(NamedTuple):
    """One thing on the tape."""

    text: str
    earned: str
    color: QColor
    """Of its border and of what it earned."""
    tip: str
    state: State = ()
    """What a click on it selects: the state that it led to, or, where the text ended, that in which it was said."""


class _Answer(NamedTuple):
    """What the agent says to one prompt."""

    prompt: str
    text: str
    result: str
    is_optimum: bool
    tip: str


def _reward(number: float) -> str:
    """A reward as short as it can be written: +1, −0.5."""
    return f"{number:+.4g}".replace("-", "−")


def _exact(number: float) -> str:
    """All digits, with a real minus sign."""
    return str(float(number)).replace("-", "−")


def _two_digits(number: float) -> str:
    return f"{number:.2f}".replace("-", "−").replace("inf", "∞")


def _tabular(font: QFont) -> QFont:
    font = QFont(font)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


class EpisodeTape(QWidget):
    """objectName "episodeTape". The episode in progress above, those before it, faded, below.

    Once one scrolls, what is remembered stands still, while the episode in progress goes on; back at its newest end it
    moves again.
    """

    titleChanged = Signal(str)
    subtitleChanged = Signal(str)

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("episodeTape")
        self.setAccessibleName(tr("Episode"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumSize(120, round(self._rows_height(2)) + 1)
        self._selection = selection
        self._answers = _Answers(self)
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.setAccessibleName(tr("Episodes before"))
        self._bar.valueChanged.connect(self._on_scrolled)
        self._history: tuple[Episode, ...] = ()
        self._scenario: Scenario | None = None
        self._solution: Solution | None = None
        self._snapshot: Snapshot | None = None
        self._title, self._subtitle = self.title(), ""
        self._spots: list[tuple[QRectF, _Pill]] = []
        selection.changed.connect(self._on_selected)

    # -- what the window asks -----------------------------------------------------------------------------------------

    def title(self) -> str:
        """What the view is called; with the number of the episode that it shows, once it is known."""
        if self._snapshot is None:
            return tr("Episode")
        return tr("Episode {number}", number=format.count(self._snapshot.current_episode))

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        self._scenario, self._solution, self._snapshot = scenario, None, None
        self._answers.begin(scenario)
        self._history = ()
        self._bar.setValue(0)
        self._set_range()
        self._announce("")
        self._show_answers()
        self.update()

    def set_optimum(self, solution: Solution | None) -> None:
        """The exact optimum has been found; None: there is none to show (yet)."""
        self._solution = solution
        self._show_answers()

    def wants(self) -> dict[str, Any]:
        """The fields of telemetry.Wanted that it needs."""
        if self._bar.value():
            episodes = 1 if self._history else EVERYTHING
        else:
            episodes = 1 + self._rows()
        return {"tape": episodes, "says": True}

    def draw(self, snapshot: Snapshot) -> None:
        """Show this moment; what is not in it stays as it was."""
        if snapshot.tape is None or self._scenario is None:
            return
        before, self._snapshot = self._snapshot, snapshot
        if before is None or (before.says, before.gamma) != (snapshot.says, snapshot.gamma):
            self._show_answers()
        subtitle, tape = "", snapshot.tape
        if self._bar.value() and not self._history:
            self._history = tape.past
        self._set_range()
        if tape.steps:
            total = sum(step.reward for step in tape.steps)
            subtitle = tr("return so far {total}", total=_reward(total))
        if tape.steps or tape.remembered:
            surprise = tr("surprise {delta}", delta=format.amount(tape.last_td_error))
            subtitle = " · ".join(part for part in (subtitle, surprise) if part)
        self._announce(subtitle)
        if self.hasFocus():
            self._tell()
        self.update()

    def _tell(self) -> None:
        """Give those who do not see the tape its words; only while they are at it, because it changes all the time."""
        tape = self._snapshot.tape if self._snapshot is not None else None
        pills = self._pills(tape.prompt, tape.steps, tape.state) if tape is not None else []
        self.setAccessibleDescription(self._all_words(pills))

    def _announce(self, subtitle: str) -> None:
        title = self.title()
        if title != self._title:
            self._title = title
            self.titleChanged.emit(title)
        if subtitle != self._subtitle:
            self._subtitle = subtitle
            self.subtitleChanged.emit(subtitle)

    # -- the answers --------------------------------------------------------------------------------------------------

    def _show_answers(self) -> None:
        snapshot, scenario = self._snapshot, self._scenario
        answers = []
        if snapshot is not None and scenario is not None:
            answers = [self._answer(scenario, snapshot, number) for number in range(len(snapshot.says or ()))]
        self._answers.show_answers(answers)
        self._arrange()

    def _answer(self, scenario: Scenario, snapshot: Snapshot, number: int) -> _Answer:
        assert snapshot.says is not None
        said = snapshot.says[number]
        prompt, text = scenario.starts[said.prompt].text, scenario.language.join(said.words)
        if not said.ends:
            text += " …"
        if said.start:
            text = names.joined(names.ARROW, names.name_of(scenario, said.start), text)
        tip = [prompt] if prompt else []
        tip.append(tr_for(scenario, "Says {text}: value {value}, return {total}",
                          text=text, value=_exact(said.value), total=_exact(said.total)))  # fmt: skip
        if not said.ends:
            tip.append(tr("Where always the likeliest happens it comes back to where it was, and would go round for "
                          "ever: that has a value, but no return."))  # fmt: skip
        optimum = self._solution.optimum if self._solution is not None else ()
        best = next((each for each in optimum if each.prompt == said.prompt), None)
        if reason := unsolvable(scenario):
            tip += [tr("It is an episode that was played beside the run, always with the same luck."), reason]
        if best is None:
            return _Answer(prompt, text, _two_digits(said.total), False, "\n".join(tip))
        tip.append(tr("The optimum is {text}: value {value}, return {total}",
                      text=best.text, value=_exact(best.value), total=_exact(best.return_)))  # fmt: skip
        equal = said.value == best.value or abs(said.value - best.value) <= EQUAL * max(1.0, abs(best.value))
        # In an environment the same actions are the start of two policies that may be worth different amounts.
        same = scenario.environment is None and said.words == best.words
        earned, most = _two_digits(said.total), _two_digits(best.return_)
        # What goes round for ever, or is but the likeliest of much that may happen, has a value and no return.
        has_return = said.ends and (scenario.environment is None or scenario.environment.is_sure)
        if (equal or same) and has_return:
            return _Answer(prompt, text, tr("= optimum, return {number}", number=most), True, "\n".join(tip))
        if not has_return or earned == most:  # the same rewards, but later
            earned, most = _two_digits(said.value), _two_digits(best.value)
        if equal or same:
            return _Answer(prompt, text, tr("= optimum, value {number}", number=most), True, "\n".join(tip))
        result = tr("{number}, optimum {best}", number=earned, best=most)
        if not has_return:
            result = tr("value {number}, optimum {best}", number=earned, best=most)
        return _Answer(prompt, text, result, False, "\n".join(tip))

    def _arrange(self) -> None:
        """Put the answers on the right, or below the tape where it is narrow."""
        em = QFontMetricsF(self.font()).height()
        if self.width() >= SIDE_BY_SIDE * em:
            wide = round(min(self._answers.natural_width(), MOST_OF_ANSWERS * self.width()))
            high = self.height() if len(self._answers.shown) > 1 else min(math.ceil(PILL * em), self.height())
            self._answers.setGeometry(self.width() - wide, 0, wide, high)
        else:
            top = min(round(self._rows_height(2)), self.height())
            self._answers.setGeometry(0, top, self.width(), self.height() - top)
        before = self._room_before()
        wide = self._bar.sizeHint().width()
        self._bar.setGeometry(round(before.right()) - wide, round(before.top()), wide, round(before.height()))
        self._set_range()

    def _room(self) -> QRectF:
        """Where the episode in progress is, and those before it, unless they have more room."""
        if self._answers.x() > 0:
            return QRectF(0, 0, self._answers.x() - QFontMetricsF(self.font()).height(), self.height())
        high = self._answers.y() if self._answers.y() < self.height() else self.height()
        return QRectF(0, 0, self.width(), high)

    def _room_before(self) -> QRectF:
        """Where the episodes before are: on all of the width where the answer is but one line."""
        room, first = self._room(), (PILL + BETWEEN) * QFontMetricsF(self.font()).height()
        if self._answers.x() > 0 and self._answers.height() <= first:
            room.setRight(self.width())
        return room.adjusted(0, first, 0, 0)

    def _rows(self) -> int:
        """Past episodes that are in sight."""
        em = QFontMetricsF(self.font()).height()
        return max(0, int((self._room().height() + BETWEEN * em + 0.5) / ((PILL + BETWEEN) * em)) - 1)

    def _set_range(self) -> None:
        tape = self._snapshot.tape if self._snapshot is not None else None
        remembered = len(self._history) or (tape.remembered if tape is not None else 0)
        rows = self._rows()
        self._bar.setRange(0, max(0, remembered - rows))
        self._bar.setPageStep(max(1, rows))
        self._bar.setVisible(rows > 0 and remembered > rows)

    @Slot()
    def _on_scrolled(self) -> None:
        if not self._bar.value():
            self._history = ()
        self.update()

    @Slot()
    def _on_selected(self) -> None:
        self.update()

    def _rows_height(self, rows: int) -> float:
        em = QFontMetricsF(self.font()).height()
        return (rows * PILL + (rows - 1) * BETWEEN) * em

    # -- the tape -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(_tabular(self.font()))
            em = QFontMetricsF(self.font()).height()
            self._spots.clear()
            room = self._room()
            tape = self._snapshot.tape if self._snapshot is not None else None
            if tape is None or self._scenario is None:
                self._paint_sentence(painter, room)
            else:
                before = self._room_before()
                painter.setClipRect(room)
                row = QRectF(1, 0, room.width() - 2, PILL * em)
                unknown = _Pill("?", "", theme.BLUE, tr_for(self._scenario, "The next word"), tape.state)
                self._paint_row(painter, row, [*self._pills(tape.prompt, tape.steps, tape.state), unknown], "")
                painter.setClipRect(before)
                row.setRight(before.right() - 1 if self._bar.isHidden() else self._bar.x() - 0.5 * em)
                first = self._bar.value() if self._history else 0
                for episode in (self._history or tape.past)[first : first + self._rows()]:
                    row.translate(0, (PILL + BETWEEN) * em)
                    total = sum(step.reward for step in episode.steps)
                    painter.setOpacity(FADED)
                    pills = self._pills(episode.prompt, episode.steps)
                    end = f"= {_reward(total)}   " + tr("episode {number}", number=format.count(episode.number))
                    self._paint_row(painter, row, pills, end)
                if not tape.remembered and not tape.steps and self._rows():
                    self._paint_sentence(painter, row.translated(0, (PILL + BETWEEN) * em))
            if self.hasFocus():
                theme.paint_focus(painter, self)

    def _paint_sentence(self, painter: QPainter, room: QRectF) -> None:
        painter.setPen(theme.muted(self.palette()))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(
            room, align, tr_for(self._scenario, "The words of an episode appear here, with what each earned.")
        )

    def _pills(self, prompt: int, steps: Sequence[TapeStep], now: State = ()) -> list[_Pill]:
        """The prompt and the words; `now` is the state that the last one led to, if the text has not ended."""
        assert self._scenario is not None
        line, starts, words = theme.line(self.palette()), self._scenario.starts, self._scenario.language.words
        after = [step.state for step in steps] + [now or steps[-1].state]
        if self._scenario.environment is None:
            start = starts[prompt].text or "⌂"
            prompt_tip = tr("Prompt: {text}", text=starts[prompt].text or tr("nothing"))
        else:
            start = names.name_of(self._scenario, after[0])
            prompt_tip = tr("The episode began in state {name}", name=start)
        pills = [_Pill(start, "", line, prompt_tip, after[0])]
        for step, led_to in zip(steps, after[1:], strict=True):
            color = line
            if step.reward:
                color = theme.readable(theme.GREEN if step.reward > 0 else theme.RED, self.palette())
            tip = tr("{word}: reward {reward}", word=words[step.word], reward=_exact(step.reward))
            if len(step.shares) > 1:
                tip = "\n".join([tip, *self._shares(step)])
            tip += "\n" + tr("Click: state {name}", name=names.name_of(self._scenario, led_to))
            pills.append(_Pill(words[step.word], _reward(step.reward), color, tip, led_to))
        return pills

    def _shares(self, step: TapeStep) -> list[str]:
        """What each reward term gave to a step's reward."""
        assert self._scenario is not None
        kinds = [type(term).model_fields["kind"] for term in self._scenario.rewards]
        names = [tr(kind.title or "") for kind in kinds]
        return [f"{name}: {_exact(share)}" for name, share in zip(names, step.shares, strict=True)]

    def _paint_row(self, painter: QPainter, row: QRectF, pills: list[_Pill], end: str) -> None:
        """Pills from the left; where they do not all fit, the oldest words make way."""
        palette, metrics = self.palette(), QFontMetricsF(painter.font())
        em, text_color, muted = metrics.height(), palette.color(QPalette.ColorRole.WindowText), theme.muted(palette)
        line = theme.line(palette)
        arrow, end_width = ARROW * em, metrics.horizontalAdvance(end)
        texts = [metrics.elidedText(pill.text, Qt.TextElideMode.ElideRight, LONGEST_WORD * em) for pill in pills]
        widths = [
            metrics.horizontalAdvance(text + pill.earned) + (1.8 if pill.earned else 1.4) * em
            for text, pill in zip(texts, pills, strict=True)
        ]
        shown = list(range(len(pills)))
        left_out = 0
        gap_width = metrics.horizontalAdvance(f"⋯ {len(pills)}") + 0.6 * em
        while len(shown) > 2:
            wide = sum(widths[i] + arrow for i in shown) - arrow + end_width + (gap_width if left_out else 0)
            if wide <= row.width():
                break
            del shown[1]
            left_out += 1
        x, high, center = row.left(), row.height(), row.center().y()
        for place, index in enumerate(shown):
            pill, rect = pills[index], QRectF(x, row.top(), widths[index], high - 1)
            self._spots.append((rect, pill))
            selected = pill.state != () and pill.state == self._selection.state
            painter.setPen(QPen(theme.BLUE, 2.2) if selected else QPen(pill.color, 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), high / 2, high / 2)
            inner = rect.adjusted(0.7 * em, 0, -0.7 * em, 0)
            painter.setPen(text_color)
            to_left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(inner, to_left, texts[index])
            painter.setPen(muted if pill.color == line else pill.color)  # a border may be paler than what is read
            painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, pill.earned)
            x = rect.right()
            painter.setPen(muted)
            if place == 0 and left_out:
                gap = QRectF(x, row.top(), gap_width, high)
                painter.drawText(gap, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"⋯ {left_out}")
                self._spots.append((gap, _Pill("", "", muted, self._all_words(pills))))
                x = gap.right()
            if place + 1 < len(shown):
                painter.drawText(QRectF(x, row.top(), arrow, high), Qt.AlignmentFlag.AlignCenter, "→")
                x += arrow
        painter.drawText(QPointF(x + 0.5 * em, center + metrics.ascent() / 2 - metrics.descent() / 2), end)

    @staticmethod
    def _all_words(pills: list[_Pill]) -> str:
        return "  ".join(f"{pill.text} {pill.earned}".strip() for pill in pills)

    def describe(self, point: QPointF) -> str:
        """What lies at this point of the tape, with its exact numbers; empty where there is nothing."""
        pill = self._pill_at(point)
        return "" if pill is None else pill.tip

    def _pill_at(self, point: QPointF) -> _Pill | None:
        return next((pill for rect, pill in self._spots if rect.contains(point)), None)

    # -- events -------------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.describe(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        pill = self._pill_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and pill is not None and pill.state:
            self._selection.select(pill.state)
        else:
            super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._bar.isHidden():
            event.ignore()
        else:
            self._bar.event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, bar = event.key(), self._bar
        rows = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -bar.pageStep(),
            Qt.Key.Key_PageDown: bar.pageStep(),
            Qt.Key.Key_Home: -bar.maximum(),
            Qt.Key.Key_End: bar.maximum(),
        }
        if key in rows:
            bar.setValue(bar.value() + rows[Qt.Key(key)])
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._select_neighbour(1 if key == Qt.Key.Key_Right else -1)
        elif key == Qt.Key.Key_Escape and self._selection.state:
            self._selection.select(())
        else:
            super().keyPressEvent(event)

    def _select_neighbour(self, by: int) -> None:
        """Select the next state of the episode in progress, or the one before; at first that of the agent."""
        tape = self._snapshot.tape if self._snapshot is not None else None
        if tape is not None:
            states = [step.state for step in tape.steps] + [tape.state]
            here = states.index(self._selection.state) if self._selection.state in states else len(states) - by
            self._selection.select(states[max(0, min(len(states) - 1, here + by))])

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._tell()
        super().focusInEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange):
            self.setMinimumHeight(round(self._rows_height(2)) + 1)
            self._arrange()
            self.update()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()
        super().resizeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(640, round(self._rows_height(2)))


class _Answers(QAbstractScrollArea):
    """What the agent says now: one line at the right for one prompt, a list that scrolls for several."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._scenario: Scenario | None = None
        self.setAccessibleName(tr("Says now"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # The card below shows through.
        self.viewport().setAutoFillBackground(False)
        self._shown: list[_Answer] = []

    def begin(self, scenario: Scenario) -> None:
        """From now on it is about this scenario."""
        self._scenario = scenario
        self.setAccessibleName(tr_for(scenario, "Says now"))

    @property
    def shown(self) -> list[_Answer]:
        """The answers in the order of their prompts."""
        return self._shown

    def show_answers(self, answers: list[_Answer]) -> None:
        """Show these."""
        self._shown = answers
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if len(answers) > 1 else Qt.FocusPolicy.NoFocus)
        lines = (f"{answer.prompt} {answer.text} {answer.result}".strip() for answer in answers)
        self.setAccessibleDescription("\n".join(lines))
        self._set_range()
        self.viewport().update()

    def natural_width(self) -> float:
        """Pixels in which nothing has to be cut."""
        em = QFontMetricsF(self.font()).height()
        if not self._shown:
            return 0.0
        bar = self.verticalScrollBar().sizeHint().width() if len(self._shown) > 1 else 0
        return sum(self._columns()) + 2.5 * em + bar

    def _bold(self) -> QFont:
        font = _tabular(self.font())
        font.setBold(True)
        return font

    def _columns(self) -> tuple[float, float, float]:
        """Natural widths of what stands before the text, of the text, and of what it earned."""
        plain, bold = QFontMetricsF(_tabular(self.font())), QFontMetricsF(self._bold())
        before = max((plain.horizontalAdvance(self._before(answer)) for answer in self._shown), default=0.0)
        text = max((bold.horizontalAdvance(answer.text) for answer in self._shown), default=0.0)
        result = max((plain.horizontalAdvance(answer.result) for answer in self._shown), default=0.0)
        return before, text, result

    def _before(self, answer: _Answer) -> str:
        return tr_for(self._scenario, "says now") if len(self._shown) == 1 else answer.prompt or "⌂"

    def _line_height(self) -> float:
        lines = PILL if len(self._shown) == 1 else LINE
        return lines * QFontMetricsF(self.font()).height()

    def _set_range(self) -> None:
        bar, high = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(0, round(len(self._shown) * self._line_height()) - high))
        bar.setPageStep(high)
        bar.setSingleStep(round(self._line_height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self.viewport()) as painter:
            plain, bold = _tabular(self.font()), self._bold()
            metrics, bold_metrics, high = QFontMetricsF(plain), QFontMetricsF(bold), self._line_height()
            gap, width = 0.6 * metrics.height(), float(self.viewport().width())
            if self.verticalScrollBar().maximum():
                width -= gap  # nothing touches the bar
            before, text, result = self._columns()
            # What it earned is never cut; the text gives way first, down to a third of the room.
            room = max(width - result - 2 * gap, 0.0)
            if len(self._shown) > 1:
                before = min(before, max(room - text, room / 3))
            elif before + text > room:
                before = 0.0  # the answer says more than that it is one
            text = max(room - before, 0.0)
            first = int(self.verticalScrollBar().value() / high)
            last = int((self.verticalScrollBar().value() + self.viewport().height()) / high) + 1
            middle = Qt.AlignmentFlag.AlignVCenter
            for number in range(first, min(last, len(self._shown))):
                answer = self._shown[number]
                line = QRectF(0, number * high - self.verticalScrollBar().value(), width, high)
                painter.setFont(plain)
                palette = self.palette()
                painter.setPen(theme.readable(theme.GREEN, palette) if answer.is_optimum else theme.muted(palette))
                painter.drawText(line, Qt.AlignmentFlag.AlignRight | middle, answer.result)
                own = text if len(self._shown) > 1 else min(text, bold_metrics.horizontalAdvance(answer.text))
                left = line.right() - result - gap - (own if len(self._shown) == 1 else text)
                painter.setPen(theme.muted(self.palette()))
                start = QRectF(left - gap - before, line.top(), before, high)
                if before:
                    label = metrics.elidedText(self._before(answer), Qt.TextElideMode.ElideRight, before + 0.5)
                    painter.drawText(start, Qt.AlignmentFlag.AlignRight | middle, label)
                painter.setFont(bold)
                painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
                words = bold_metrics.elidedText(answer.text, Qt.TextElideMode.ElideRight, own + 0.5)
                painter.drawText(QRectF(left, line.top(), own + 1, high), Qt.AlignmentFlag.AlignLeft | middle, words)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = int((event.pos().y() + self.verticalScrollBar().value()) / self._line_height())
            tip = self._shown[number].tip if 0 <= number < len(self._shown) else ""
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._set_range()
        super().resizeEvent(event)
