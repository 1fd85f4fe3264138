"""The state that is selected: one for all views, so that what is chosen in one is marked in all."""

from PySide6.QtCore import QObject, Signal

State = tuple[int, ...]
"""What names a state of the table for good: its prompt, then the words that the agent sees there (tables.UNSEEN for a
word of which only the position is seen). () is none."""


class Selection(QObject):
    """Which state is selected. Views that select call `select`; all that mark it listen to `changed`."""

    changed = Signal(tuple)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state: State = ()

    @property
    def state(self) -> State:
        """The selected state; () if none is."""
        return self._state

    def select(self, state: State) -> None:
        """Select this state, whether or not any view shows it; () selects nothing."""
        if state != self._state:
            self._state = state
            self.changed.emit(state)
