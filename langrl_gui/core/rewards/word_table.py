"""`words`: a reward for each word, whenever it is said."""

import difflib
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from langrl_gui.core.faults import path_of, quoted
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.rewards.term import Amount, Ground, Memory, Reward, Step, Words


class WordsReward(Reward):
    """What `words` says for the words in it, `other` for every other word."""

    kind: Literal["words"] = Field(
        title=N_("Table of words"), description=N_("A reward for each word, whenever it is said.")
    )
    words: Annotated[dict[str, Amount], Field(min_length=1, max_length=100_000)] = Field(
        title=N_("Words"), description=N_("The words, and what saying each of them earns.")
    )
    other: Amount = Field(0.0, title=N_("Other"), description=N_("Reward for any word that is not in the table."))

    def term(self, ground: Ground) -> "WordTable":
        return WordTable(ground, self)

    def faults(self, path: str, ground: Ground) -> list[str]:
        faults = super().faults(path, ground)
        known = set(ground.language.words)
        for word in self.words:
            if word not in known:
                near = difflib.get_close_matches(word, ground.language.words, n=1)
                hint = tr('; did you mean "{name}"?', name=near[0]) if near else tr("; add it to language.words")
                key = path_of(["words", word])
                faults.append(tr("{path}.{key}: {word} is not one of the words",
                                 path=path, key=key, word=quoted(word)) + hint)  # fmt: skip
        return faults


class WordTable:
    """There is nothing to remember."""

    def __init__(self, ground: Ground, settings: WordsReward) -> None:
        self._rewards = np.array([settings.words.get(word, settings.other) for word in ground.language.words])

    def start(self, prompt: int) -> Memory:
        return None

    def step(self, memory: Memory, words: Words) -> Step:
        return Step(self._rewards[words], [None], np.zeros(len(words), np.intp))

    def end(self, memory: Memory) -> float:
        return 0.0
