"""Numbers as people read them: grouped, short, with their unit."""

import math

from langrl_gui.core.explain import settled
from langrl_gui.core.i18n import GROUP as GROUP
from langrl_gui.core.i18n import count as count
from langrl_gui.core.i18n import tr, tr_n

VERY_LONG = 36_000_000
"""Seconds, more than a year, from which nobody wants to know how many."""


def short(number: float) -> str:
    """Three digits and a letter: 950, 1.23 k, 118 M."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            scaled = number / size
            digits = max(0, 2 - int(math.log10(abs(scaled))))
            return f"{scaled:.{digits}f}{GROUP}{letter}"
    return f"{number:.0f}"


def rate(steps_per_second: float) -> str:
    """Steps per second."""
    return tr_n("{number} step/s", "{number} steps/s", round(steps_per_second), number=short(steps_per_second))


def duration(seconds: float) -> str:
    """Minutes and seconds, or hours and minutes where it is long."""
    whole = math.ceil(seconds)
    if whole >= VERY_LONG:
        return tr("a very long time")
    if whole >= 3600:
        return tr("{hours} h {minutes:02} min", hours=whole // 3600, minutes=whole % 3600 // 60)
    return f"{whole // 60}:{whole % 60:02}"


def amount(number: float) -> str:
    """A reward or a value: signed, two decimals, a real minus sign."""
    text = f"{number:+.2f}"
    return text.replace("-", "−") if float(text) else "0.00"


def difference(number: float) -> str:
    """As `amount`, but what is not 0 is never shown as 0, and what is, is shown as nothing else."""
    if number == 0.0:
        return "0"
    return amount(number) if abs(number) >= 0.005 else f"{number:+.0e}".replace("-", "−").replace("e−0", "e−")


def fine(number: float, decimals: int = 6) -> str:
    """As `difference`, with so many decimals, two at the least."""
    if abs(number) < 0.5 * 10.0**-decimals:
        return difference(number)
    return f"{settled(number):+.{decimals}f}".replace("-", "−")


def exact(number: float) -> str:
    """All digits that tell a float64 from its neighbours, with a real minus sign."""
    return repr(float(number)).replace("-", "−")
