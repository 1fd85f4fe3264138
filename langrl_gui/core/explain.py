"""One update in numbers, and what would be chosen now: answers to "why is this value what it is?".

Pure arithmetic on what is handed in: knows the scenario, nothing of tables, runs or windows.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.i18n import isolated, tr
from langrl_gui.core.scenario import EpsilonGreedy, Scenario

# What a part of a written equation is.
PLAIN, OLD, ALPHA, REWARD, GAMMA, FUTURE, NEW, TD_ERROR = (
    "plain", "old", "alpha", "reward", "gamma", "future", "new", "td_error",
)  # fmt: skip


ROUNDING: Final = 1e-14
"""What the rounding of some dozens of sums comes to, in parts of their largest number."""


def without_rounding(number: float, *of: float) -> float:
    """`number`, or 0 where it is nothing but what rounding left of the sum or difference `of` these."""
    return 0.0 if abs(number) < ROUNDING * max(map(abs, of)) < math.inf else number


@dataclass(frozen=True)
class Update:
    """One update of one value, by the numbers that it was made from; what follows from them is computed again, by the
    arithmetic of the loop and so to its last bit (Sutton & Barto 2018, eq. 6.8)."""

    step: int
    """The step's number, counted from 1."""
    state: tuple[int, ...]
    """Prompt and words of the row, as in ui.selection.State."""
    word: int
    """The word that was chosen, and so learned about."""
    said: int
    """The word that was said: another where it slipped."""
    old: float
    alpha: float
    reward: float
    gamma: float
    future: float | None
    """What the next state was worth; None where the text ended."""
    shares: tuple[float, ...]
    """What each reward term gave, weighted, in scenario order; empty where the weights were changed since."""

    @property
    def td_error(self) -> float:
        """target - old, to its last bit."""
        target = self.reward if self.future is None else self.reward + self.gamma * self.future
        return target - self.old

    @property
    def surprise(self) -> float:
        """The TD error for people to see: 0 where the target was met but for rounding."""
        return without_rounding(self.td_error, self.old, self.reward, self.gamma * (self.future or 0.0))

    @property
    def new(self) -> float:
        """The value afterwards."""
        return self.old + self.alpha * self.td_error


class Piece(NamedTuple):
    """A part of an equation, and what it is: PLAIN or one of its siblings."""

    kind: str
    text: str


def settled(number: float) -> float:
    """The number that is written with fewer decimals in its place: what differs by rounding alone is then written the
    same, also where that is between 2.8525 and the number below it."""
    return float(f"{number:.12g}")


def short(number: float) -> str:
    """Three decimals, or three digits where that says more; zeros at the end are left out where nothing else is."""
    if number == 0:
        return "0"
    if not 0.0005 <= abs(number) < 1e5:
        return f"{number:.3g}".replace("-", "−")
    text = f"{settled(number):.3f}"
    if float(text) == number:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def signed(number: float) -> str:
    """`short` with its sign, but for zero."""
    return "+" + short(number) if number > 0 else short(number)


def exact(number: float) -> str:
    """As many digits, up to 17, as it takes to read the same number back."""
    return repr(float(number))


def chances(explore: EpsilonGreedy, best: int, words: int) -> NDArray[np.float64]:
    """How likely each of `words` offered words is to be chosen now, (words,), where `best` is the greedy one."""
    chance = np.full(words, explore.epsilon / words)
    chance[best] += 1.0 - explore.epsilon
    return chance


def equation(
    update: Update, scenario: Scenario, state: str, number: Callable[[float], str] = short
) -> tuple[Piece, ...]:
    """The update written out, piece by piece, with its numbers as `number` writes them; `state` is how it is called."""

    def braced(amount: float) -> str:
        return f"({number(amount)})" if amount < 0 else number(amount)

    ended = update.future is None
    return (
        Piece(PLAIN, f"Q({isolated(state)}, {isolated(scenario.language.words[update.word])}) ← "),
        Piece(OLD, number(update.old)),
        Piece(PLAIN, " + "),
        Piece(ALPHA, number(update.alpha)),
        Piece(PLAIN, " × [ "),
        Piece(REWARD, braced(update.reward)),
        Piece(PLAIN, " + "),
        Piece(GAMMA, number(update.gamma)),
        Piece(PLAIN, " × "),
        Piece(FUTURE, tr("0 (end)") if ended else braced(update.future or 0.0)),
        Piece(PLAIN, f" − {braced(update.old)} ] = "),
        Piece(NEW, number(update.new)),
    )


def parts_of_reward(update: Update, scenario: Scenario, number: Callable[[float], str] = short) -> str:
    """What the reward is the sum of: each term by its kind, with what it gave."""
    if len(update.shares) < 2:  # nothing to add up, or not known any more
        return number(update.reward)
    kinds = [type(term).model_fields["kind"] for term in scenario.rewards]
    names = [tr(kind.title or "") for kind in kinds]
    parts = " · ".join(f"{name} {number(share)}" for name, share in zip(names, update.shares, strict=True))
    return f"{number(update.reward)} = {parts}"


def written(update: Update, scenario: Scenario, state: str) -> str:
    """The update with all digits of every number, as plain text to be copied and calculated with."""
    lines = [
        tr("step {step}", step=update.step),
        "".join(piece.text for piece in equation(update, scenario, state, exact)),
        tr("surprise {number}", number=exact(update.td_error)),
        tr("reward {parts}", parts=parts_of_reward(update, scenario, exact)),
    ]
    return "\n".join(lines).replace("−", "-")
