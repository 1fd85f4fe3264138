"""Random small problems for tests, terms that only mask, and what the views are told of a run."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.rewards import Step, Words
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.telemetry import GraphWanted, Observer, Snapshot, Wanted
from langrl_gui.core.text import mark
from langrl_gui.core.trainer import Trainer


@st.composite
def small_scenarios(draw: st.DrawFn, exact: bool = False) -> Scenario:
    """Languages of 1 to 4 words and positions, with every kind of context, some with a shortlist, some that slip;
    `exact`: such that all of Q* is learned."""
    words = ["a", "b", "c", "ab"][: draw(st.integers(1, 4))]
    length = draw(st.integers(1, 3 if exact else 4))
    end_word = draw(st.sampled_from(["", words[-1]])) if len(words) > 1 else ""
    usable = [word for word in words if word != end_word]
    lengths = st.integers(1, length) if end_word and length > 1 else st.just(length)
    text = lengths.flatmap(lambda n: st.lists(st.sampled_from(usable), min_size=n, max_size=n)).map("".join)
    context: Any = "all" if exact else draw(st.sampled_from(["all", 0, 1, 2]))
    prompts = [
        {
            "text": str(number),
            "references": draw(st.lists(text, min_size=1, max_size=3)),
            "weight": draw(st.floats(0.1, 3)),
        }
        for number in range(draw(st.integers(1, 3)))
    ]
    lines = draw(
        st.lists(st.lists(st.sampled_from(words), min_size=1, max_size=5).map(" ".join), min_size=1, max_size=4)
    )
    corpus = {"corpus": "corpus.txt", "tokenizer": "whitespace", "shortlist": draw(st.integers(1, len(words)))}
    amount = st.floats(-2, 2).map(lambda x: round(x, 3))
    terms = [
        {"kind": "match", "right": draw(amount), "wrong": draw(amount), "weight": draw(amount)}
        for _ in range(draw(st.integers(1, 2)))
    ]
    return from_data(
        {
            "name": "random",
            "language": {
                "words": words,
                "max_length": length,
                "end_word": end_word,
                "context": context,
                "sees_position": draw(st.booleans()),
                "slip": 0.0 if exact else draw(st.sampled_from([0.0, 0.0, 0.25, 1.0])),
                **draw(st.sampled_from([{}, corpus])),
            },
            "prompts": prompts,
            "rewards": terms,
            "learner": {
                "method": "q-learning",
                "alpha": 1.0 if exact else draw(st.floats(0.01, 1)),
                "gamma": draw(st.sampled_from([0.0, 0.5, 0.95, 1.0])),
                "initial": 0.0 if exact else draw(st.sampled_from([0.0, 1.5, -0.5])),
                "explore": {"kind": "epsilon-greedy", "epsilon": 1.0 if exact else draw(st.floats(0, 1))},
                "seed": draw(st.integers(0, 2**63 - 1)),
            },
        },
        read_corpus=lambda name, tokenizer: mark("\n".join(lines), tokenizer),
    )


class Masks:
    """A term that earns nothing and allows after each text what a table says; its memory is the text."""

    def __init__(self, words: int, seed: int, rarely: float = 0.5) -> None:
        self._words, self._seed, self._rarely = words, seed, rarely

    def start(self, prompt: int) -> Hashable:
        return (prompt,)

    def allows(self, memory: Hashable) -> np.ndarray:
        luck = np.random.default_rng([self._seed, *memory])
        allowed = luck.random(self._words) < self._rarely
        return allowed if len(memory) > 1 else np.ones(self._words, bool)  # something can be said at the start

    def step(self, memory: Hashable, words: Words) -> Step:
        following = [(*memory, word) for word in words.tolist()]
        return Step(np.zeros(len(words)), following, np.arange(len(words)), self.allows(memory)[words])

    def end(self, memory: Hashable) -> float:
        return 0.125 * (len(memory) - 1)


@contextmanager
def masked(seed: int, rarely: float = 0.5) -> Iterator[None]:
    """Puts `Masks` in the place of the last term of whatever scenario is looked at within."""
    ordinary = Dynamics.__init__

    def with_masks(self: Dynamics, scenario: Scenario) -> None:
        ordinary(self, scenario)
        self.terms[-1] = Masks(self.words, seed, rarely)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dynamics, "__init__", with_masks)
        yield


def told(trainer: Trainer, steps: int) -> Iterator[Snapshot]:
    """What the views are told of an environment after each step: state, last action, tape, update and graph speak of
    the same."""
    observer = Observer(trainer)
    wanted = Wanted(tape=2, graph=GraphWanted(6), heat_rows=(0, 48), heat_slots=(0, 4), says=True, inspected=())
    for _ in range(steps):
        before = trainer.state
        trainer.advance(trainer.step + 1)
        seen = observer.observe(wanted, exact=True)
        last = seen.tape.steps[-1] if seen.tape.steps else seen.tape.previous[-1]
        update = seen.inspection.update
        assert last.state == before == update.state
        assert (last.reward, last.word) == (update.reward, update.word)
        assert seen.tape.state == trainer.state
        if seen.graph.current >= 0:
            assert seen.graph.shape.state(seen.graph.current) == trainer.state
        if seen.graph.last_edge >= 0:
            shape, edge = seen.graph.shape, seen.graph.last_edge
            assert (shape.state(shape.source[edge]), shape.word[edge]) == (before, last.word)
        yield seen
