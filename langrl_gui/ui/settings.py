"""What the window remembers between two starts: language, colours, geometry, files. Nothing of it touches a run."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QSettings

from langrl_gui.core import i18n
from langrl_gui.ui import theme

MOST_RECENT: Final = 10
"""Files that are remembered: as many as a menu shows at a glance."""


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


def welcomes() -> bool:
    """Whether the gallery is shown at the start."""
    return str(_store().value("welcomes", "true")) == "true"


def set_welcomes(shown: bool) -> None:
    _store().setValue("welcomes", "true" if shown else "false")


def window() -> tuple[QByteArray, QByteArray]:
    """Geometry and arrangement of the window; empty where none was kept."""
    store = _store()
    parts = (store.value("geometry", QByteArray()), store.value("arrangement", QByteArray()))
    return tuple(part if isinstance(part, QByteArray) else QByteArray() for part in parts)  # type: ignore[return-value]


def set_window(geometry: QByteArray, arrangement: QByteArray) -> None:
    _store().setValue("geometry", geometry)
    _store().setValue("arrangement", arrangement)


def recent() -> list[Path]:
    """The files that were last opened or saved, the latest first, whether or not they are still there."""
    stored = _store().value("recent", [])
    names = stored if isinstance(stored, list) else [stored]  # a list of one comes back as that one
    return [Path(name) for name in names if isinstance(name, str) and name]


def remember(path: Path) -> None:
    """Put this file first among the recent ones."""
    _set_recent([path.absolute(), *(one for one in recent() if one != path.absolute())])


def forget(path: Path | None = None) -> None:
    """Leave this file out of the recent ones; all of them, where none is named."""
    _set_recent([] if path is None else [one for one in recent() if one != path.absolute()])


def _set_recent(paths: list[Path]) -> None:
    _store().setValue("recent", [str(path) for path in paths[:MOST_RECENT]])
