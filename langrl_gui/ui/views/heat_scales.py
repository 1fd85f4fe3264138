"""What a cell of the heat map can show, its number and its colour: Q, visits, gap to Q*, last change.

Values and counts come in, texts and places among 256 colours go out. Knows no telemetry and no widget.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from langrl_gui.core.i18n import N_
from langrl_gui.ui import format, theme

LEVELS: Final = 127
"""Steps of colour on either side of 0, and twice as many above none: with "never tried" they fill a table of 256."""
UNTRIED: Final = 255
"""The place of "never tried" among the colours."""
UNKNOWN: Final = "–"
"""In place of a number that there is none of."""
MOST_COUNTED: Final = 100_000
"""Visits from which three digits and a letter stand for them, so that they fit into a cell."""


@dataclass(frozen=True)
class Mode:
    """One of the things that a cell can show."""

    name: str
    label: str
    tip: str
    diverges: bool
    """Around 0, in the colours of values; else upwards from 1, by powers."""
    text: Callable[[float], str]


def _visits(number: float) -> str:
    return format.count(int(number)) if number < MOST_COUNTED else format.short(number)


MODES: Final = (
    Mode("q", N_("Q"), N_("What every word is worth in every state, as learned so far."), True, format.amount),
    Mode("visits", N_("visits"), N_("How often every word was tried; colours go by powers of ten."), False, _visits),
    Mode("gap", N_("Q − Q*"), N_("What is missing to the exact optimum, or is too much."), True, format.difference),
    Mode("change", N_("last change"), N_("By how much Q changed when it last did."), True, format.difference),
)
BY_NAME: Final = {mode.name: mode for mode in MODES}


class Scale:
    """The colours of one mode. They only ever widen: a colour means the same for as long as a run lasts, or less."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.span = 0.0
        """The largest magnitude seen, at which colours are full."""

    def widen(self, values: NDArray[np.float64]) -> None:
        """Take these values in; NaN counts for nothing."""
        if values.size:
            self.span = max(self.span, float(np.fmax.reduce(np.abs(values), axis=None, initial=0.0)))

    def levels(self, values: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Places among the colours, UNTRIED for NaN."""
        # A colour is one of 255: half the digits do. In place, for a picture has a million of them.
        levels = values.astype(np.float32)
        if self.span <= 0:
            levels *= 0.0
        elif self.mode.diverges:
            levels /= self.span
            np.clip(levels, -1.0, 1.0, out=levels)
        else:  # from 1 at the lower end to the most at the upper, which is at least e
            np.log(np.maximum(levels, 1.0, out=levels), out=levels)
            levels *= 2 / max(np.log(self.span), 1.0)
            levels -= 1.0
        levels *= LEVELS
        np.rint(levels, out=levels)
        levels += LEVELS
        np.copyto(levels, UNTRIED, where=np.isnan(levels))
        return np.ascontiguousarray(levels.astype(np.uint8))

    def colors(self, dark: bool) -> list[QColor]:
        """A colour for every level but UNTRIED."""
        if self.mode.diverges:
            return [theme.value_color(level, LEVELS, dark) for level in range(-LEVELS, LEVELS + 1)]
        return [theme.count_color(level / (2 * LEVELS), dark) for level in range(2 * LEVELS + 1)]

    @property
    def ends(self) -> tuple[str, str]:
        """What the first colour and the last one stand for."""
        high = self.mode.text(self.span)
        return (self.mode.text(-self.span) if self.mode.diverges else "1"), high
