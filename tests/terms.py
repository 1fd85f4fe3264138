"""Reward terms in tests: walking an automaton along a text, and random small scenarios with terms of every kind."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from langrl_gui.core.language import Language
from langrl_gui.core.rewards import Memory, Step, Term
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.text import mark

CORPUS = "a b a b\nab a\nb b ab"
"""Of the random scenarios."""


def scenario_of(
    rewards: Sequence[dict[str, Any]],
    words: Sequence[str] = ("a", "b"),
    references: Sequence[str] = (),
    joiner: str = "",
    max_length: int = 4,
    end_word: str = "",
    corpus: str | None = None,
    gamma: float = 0.9,
) -> Scenario:
    """A scenario with one prompt; its corpus, if any, is cut at white space."""
    language: dict[str, Any] = {
        "words": list(words),
        "joiner": joiner,
        "max_length": max_length,
        "end_word": end_word,
    }
    if corpus is not None:
        language |= {"corpus": "corpus.txt", "tokenizer": "whitespace"}
    data = {
        "name": "x",
        "language": language,
        "prompts": [{"references": list(references)}],
        "rewards": list(rewards),
        "learner": {"method": "q-learning", "gamma": gamma},
    }
    return from_data(data, read_corpus=lambda name, tokenizer: mark(corpus or "", tokenizer))


def term_of(problem: Scenario, number: int = 0) -> Term:
    return problem.rewards[number].term(problem.ground)


def step_of(term: Term, memory: Memory, words: int) -> Step:
    """What a term says of all the words of a language of so many."""
    return term.step(memory, np.arange(words, dtype=np.uint32))


def walk(term: Term, words: Sequence[int], prompt: int = 0) -> tuple[list[float], Memory]:
    """What each word of a text earned, ending not counted, and the memory after the last."""
    memory, rewards = term.start(prompt), []
    for word in words:
        step = term.step(memory, np.array([word], np.uint32))
        rewards.append(float(step.rewards[0]))
        memory = step.memories[step.which[0]]
    return rewards, memory


def earned(term: Term, words: Sequence[int], prompt: int = 0) -> list[float]:
    """What each word of a whole text earned, its end with the last."""
    rewards, memory = walk(term, words, prompt)
    rewards[-1] += term.end(memory)
    return rewards


def beginnings(language: Language) -> Any:
    """Every text that has not ended."""
    goes_on = [number for number, word in enumerate(language.words) if word != language.end_word]
    for length in range(language.max_length):
        yield from product(goes_on, repeat=length)


def texts(language: Language) -> Any:
    """Every whole text; the end word is its last word, or it has all the words it may have."""
    for said in beginnings(language):
        for word in range(len(language.words)):
            if word == language.end or len(said) + 1 == language.max_length:
                yield (*said, word)


@st.composite
def rewarded_scenarios(draw: st.DrawFn) -> Scenario:
    """Languages of two or three words and up to three positions, with one to four terms of any kind, weighted."""
    words = ["a", "b", "ab"][: draw(st.integers(2, 3))]
    joiner = draw(st.sampled_from(["", " "]))
    end_word = draw(st.sampled_from(["", "."]))
    length = draw(st.integers(1, 3))
    text = st.lists(st.sampled_from(words), min_size=1, max_size=length).map(joiner.join)
    amount = st.floats(-2, 2).map(lambda x: round(x, 3))
    shaping, paid = st.booleans(), st.sampled_from(["at-end", "each-word"])
    phrase = st.text("ab" + joiner, min_size=1, max_size=max(length, 2))  # some text can mention it
    phrases = st.lists(phrase, min_size=1, max_size=3, unique=True)
    term = st.one_of(
        st.fixed_dictionaries({"kind": st.just("match"), "right": amount, "wrong": amount}),
        st.fixed_dictionaries({"kind": st.just("exact"), "right": amount, "wrong": amount, "shaping": shaping}),
        st.fixed_dictionaries({"kind": st.sampled_from(["edit", "bleu", "chrf"]), "shaping": shaping, "paid": paid}),
        st.fixed_dictionaries({"kind": st.just("required"), "phrases": phrases, "shaping": shaping, "paid": paid}),
        st.fixed_dictionaries({"kind": st.just("forbidden"), "phrases": phrases, "amount": amount}),
        st.fixed_dictionaries({"kind": st.just("repetition"), "order": st.integers(1, 2), "amount": amount}),
        st.fixed_dictionaries(
            {"kind": st.just("length"), "most": st.integers(0, 3), "amount": amount, "shaping": shaping}
        ),
        st.fixed_dictionaries({"kind": st.just("words"), "words": st.fixed_dictionaries({"a": amount})}),
        st.fixed_dictionaries({"kind": st.just("fluency"), "order": st.integers(1, 3)}),
        st.fixed_dictionaries({"kind": st.just("coherence"), "window": st.integers(1, 2)}),
        st.just({"kind": "grammar", "rules": 'start: "a" start? "b"'}),
    )
    rewards = [{**draw(term), "weight": draw(amount)} for _ in range(draw(st.integers(1, 4)))]
    return scenario_of(
        rewards,
        words=words + ([end_word] if end_word else []),
        references=draw(st.lists(text, min_size=1, max_size=2)),
        joiner=joiner,
        max_length=length if length > 1 else 2,
        end_word=end_word,
        corpus=CORPUS,
        gamma=draw(st.sampled_from([0.0, 0.5, 0.9, 1.0])),
    )
