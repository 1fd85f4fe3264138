"""One error type per boundary. Each message is a sentence for the person who reads it: what, where, what to do."""


class LangrlError(Exception):
    """Anything the user can mend. The message is shown as it stands."""


class ScenarioError(LangrlError):
    """A scenario that cannot be used; `faults` holds one sentence per fault, each beginning with the key's path."""

    def __init__(self, faults: list[str], source: str = "") -> None:
        self.faults = tuple(faults)
        self.source = source
        super().__init__((f"{source}: " if source else "") + "; ".join(faults))


class TableError(LangrlError):
    """A problem too large for the memory planned, or asked for something that is not in its table."""


class RunFileError(LangrlError):
    """A file that is not a run, or cannot be written."""


class RunFileDamaged(RunFileError):
    """A well-formed run in which a hash differs from what was written."""
