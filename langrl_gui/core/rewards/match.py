"""`match`: every word is right or wrong, by whether some reference goes on like this."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from langrl_gui.core.i18n import N_
from langrl_gui.core.language import next_texts
from langrl_gui.core.rewards.term import Amount, Ground, Memory, Reward, Step, Words, places


class MatchReward(Reward):
    """`right` where some reference that agrees with the text so far goes on like this, `wrong` elsewhere."""

    needs_references: ClassVar = True

    kind: Literal["match"] = Field(
        title=N_("Match, word by word"),
        description=N_("Every word is right or wrong, by whether a reference that agrees so far goes on like this."),
    )
    right: Amount = Field(1.0, title=N_("Right"), description=N_("Reward for a word with which a reference goes on."))
    wrong: Amount = Field(-1.0, title=N_("Wrong"), description=N_("Reward for any other word."))

    def term(self, ground: Ground) -> "Match":
        return Match(ground, self)


class Match:
    """The memory is the set of what is left of the references that agree with the text so far, compared as text; so a
    reference may be said in any division into words. Past a reference's end only the end word is right."""

    def __init__(self, ground: Ground, settings: MatchReward) -> None:
        self._rests = Rests(ground)
        self._settings = settings

    def start(self, prompt: int) -> Memory:
        return self._rests.start(prompt)

    def step(self, memory: Memory, words: Words) -> Step:
        step, goes_on = self._rests.step(memory, words)
        return step._replace(rewards=np.where(goes_on, self._settings.right, self._settings.wrong))

    def end(self, memory: Memory) -> float:
        return 0.0


class Rests:
    """What is left to say of the references that agree with the text so far; the automaton of `match` and `exact`."""

    def __init__(self, ground: Ground) -> None:
        self._language = ground.language
        self._prompts = ground.prompts
        self._end_word = ground.language.end

    def start(self, prompt: int) -> Memory:
        return tuple(sorted(set(self._prompts[prompt].references)))

    def step(self, memory: Memory, words: Words) -> tuple[Step, NDArray[np.bool_]]:
        """The step, without rewards, and (words,) whether each word is one with which a reference goes on."""
        assert isinstance(memory, tuple)
        left: dict[int, set[str]] = {}
        for rest in memory:
            if rest:
                for word, after in next_texts(self._language, rest):
                    left.setdefault(word, set()).add(after)
            elif self._end_word is not None:
                left.setdefault(self._end_word, set()).add(rest)
        which = np.zeros(len(words), np.intp)
        memories: list[Memory] = [()]
        for place, word in places(words, left):
            which[place] = len(memories)
            memories.append(tuple(sorted(left[word])))
        return Step(np.zeros(len(words)), memories, which), which > 0
