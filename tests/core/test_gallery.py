"""Every scenario of the gallery does what it says of itself."""

from itertools import product

import pytest

from langrl_gui.core import oracle, runfile, scenario
from langrl_gui.core.oracle import Solution
from langrl_gui.core.trainer import Trainer

CONFUSED = {"short-memory"}
"""Sees too little to be optimal; what it can reach is a fact of its own below."""
TOO_HOPEFUL = {"rose-coloured"}
"""Shows a fault of q-learning itself, at two policies of nearly the same value."""

TOO_LARGE = {"grammar", "morning-tea", "storyteller"}
"""To be traced whole."""


KNOWN_BEFOREHAND = {"frozen-lake", "cliff-walking", "taxi"}
"""Environments of gymnasium's, whose tables are there before they are visited."""


def learned(name: str) -> tuple[Trainer, Solution]:
    """The scenario from its first step to its stop rule, and its optimum."""
    trainer = Trainer(scenario.find(name))
    trainer.advance(*trainer.limits)
    return trainer, oracle.solve(trainer.start_scenario)


@pytest.mark.parametrize("name", sorted(set(scenario.built_in()) - CONFUSED - TOO_HOPEFUL))
def test_that_a_scenario_of_the_gallery_is_learned_to_its_exact_optimum(name: str) -> None:
    trainer, solution = learned(name)
    for prompt in range(len(trainer.scenario.starts)):
        said, best = trainer.greedy_text(prompt), solution.optimum[prompt]
        assert said.value == pytest.approx(best.value, rel=1e-12), trainer.scenario.starts[prompt].text


@pytest.mark.parametrize("name", sorted(set(scenario.built_in()) - TOO_LARGE - KNOWN_BEFOREHAND))
def test_that_traced_whole_and_traced_as_visited_a_scenario_of_the_gallery_gives_the_same_file(name: str) -> None:
    start = scenario.find(name)
    whole, visited = Trainer(start, whole=1 << 22), Trainer(start, whole=0)
    # Where words slip, values are expected ones, for which everything is traced whatever is asked for.
    assert (whole.tables.whole, visited.tables.whole) == (True, start.language.slip > 0)
    files = []
    for trainer in (whole, visited):
        trainer.advance(*(min(limit, 60_000) for limit in trainer.limits))
        files.append(runfile.dumps(runfile.of_trainer(trainer)))
    assert files[0] == files[1]


def test_that_too_short_a_memory_keeps_to_what_one_word_can_tell_and_its_cure_does_not() -> None:
    trainer, solution = learned("short-memory")
    language, reference = trainer.scenario.language, trainer.scenario.starts[0].references[0].split()
    gamma, words = trainer.scenario.learner.gamma, range(len(language.words))

    def value(policy: tuple[int, ...]) -> float:
        """Of the policy that says policy[0] first, and policy[1 + w] after word w."""
        total, last, right = 0.0, -1, True
        for position, wanted in enumerate(reference):
            last = policy[1 + last]
            right = right and language.words[last] == wanted
            total += gamma**position * (1.0 if right else -1.0)
        return total

    best = max(map(value, product(words, repeat=1 + len(words))))
    assert trainer.greedy_text(0).value == pytest.approx(best)
    assert best < solution.start_value - 1
    cured, cured_solution = learned("short-memory-cured")
    assert cured.greedy_text(0).value == cured_solution.start_value == solution.start_value


def test_that_rose_coloured_glasses_make_the_agent_expect_more_than_there_is() -> None:
    start = scenario.find("rose-coloured")
    truth = oracle.solve(start).start_value
    hopes = []
    for seed in range(20):
        trainer = Trainer(start.changed("learner.seed", seed))
        trainer.advance(*trainer.limits)
        hopes.append(float(trainer.learned.q[: trainer.tables.slots].max()))
    assert truth < 0
    assert sum(hopes) / len(hopes) > truth + 0.15
