"""Samples are the same for the same run, and are what the agent would have said at their steps."""

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core import samples, scenario
from langrl_gui.core.samples import Sample
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.trainer import Trainer
from tests.problems import small_scenarios


def sampled(problem: Scenario) -> Trainer:
    trainer = Trainer(problem)
    trainer.take_samples()
    return trainer


def taken(trainer: Trainer) -> list[Sample]:
    assert trainer.samples is not None
    return trainer.samples.taken


@given(small_scenarios(), st.lists(st.integers(1, 90), max_size=12), st.data())
@settings(max_examples=40, deadline=None)
def test_slices_change_no_sample_and_samples_change_no_run(problem: Scenario, slices: list[int], data: Any) -> None:
    whole, cut, alone = sampled(problem), sampled(problem), Trainer(problem)
    for size in slices:
        if data.draw(st.booleans()):
            cut.advance(cut.step + size)
        else:
            cut.advance(10**9, cut.episode + size)
        cut.advance(cut.step)
    whole.advance(cut.step)
    alone.advance(cut.step)
    assert taken(whole) == taken(cut)
    assert whole.state_hash() == cut.state_hash() == alone.state_hash()


@given(small_scenarios(), st.integers(1, 64))
@settings(max_examples=25, deadline=None)
def test_a_sample_is_what_would_have_been_said_and_none_is_missing(problem: Scenario, episodes: int) -> None:
    trainer, by_hand = sampled(problem), Trainer(problem)
    trainer.advance(10**9, episodes)
    said: dict[int, tuple[int, ...]] = {}
    expected = []
    for episode in range(episodes + 1):
        by_hand.advance(10**9, episode)
        for prompt in range(len(problem.starts)):
            text = by_hand.greedy_text(prompt)
            if said.get(prompt) != text.words:
                said[prompt] = text.words
                expected.append(Sample(by_hand.step, episode, prompt, text.words, text.value, text.total))
    assert taken(trainer) == expected  # so few episodes are looked at one by one


def test_a_long_run_is_looked_at_ever_less_often_and_a_change_seen_soon() -> None:
    trainer = sampled(scenario.find("ten-words"))
    assert trainer.samples is not None
    looks, look = [], trainer.samples.look

    def counted(of: Trainer) -> None:
        looks.append(of.episode)
        look(of)

    trainer.samples.look = counted  # type: ignore[method-assign]
    trainer.advance(10**9, 1_000_000)
    assert len(looks) < 64 + samples.LOOKS * 2 * 15
    assert all(b - a <= max(1, a // samples.LOOKS) for a, b in pairwise(looks))
    assert taken(trainer)[-1].words == trainer.greedy_text(0).words


def test_a_run_that_is_taken_up_is_sampled_from_there() -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(1000)
    again = Trainer.of_moment(trainer.start_scenario, trainer.moment())
    again.take_samples()
    assert [sample.step for sample in taken(again)] == [1000]
    again.take_samples()
    assert len(taken(again)) == 1


def test_the_oldest_make_way_where_there_are_very_many(monkeypatch: Any) -> None:
    monkeypatch.setattr(samples, "MOST_SAMPLES", 5)
    trainer = sampled(scenario.find("ten-words"))
    trainer.advance(200)
    assert trainer.samples is not None
    assert len(taken(trainer)) == 5
    assert trainer.samples.dropped > 0


def test_only_the_first_of_very_many_prompts_are_looked_at() -> None:
    prompts = [{"text": f"p{n}", "references": ["a"]} for n in range(150)]
    language = {"words": ["a", "b"], "max_length": 1}
    trainer = sampled(
        from_data({"name": "p", "language": language, "prompts": prompts, "rewards": [{"kind": "match"}]})
    )
    assert [sample.prompt for sample in taken(trainer)] == list(range(samples.MOST_PROMPTS))


def test_where_what_is_said_goes_round_for_ever_samples_are_taken_all_the_same() -> None:
    trainer = sampled(scenario.find("cliff-walking").changed("learner.gamma", 1.0))
    assert [sample.value for sample in taken(trainer)] == [-float("inf")]  # up, against the wall
    trainer.advance(*trainer.limits)
    assert taken(trainer)[-1].words == trainer.greedy_text(0).words
    assert len(taken(trainer)[-1].words) == 13
