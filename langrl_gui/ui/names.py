"""States as people name them: by what has been said. Knows the scenario, and how a row of the table is named."""

from typing import Final

from langrl_gui.core.i18n import isolated, tr
from langrl_gui.core.scenario import Scenario
from langrl_gui.ui.selection import State

START: Final = "⌂"
"""The state in which nothing has been said."""
ARROW: Final = " → "
"""Between a prompt and what has been said to it."""


def parts_of(scenario: Scenario, state: State) -> tuple[str, str]:
    """The prompt of a state, where there are several, and the words that it sees; "…" for those that it does not. In an
    environment its name."""
    if scenario.environment is not None:
        return "", scenario.environment.state_name(state[1])
    language, starts = scenario.language, scenario.starts
    seen = [word for word in state[1:] if word >= 0]
    words = ("…" if len(seen) < len(state) - 1 else "") + language.join(seen) or START
    return starts[state[0]].text if len(starts) > 1 else "", words


def name_of(scenario: Scenario, state: State) -> str:
    """A state in one line."""
    return joined(ARROW, *(part for part in parts_of(scenario, state) if part))


def joined(sign: str, *parts: str) -> str:
    """`parts` with a sign between them, from left to right whatever they are written in."""
    return sign.join(map(isolated, parts)) if len(parts) > 1 else "".join(parts)


def explained(scenario: Scenario, state: State) -> str:
    """The same, for those who meet START for the first time."""
    name = name_of(scenario, state)
    return tr("{sign} (nothing said yet)", sign=START) if name == START else name
