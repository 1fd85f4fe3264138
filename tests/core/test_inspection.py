"""One update in numbers: recomputed, it is what the loop did, and what is inspected is what the table holds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core import explain, scenario
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.telemetry import Observer, Snapshot, Update, Wanted, find_update
from langrl_gui.core.telemetry.inspection import last_update
from langrl_gui.core.trainer import Trainer
from tests.problems import small_scenarios


def looked_at(trainer: Trainer, state: tuple[int, ...], observer: Observer | None = None) -> Snapshot:
    return (observer or Observer(trainer)).observe(Wanted(inspected=state))


class Diary:
    """The table before and after every step, kept beside a run: what the last update of each state must have been."""

    def __init__(self, problem: Scenario) -> None:
        self.trainer = Trainer(problem, compiled=False)
        self.last: dict[tuple[int, ...], tuple[int, float, float]] = {}

    def step(self) -> None:
        trainer = self.trainer
        before = trainer.learned.q.copy()
        visits = trainer.learned.visits.copy()
        trainer.advance(trainer.step + 1)
        (cell,) = np.flatnonzero(trainer.learned.visits != visits)
        row = int(cell) // trainer.tables.slots
        state = (trainer.tables.prompt(row), *trainer.tables.seen(row))
        self.last[state] = trainer.step, float(before[cell]), float(trainer.learned.q[cell])


@given(small_scenarios(), st.integers(1, 60), st.data())
@settings(max_examples=40, deadline=None)
def test_the_last_update_of_every_state_is_found_again_to_the_bit(problem: Scenario, steps: int, data: Any) -> None:
    diary = Diary(problem)
    change_at = data.draw(st.integers(0, steps))
    for number in range(steps):
        if number == change_at:
            diary.trainer.set("learner.alpha", 0.25)
        diary.step()
    trainer = diary.trainer
    for state, (step, old, new) in diary.last.items():
        found = find_update(trainer.start_scenario, trainer.timeline, trainer.step, state, lambda _: True)
        assert found is not None
        assert (found.step, found.state, found.old, found.new) == (step, state, old, new)
    newest = last_update(trainer)
    assert newest is not None
    assert (newest.step, newest.old, newest.new) == diary.last[newest.state]
    assert newest.td_error == trainer.progress.amounts[3]


@given(small_scenarios(), st.integers(1, 200))
@settings(max_examples=40, deadline=None)
def test_what_is_inspected_is_what_the_table_holds(problem: Scenario, steps: int) -> None:
    trainer = Trainer(problem)
    trainer.advance(steps)
    tables = trainer.tables
    shared = tables.restricted and problem.language.context != "all"
    for row in range(tables.rows):
        state = (tables.prompt(row), *tables.seen(row))
        shown = looked_at(trainer, state).inspection
        assert shown is not None
        assert shown.state == state
        offered = tables.row_offers(np.array([row]))
        cells = row * tables.slots + (np.arange(tables.slots) if offered is None else np.flatnonzero(offered[0]))
        assert shown.q.tolist() == trainer.learned.q[cells].tolist()
        assert shown.visits.tolist() == trainer.learned.visits[cells].tolist()
        assert shown.words.tolist() == tables.words_at(np.array([row]))[0, cells % tables.slots].tolist()
        assert shown.seen == int(shown.visits.sum())
        if shared:  # the best of what was tried; what can be chosen depends on the text
            assert np.isnan(shown.chance).all()
        else:
            assert shown.best == int(np.argmax(shown.q))
            assert shown.chance.sum() == pytest.approx(1.0)


def test_watching_a_state_tells_its_last_update_while_the_run_goes_on() -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    observer, state = Observer(trainer), (0, 0)
    shown = looked_at(trainer, state, observer).inspection
    assert shown is not None
    assert shown.update is None
    trainer.advance(1500)
    shown = looked_at(trainer, state, observer).inspection
    assert shown is not None
    assert shown.update is not None
    assert shown.update == find_update(trainer.start_scenario, trainer.timeline, 1500, state, lambda _: True)


def test_an_update_that_was_found_is_shown_for_its_state_only() -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(1500)
    observer = Observer(trainer)
    assert looked_at(trainer, (0, 0), observer).inspection.update is None  # type: ignore[union-attr]
    found = find_update(trainer.start_scenario, trainer.timeline, 1500, (0, 0), lambda _: True)
    assert found is not None
    observer.remember(found)
    assert looked_at(trainer, (0, 0), observer).inspection.update == found  # type: ignore[union-attr]
    assert looked_at(trainer, (0, 1), observer).inspection.update is None  # type: ignore[union-attr]
    observer.remember(found)
    assert looked_at(trainer, (0, 1), observer).inspection.update is None  # type: ignore[union-attr]


def test_inspecting_follows_the_agent_and_shows_the_update_it_just_made() -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    for step in range(1, 40):
        trainer.advance(step)
        shown = looked_at(trainer, ()).inspection
        assert shown is not None
        assert shown.follows
        assert shown.state == (trainer.prompt, *trainer.words)
        assert shown.update is not None
        assert shown.update.step == step


def test_looking_changes_nothing() -> None:
    alone, watched = (Trainer(scenario.find("ten-words")) for _ in range(2))
    alone.advance(3000)
    observer = Observer(watched)
    for step in range(100, 3001, 100):
        watched.advance(step)
        looked_at(watched, (0, step % 10), observer)
        looked_at(watched, (), observer)
    assert watched.state_hash() == alone.state_hash()


def test_a_search_ends_when_it_is_told_to() -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(3000)
    told: list[float] = []

    def stop(fraction: float) -> bool:
        told.append(fraction)
        return False

    assert find_update(trainer.start_scenario, trainer.timeline, 3000, (0,), stop) is None
    assert len(told) == 1


def test_a_state_that_there_is_not_is_empty() -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    for state in ((7,), (0, 9), (0, 0, 1, 2), (0, -2)):
        shown = looked_at(trainer, state).inspection
        assert shown is not None
        assert len(shown.words) == 0


def test_chances_add_up_and_are_those_of_the_draws() -> None:
    explore = scenario.find("i-love-you").learner.explore
    chance = explain.chances(explore, 1, 4)
    assert chance.tolist() == [0.025, 0.9 + 0.025, 0.025, 0.025]
    assert chance.sum() == pytest.approx(1.0)


def test_chance_is_how_often_a_word_is_chosen() -> None:
    problem = from_data(
        {
            "name": "often",
            "language": {"words": ["a", "b", "c"], "max_length": 1},
            "prompts": [{"references": ["b"]}],
            "rewards": [{"kind": "match"}],
            "learner": {"method": "q-learning", "explore": {"kind": "epsilon-greedy", "epsilon": 0.3}},
        }
    )
    trainer = Trainer(problem)
    trainer.advance(100)  # by now it knows
    before = looked_at(trainer, (0,)).inspection
    trainer.advance(100_100)
    after = looked_at(trainer, (0,)).inspection
    assert before is not None
    assert after is not None
    often = (after.visits - before.visits) / 100_000
    assert np.abs(often - before.chance).max() < 0.005


UPDATE = Update(7, (0, 0, 1), 2, 2, 0.992, 0.5, 1.0, 0.95, None, (1.0,))


def test_an_update_is_written_short_and_with_all_digits() -> None:
    problem = scenario.find("i-love-you")
    pieces = explain.equation(UPDATE, problem, "我爱")
    text = "".join(piece.text for piece in pieces)
    assert text == "Q(我爱, 你) ← 0.992 + 0.5 × [ 1 + 0.95 × 0 (end) − 0.992 ] = 0.996"
    assert explain.signed(UPDATE.td_error) == "+0.008"
    exact = explain.written(UPDATE, problem, "我爱")
    assert f"= {UPDATE.new!r}" in exact
    assert f"surprise {UPDATE.td_error!r}" in exact
    assert "reward 1.0" in exact


@pytest.mark.parametrize("missing", [0.0, 4e-16, -9e-16, 1e-12, -0.5])
def test_a_surprise_is_what_is_more_than_rounding_leaves(missing: float) -> None:
    update = replace(UPDATE, old=1.0 + 0.95 * 1.95 - missing, future=1.95)
    assert update.td_error == pytest.approx(missing, abs=1e-15)
    assert update.surprise == (update.td_error if abs(missing) > 1e-14 else 0.0)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_exact_numbers_read_back_the_same_and_short_ones_hide_no_difference_from_zero(number: float) -> None:
    assert float(explain.exact(number)) == number
    assert (explain.short(number) == "0") == (number == 0)


def test_the_terms_of_a_reward_are_told_where_there_are_several() -> None:
    terms = [{"kind": "match", "weight": 1.0}, {"kind": "match", "weight": -0.5}]
    problem = scenario.find("i-love-you").changed("rewards", terms)
    trainer = Trainer(problem)
    trainer.advance(1)
    update = last_update(trainer)
    assert update is not None
    assert sum(update.shares) == update.reward == 0.5
    assert explain.parts_of_reward(update, problem).endswith("word by word 1 · Match, word by word −0.5")
    trainer.set("rewards.1.weight", 2.0)
    trainer.advance(2)
    update = last_update(trainer)
    assert update is not None
    assert sum(update.shares) == update.reward
