"""What the trained agent answers to a prompt, word by word, with what else it might have said. Learns nothing.

Knows a trainer, and asks it only. Where the agent explores, luck is its own: no answer changes a run's.
"""

import difflib
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from langrl_gui.core import draws, explain, i18n
from langrl_gui.core.errors import ScenarioError
from langrl_gui.core.gym_tables import SteppedTables
from langrl_gui.core.i18n import tr
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import END
from langrl_gui.core.trainer import Trainer
from langrl_gui.core.wording import tr_for

MOST_ALTERNATIVES: Final = 10
"""Words told for each place of an answer: the best ones, and always the one that was said."""
MOST_WORDS: Final = 1000
"""Words of an answer, which every language keeps to; an environment's episodes may be longer, or never end."""
MOST_NAMED: Final = 20
"""Prompts that are named to somebody who typed another."""


@dataclass(frozen=True)
class Alternative:
    """A word that could be said at some place."""

    word: int
    q: float
    chance: float
    """How likely it is where the agent explores."""
    visits: int


@dataclass(frozen=True)
class SaidWord:
    """A word of an answer."""

    word: int
    reward: float
    explored: bool
    """Whether it was drawn, and not the best one."""
    state: tuple[int, ...]
    """Prompt and words of the row in which it was chosen."""
    alternatives: tuple[Alternative, ...]
    """The best first, the word itself among them."""
    offered: int
    """How many words could be said there."""

    @property
    def chosen(self) -> Alternative:
        """The word itself, with its numbers."""
        return next(each for each in self.alternatives if each.word == self.word)


@dataclass(frozen=True)
class Answer:
    """What the agent said to a prompt, at some step of its run."""

    prompt: int
    words: tuple[SaidWord, ...]
    value: float
    """Discounted sum of its rewards."""
    total: float
    """Plain sum of its rewards, the return."""
    step: int
    seed: int | None
    """Luck of the exploration; None: without exploring."""


def answer(trainer: Trainer, prompt: int, seed: int | None = None) -> Answer:
    """What the agent answers to this prompt by its table as it is now: greedily, or exploring with the luck of `seed`.

    Words do not slip: it is what the agent chooses. In an environment always the likeliest happens, and the answer goes
    up to the first state that comes again, or, where the agent explores, to MOST_WORDS. One without a table is played,
    beside the run, for an episode whose luck is that of `seed` as well.

    Raises
    ------
    TableError
        If it leads to a state for which the table has no room, or an environment without a table fails.
    """
    tables, explore = trainer.tables, trainer.scenario.learner.explore
    explores = 0 if seed is None else draws.threshold(explore.epsilon)
    keys = [draws.key(seed or 0, stream) for stream in (draws.SAY, draws.SAY_SLOT)]
    words: list[SaidWord] = []
    slots: list[int] = []

    def choose(node: int) -> int:
        """The next slot; what is known of it now is the last of `words`."""
        at = np.array([node])
        offered = np.flatnonzero(tables.offers(at)[0])
        best = int(np.flatnonzero(offered == trainer.greedy_slots(at)[0])[0])
        explored = draws.draw(keys[0], 0, len(words)) >> 11 < explores
        place = draws.below(draws.draw(keys[1], 0, len(words)), len(offered)) if explored else best
        row = int(tables.row[node])
        cells = row * tables.slots + offered
        q, visits = trainer.learned.q[cells], trainer.learned.visits[cells]
        chance = explain.chances(explore, best, len(offered))
        numbers = tables.words_at(tables.row[at])[0, offered].tolist()
        told = np.argsort(-q, kind="stable")[:MOST_ALTERNATIVES].tolist()
        if place not in told:
            told[-1] = place
        words.append(
            SaidWord(
                numbers[place],
                0.0,
                explored,
                (tables.prompt(row), *tables.seen(row)),
                tuple(Alternative(numbers[i], float(q[i]), float(chance[i]), int(visits[i])) for i in told),
                len(offered),
            )
        )
        slots.append(int(offered[place]))
        return slots[-1]

    if isinstance(tables, SteppedTables):
        rewards = [done.reward for done in tables.rehearse(choose, seed=seed)]
    else:
        rewards, node, been = [], int(tables.starts[prompt]), set[int]()
        while node != END and len(words) < MOST_WORDS and not (seed is None and node in been):
            been.add(node)
            following = trainer.follow(node, choose(node))
            rewards.append(float(tables.reward[tables.likeliest(node, slots[-1])]))
            node = following
    words = [replace(word, reward=reward) for word, reward in zip(words, rewards, strict=True)]
    value = total = 0.0
    for said in reversed(words):
        value = said.reward + trainer.scenario.learner.gamma * value
    for said in words:
        total += said.reward
    return Answer(prompt, tuple(words), value, total, trainer.step, seed)


def find_prompt(scenario: Scenario, text: str) -> int:
    """The number of the prompt with this text.

    Raises
    ------
    ScenarioError
        If there is none, with what is nearest to it, and which of its words the agent has never met.
    """
    texts = [prompt.text for prompt in scenario.starts]
    if text in texts:
        return texts.index(text)
    if texts == [""]:
        raise ScenarioError([tr_for(scenario, "this agent answers to no prompt; leave it empty")])
    quoted = ", ".join(f'"{known}"' for known in texts[:MOST_NAMED])
    if len(texts) > MOST_NAMED:
        quoted += tr(" and {count} more", count=i18n.count(len(texts) - MOST_NAMED))
    sentence = tr_for(scenario, 'the agent has not learned "{text}"; it knows: {known}', text=text, known=quoted)
    if near := difflib.get_close_matches(text, texts, n=1, cutoff=0.5):
        sentence += tr('; did you mean "{name}"?', name=near[0])
    met = set(_words(" ".join(texts)))
    if new := [word for word in dict.fromkeys(_words(text)) if word not in met]:
        sentence += tr("; it has never met: {words}", words=", ".join(new[:MOST_NAMED]))
    raise ScenarioError([sentence])


def _words(text: str) -> list[str]:
    """The words of a text that is written with spaces; characters of scripts that have none are words themselves."""
    spaced = "".join(f" {c} " if "\u2e80" <= c <= "\u9fff" else c for c in text)
    return spaced.split()
