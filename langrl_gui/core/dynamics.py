"""All reward terms together as one automaton over word numbers: joint memories, and what each step earns.

Every joint memory is asked once. What a step earns is kept term by term, apart from weights and gamma; so these can
change at any time, and no term has to be asked again.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from langrl_gui.core.rewards import Memory, ShapableReward, ShapableTerm
from langrl_gui.core.scenario import Scenario

_FIRST_STEPS: Final = 1024
"""Steps for which there is room at first; the room doubles when it is full."""


class Moves:
    """Everything that can follow one joint memory.

    Attributes
    ----------
    successors : (words,) uint32
        The joint memory that each word leads to.
    offered : (words,) bool
        Which words every term allows.
    """

    def __init__(
        self,
        dynamics: "Dynamics",
        successors: NDArray[np.uint32],
        offered: NDArray[np.bool_],
        amounts: NDArray[np.float64],
    ) -> None:
        self.successors = successors
        self.offered = offered
        self._dynamics = dynamics
        self._amounts = amounts  # (words, columns), where the text goes on
        self._goes_on = np.zeros(0, np.uint32)
        self._ends = np.zeros(len(offered), np.uint32)
        self._known = np.zeros(len(offered), bool)

    def steps(self, ends: NDArray[np.bool_]) -> NDArray[np.uint32]:
        """(words,) the number of each word's step in `Dynamics.amounts`; `ends`: which words end the text here."""
        if not len(self._goes_on) and not ends.all():
            self._goes_on = self._dynamics.record(self._amounts)
        new = np.flatnonzero(ends & ~self._known)
        if len(new):
            self._ends[new] = self._dynamics.record(self._dynamics.ended(self._amounts[new], self.successors[new]))
            self._known[new] = True
        return np.where(ends, self._ends, self._goes_on) if len(self._goes_on) else self._ends.copy()

    def rewards(self, ends: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(words,) what each word earns by today's weights and gamma."""
        steps = self.steps(ends)  # first: they may be new
        return self._dynamics.rewards[steps]


class Dynamics:
    """The scenario's reward terms as one.

    Attributes
    ----------
    terms : list of Term
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
        self._memories: list[tuple[Memory, ...]] = []
        self._memory_numbers: dict[tuple[Memory, ...], int] = {}
        self._moves: dict[int, Moves] = {}
        self._weights = [settings.weight for settings in scenario.rewards]
        self._gamma = scenario.learner.gamma

    @property
    def amounts(self) -> NDArray[np.float64]:
        return self._amounts[: self._steps]

    @property
    def rewards(self) -> NDArray[np.float64]:
        return self._rewards[: self._steps]

    def start(self, prompt: int) -> int:
        """The joint memory in which an episode of this prompt begins."""
        return self._number(tuple(term.start(prompt) for term in self.terms))

    def moves(self, joint: int) -> Moves:
        """What every word leads to and earns from this joint memory."""
        if joint not in self._moves:
            self._moves[joint] = self._ask(joint)
        return self._moves[joint]

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

    def ended(self, amounts: NDArray[np.float64], successors: NDArray[np.uint32]) -> NDArray[np.float64]:
        """The amounts of steps that lead to these joint memories, if the text ends with them."""
        amounts = amounts.copy()
        joints, which = np.unique(successors, return_inverse=True)
        for number, term in enumerate(self.terms):
            endings: dict[Memory, float] = {}
            memories = [self._memories[joint][number] for joint in joints.tolist()]
            for memory in memories:
                if memory not in endings:
                    endings[memory] = term.end(memory)
            amounts[:, number] += np.array([endings[memory] for memory in memories])[which]
        for number, _ in self._shaped:
            amounts[:, self.potentials[number] + 1] = 0.0
        return amounts

    # -- asking the terms ---------------------------------------------------------------------------------------------

    def _number(self, memory: tuple[Memory, ...]) -> int:
        number = self._memory_numbers.setdefault(memory, len(self._memories))
        if number == len(self._memories):
            self._memories.append(memory)
        return number

    def _ask(self, joint: int) -> Moves:
        here = self._memories[joint]
        steps = [term.step(memory) for term, memory in zip(self.terms, here, strict=True)]
        amounts = np.empty((self.words, self._amounts.shape[1]))
        offered = np.ones(self.words, bool)
        for number, step in enumerate(steps):
            amounts[:, number] = step.rewards
            if step.allowed is not None:
                offered &= step.allowed
        for number, term in self._shaped:
            first = self.potentials[number]
            amounts[:, first] = term.potential(here[number])
            after = [term.potential(memory) for memory in steps[number].memories]
            amounts[:, first + 1] = np.array(after)[steps[number].which]
        columns, which = _distinct([step.which for step in steps])
        numbers = np.array(
            [
                self._number(tuple(step.memories[i] for step, i in zip(steps, column, strict=True)))
                for column in columns
            ],
            np.uint32,
        )
        return Moves(self, numbers[which], offered, amounts)


def _distinct(indices: Sequence[NDArray[np.intp]]) -> tuple[list[tuple[int, ...]], NDArray[np.intp]]:
    """The distinct combinations of the indices that words have, and for each word which of them is its own.

    Words that lead every term to the same memory lead to one joint memory: only combinations need be numbered.
    """
    codes = indices[0]
    for index in indices[1:]:
        # Renumbered after each factor, so that the product stays within 64 bits.
        codes = np.unique(codes, return_inverse=True)[1].ravel() * (int(index.max()) + 1) + index
    first, which = np.unique(codes, return_index=True, return_inverse=True)[1:]
    return list(zip(*(index[first].tolist() for index in indices), strict=True)), which.ravel()
