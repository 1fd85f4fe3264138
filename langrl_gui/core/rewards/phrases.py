"""Finding phrases in a text as it is said word by word, across words and joiners, overlaps included."""

from collections import deque
from collections.abc import Sequence

from langrl_gui.core.faults import quoted
from langrl_gui.core.i18n import tr
from langrl_gui.core.rewards.term import Ground, Words

NOTHING_SAID = -1
"""The state before the first word, which no joiner precedes."""


class Automaton:
    """All phrases at once, character by character (Aho & Corasick 1975).

    A state is the longest end of the text that some phrase begins with; 0 is none.
    """

    def __init__(self, phrases: Sequence[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        ends: list[list[int]] = [[]]
        for number, phrase in enumerate(phrases):
            state = 0
            for character in phrase:
                if character not in self._next[state]:
                    self._next[state][character] = len(self._next)
                    self._next.append({})
                    ends.append([])
                state = self._next[state][character]
            ends[state].append(number)
        self._shorter = [0] * len(self._next)
        queue = deque(self._next[0].values())
        while queue:
            state = queue.popleft()
            for character, after in self._next[state].items():
                self._shorter[after] = self.step(self._shorter[state], character) if state else 0
                ends[after] = ends[after] + ends[self._shorter[after]]
                queue.append(after)
        self.ends = [tuple(found) for found in ends]
        """For each state the phrases that end here, by number."""

    def step(self, state: int, character: str) -> int:
        """The state after one more character."""
        while character not in self._next[state]:
            if not state:
                return 0
            state = self._shorter[state]
        return self._next[state][character]


class Said:
    """How every word of a language goes on from a place in a text: the characters that it adds."""

    def __init__(self, ground: Ground) -> None:
        language = ground.language
        self._added = ["" if number == ground.language.end else word for number, word in enumerate(language.words)]
        self._joiner = language.joiner

    def added(self, words: Words, first: bool) -> list[str]:
        """What each of these words adds to the text, with the joiner before it unless it is the first."""
        added = [self._added[word] for word in words.tolist()]
        return added if first else [word and self._joiner + word for word in added]


def faults(path: str, ground: Ground, phrases: Sequence[str]) -> list[str]:
    """What is wrong with a list of phrases."""
    found = []
    first: dict[str, int] = {}
    for number, phrase in enumerate(phrases):
        if phrase in first:
            found.append(
                tr("{path}.phrases[{second}]: {phrase} is there already, as phrases[{first}]; leave one out",
                   path=path, second=number, phrase=quoted(phrase), first=first[phrase])
            )  # fmt: skip
        first.setdefault(phrase, number)
    return found


def never_said(path: str, ground: Ground, phrases: Sequence[str]) -> list[str]:
    """Which of these no text can mention, as far as that is plain: by their characters and their length."""
    language = ground.language
    spoken = [word for word in language.words if word != language.end_word]
    known = set(language.joiner).union(*spoken)
    most = language.max_length
    longest = most * max(map(len, spoken), default=0) + (most - 1) * len(language.joiner)
    found = []
    for number, phrase in enumerate(phrases):
        name = f"{path}.phrases[{number}]"
        strange = next((character for character in phrase if character not in known), "")
        if strange:
            found.append(
                tr("{path}: no text can mention {phrase}: none of the words has {character}",
                   path=name, phrase=quoted(phrase), character=quoted(strange))
            )  # fmt: skip
        elif len(phrase) > longest:
            found.append(
                tr("{path}: no text can mention {phrase}: it is too long; raise language.max_length, which is {length}",
                   path=name, phrase=quoted(phrase), length=most)
            )  # fmt: skip
    return found
