"""Help and about: what one can do here, with which keys, and which versions are at work."""

import html
import platform
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from typing import Final

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QMessageBox, QTextBrowser, QVBoxLayout, QWidget

import langrl_gui
from langrl_gui.core.i18n import N_, tr
from langrl_gui.ui.actions import MENUS, Spec

THINGS: Final = (
    (
        N_("Watch it learn"),
        N_("Run lets the agent speak, word by word, and learn from each. The slider goes from one word a second to as "
           "fast as the machine can: slowly to follow, fast to get there."),
    ),
    (
        N_("Stop anywhere, and go on word by word"),
        N_("Step says one word, Episode a whole text. The tape at the foot shows each word with what it earned."),
    ),
    (
        N_("Ask why"),
        N_("Click a state in the graph, or a row of the table. Beside it stands what the agent thinks of each word "
           "there, what would be right, and its last update written out with all its numbers."),
    ),
    (
        N_("Change something"),
        N_("Fields with a dot change at once, also while the agent learns. The others wait until you begin anew. "
           "Everything can be undone."),
    ),
    (
        N_("Keep it"),
        N_("A run is saved with all that was learned, and goes on where it stood. A scenario is a small text file that "
           "you can write yourself, and send to others."),
    ),
)  # fmt: skip
"""What one can do here: a title, and how."""

LIBRARIES: Final = ("PySide6-Essentials", "pyqtgraph", "numpy", "numba", "pydantic", "safetensors")


class Help(QDialog):
    """objectName "help". One page; the window stays usable beside it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("help")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Help"))
        text = QTextBrowser(self)
        text.setAccessibleName(tr("Help"))
        text.setFrameShape(QTextBrowser.Shape.NoFrame)
        text.setHtml(page())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(text)
        layout.addWidget(buttons)
        room = parent.screen().availableGeometry()
        self.resize(min(560, room.width() - 40), min(640, room.height() - 80))


def page() -> str:
    """The help, as HTML."""
    things, keys = tr("Five things to do"), tr("Keys")
    parts = [f"<h2>{_(things)}</h2>"]
    parts += [f"<p><b>{_(tr(title))}</b><br>{_(tr(text))}</p>" for title, text in THINGS]
    parts.append(f"<h2>{_(keys)}</h2><table cellspacing='0' cellpadding='3'>")
    for title, specs in MENUS:
        with_keys = [spec for spec in specs if spec is not None and spec.keys]
        if with_keys:
            heading = tr(title).split("(&")[0].replace("&", "")
            parts.append(f"<tr><td colspan='2'><b>{_(heading)}</b></td></tr>")
            parts += [_row(spec) for spec in with_keys]
    return "".join([*parts, "</table>"])


def _row(spec: Spec) -> str:
    return f"<tr><td>{_(native(spec))}&nbsp;&nbsp;</td><td>{_(tr(spec.tip))}</td></tr>"


def native(spec: Spec) -> str:
    """The keys of an action, as they are written on this system."""
    keys: Iterable[str] = (keys for keys in (spec.keys, spec.more_keys) if keys)
    return ", ".join(QKeySequence(one).toString(QKeySequence.SequenceFormat.NativeText) for one in keys)


def _(text: str) -> str:
    return html.escape(text)


def show_about(parent: QWidget) -> None:
    """Say which program this is, and of which parts it is made; returns at once."""
    box = QMessageBox(parent)
    box.setObjectName("about")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(tr("About LangRL Studio"))
    box.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    box.setText(f"LangRL Studio {langrl_gui.__version__}")
    versions = [f"Python {platform.python_version()}", f"Qt {qVersion()}"]
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):  # a bundle may have left it out
            versions.append(f"{name.removesuffix('-Essentials')} {metadata.version(name)}")
    versions.append(platform.platform(terse=True))
    said = tr("Watch an agent learn to speak, word by word. MIT licence.")
    box.setInformativeText(said + "\n\n" + "\n".join(versions))
    box.open()
