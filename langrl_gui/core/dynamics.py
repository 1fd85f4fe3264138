"""All reward terms and rules of a language together as one automaton: joint memories, what can be said, what it earns.

What is said is a word, chosen by its slot: all words, or those of the shortlist after the last word.
Every joint memory is asked once, about the words of its slots. What a step earns is kept term by term, apart from
weights and gamma; so these can change at any time, and no term has to be asked again.
"""

import sys
import weakref
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.errors import TableError
from langrl_gui.core.i18n import tr
from langrl_gui.core.rewards import Following, Memory, ShapableReward, ShapableTerm, Step
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.text import Shortlist, shortlist

_FIRST_STEPS: Final = 1024
"""Steps for which there is room at first; the room doubles when it is full."""

_REMEMBERED: Final = 1 << 20
"""Words' steps that are remembered of each term by itself: some 16 MiB, and what follows them."""


_PER_MEMORY: Final = 200
"""Bytes of the registers that know a joint memory, apart from it."""
_PER_STEP: Final = 1000
"""Bytes of a step of one term, apart from what it holds for each word."""
_PER_MOVES: Final = 2000
"""Bytes of the objects that know what can follow one, apart from what they hold for each slot."""
_MANY: Final = 4
"""One slot of so many is many to be followed."""
_UNKNOWN: Final = np.uint32(2**32 - 1)
"""In place of the number of a step that nobody has asked for."""
_WEIGHED: Final = 32
"""One memory of so many is weighed, and one step of so many with all that can follow."""

_Memories = tuple[Sequence[Memory], NDArray[np.integer]]
"""Memories that can follow, and for each slot which of them does."""


class Moves:
    """Everything that can follow one joint memory.

    Attributes
    ----------
    words : (slots,) uint32
        The word of each slot, ascending.
    offered : (slots,) bool
        Which of them may be said: those that the shortlist has and every term allows.
    stops : (slots,) bool
        Which of them is the end word.
    """

    __slots__ = (
        "_dynamics",
        "_ends",
        "_followed",
        "_following",
        "_goes_on",
        "_successors",
        "offered",
        "stops",
        "words",
    )

    def __init__(
        self,
        dynamics: "Dynamics",
        words: NDArray[np.uint32],
        offered: NDArray[np.bool_],
        following: "list[_Memories]",
        amounts: NDArray[np.float64],
    ) -> None:
        self.words = words
        self.offered = offered
        self.stops = dynamics.stops(words)
        self._dynamics: Dynamics = weakref.proxy(dynamics)  # which has this one: a ring would stay when nobody needs it
        self._following = following
        self._successors: NDArray[np.uint32] | None = None
        self._followed = 0
        self._goes_on = dynamics.record(amounts)
        self._ends: NDArray[np.uint32] | None = None

    @property
    def successors(self) -> NDArray[np.uint32]:
        """(slots,) the joint memory that each leads to."""
        self.number_all()
        assert self._successors is not None
        return self._successors

    def number_all(self) -> None:
        """Give every joint memory that follows its number."""
        if self._successors is None:
            self._successors = self._dynamics.numbers(self._following)

    def after(self, slot: int) -> int:
        """The joint memory that one slot leads to. The others are numbered only where many are followed."""
        if self._successors is not None:
            return int(self._successors[slot])
        self._followed += 1
        if _MANY * self._followed > len(self.words):
            return int(self.successors[slot])
        return self._dynamics.number(tuple(known[which[slot]] for known, which in self._following))

    def steps(self, ends: NDArray[np.bool_]) -> NDArray[np.uint32]:
        """(slots,) the number of each slot's step in `Dynamics.amounts`; `ends`: which slots end the text here."""
        if not ends.any():
            return self._goes_on
        if self._ends is None:
            self._ends = np.full(len(ends), _UNKNOWN)
        new = np.flatnonzero(ends & (self._ends == _UNKNOWN))
        if len(new):
            amounts = self._dynamics.amounts[self._goes_on[new]]
            self._ends[new] = self._dynamics.record(self._dynamics.ended(self._following, new, amounts))
        return np.where(ends, self._ends, self._goes_on)

    def rewards(self, ends: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(slots,) what each slot earns by today's weights and gamma."""
        steps = self.steps(ends)  # first: they may be new
        return self._dynamics.rewards[steps]


class Dynamics:
    """The scenario's reward terms, and what they and the shortlist allow, as one.

    Attributes
    ----------
    terms : list of Term
    slots : int
        Choices at most, see `Language.slots`.
    compact : bool
        Whether slots stand for the words of a shortlist.
    restricted : bool
        Whether anywhere, as far as has been asked, fewer than all slots are offered.
    amounts : (steps, columns) float64
        What each kind of step earns: a column for each term, its amount; then two for each term that is shaped, its
        potential before the step and after it, which is 0 where the text ends. Tables refer to steps by number.
    potentials : (terms,) uint32
        For each term its first column of potentials, or 0.
    rewards : (steps,) float64
        The terms' shares added left to right in scenario order, by today's weights and gamma. A share is
        weight * (amount + (gamma * potential after - potential before)).
    bytes_per_memory : int
        Bytes that what can follow a joint memory takes, apart from the memory itself.
    """

    def __init__(self, scenario: Scenario) -> None:
        language = scenario.language
        ground = scenario.ground
        self.terms = [settings.term(ground) for settings in scenario.rewards]
        self.words = len(language.words)
        self.ends_text = np.zeros(self.words, bool)
        if language.end is not None:
            self.ends_text[language.end] = True
        self._shortlist: Shortlist | None = None
        if language.shortlist is not None and language.shortlist < self.words:
            assert language.source is not None
            self._shortlist = shortlist(language.source, language.shortlist, language.end)
        # What an agent does not see cannot decide which word a slot of its row stands for.
        self.compact = self._shortlist is not None and language.context != 0
        self.slots = language.slots
        self.restricted = False
        self._every_word = np.arange(self.words, dtype=np.uint32)
        self._every_slot, self._no_slot = np.ones(self.slots, bool), np.zeros(self.slots, bool)
        self._has_end = language.end is not None
        self._shaped: list[tuple[int, ShapableTerm]] = []
        self.potentials = np.zeros(len(self.terms), np.uint32)
        for number, (settings, term) in enumerate(zip(scenario.rewards, self.terms, strict=True)):
            if isinstance(settings, ShapableReward) and settings.shaping:
                assert isinstance(term, ShapableTerm)
                self.potentials[number] = len(self.terms) + 2 * len(self._shaped)
                self._shaped.append((number, term))
        self._amounts = np.zeros((_FIRST_STEPS, len(self.terms) + 2 * len(self._shaped)))
        self._rewards = np.zeros(_FIRST_STEPS)
        self._steps = 0
        # The terms' memories, and last the word that was said last, where a shortlist depends on it.
        self._memories: list[tuple[Memory, ...]] = []
        self._memory_numbers: dict[tuple[Memory, ...], int] = {}
        self._memory_bytes = 0
        # Numbers of memories and steps, and steps: while their array grows there are two.
        per_slot = 4 * 4 + 1 + 1 + 8 * len(self.terms) + 2 * 8 * (self._amounts.shape[1] + 1)
        self.bytes_per_memory = _PER_MOVES + self.slots * per_slot
        self._moves: dict[int, Moves] = {}
        self._weights = [settings.weight for settings in scenario.rewards]
        self._gamma = scenario.learner.gamma
        # Joint memories are asked once; a term by itself often has far fewer, and knows the last ones still.
        self._most_steps = max(1, _REMEMBERED // self.slots)
        self._steps_of: dict[tuple[int, Memory, Memory], Step] = {}
        self._steps_asked = 0
        self._bytes_of_steps = len(self.terms) * (_PER_STEP + 16 * self.slots)

    @property
    def room(self) -> NDArray[np.float64]:
        """`amounts`, and the room there is for more: another array whenever that has grown."""
        return self._amounts

    @property
    def amounts(self) -> NDArray[np.float64]:
        return self._amounts[: self._steps]

    @property
    def rewards(self) -> NDArray[np.float64]:
        return self._rewards[: self._steps]

    @property
    def known(self) -> int:
        """How many joint memories have a number."""
        return len(self._memories)

    @property
    def bytes(self) -> int:
        """Bytes that what has been asked so far takes, and what tables keep for each joint memory."""
        steps = min(len(self._moves), self._most_steps) * self._bytes_of_steps
        return self._memory_bytes + steps + len(self._moves) * self.bytes_per_memory

    @property
    def bytes_of_each(self) -> float:
        """Bytes that a joint memory takes at most, all told, as far as those show that were asked: it is the only one
        to ask its step, and each of its slots leads to another one."""
        weighed = _WEIGHED * max(1, -(-len(self._moves) // _WEIGHED))
        following = self.slots * (_PER_MEMORY + _size(self._memories[-1]))
        return self.bytes_per_memory + self._bytes_of_steps + self._memory_bytes / weighed + following

    def start(self, prompt: int) -> int:
        """The joint memory in which an episode of this prompt begins.

        Raises
        ------
        TableError
            If nothing can be said there.
        """
        joint = self.number((*(term.start(prompt) for term in self.terms), None))
        if self.is_dead_end(joint):
            raise TableError(
                tr("prompts[{number}]: no word may be said at its start; let the rewards that mask words allow one",
                   number=prompt)
            )  # fmt: skip
        return joint

    def stops(self, words: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Which of these words end the text."""
        return self.ends_text[words] if self._has_end else self._no_slot

    def moves(self, joint: int) -> Moves:
        """What every slot says, leads to and earns from this joint memory."""
        if joint not in self._moves:
            self._moves[joint] = self._ask(joint)
        return self._moves[joint]

    def has_asked(self, joint: int) -> bool:
        """Whether it is known what can follow this joint memory."""
        return joint in self._moves

    def is_dead_end(self, joint: int) -> bool:
        """Whether nothing can be said from this joint memory: the text has ended when it is reached."""
        return not self.moves(joint).offered.any()

    def slot_words(self, last: int | None) -> NDArray[np.uint32]:
        """(slots,) the word that each slot stands for where `last` was said last, None: nothing yet."""
        if not self.compact:
            return self._every_word
        assert self._shortlist is not None
        return self._shortlist.after(last)

    def reweigh(self, scenario: Scenario) -> bool:
        """From now on the weights and gamma of `scenario`, which differs in nothing else that matters here.

        Returns whether that can change a reward.
        """
        weights, gamma = [settings.weight for settings in scenario.rewards], scenario.learner.gamma
        if weights == self._weights and (gamma == self._gamma or not self._shaped):
            return False
        self._weights, self._gamma = weights, gamma
        self._rewards[: self._steps] = self._sum(self.amounts)
        return True

    def shares(self, steps: NDArray[np.integer]) -> NDArray[np.float64]:
        """(n, terms) what each term gave to the rewards of these steps: weighted, as they are added up."""
        amounts = self._amounts[steps]
        return np.stack([self._share(term, amounts) for term in range(len(self.terms))], axis=1)

    def _share(self, term: int, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        share = amounts[:, term]
        if first := self.potentials[term]:
            share = share + (self._gamma * amounts[:, first + 1] - amounts[:, first])
        return share * self._weights[term]

    def _sum(self, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        rewards = self._share(0, amounts)
        for term in range(1, len(self.terms)):
            rewards = rewards + self._share(term, amounts)
        return rewards + 0.0  # there is one zero: no sign of a product may reach a hash

    # -- for Moves ----------------------------------------------------------------------------------------------------

    def record(self, amounts: NDArray[np.float64]) -> NDArray[np.uint32]:
        """The numbers of new steps with these amounts, (n, columns)."""
        first, last = self._steps, self._steps + len(amounts)
        if last > len(self._amounts):
            self._amounts, self._rewards = (_roomier(each[:first], last) for each in (self._amounts, self._rewards))
        self._amounts[first:last] = amounts
        self._rewards[first:last] = self._sum(amounts)
        self._steps = last
        return np.arange(first, last, dtype=np.uint32)

    def ended(
        self, following: "list[_Memories]", slots: NDArray[np.intp], amounts: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """`amounts` of these slots of one joint memory, changed to what they are if that ends the text."""
        for number, (term, (memories, which)) in enumerate(zip(self.terms, following[: len(self.terms)], strict=True)):
            reached, place = np.unique(which[slots], return_inverse=True)
            endings = [term.end(memories[memory]) for memory in reached.tolist()]
            amounts[:, number] += np.array(endings)[place.ravel()]
        for number, _ in self._shaped:
            amounts[:, self.potentials[number] + 1] = 0.0
        return amounts

    def number(self, memory: tuple[Memory, ...]) -> int:
        """The number of a joint memory; a new one gets the next."""
        number = self._memory_numbers.setdefault(memory, len(self._memories))
        if number == len(self._memories):
            self._memories.append(memory)
            if number % _WEIGHED == 0:
                self._memory_bytes += _WEIGHED * (_PER_MEMORY + _size(memory))
        return number

    def numbers(self, following: "list[_Memories]") -> NDArray[np.uint32]:
        """(slots,) the numbers of all joint memories that can follow one."""
        # Words that lead every term to the same memory lead to one joint memory: only combinations need be numbered.
        columns, which = _distinct([which for _, which in following])
        each = (map(memories.__getitem__, column) for (memories, _), column in zip(following, columns, strict=True))
        numbers = np.array([self.number(memory) for memory in zip(*each, strict=True)], np.uint32)
        return numbers[which]

    # -- asking the terms ---------------------------------------------------------------------------------------------

    def _ask(self, joint: int) -> Moves:
        *here, last = self._memories[joint]
        words = self.slot_words(last)  # type: ignore[arg-type]
        asked = last if self.compact else None
        steps = [self._step_of(number, memory, asked) for number, memory in enumerate(here)]
        offered = self._offer(steps, last)
        following: list[_Memories] = [(step.memories, step.which) for step in steps]
        amounts = np.empty((len(words), self._amounts.shape[1]))
        for number, step in enumerate(steps):
            amounts[:, number] = step.rewards
        for number, term in self._shaped:
            memories, which = following[number]
            first = self.potentials[number]
            amounts[:, first] = term.potential(here[number])
            reached, place = np.unique(which, return_inverse=True)
            after = [term.potential(memories[memory]) for memory in reached.tolist()]
            amounts[:, first + 1] = np.array(after)[place.ravel()]
        if self._shortlist is None:
            following.append(([None], np.zeros(len(words), np.intp)))
        else:
            following.append((range(self.words), words))
        return Moves(self, words, offered, following, amounts)

    def _step_of(self, number: int, memory: Memory, last: Memory) -> Step:
        """What a term says of the words that slots stand for where `last` was said last."""
        asked = number, memory, last
        step = self._steps_of.get(asked)
        if step is None:
            if len(self._steps_of) >= len(self.terms) * self._most_steps:
                self._steps_of.clear()
            self._steps_of[asked] = step = self._ask_term(number, memory, last)
        return step

    def _ask_term(self, number: int, memory: Memory, last: Memory) -> Step:
        step = self.terms[number].step(memory, self.slot_words(last))  # type: ignore[arg-type]
        if self._steps_asked % _WEIGHED == 0 and not isinstance(step.memories, Following):
            self._memory_bytes += _WEIGHED * sum(map(_size, step.memories))
        self._steps_asked += 1
        return step

    def _offer(self, steps: Sequence[Step], last: Memory) -> NDArray[np.bool_]:
        """(slots,) whether each slot's word may be said."""
        offered: NDArray[np.bool_] | None = None
        for step in steps:
            if step.allowed is not None:
                offered = step.allowed if offered is None else offered & step.allowed
        if self._shortlist is not None and not self.compact:
            near = np.zeros(self.words, bool)
            near[self._shortlist.after(last)] = True  # type: ignore[arg-type]
            offered = near if offered is None else offered & near
        if offered is None:
            return self._every_slot
        self.restricted |= not offered.all()
        return offered


def _roomier(array: NDArray[np.float64], least: int) -> NDArray[np.float64]:
    """The same in twice the room, and in `least` at least. What is not used is not touched, and takes no memory."""
    larger = np.zeros((max(2 * len(array), least), *array.shape[1:]))
    larger[: len(array)] = array
    return larger


def _size(memory: Memory) -> int:
    """Bytes that a memory takes, what it holds included."""
    inner = sum(map(_size, memory)) if isinstance(memory, tuple | frozenset) else 0
    return sys.getsizeof(memory) + inner


def _distinct(indices: Sequence[NDArray[np.integer]]) -> tuple[list[list[int]], NDArray[np.intp]]:
    """The distinct combinations of the indices that slots have, a list for each index, and for each slot which of them
    is its own."""
    codes, reach = indices[0].astype(np.int64), int(indices[0].max()) + 1
    for index in indices[1:]:
        size = int(index.max()) + 1
        if reach * size >= 2**63:
            codes = np.unique(codes, return_inverse=True)[1].ravel()
            reach = len(codes)
        codes, reach = codes * size + index, reach * size
    first, which = np.unique(codes, return_index=True, return_inverse=True)[1:]
    return [index[first].tolist() for index in indices], which.ravel()
