"""What the window remembers between two starts: language, colours, geometry. Nothing of it touches a run."""

from PySide6.QtCore import QByteArray, QSettings

from langrl_gui.core import i18n
from langrl_gui.ui import theme


def _store() -> QSettings:
    return QSettings()  # organisation and application are set once, in app


def language() -> str:
    """The language chosen in the window; where none was, that of the environment."""
    chosen = str(_store().value("language", ""))
    return chosen if chosen in i18n.LANGUAGES else i18n.language_of_environment()


def set_language(name: str) -> None:
    _store().setValue("language", name)


def scheme() -> str:
    """One of theme.SCHEMES."""
    chosen = str(_store().value("scheme", "system"))
    return chosen if chosen in theme.SCHEMES else "system"


def set_scheme(name: str) -> None:
    _store().setValue("scheme", name)


def window() -> tuple[QByteArray, QByteArray]:
    """Geometry and arrangement of the window; empty where none was kept."""
    store = _store()
    parts = (store.value("geometry", QByteArray()), store.value("arrangement", QByteArray()))
    return tuple(part if isinstance(part, QByteArray) else QByteArray() for part in parts)  # type: ignore[return-value]


def set_window(geometry: QByteArray, arrangement: QByteArray) -> None:
    _store().setValue("geometry", geometry)
    _store().setValue("arrangement", arrangement)
