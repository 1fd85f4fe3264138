"""Samples are the same for the same run, and are what the agent would have said at their steps."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core import arrays, runfile, samples, scenario
from langrl_gui.core.kernels import loop
from langrl_gui.core.samples import Sample
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.trainer import NO_LIMIT, Trainer
from tests.problems import small_scenarios


def taken(trainer: Trainer) -> list[Sample]:
    return trainer.samples.taken


def again(trainer: Trainer) -> Trainer:
    """The run saved and taken up again."""
    return runfile.to_trainer(runfile.loads(runfile.dumps(runfile.of_trainer(trainer)), "again"))


def unsampled(problem: Scenario) -> Trainer:
    """A run at which nobody looks."""
    trainer = Trainer(problem)
    trainer.progress.counters[arrays.LOOK] = NO_LIMIT
    return trainer


@given(small_scenarios(), st.lists(st.integers(1, 90), max_size=12), st.data())
@settings(max_examples=40, deadline=None)
def test_slices_change_no_sample_and_samples_change_no_run(problem: Scenario, slices: list[int], data: Any) -> None:
    whole, cut, alone = Trainer(problem), Trainer(problem), unsampled(problem)
    for size in slices:
        if data.draw(st.booleans()):
            cut.advance(cut.step + size)
        else:
            cut.advance(10**9, cut.episode + size)
        if data.draw(st.booleans()):
            cut = again(cut)
    cut.moment()
    whole.advance(cut.step)
    alone.advance(cut.step)
    whole.moment()
    assert taken(whole) == taken(cut)
    assert whole.state_hash() == cut.state_hash() == alone.state_hash()


@given(small_scenarios(), st.integers(1, 64))
@settings(max_examples=25, deadline=None)
def test_a_sample_is_what_would_have_been_said_and_none_is_missing(problem: Scenario, episodes: int) -> None:
    trainer, by_hand = Trainer(problem), unsampled(problem)
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


def test_how_often_is_decided_the_same_by_the_loop_and_in_python() -> None:
    for episode in (*range(3000), *(2**power + nearby for power in range(12, 40) for nearby in (-1, 0, 1))):
        assert loop.look_after(np.uint64(episode)) == samples.look_after(episode)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_long_run_is_looked_at_ever_less_often_and_a_change_seen_soon(compiled: bool) -> None:
    start = scenario.find("ten-words").changed("learner.explore.epsilon", 0.5)
    trainer, by_hand = Trainer(start, compiled=compiled), unsampled(start)
    episodes = 300_000 if compiled else 3_000
    trainer.advance(10**9, episodes)
    expected: list[Sample] = []
    looks = [0]
    while looks[-1] <= episodes:
        by_hand.advance(10**9, looks[-1])
        text = by_hand.greedy_text(0)
        if not expected or expected[-1].words != text.words:
            expected.append(Sample(by_hand.step, looks[-1], 0, text.words, text.value, text.total))
        looks.append(samples.look_after(looks[-1]))
    assert taken(trainer) == expected
    assert not taken(by_hand)
    assert max(sample.episode for sample in expected) > 64  # from where on it is not looked at after each
    assert len(looks) < 64 + arrays.LOOKS * 15
    assert all(after - look <= max(1, look // arrays.LOOKS) for look, after in pairwise(looks))


def test_a_run_whose_samples_were_not_kept_is_sampled_from_where_it_is_taken_up_and_keeps_none() -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(1000)
    late = Trainer.of_moment(trainer.start_scenario, replace(trainer.moment(), samples=None))
    assert [sample.step for sample in taken(late)] == [1000]
    late.advance(1001)
    assert late.moment().samples is None


def test_the_oldest_make_way_where_there_are_very_many(monkeypatch: Any) -> None:
    everything = Trainer(scenario.find("ten-words"))
    everything.advance(200)
    monkeypatch.setattr(samples, "MOST_SAMPLES", 5)
    trainer, saved_in_between = Trainer(scenario.find("ten-words")), Trainer(scenario.find("ten-words"))
    trainer.advance(200)
    for step in range(0, 201, 20):
        saved_in_between.advance(step)
        saved_in_between = again(saved_in_between)
    assert taken(trainer) == taken(saved_in_between) == taken(everything)[-5:]
    assert trainer.samples.dropped == saved_in_between.samples.dropped == len(taken(everything)) - 5


def test_the_last_sample_of_a_prompt_stays_however_old_it_is(monkeypatch: Any) -> None:
    problem = scenario.find("small-talk")
    everything = Trainer(problem)
    everything.advance(100_000)
    monkeypatch.setattr(samples, "MOST_WORDS", 1)
    trainer = Trainer(problem)
    trainer.advance(100_000)
    last = {sample.prompt: sample for sample in taken(everything)}
    assert len(last) > 1
    assert taken(trainer) == sorted(last.values(), key=taken(everything).index)


def test_only_the_first_of_very_many_prompts_are_looked_at() -> None:
    prompts = [{"text": f"p{n}", "references": ["a"]} for n in range(150)]
    language = {"words": ["a", "b"], "max_length": 1}
    trainer = Trainer(
        from_data({"name": "p", "language": language, "prompts": prompts, "rewards": [{"kind": "match"}]})
    )
    trainer.advance(0)
    assert [sample.prompt for sample in taken(trainer)] == list(range(samples.MOST_PROMPTS))


def test_where_what_is_said_goes_round_for_ever_samples_are_taken_all_the_same() -> None:
    trainer = Trainer(scenario.find("cliff-walking").changed("learner.gamma", 1.0))
    trainer.advance(0)
    assert [sample.value for sample in taken(trainer)] == [-float("inf")]  # up, against the wall
    trainer.advance(*trainer.limits)
    assert taken(trainer)[-1].words == trainer.greedy_text(0).words
    assert len(taken(trainer)[-1].words) == 13
    assert taken(again(trainer)) == taken(trainer)
