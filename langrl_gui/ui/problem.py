"""What went wrong, in plain words, with the details to copy."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

import langrl_gui
from langrl_gui.core.i18n import tr


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


def show_problem(parent: QWidget | None, sentence: str, details: str) -> None:
    """Say it; returns at once."""
    Problem(parent, sentence, details).open()
