"""What a reward term is: settings that a file can hold, and the small automaton that they describe.

A term answers three questions about a memory: where it starts, what each of some words would earn and lead to, and what
ending here earns. Terms are asked while the environment is traced, and never by the learning loop.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Annotated, ClassVar, Final, NamedTuple, Protocol, overload, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.language import Language, Prompt
from langrl_gui.core.schema import Part
from langrl_gui.core.text import Corpus

LARGEST_AMOUNT: Final = 1e9
"""Of rewards and weights: sums of many of them stay far below where a float cannot tell one more from one less."""

Amount = Annotated[float, Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)]
Memory = Hashable


class Ground(NamedTuple):
    """What a term may build on."""

    language: Language
    prompts: Sequence[Prompt]
    """The prompts, at least one."""
    corpus: Corpus | None
    """The language's corpus, where it has one."""


Words = NDArray[np.uint32]
"""Word numbers, ascending, each once: the words that a term is asked about, all or some of a language's."""


class Step(NamedTuple):
    """What each of the words that were asked about would do from one memory."""

    rewards: NDArray[np.float64]
    """(words,) reward of each word, before the term's weight."""
    memories: Sequence[Memory]
    """The distinct memories that can follow."""
    which: NDArray[np.intp]
    """(words,) index into `memories` for each word."""
    allowed: NDArray[np.bool_] | None = None
    """(words,) which words may be said; None where the term forbids nothing."""


class Following(Sequence[Memory]):
    """The memories after `words`, where every word leads to one of its own: `which` is 0, 1, 2, ... then. Each is made
    when it is asked for: an agent follows few of many words."""

    def __init__(self, words: NDArray[np.integer], after: Callable[[int], Memory]) -> None:
        self._words, self._after = words, after

    def __len__(self) -> int:
        return len(self._words)

    @overload
    def __getitem__(self, place: int) -> Memory: ...
    @overload
    def __getitem__(self, place: slice) -> list[Memory]: ...
    def __getitem__(self, place: int | slice) -> Memory | list[Memory]:
        if isinstance(place, slice):
            return [self._after(word) for word in self._words[place].tolist()]
        return self._after(int(self._words[place]))


def places(words: Words, some: Iterable[int]) -> list[tuple[int, int]]:
    """(place, word) of those of some words that are among `words`, in the order of `some`."""
    wanted = list(some)
    found = np.searchsorted(words, wanted)
    return [
        (place, word)
        for place, word in zip(found.tolist(), wanted, strict=True)
        if place < len(words) and words[place] == word
    ]


class Term(Protocol):
    """The automaton. Memories are hashable, and equal where nothing can tell them apart."""

    def start(self, prompt: int) -> Memory:
        """The memory in which an episode of this prompt begins."""
        ...

    def step(self, memory: Memory, words: Words) -> Step:
        """What each of these words would earn, and the memory it would lead to; the same for a word whichever others
        are asked about with it."""
        ...

    def end(self, memory: Memory) -> float:
        """What it earns that the text ends with this memory, added to the reward of its last word."""
        ...


@runtime_checkable
class ShapableTerm(Term, Protocol):
    """A term that can say of an unfinished text how far it has come."""

    def potential(self, memory: Memory) -> float:
        """How good it is to be here, in the unit of the term's rewards."""
        ...


class Reward(Part, ABC):
    """Settings of a reward term. A subclass pins `kind` to one word; its title and help stand with that field."""

    needs_references: ClassVar[bool] = False
    """Whether every prompt must have a reference."""
    needs_corpus: ClassVar[bool] = False
    """Whether the language must have a corpus."""

    kind: str
    weight: Amount = Field(
        1.0, title=N_("Weight"), description=N_("How much this term counts in the reward; can change during a run.")
    )

    @abstractmethod
    def term(self, ground: Ground) -> Term:
        """The automaton that these settings describe."""

    def faults(self, path: str, ground: Ground) -> list[str]:
        """What in these settings does not fit the scenario: sentences that begin with a key; `path` is that of the
        term itself, such as `rewards[0]`."""
        faults = []
        if self.needs_references:
            faults = [
                tr('prompts[{number}].references: empty, but the reward "{kind}" needs a text to compare with',
                   number=number, kind=self.kind)
                for number, prompt in enumerate(ground.prompts)
                if not prompt.references
            ]  # fmt: skip
        if self.needs_corpus and ground.corpus is None:
            faults.append(
                tr('{path}.kind: "{kind}" is learned from a corpus; set language.corpus', path=path, kind=self.kind)
            )
        return faults


class ShapableReward(Reward, ABC):
    """Settings of a term that can be paid out early without changing what is best.

    With `shaping`, a step from memory s to s' earns F = gamma * potential(s') - potential(s) on top, where the
    potential of a text that has ended is 0. For every policy the value of a state then changes by its potential
    alone, which no choice of words can alter: the same texts stay optimal, at any gamma and weight, also while they
    change (Ng, Harada & Russell 1999, theorem 1; for a potential that is 0 at the end, Grzes 2017).
    """

    shaping: bool = Field(
        False,
        title=N_("Shaping"),
        description=N_(
            "Also pays each word for coming nearer, and takes it back later: learning is faster, and what is best "
            "stays the same."
        ),
    )

    @abstractmethod
    def term(self, ground: Ground) -> ShapableTerm:
        """The automaton that these settings describe."""
