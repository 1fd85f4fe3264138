"""What went wrong, in plain words, with the details to copy."""

from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

import langrl_gui
from langrl_gui.core.i18n import tr
from langrl_gui.ui.autosave import Left


class Problem(QMessageBox):
    """objectName "problem"."""

    def __init__(self, parent: QWidget | None, sentence: str, details: str) -> None:
        super().__init__(parent)
        self.setObjectName("problem")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("LangRL Studio")
        self.setIcon(QMessageBox.Icon.Warning)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(sentence)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._report = f"LangRL Studio {langrl_gui.__version__}\n{sentence}\n\n{details}".rstrip() + "\n"
        self.addButton(QMessageBox.StandardButton.Ok)
        if details:
            self.setDetailedText(details)
        copy = self.addButton(tr("Copy report"), QMessageBox.ButtonRole.ActionRole)
        copy.setObjectName("copyReport")
        copy.clicked.connect(self._copy)

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._report)


class Recovery(Problem):
    """objectName "recovery". What to do with what an earlier start left behind; whoever closes it is asked again."""

    RECOVER: Final = 1
    DISCARD: Final = 2

    def __init__(self, parent: QWidget, left: Left) -> None:
        sentence = (
            tr("LangRL Studio ended unexpectedly the last time.")
            if left.crash
            else tr("LangRL Studio ended the last time before everything was saved.")
        )
        super().__init__(parent, sentence, left.crash)
        self.setObjectName("recovery")
        self.removeButton(self.button(QMessageBox.StandardButton.Ok))
        discard = self.addButton(tr("Discard"), QMessageBox.ButtonRole.DestructiveRole)
        discard.setObjectName("discardLeft")
        discard.clicked.connect(self._on_discard)
        if left.has_run:
            self.setIcon(QMessageBox.Icon.Question)
            self.setInformativeText(tr("A copy that was kept at {time} can be recovered.", time=left.when))
            recover = self.addButton(tr("Recover"), QMessageBox.ButtonRole.AcceptRole)
            recover.setObjectName("recover")
            recover.clicked.connect(self._on_recover)
            self.setDefaultButton(recover)

    @Slot()
    def _on_recover(self) -> None:
        self.done(self.RECOVER)

    @Slot()
    def _on_discard(self) -> None:
        self.done(self.DISCARD)


def show_problem(parent: QWidget | None, sentence: str, details: str) -> None:
    """Say it; returns at once."""
    Problem(parent, sentence, details).open()
