"""What rewards cost: nothing while learning, however many terms; and a bounded time while states are traced."""

import random

import numpy as np

from benchmarks.result import Result, in_turn, seconds
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import Tables
from langrl_gui.core.text import mark
from langrl_gui.core.trainer import Trainer

TERMS = [
    {"kind": "match"},
    {"kind": "exact", "shaping": True},
    {"kind": "edit", "shaping": True},
    {"kind": "chrf"},
    {"kind": "forbidden", "phrases": ["爱爱"]},
    {"kind": "required", "phrases": ["爱"]},
    {"kind": "repetition"},
    {"kind": "length", "least": 3},
]
"""Eight that leave the same text the best one."""


def with_terms(name: str, count: int) -> Scenario:
    """A built-in scenario with the first `count` of TERMS."""
    data = scenarios.to_data(scenarios.find(name))
    data["rewards"] = TERMS[:count]
    return scenarios.from_data(data)


def eight_terms(steps: int = 4_000_000, pairs: int = 15) -> list[Result]:
    """Training with eight terms beside training with one, in turn, whole tables."""
    one, eight = (Trainer(with_terms("i-love-you", count)) for count in (1, len(TERMS)))
    for trainer in (one, eight):
        trainer.advance(steps // 10)
    alone, together = in_turn(pairs, lambda: one.advance(one.step + steps), lambda: eight.advance(eight.step + steps))
    details = {"one M steps/s": steps / min(alone) / 1e6, "eight M steps/s": steps / min(together) / 1e6}
    what = "training speed with eight reward terms against one, i-love-you"
    return [Result(what, min(alone) / min(together), "x", 0.9, 1.0, details)]


def thousand_words() -> Scenario:
    """A thousand words, a corpus of thirty thousand, and match, fluency and forbidden phrases."""
    luck = random.Random(0)
    words = [f"w{number}" for number in range(1000)]
    lines = [" ".join(luck.choices(words, weights=range(1000, 0, -1), k=6)) for _ in range(5000)]
    data = {
        "name": "a thousand words",
        "language": {"words": words, "corpus": "corpus.txt", "tokenizer": "whitespace", "joiner": " ", "max_length": 6},
        "prompts": [{"references": [" ".join(luck.choices(words, k=6)) for _ in range(3)]}],
        "rewards": [
            {"kind": "match"},
            {"kind": "fluency", "order": 2},
            {"kind": "forbidden", "phrases": ["w1 w2", "w3 w3", "w500"]},
        ],
    }
    return scenarios.from_data(data, read_corpus=lambda name, tokenizer: mark("\n".join(lines), tokenizer))


def tracing() -> list[Result]:
    """Edges made known per second: every node gives all of its edges their rewards, shares and ends."""
    scenario = thousand_words()
    tables = Tables(scenario, whole=0)
    slots = tables.slots
    node = int(tables.starts[0])
    luck = np.random.default_rng(0)

    def trace() -> None:
        for slot in luck.permutation(slots)[:300]:
            tables.follow(node, int(slot))

    before = tables.nodes
    took = seconds(trace)
    edges = (tables.nodes - before) * slots
    return [Result("tracing match, fluency and forbidden over 1,000 words", edges / took, "edges/s", 2e5, 1e6)]


def compare() -> list[Result]:
    """Both."""
    return [*eight_terms(), *tracing()]
