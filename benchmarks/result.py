"""What a benchmark finds, and the way two speeds are compared on a machine that others use too. Knows nothing else."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


class LeftOut(Exception):
    """A benchmark cannot run here; says why, in one line."""


@dataclass(frozen=True)
class Result:
    """One number, what it should be, and what it was made from."""

    what: str
    value: float
    unit: str
    floor: float
    aim: float
    """`floor` must be reached and `aim` should; where the aim is the smaller one, less is better."""
    details: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def verdict(self) -> str:
        """Which of the two was reached."""
        sign = 1 if self.aim >= self.floor else -1
        if sign * self.value >= sign * self.aim:
            return "aim reached"
        return "floor reached" if sign * self.value >= sign * self.floor else "BELOW THE FLOOR"

    def __str__(self) -> str:
        parts = [f"{self.what}: {_number(self.value)} {self.unit}"]
        parts.append(f"{self.verdict} (floor {_number(self.floor)}, aim {_number(self.aim)})")
        parts += [f"{name} {_number(value)}" for name, value in self.details.items()]
        return "; ".join([*parts, self.note] if self.note else parts)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def in_turn(pairs: int, *actions: Callable[[], object]) -> list[list[float]]:
    """The seconds of each action, called in turn `pairs` times. Take the least: others can only slow things down."""
    taken = [[seconds(action) for action in actions] for _ in range(pairs)]
    return [list(each) for each in zip(*taken, strict=True)]
