"""All reward terms and rules of a language together as one automaton: joint memories, what can be said, what it earns.

What is said is a word, chosen by its slot: all words, or those of the shortlist after the last word.
Every joint memory is asked once. What a step earns is kept term by term, apart from weights and gamma; so these can
change at any time, and no term has to be asked again.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.errors import TableError
from langrl_gui.core.i18n import tr
from langrl_gui.core.rewards import Memory, ShapableReward, ShapableTerm, Step
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.text import Shortlist

_FIRST_STEPS: Final = 1024
"""Steps for which there is room at first; the room doubles when it is full."""

_REMEMBERED: Final = 1 << 20
"""Words' steps that are remembered of each term by itself: some 16 MiB."""


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
    successors : (slots,) uint32
        The joint memory that each leads to.
    """

    def __init__(
        self,
        dynamics: "Dynamics",
        joint: int,
        words: NDArray[np.uint32],
        offered: NDArray[np.bool_],
        successors: NDArray[np.uint32],
        amounts: NDArray[np.float64],
    ) -> None:
        self._joint = joint
        self.words = words
        self.offered = offered
        self.stops = dynamics.ends_text[words]
        self.successors = successors
        self._dynamics = dynamics
        self._goes_on = dynamics.record(amounts)
        self._ends = np.zeros(len(offered), np.uint32)
        self._known = np.zeros(len(offered), bool)

    def steps(self, ends: NDArray[np.bool_]) -> NDArray[np.uint32]:
        """(slots,) the number of each slot's step in `Dynamics.amounts`; `ends`: which slots end the text here."""
        new = np.flatnonzero(ends & ~self._known)
        if len(new):
            amounts = self._dynamics.amounts[self._goes_on[new]]
            self._ends[new] = self._dynamics.record(self._dynamics.ended(self._joint, self.words[new], amounts))
            self._known[new] = True
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
            self._shortlist = Shortlist(language.source, language.shortlist, language.end)
        # What an agent does not see cannot decide which word a slot of its row stands for.
        self.compact = self._shortlist is not None and language.context != 0
        self.slots = language.slots
        self.restricted = False
        self._every_word = np.arange(self.words, dtype=np.uint32)
        self._every_slot = np.ones(self.slots, bool)
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
        self._moves: dict[int, Moves] = {}
        self._weights = [settings.weight for settings in scenario.rewards]
        self._gamma = scenario.learner.gamma
        # Joint memories are asked once; a term by itself often has far fewer, and knows the last ones still.
        self._steps_of = [lru_cache(max(1, _REMEMBERED // self.words))(term.step) for term in self.terms]

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
    def bytes(self) -> int:
        """Bytes that what has been asked so far takes, and what tables keep for each joint memory."""
        per_slot = 4 * 4 + 1 + 1 + 8 + 2 * (4 + 4)  # of Moves; of a memory; of a table's successors and steps
        return len(self._moves) * self.slots * per_slot + self._steps * 8 * (self._amounts.shape[1] + 1)

    def start(self, prompt: int) -> int:
        """The joint memory in which an episode of this prompt begins.

        Raises
        ------
        TableError
            If nothing can be said there.
        """
        joint = self._numbers([(*(term.start(prompt) for term in self.terms), None)])[0]
        if self.is_dead_end(joint):
            raise TableError(
                tr("prompts[{number}]: no word may be said at its start; let the rewards that mask words allow one",
                   number=prompt)
            )  # fmt: skip
        return joint

    def moves(self, joint: int) -> Moves:
        """What every slot says, leads to and earns from this joint memory."""
        if joint not in self._moves:
            self._moves[joint] = self._ask(joint)
        return self._moves[joint]

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
            room = max(2 * len(self._amounts), last)
            self._amounts = np.concatenate([self.amounts, np.zeros((room - first, self._amounts.shape[1]))])
            self._rewards = np.concatenate([self.rewards, np.zeros(room - first)])
        self._amounts[first:last] = amounts
        self._rewards[first:last] = self._sum(amounts)
        self._steps = last
        return np.arange(first, last, dtype=np.uint32)

    def ended(self, joint: int, words: NDArray[np.uint32], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """`amounts` of saying these words from a joint memory, changed to what they are if that ends the text."""
        for number, term in enumerate(self.terms):
            step = self._steps_of[number](self._memories[joint][number])
            reached, which = np.unique(step.which[words], return_inverse=True)
            endings = [term.end(step.memories[place]) for place in reached.tolist()]
            amounts[:, number] += np.array(endings)[which.ravel()]
        for number, _ in self._shaped:
            amounts[:, self.potentials[number] + 1] = 0.0
        return amounts

    # -- asking the terms ---------------------------------------------------------------------------------------------

    def _numbers(self, memories: Iterable[tuple[Memory, ...]]) -> list[int]:
        """The numbers of these joint memories; those that are new get the next ones."""
        known, numbers = self._memory_numbers, []
        for memory in memories:
            number = known.get(memory)
            if number is None:
                number = known[memory] = len(self._memories)
                self._memories.append(memory)
            numbers.append(number)
        return numbers

    def _ask(self, joint: int) -> Moves:
        *here, last = self._memories[joint]
        steps = [ask(memory) for ask, memory in zip(self._steps_of, here, strict=True)]
        words, offered = self._offer(steps, last)
        amounts = np.empty((len(words), self._amounts.shape[1]))
        for number, step in enumerate(steps):
            amounts[:, number] = step.rewards[words]
        for number, term in self._shaped:
            first = self.potentials[number]
            amounts[:, first] = term.potential(here[number])
            after = [term.potential(memory) for memory in steps[number].memories]
            amounts[:, first + 1] = np.array(after)[steps[number].which[words]]
        # Words that lead every term to the same memory lead to one joint memory: only combinations need be numbered.
        indices = [step.which[words] for step in steps]
        lasts: Sequence[int | None] = [None]
        if self._shortlist is not None:
            indices.append(words.astype(np.intp))
            lasts = range(self.words)
        columns, which = _distinct(indices)
        memories = [step.memories for step in steps] + [lasts]
        if self._shortlist is None:
            columns.append([0] * len(columns[0]))
        each = (map(some.__getitem__, column) for some, column in zip(memories, columns, strict=True))
        numbers = np.array(self._numbers(zip(*each, strict=True)), np.uint32)
        return Moves(self, joint, words, offered, numbers[which], amounts)

    def _offer(self, steps: Sequence[Step], last: Memory) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """(slots,) the word of each slot, and whether it may be said."""
        allowed: NDArray[np.bool_] | None = None
        for step in steps:
            if step.allowed is not None:
                allowed = step.allowed if allowed is None else allowed & step.allowed
        words = self._every_word
        if self._shortlist is not None:
            listed = self._shortlist.after(last)  # type: ignore[arg-type]
            if self.compact:
                words = listed
            else:
                near = np.zeros(self.words, bool)
                near[listed] = True
                allowed = near if allowed is None else allowed & near
        if allowed is None:
            return words, self._every_slot
        offered = allowed[words]
        self.restricted |= not offered.all()
        return words, offered


def _distinct(indices: Sequence[NDArray[np.intp]]) -> tuple[list[list[int]], NDArray[np.intp]]:
    """The distinct combinations of the indices that slots have, a list for each index, and for each slot which of them
    is its own."""
    codes, reach = indices[0], int(indices[0].max()) + 1
    for index in indices[1:]:
        size = int(index.max()) + 1
        if reach * size >= 2**63:
            codes = np.unique(codes, return_inverse=True)[1].ravel()
            reach = len(codes)
        codes, reach = codes * size + index, reach * size
    first, which = np.unique(codes, return_index=True, return_inverse=True)[1:]
    return [index[first].tolist() for index in indices], which.ravel()
