"""Learners: each is one clear contract, listed here and nowhere else.

A learner says which arrays it keeps for each cell or row, what it needs to know of a row, and takes one step, once
compiled (a module of `kernels`) and once in plain Python (`reference`); the two agree to the last bit.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.arrays import Counts, Floats, Numbers, Singles
from langrl_gui.core.scenario import QLearning


class QArrays(NamedTuple):
    """What q-learning keeps; cells are numbered row * slots + slot."""

    q: Floats
    visits: Counts
    change: Singles
    """By how much each cell changed when it last did; for the eye only, so half the digits do."""
    best: Numbers
    """(rows,) the slot with the largest value, kept rather than searched; of equals the lowest."""


class Learned(Protocol):
    """The arrays that every learner has."""

    @property
    def q(self) -> Floats: ...
    @property
    def visits(self) -> Counts: ...
    @property
    def change(self) -> Singles: ...


class Learner(NamedTuple):
    """What the trainer knows of a learner."""

    name: str
    version: int
    """Raised when the same inputs would give other numbers; saved with a run."""
    needs: str
    """"best": only the row's maximum, kept; "row": all its values, searched."""

    def new_arrays(self, rows: int, slots: int) -> QArrays:
        """Zeroed arrays with room for this many rows; memory is taken as it is touched."""
        cells = rows * slots
        return QArrays(
            np.zeros(cells), np.zeros(cells, np.uint64), np.zeros(cells, np.float32), np.zeros(rows, np.uint32)
        )

    def begin_rows(self, learned: QArrays, first: int, end: int, slots: int, initial: float) -> None:
        """Make rows first..end-1 those of an agent that has learned nothing."""
        if initial != 0.0:
            learned.q[first * slots : end * slots] = initial

    def restore(
        self, learned: QArrays, rows: NDArray[np.integer], slots: int, offered: NDArray[np.bool_] | None
    ) -> None:
        """Derive what is kept beside the values of these rows after they were written.

        `offered`: (rows, slots) what may be chosen there; None: everything.
        """
        q = learned.q.reshape(-1, slots)[rows]
        learned.best[rows] = (q if offered is None else np.where(offered, q, -np.inf)).argmax(axis=1)


Q_LEARNING = Learner("q-learning", 1, "best")


def of(settings: QLearning) -> Learner:
    """The learner that these settings ask for."""
    return {"q-learning": Q_LEARNING}[settings.method]
