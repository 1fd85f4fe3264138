"""One error type per boundary. Each message is a sentence for the person who reads it: what, where, what to do."""

from typing import Final

from langrl_gui.core.i18n import N_, tr

_FROM_THE_SYSTEM: Final = (
    N_("No such file or directory"),
    N_("Not a directory"),
    N_("Is a directory"),
    N_("Permission denied"),
    N_("Operation not permitted"),
    N_("File name too long"),
    N_("Too many levels of symbolic links"),
    N_("Input/output error"),
    N_("Device or resource busy"),
)
"""What systems usually say of a file, in their own words: Python passes them on in English."""


def system_reason(error: OSError) -> str:
    """What the system says of `error`; translated where it is one of the usual reasons."""
    return tr(error.strerror) if error.strerror else str(error)


class LangrlError(Exception):
    """Anything the user can mend. The message is shown as it stands."""


class ScenarioError(LangrlError):
    """A scenario that cannot be used; `faults` holds one sentence per fault, each beginning with the key's path."""

    def __init__(self, faults: list[str], source: str = "") -> None:
        self.faults = tuple(faults)
        self.source = source
        super().__init__((f"{source}: " if source else "") + tr("; ").join(faults))


class TextError(LangrlError):
    """A text that cannot be made a corpus."""


class TableError(LangrlError):
    """A problem too large for the memory planned or the time given, or asked for what is not in its table."""


class RunFileError(LangrlError):
    """A file that is not a run, or cannot be written."""


class RunFileDamaged(RunFileError):
    """A well-formed run in which a hash differs from what was written."""
