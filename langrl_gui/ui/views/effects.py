"""What a setting does now, in a sentence with its present value: for those who meet it for the first time."""

import math
from collections.abc import Callable
from typing import Any, Final

from langrl_gui.core.i18n import tr, tr_n
from langrl_gui.ui import format


def effect(keys: tuple[str | int, ...], value: object) -> str:
    """The sentence for the field at `keys`; "" where the value says it all, or is none."""
    name = ".".join("N" if isinstance(key, int) else key for key in keys)
    say = _SENTENCES.get(name)
    if say is None or isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return say(value)


def _alpha(value: Any) -> str:
    if value == 0:
        return tr("α 0: nothing is learned.")
    if value == 1:
        return tr("α 1: one update puts a value at its target, whatever it was before.")
    return tr("α {value:g}: one update moves a value {share} of the way to its target.",
              value=value, share=f"{100 * value:.4g} %")  # fmt: skip


def _gamma(value: Any) -> str:
    if value == 0:
        return tr("γ 0: only the very next reward counts.")
    if value == 1:
        return tr("γ 1: a reward counts the same, however late it comes.")
    return tr("γ {value:g}: a reward of 1 is worth {later:.3g} when it comes five steps later.",
              value=value, later=value**5)  # fmt: skip


def _epsilon(value: Any) -> str:
    if value == 0:
        return tr("ε 0: always the best choice so far.")
    if value == 1:
        return tr("ε 1: always a choice drawn at random.")
    return tr("ε {value:g}: about one choice in {count:.3g} is drawn at random.", value=value, count=1 / value)


def _weight(value: Any) -> str:
    if value == 0:
        return tr("× 0: this term does not count.")
    if value < 0:
        return tr("× {value:g}: what this term rewards is punished.", value=value)
    return tr("× {value:g}: a reward of 1 from this term counts as {value:g}.", value=value)


def _initial(value: Any) -> str:
    if value > 0:
        return tr(
            "{value:g}: choices not tried yet look good, and so are tried early, if rewards are smaller.", value=value
        )
    return tr("{value:g}: a choice not tried yet looks worse than any that has earned more.", value=value)


def _max_length(value: Any) -> str:
    return tr_n(
        "{count}: the agent says {count} word.", "{count}: the agent says up to {count} words.",
        math.ceil(value), count=value,
    )  # fmt: skip


def _context(value: Any) -> str:
    return tr_n(
        "{count}: what was said before the last word is forgotten.",
        "{count}: what was said before the last {count} words is forgotten.",
        math.ceil(value), count=value,
    )  # fmt: skip


_SENTENCES: Final[dict[str, Callable[[Any], str]]] = {
    "learner.alpha": _alpha,
    "learner.gamma": _gamma,
    "learner.explore.epsilon": _epsilon,
    "learner.initial": _initial,
    "rewards.N.weight": _weight,
    "language.max_length": _max_length,
    "language.context": _context,
    "stop.steps": lambda n: tr_n(
        "The run ends after {count} step.", "The run ends after {count} steps.", math.ceil(n), count=format.count(n)
    ),
    "stop.episodes": lambda n: tr_n(
        "The run ends after {count} episode.",
        "The run ends after {count} episodes.",
        math.ceil(n),
        count=format.count(n),
    ),
}
