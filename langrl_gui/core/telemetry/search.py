"""Which cells belong to texts that contain what somebody typed. Knows how rows of the table are named."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import UNSEEN

Steps = NDArray[np.intp]
"""(places, texts) how much of what is looked for has been read after a text, given how much had been before it."""


def cells_with(scenario: Scenario, states: NDArray[np.int32], typed: str) -> NDArray[np.bool_]:
    """(states, words) whether prompt, or state and word as one text, contain `typed`; upper and lower case are one.

    What is looked for becomes an automaton (Knuth, Morris & Pratt 1977) whose steps are whole words, so that all
    states take a step at once.
    """
    language, starts = scenario.language, scenario.starts
    needle = typed.casefold()
    if (environment := scenario.environment) is not None:
        named = np.array([needle in environment.state_name(state) for state in states[:, 1].tolist()], bool)
        return np.repeat(named[:, None], len(language.words), axis=1)
    found, step = len(needle), _automaton(needle)
    joiner, words = _read(needle, step, [language.joiner])[:, 0], _read(needle, step, language.words)
    in_prompt = _read(needle, step, [start.text if len(starts) > 1 else "" for start in starts])[0] == found
    read = np.where(in_prompt, found, 0)[states[:, 0]]
    said = np.zeros(len(states), bool)
    for word in states[:, 1:].T:
        read[(word == UNSEEN) & (read < found)] = 0  # nothing is found across words that are not seen
        seen = word >= 0
        after = np.where(said, joiner[read], read)
        read = np.where(seen, words[after, word], read)
        said |= seen
    hits: NDArray[np.bool_] = (words == found)[np.where(said, joiner[read], read)]
    return hits


def _automaton(needle: str) -> dict[tuple[int, str], int]:
    """(read so far, next character) -> read then; what is not in it leads to 0, and what is found stays found."""
    steps: dict[tuple[int, str], int] = {}
    for read in range(len(needle)):
        for letter in set(needle[: read + 1]):
            text = needle[:read] + letter
            steps[read, letter] = next(n for n in range(len(text), -1, -1) if needle.startswith(text[len(text) - n :]))
    return steps


def _read(needle: str, steps: dict[tuple[int, str], int], texts: Sequence[str]) -> Steps:
    """Where each text leads to from everywhere."""
    letters = {letter: number for number, letter in enumerate(sorted(set(needle)), 2)}
    table = np.zeros((len(needle) + 1, 2 + len(letters)), np.intp)  # columns: no letter, any other letter, and these
    table[:, 0] = np.arange(len(needle) + 1)
    table[-1] = len(needle)
    for (read, letter), then in steps.items():
        table[read, letters[letter]] = then
    folded = [text.casefold() for text in texts]
    codes = np.zeros((max(map(len, folded), default=0), len(folded)), np.intp)
    for number, text in enumerate(folded):
        codes[: len(text), number] = [letters.get(letter, 1) for letter in text]
    places = np.repeat(np.arange(len(needle) + 1)[:, None], len(folded), axis=1)
    for column in codes:
        places = table[places, column]
    return places
