"""Files and the window: which are opened, saved and exported, and what is asked before anything is lost."""

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from langrl_gui.core import exports
from langrl_gui.core.i18n import tr
from langrl_gui.ui.problem import show_problem
from langrl_gui.ui.session import Session


class Documents(QObject):
    """The file dialogs of a window, and what comes of them."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window

    # -- opening ------------------------------------------------------------------------------------------------------

    def ask_open(self) -> None:
        """Let a person choose the file to open."""
        dialog = self._dialog(tr("Open a scenario or a run"), tr("Scenarios and runs") + " (*.toml *.langrl)")
        dialog.fileSelected.connect(self.open)
        dialog.open()

    @Slot(str)
    def open(self, path: str) -> None:
        """Open the scenario or run in this file."""
        self._session.open(Path(path))

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
        dialog.open()

    @Slot(str)
    def _save_to(self, path: str) -> None:
        target = Path(path)
        self._session.save(target if target.suffix == ".langrl" else target.with_name(target.name + ".langrl"))

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
        folder = session.file.parent if session.file else Path.home()
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
