"""What the agent answers: greedily, or exploring with luck of its own; each word beside what else it could be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core import saying, scenario
from langrl_gui.core.errors import ScenarioError
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.trainer import Trainer
from tests.problems import small_scenarios


@given(small_scenarios(), st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_a_greedy_answer_is_the_greedy_text(problem: Scenario, steps: int) -> None:
    trainer = Trainer(problem)
    trainer.advance(steps)
    for prompt in range(len(problem.starts)):
        text, answer = trainer.greedy_text(prompt), saying.answer(trainer, prompt)
        assert tuple(said.word for said in answer.words) == text.words
        assert answer.total == text.total
        if not trainer.values_expect_slips:
            assert answer.value == text.value
        assert not any(said.explored for said in answer.words)


@given(small_scenarios(), st.integers(0, 300), st.integers(0, 2**63 - 1))
@settings(max_examples=40, deadline=None)
def test_alternatives_are_the_cells_of_the_table(problem: Scenario, steps: int, seed: int) -> None:
    trainer = Trainer(problem)
    trainer.advance(steps)
    before = trainer.state_hash()
    answer = saying.answer(trainer, 0, seed)
    for said in answer.words:
        row = trainer.tables.find_row(said.state)
        assert row is not None
        words = trainer.tables.words_at(np.array([row]))[0].tolist()
        for each in said.alternatives:
            cell = row * trainer.tables.slots + words.index(each.word)
            assert (each.q, each.visits) == (trainer.learned.q[cell], trainer.learned.visits[cell])
        assert said.chosen.word == said.word
        assert len(said.alternatives) == said.offered
        assert sum(each.chance for each in said.alternatives) == pytest.approx(1.0)
    assert trainer.state_hash() == before
    assert saying.answer(trainer, 0, seed) == answer


def test_exploring_answers_choose_as_often_as_their_chances_say() -> None:
    trainer = Trainer(scenario.find("i-love-you").changed("learner.explore.epsilon", 0.3))
    trainer.advance(3000)
    answers = [saying.answer(trainer, 0, seed) for seed in range(4000)]
    first = [answer.words[0].word for answer in answers]
    for each in answers[0].words[0].alternatives:
        spread = math.sqrt(each.chance * (1 - each.chance) / len(answers))
        assert abs(first.count(each.word) / len(answers) - each.chance) < 5 * spread


def test_of_many_words_the_best_are_told_and_always_the_one_that_was_said() -> None:
    problem = from_data(
        {
            "name": "many",
            "language": {"words": [f"w{n}" for n in range(300)], "joiner": " ", "max_length": 2},
            "prompts": [{"references": ["w7 w8"]}],
            "rewards": [{"kind": "match"}],
            "learner": {"method": "q-learning", "explore": {"kind": "epsilon-greedy", "epsilon": 1.0}},
        }
    )
    trainer = Trainer(problem)
    trainer.advance(5000)
    for seed in range(20):
        for said in saying.answer(trainer, 0, seed).words:
            assert said.offered == 300
            assert len(said.alternatives) == saying.MOST_ALTERNATIVES
            assert said.word in [each.word for each in said.alternatives]


def with_prompts(*texts: str) -> Scenario:
    prompts = [{"text": text, "references": ["a"]} for text in texts]
    language = {"words": ["a", "b"], "max_length": 1}
    return from_data({"name": "p", "language": language, "prompts": prompts, "rewards": [{"kind": "match"}]})


def test_a_prompt_is_found_by_its_text_and_an_unknown_one_is_explained() -> None:
    problem = with_prompts("good day", "good night", "你好")
    assert saying.find_prompt(problem, "good night") == 1
    with pytest.raises(ScenarioError, match=r'"good nigth"; it knows: .*did you mean "good night".*never met: nigth'):
        saying.find_prompt(problem, "good nigth")
    with pytest.raises(ScenarioError, match=r"never met: 们$"):
        saying.find_prompt(problem, "你们好")


def test_where_there_is_no_prompt_nothing_can_be_asked() -> None:
    assert saying.find_prompt(scenario.find("i-love-you"), "") == 0
    with pytest.raises(ScenarioError, match="leave it empty"):
        saying.find_prompt(scenario.find("i-love-you"), "hello")


def test_of_many_prompts_some_are_named_and_the_others_counted() -> None:
    with pytest.raises(ScenarioError, match='"p19" and 5 more'):
        saying.find_prompt(with_prompts(*(f"p{n}" for n in range(25))), "q")
