"""Files and the window: which are opened, saved and exported, and what is asked before anything is lost."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from langrl_gui.core import exports
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.i18n import tr, tr_n
from langrl_gui.core.scenario import Scenario
from langrl_gui.ui import format, settings
from langrl_gui.ui.draft import Draft
from langrl_gui.ui.problem import show_problem
from langrl_gui.ui.session import RUNNING, Session

WORTH_KEEPING: Final = 10.0
"""Seconds of learning that nobody wants to wait for again. What took less is there again at a click, equal to the last
bit, and to ask about it each time would teach people not to read the question."""

SUFFIXES: Final = (".toml", ".langrl")


class Documents(QObject):
    """What a window opens and saves. Whatever would lose something asks first: save, discard, or leave it be."""

    def __init__(self, session: Session, draft: Draft, window: QWidget, remembers: bool = True) -> None:
        super().__init__(window)
        self._remembers = remembers
        self._session = session
        self._draft = draft
        self._window = window
        self._question: tuple[Callable[[], None], bool] | None = None
        """What waits for an answer, and whether it is about edits too."""
        self._then: Callable[[], None] | None = None
        self.recent_menu = QMenu(tr("Open recent"), window)
        self.recent_menu.setObjectName("openRecent")
        self.recent_menu.aboutToShow.connect(self._fill_recent)
        session.opened.connect(self._on_opened)
        session.saved.connect(self._on_saved)
        session.failed.connect(self._on_failed)
        session.scenario_saved.connect(self._on_scenario_saved)

    # -- what there is to lose ----------------------------------------------------------------------------------------

    @property
    def is_modified(self) -> bool:
        """Whether the run has gone on, or its scenario was edited, since they were last saved or opened."""
        return self._has_gone_on or self._draft.is_unsaved

    @property
    def _has_gone_on(self) -> bool:
        saved, here = self._session.saved_at, self._session.address
        if here is None or saved is None:
            return here is not None
        return here.branch != saved.branch or here.step > saved.step

    def at_stake(self, edits: bool = True) -> str:
        """What would be lost with the run, and with the `edits` of its scenario, in a sentence; "" if nothing."""
        session, draft = self._session, self._draft
        if session.scenario is None:
            return ""
        name = session.scenario.name
        worth = session.file is not None or session.saved_at is None or session.seconds_learned > WORTH_KEEPING
        if self._has_gone_on and worth:
            steps = session.address.step if session.address else 0
            return tr_n(
                "What “{name}” has learned in {steps} step is not saved.",
                "What “{name}” has learned in {steps} steps is not saved.", steps, name=name, steps=format.count(steps),
            )  # fmt: skip
        if edits and draft.is_unsaved:
            return tr("The changes to the scenario “{name}” are not saved.", name=name)
        return ""

    def unless_lost(self, then: Callable[[], None], edits: bool = True) -> None:
        """Do it, if nothing is lost by it; otherwise ask, and do it when that is settled."""
        if self._session.is_saving:
            self._then = partial(self.unless_lost, then, edits)
            return
        sentence = self.at_stake(edits)
        if not sentence:
            then()
        elif self._question is None:
            self._ask(sentence, then, edits)

    def _ask(self, sentence: str, then: Callable[[], None], edits: bool) -> None:
        Buttons = QMessageBox.StandardButton  # noqa: N806 (a class)
        box = QMessageBox(self._window)
        box.setObjectName("unsaved")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("LangRL Studio")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(sentence)
        box.setInformativeText(tr("Save it first?"))
        box.setStandardButtons(Buttons.Save | Buttons.Discard | Buttons.Cancel)
        box.setDefaultButton(Buttons.Save)
        box.setEscapeButton(Buttons.Cancel)
        self._question = then, edits
        box.finished.connect(self._on_answer)
        box.open()

    @Slot(int)
    def _on_answer(self, answer: int) -> None:
        assert self._question is not None
        then, edits = self._question
        self._question = None
        if answer == QMessageBox.StandardButton.Discard:
            then()
        elif answer == QMessageBox.StandardButton.Save:
            self._then = partial(self.unless_lost, then, edits)
            if self._has_gone_on:
                if self._session.state == RUNNING:
                    self._session.pause()  # or there would be more to lose by the time that it is saved
                self.save()
            else:
                self.ask_save_scenario()

    def _go_on(self) -> None:
        """What was to be saved is saved: do what waited for that."""
        then, self._then = self._then, None
        if then is not None:
            then()

    @Slot()
    def _give_up(self) -> None:
        self._then = None

    # -- opening ------------------------------------------------------------------------------------------------------

    def ask_open(self) -> None:
        """Let a person choose the file to open."""
        dialog = self._dialog(tr("Open a scenario or a run"), tr("Scenarios and runs") + " (*.toml *.langrl)")
        dialog.fileSelected.connect(self.open)
        dialog.open()

    @Slot(str)
    def open(self, path: str) -> None:
        """Open the scenario or run in this file."""
        self.unless_lost(partial(self._open, Path(path)))

    def open_scenario(self, what: Path | Scenario) -> None:
        """Open this scenario, or one of those that come with the program."""
        self.unless_lost(partial(self._session.open, what))

    def new(self) -> None:
        """Open a small scenario to build on."""
        self.open_scenario(scenarios.new())

    def reset(self) -> None:
        """Forget what was learned."""
        self.unless_lost(self._session.reset, edits=False)

    def apply(self) -> None:
        """Begin anew with the scenario as it was edited."""
        self.unless_lost(self._draft.apply, edits=False)

    def _open(self, path: Path) -> None:
        if path.exists() or path not in settings.recent():
            self._session.open(path)
        else:
            settings.forget(path)
            show_problem(
                self._window, tr("{path}: is no longer there; it is left out of the recent files now", path=path), ""
            )

    @Slot(object)
    def _on_opened(self, scenario: Scenario) -> None:
        source = self._session.source
        if source is not None and source not in scenarios.built_in().values():
            self._remember(source)

    def _remember(self, path: Path) -> None:
        if self._remembers:
            settings.remember(path)

    @Slot()
    def _fill_recent(self) -> None:
        self.recent_menu.clear()
        paths = settings.recent()
        for path in paths:
            action = QAction(path.name.replace("&", "&&"), self.recent_menu)
            action.setToolTip(str(path))
            action.setData(str(path))
            action.triggered.connect(self._on_recent)
            self.recent_menu.addAction(action)
        if paths:
            self.recent_menu.addSeparator()
            clear = QAction(tr("Forget these"), self.recent_menu)
            clear.triggered.connect(self._forget_recent)
        else:
            clear = QAction(tr("none yet"), self.recent_menu)
            clear.setEnabled(False)
        self.recent_menu.addAction(clear)

    @Slot()
    def _on_recent(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.open(action.data())

    @Slot()
    def _forget_recent(self) -> None:
        settings.forget()

    # -- saving -------------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Save the run where it was last saved; ask where, if it never was."""
        if self._session.file is None:
            self.ask_save()
        else:
            self._session.save(self._session.file)

    def ask_save(self) -> None:
        """Let a person choose where to save the run."""
        dialog = self._dialog(tr("Save the run"), tr("Runs") + " (*.langrl)", suffix="langrl")
        dialog.fileSelected.connect(self._save_to)
        dialog.rejected.connect(self._give_up)
        dialog.open()

    @Slot(str)
    def _save_to(self, path: str) -> None:
        self._session.save(_with_suffix(path, ".langrl"))

    @Slot(str)
    def _on_saved(self, path: str) -> None:
        self._remember(Path(path))
        self._go_on()

    @Slot(str, str)
    def _on_failed(self, sentence: str, details: str) -> None:
        self._give_up()
        show_problem(self._window, sentence, details)

    def ask_save_scenario(self) -> None:
        """Let a person choose where to save the scenario, as it is edited."""
        if self._draft.waits_for_corpus:
            self._on_failed(tr("The corpus is being read; save the scenario when that is done."), "")
            return
        if self._draft.scenario is None:
            where, fault = next(iter(self._draft.faults.items()), ("", ""))
            self._on_failed(tr("The scenario is not complete yet: {fault}", fault=f"{where}: {fault}"), "")
            return
        dialog = self._dialog(tr("Save the scenario"), tr("Scenarios") + " (*.toml)", suffix="toml")
        dialog.fileSelected.connect(self._save_scenario_to)
        dialog.rejected.connect(self._give_up)
        dialog.open()

    @Slot(str)
    def _save_scenario_to(self, path: str) -> None:
        if self._draft.scenario is not None:
            self._session.save_scenario(_with_suffix(path, ".toml"), self._draft.scenario)

    @Slot(str)
    def _on_scenario_saved(self, path: str) -> None:
        self._remember(Path(path))
        self._go_on()

    def ask_export(self) -> None:
        """Let a person choose a format, and where the export goes."""
        filters = ";;".join(f"{kind.upper()} (*.{kind})" for kind in exports.KINDS)
        dialog = self._dialog(tr("Export"), filters, suffix="csv")
        dialog.filterSelected.connect(self._on_filter)
        dialog.fileSelected.connect(self._export_to)
        dialog.open()

    @Slot(str)
    def _on_filter(self, chosen: str) -> None:
        dialog = self.sender()
        if isinstance(dialog, QFileDialog):
            dialog.setDefaultSuffix(chosen.rsplit(".", 1)[-1].rstrip(")"))

    @Slot(str)
    def _export_to(self, path: str) -> None:
        kind = Path(path).suffix[1:].lower()
        if kind in exports.KINDS:
            self._session.export(Path(path), kind)
        else:
            sentence = tr("{name}: end the name in .csv, .json or .toml", name=Path(path).name)
            show_problem(self._window, sentence, "")

    def _dialog(self, title: str, filters: str, suffix: str = "") -> QFileDialog:
        session = self._session
        last = session.file or session.source
        if last is None or last in scenarios.built_in().values():
            last = next(iter(settings.recent()), None)
        folder = last.parent if last is not None and last.parent.is_dir() else Path.home()
        dialog = QFileDialog(self._window, title, str(folder), filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # Two labels for which Qt's own catalogues have no words in some languages.
        dialog.setLabelText(QFileDialog.DialogLabel.LookIn, tr("Look in:"))
        dialog.setLabelText(QFileDialog.DialogLabel.FileType, tr("Files of type:"))
        if suffix:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix(suffix)
            if session.scenario is not None:
                stem = session.file.stem if session.file else session.scenario.name
                dialog.selectFile("".join(c for c in stem if c.isalnum() or c in " -_") or "run")
        return dialog


def _with_suffix(path: str, suffix: str) -> Path:
    target = Path(path)
    return target if target.suffix == suffix else target.with_name(target.name + suffix)
