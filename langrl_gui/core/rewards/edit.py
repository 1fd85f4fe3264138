"""`edit`: how few changes turn the text into a reference."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from langrl_gui.core.i18n import N_
from langrl_gui.core.rewards.score import Score, ScoreReward, division
from langrl_gui.core.rewards.term import Ground, Memory, Words


class EditReward(ScoreReward):
    """1 - distance / length, for the nearest reference: 1 is a reference, 0 has nothing in common with any.

    The distance counts insertions, deletions and replacements (Levenshtein 1966); the length is that of the longer of
    the two texts.
    """

    needs_references: ClassVar = True

    kind: Literal["edit"] = Field(
        title=N_("Edit distance"),
        description=N_("How few insertions, deletions and replacements turn the text into a reference, from 0 to 1."),
    )
    unit: Literal["characters", "words"] = Field(
        "characters", title=N_("Unit"), description=N_("What is inserted, deleted and replaced: characters or words.")
    )

    def term(self, ground: Ground) -> "Edit":
        return Edit(ground, self)


class Edit(Score):
    """The memory is the last column of the distance table for each reference (Wagner & Fischer 1974): entry j is the
    distance of the text so far from the reference's first j units, entry 0 the text's length."""

    def __init__(self, ground: Ground, settings: EditReward) -> None:
        language = ground.language
        super().__init__(settings.paid)
        characters = settings.unit == "characters"
        spelt = [[ord(c) for c in word] if characters else [number] for number, word in enumerate(language.words)]
        self._stops = np.zeros(len(language.words), bool)
        if language.end is not None:
            spelt[language.end] = []
            self._stops[language.end] = True
        self._references = [
            [
                np.array([ord(c) for c in text] if characters else division(language, text), np.int32)
                for text in sorted(set(prompt.references))
            ]
            for prompt in ground.prompts
        ]
        self._joiner = [ord(c) for c in language.joiner] if characters else []
        self._lengths = np.array([len(units) for units in spelt])
        self._units = np.full((len(spelt), int(self._lengths.max())), -1, np.int32)
        for number, units in enumerate(spelt):
            self._units[number, : len(units)] = units

    def start(self, prompt: int) -> Memory:
        return prompt, tuple(j for reference in self._references[prompt] for j in range(len(reference) + 1))

    def follow(self, memory: Memory, words: Words) -> tuple[list[Memory], NDArray[np.intp]]:
        assert isinstance(memory, tuple)
        prompt, columns = memory
        lengths, units = self._lengths[words], self._units[words]
        first, after = 0, []
        for reference in self._references[prompt]:
            column = np.array(columns[first : first + len(reference) + 1])
            joined = column
            if column[0]:
                for unit in self._joiner:
                    joined = _extend(joined[None], np.array([unit]), reference)[0]
            each = np.repeat(joined[None], len(words), axis=0)
            each[self._stops[words]] = column
            for place in range(int(lengths.max())):
                here = lengths > place
                each[here] = _extend(each[here], units[here, place], reference)
            after.append(each)
            first += len(reference) + 1
        distinct, which = np.unique(np.concatenate(after, axis=1), axis=0, return_inverse=True)
        return [(prompt, tuple(columns)) for columns in distinct.tolist()], which.ravel()

    def score(self, memory: Memory) -> float:
        assert isinstance(memory, tuple)
        prompt, columns = memory
        first, best = 0, 0.0
        for reference in self._references[prompt]:
            length = max(columns[0], len(reference))
            distance = columns[first + len(reference)]
            best = max(best, 1 - distance / length if length else 1.0)
            first += len(reference) + 1
        return best


def _extend(columns: NDArray[np.int64], units: NDArray[np.integer], reference: NDArray[np.int32]) -> NDArray[np.int64]:
    """The columns, (n, 1 + reference), of n texts that go on with one more unit each."""
    after = columns + 1
    replaced = columns[:, :-1] + (reference[None, :] != units[:, None])
    after[:, 1:] = np.minimum(after[:, 1:], replaced)
    # Deleting further units of the reference costs one each: the least of entries before, plus how far they are.
    steps = np.arange(after.shape[1])
    extended: NDArray[np.int64] = np.minimum.accumulate(after - steps, axis=1) + steps
    return extended
