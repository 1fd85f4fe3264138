"""A run is what its scenario, its seed and its events say, to the last bit, however it is cut, traced or looked at."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core import arrays, draws
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.errors import ScenarioError, TableError
from langrl_gui.core.oracle import solve
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import END, WHOLE
from langrl_gui.core.telemetry import GraphWanted, Observer, Wanted
from langrl_gui.core.trainer import Trainer
from tests.problems import small_scenarios
from tests.terms import rewarded_scenarios, scenario_of

EVERYTHING = Wanted(True, True, 2, GraphWanted(12), (0, 50), (0, 20))


def everything(trainer: Trainer) -> list[object]:
    """All that a run is, as plain values that compare bit for bit."""
    moment = trainer.moment()
    return [
        moment.step, moment.episode, moment.prompt, moment.words, moment.bin_shift,
        np.array(moment.amounts).tobytes(),
        *(values.tobytes() for values in (moment.states, moment.q, moment.visits, *moment.histories.values())),
    ]  # fmt: skip


def test_no_two_streams_of_luck_share_a_number() -> None:
    streams = {name: number for name, number in vars(draws).items() if name.isupper() and 0 <= number < 1000}
    assert {"EXPLORE", "SLOT", "PROMPT", "SLIP", "SLIPPED", "OUTCOME", "SAY", "SAY_SLOT"} <= set(streams)
    assert len(set(streams.values())) == len(streams), streams


@settings(max_examples=60, deadline=None)
@given(small_scenarios(), st.integers(0, 3000))
def test_the_kernel_equals_the_plain_python_reference_to_the_last_bit(scenario: Scenario, steps: int) -> None:
    kernel, reference = Trainer(scenario), Trainer(scenario, compiled=False)
    kernel.advance(steps)
    reference.advance(steps)
    assert everything(kernel) == everything(reference)
    nodes = np.arange(2, kernel.tables.nodes)
    assert (kernel.greedy_slots(nodes) == reference.greedy_slots(nodes)).all()
    assert kernel.learned.change.tobytes() == reference.learned.change.tobytes()


@settings(max_examples=60, deadline=None)
@given(small_scenarios(), st.lists(st.integers(0, 700), min_size=2, max_size=5), st.booleans())
def test_plain_python_and_the_compiled_loop_take_turns_and_nobody_can_tell(
    scenario: Scenario, parts: list[int], compiled: bool
) -> None:
    alone, by_turns = Trainer(scenario), Trainer(scenario, compiled=compiled)
    for part in parts:
        by_turns.advance(by_turns.step + part)
        by_turns.compiled = not by_turns.compiled
    alone.advance(sum(parts))
    assert everything(by_turns) == everything(alone)
    assert by_turns.learned.change.tobytes() == alone.learned.change.tobytes()
    nodes = np.arange(2, alone.tables.nodes)
    assert (by_turns.greedy_slots(nodes) == alone.greedy_slots(nodes)).all()


@settings(max_examples=60, deadline=None)
@given(small_scenarios(), st.integers(1, 300), st.data())
def test_watching_a_row_keeps_its_last_update_and_changes_nothing_else(
    scenario: Scenario, steps: int, data: st.DataObject
) -> None:
    kernel, reference, alone = Trainer(scenario), Trainer(scenario, compiled=False), Trainer(scenario)
    row = data.draw(st.integers(0, kernel.tables.rows - 1))
    expected: list[float] = []
    for trainer in (kernel, reference):
        trainer.watch(row)
        trainer.advance(steps)
    assert [part.tobytes() for part in kernel.progress.watch] == [part.tobytes() for part in reference.progress.watch]
    # Seen from outside: the step before and after which that row's cell and counts differ.
    for step in range(steps):
        tables, learned, slots = alone.tables, alone.learned, alone.tables.slots
        node = int(alone.progress.counters[arrays.NODE])
        here = int(tables.row[node])
        before = learned.q.copy()
        alone.advance(step + 1)
        edge = int(alone.last_edges(1)[0])
        if here == row:
            following = int(tables.successor[edge])
            after = before[int(tables.row[following]) * slots :][:slots]
            rest = after[tables.offers(np.array([following]))[0]].max() if following != END else 0.0
            chosen = int(alone.progress.chosen[step]) if scenario.language.slip else edge % slots
            cell = row * slots + chosen
            expected = [step + 1, edge, cell, tables.reward[edge], before[cell], rest]
    watch = kernel.progress.watch
    assert [*watch.which, *watch.amounts[:3]] == (expected or [0, 0, 0, 0, 0, 0])
    assert everything(kernel) == everything(alone)


def test_the_kernel_equals_the_reference_when_bins_have_widened() -> None:
    scenario = scenarios.find("i-love-you")
    kernel, reference = Trainer(scenario), Trainer(scenario, compiled=False)
    for trainer in (kernel, reference):
        trainer.advance(20_000)
        assert trainer.moment().bin_shift > 1
    assert everything(kernel) == everything(reference)


@pytest.mark.parametrize("context", ["all", 1])
def test_many_words_without_a_shortlist_are_not_all_asked_before_the_first_step(context: object) -> None:
    scenario = scenario_of([{"kind": "repetition"}], [f"w{number}" for number in range(3000)], max_length=5)
    trainer = Trainer(scenario.changed("language.context", context))
    asked = sum(map(trainer.tables.dynamics.has_asked, range(trainer.tables.dynamics.known)))
    assert asked <= 2 * WHOLE // 3000
    trainer.advance(100)
    assert trainer.step == 100


def test_an_end_word_alone_is_a_language_in_which_nothing_is_said() -> None:
    scenario = scenario_of([{"kind": "length", "most": 0}], ["."], end_word=".", max_length=3)
    for whole in (0, 1 << 10):
        trainer = Trainer(scenario, whole=whole)
        trainer.advance(10)
        assert (trainer.episode, trainer.tables.rows) == (10, 1)
        assert scenario.language.join(trainer.greedy_text(0).words) == ""


@settings(max_examples=60, deadline=None)
@given(small_scenarios(), st.lists(st.integers(0, 400), max_size=8))
def test_slices_tracing_and_looking_change_nothing(scenario: Scenario, cuts: list[int]) -> None:
    whole = Trainer(scenario)
    whole.advance(400)
    sliced = Trainer(scenario, whole=0)
    observer = Observer(sliced)
    for cut in sorted(cuts):
        sliced.advance(cut)
        observer.observe(EVERYTHING)
    sliced.advance(400)
    assert everything(whole) == everything(sliced)
    assert whole.state_hash() == sliced.state_hash()


@settings(max_examples=60, deadline=None)
@given(small_scenarios(), st.integers(0, 500), st.integers(0, 500))
def test_a_run_taken_up_from_a_moment_goes_on_as_if_it_had_never_stopped(
    scenario: Scenario, first: int, more: int
) -> None:
    never_stopped = Trainer(scenario)
    never_stopped.advance(first)
    never_stopped.set("learner.alpha", 0.25)
    taken_up = Trainer.of_moment(scenario, never_stopped.moment())
    for trainer in (never_stopped, taken_up):
        trainer.advance(first + more)
    assert everything(never_stopped) == everything(taken_up)
    assert never_stopped.timeline == taken_up.timeline


@settings(max_examples=30, deadline=None)
@given(small_scenarios(), st.lists(st.tuples(st.integers(0, 300), st.floats(0, 1)), max_size=5))
def test_replaying_the_events_from_the_start_gives_the_same_run(
    scenario: Scenario, changes: list[tuple[int, float]]
) -> None:
    first = Trainer(scenario)
    for step, alpha in sorted(changes):
        first.advance(step)
        first.set("learner.alpha", alpha)
    first.advance(300)
    again = Trainer(scenario)
    again.replay(first.timeline, 300)
    assert everything(first) == everything(again)
    assert first.timeline == again.timeline


@settings(max_examples=60, deadline=None)
@given(small_scenarios(exact=True))
def test_with_alpha_one_and_enough_exploring_the_greedy_value_is_the_optimum_bit_for_bit(scenario: Scenario) -> None:
    trainer = Trainer(scenario)
    trainer.advance(40_000)
    solution = solve(scenario)
    for best in solution.optimum:
        assert trainer.greedy_text(best.prompt).value == best.value


def test_i_love_you_is_learned_to_its_optimum() -> None:
    trainer = Trainer(scenarios.find("i-love-you"))
    trainer.advance(*trainer.limits)
    said = trainer.greedy_text(0)
    assert trainer.scenario.language.join(said.words) == "我爱你"
    assert (said.total, said.value) == (3.0, 2.8525)
    assert (trainer.episode, trainer.tables.rows) == (1000, 13)


def test_the_seed_alone_decides_the_luck() -> None:
    scenario = scenarios.find("i-love-you")
    hashes = set()
    for seed in range(20):
        for _ in range(2):
            trainer = Trainer(scenario.changed("learner.seed", seed))
            trainer.advance(300)
            hashes.add(trainer.state_hash())
    assert len(hashes) == 20


def test_a_run_is_the_same_at_a_step_whoever_stopped_there() -> None:
    scenario = scenarios.find("morning-tea")
    straight, halting = Trainer(scenario), Trainer(scenario)
    for step in range(1, 300):
        straight.advance(step)
        while halting.step < step:
            halting.advance(step, enough=lambda: True)
        assert everything(straight) == everything(halting)


def test_limits_are_met_exactly() -> None:
    trainer = Trainer(scenarios.find("morning-tea"))
    trainer.advance(10**9, episodes=7)
    assert (trainer.episode, trainer.position, trainer.step) == (7, 0, 49)
    trainer.advance(60)
    assert trainer.step == 60
    trainer.advance(5)
    assert trainer.step == 60


def test_only_live_fields_change_while_a_run_goes_on() -> None:
    trainer = Trainer(scenarios.find("i-love-you"))
    trainer.advance(10)
    with pytest.raises(ScenarioError, match=r"language\.max_length: cannot change"):
        trainer.set("language.max_length", 4)
    with pytest.raises(ScenarioError, match=r"learner\.alpha: found 2\.0, expected a number from 0 to 1"):
        trainer.set("learner.alpha", 2.0)
    assert trainer.timeline.events == ()


@settings(max_examples=40, deadline=None)
@given(rewarded_scenarios(), st.integers(0, 200), st.floats(-3, 3), st.floats(0, 1))
def test_weights_and_gamma_that_change_on_the_way_are_events_like_any_other(
    scenario: Scenario, step: int, weight: float, gamma: float
) -> None:
    first, reference = Trainer(scenario), Trainer(scenario, compiled=False, whole=0)
    for trainer in (first, reference):
        trainer.advance(step)
        trainer.set(f"rewards.{len(scenario.rewards) - 1}.weight", weight)
        trainer.advance(step + 50)
        trainer.set("learner.gamma", gamma)
    taken_up, again = Trainer.of_moment(scenario, first.moment()), Trainer(scenario)
    for trainer in (first, reference, taken_up):
        trainer.advance(400)
    again.replay(first.timeline, 400)
    for other in (reference, taken_up, again):
        assert everything(first) == everything(other)
    assert solve(first.scenario).start_value == solve(taken_up.scenario).start_value


@settings(max_examples=30, deadline=None)
@given(rewarded_scenarios(), st.floats(-3, 3), st.floats(0, 1))
def test_the_shares_of_the_greedy_policy_over_training_are_what_the_terms_gave_to_what_it_said(
    scenario: Scenario, weight: float, gamma: float
) -> None:
    trainer, reference = Trainer(scenario), Trainer(scenario, compiled=False, whole=0)
    for episode in range(1, 30):
        if episode == 15:
            for one in (trainer, reference):
                one.set("rewards.0.weight", weight)
                one.set("learner.gamma", gamma)
        trainer.advance(10**6, episodes=episode)
        trainer.advance(trainer.step)  # values the bin that is full now
        reference.advance(10**6, episodes=episode)
        reference.advance(reference.step)
        words, node, expected = trainer.greedy_text(0).words, int(trainer.tables.starts[0]), 0.0
        for word in words:
            expected = expected + trainer.tables.shares_of(np.array([node * trainer.tables.slots + word]))[0]
            node = trainer.tables.follow(node, word)
        shares = trainer.progress.histories.greedy_shares[episode - 1]
        assert (shares == expected).all()
        assert shares.tolist() == reference.progress.histories.greedy_shares[episode - 1].tolist()


def test_a_changed_weight_is_paid_from_the_next_step_on() -> None:
    trainer = Trainer(scenarios.find("i-love-you").changed("learner.alpha", 1.0))
    trainer.advance(*trainer.limits)
    assert trainer.greedy_text(0).total == 3.0
    trainer.set("rewards.0.weight", -2.0)
    assert trainer.greedy_text(0).total == -6.0
    trainer.advance(trainer.step + 3000)
    assert trainer.greedy_text(0).total == 6.0, "whatever was right is wrong now"
    with pytest.raises(ScenarioError, match=r"rewards\.1: no such entry; there are 1"):
        trainer.set("rewards.1.weight", 1.0)
    with pytest.raises(ScenarioError, match=r"rewards\.0\.right: cannot change .* these can: .*rewards\.N\.weight"):
        trainer.set("rewards.0.right", 1.0)


def test_a_full_table_pauses_before_the_step_and_loses_nothing() -> None:
    scenario = scenarios.find("morning-tea")
    trainer = Trainer(scenario, budget=200_000)
    with pytest.raises(TableError, match="the table is full"):
        trainer.advance(10**6)
    stood = trainer.step
    assert 0 < stood < 10**6
    roomy = Trainer(scenario)
    roomy.advance(stood)
    assert everything(trainer) == everything(roomy)


def test_as_many_states_fit_as_was_foreseen_and_a_full_table_says_what_more_would_need() -> None:
    """Of many prompts, with a reward that tells all texts apart, one that tells few apart, and one that tells none."""
    data = scenarios.to_data(scenarios.find("morning-tea"))
    words = data["language"]["words"]
    for kind in ("chrf", "repetition", "match"):
        data["rewards"] = [{"kind": kind}]
        data["prompts"] = [
            {"text": str(number), "references": [" ".join((words * 2)[number % len(words) :][:6])]}
            for number in range(40)
        ]
        data["language"]["max_length"] = 6
        trainer = Trainer(scenarios.from_data(data), budget=2_000_000, compiled=False)
        room = trainer.room
        assert room is not None
        assert not room.suffices
        assert 0 < room.least <= room.most < room.all == sum(40 * len(words) ** said for said in range(6))
        with pytest.raises(TableError) as caught:
            trainer.advance(10**6)
        assert room.least <= trainer.tables.rows <= room.most
        counted = r"([\d\u202f]+)"
        full = f"the table is full: {counted} states, .* take the 1 MiB .* may be {counted}, for which {counted} MiB"
        found = re.match(full, str(caught.value))
        assert found is not None
        rows, every, needed = (int(number.replace("\u202f", "")) for number in found.groups())
        assert (rows, every) == (trainer.tables.rows, room.all)
        assert needed > 100
    roomy = Trainer(scenarios.find("i-love-you"), whole=0).room
    assert roomy is not None
    assert roomy.suffices
    assert str(roomy).startswith("up to 13 states will be traced as they are met, in at most ")


def test_what_cannot_fit_at_all_is_refused_with_what_it_would_need() -> None:
    data = scenarios.to_data(scenarios.find("i-love-you"))
    data["prompts"] = [{"text": str(number), "references": ["我爱你"]} for number in range(10_000)]
    needed = (
        "3 words in at least 10\u202f002 states need 2 MiB of memory and 1 MiB are planned; use fewer words, .* prompts"
    )
    with pytest.raises(TableError, match=needed):
        Trainer(scenarios.from_data(data), budget=1 << 20)


def test_prompts_are_drawn_by_weight() -> None:
    data = scenarios.to_data(scenarios.find("i-love-you"))
    data["prompts"] = [
        {"text": "a", "references": ["我爱你"], "weight": 1.0},
        {"text": "b", "references": ["你爱我"], "weight": 3.0},
    ]
    trainer = Trainer(scenarios.from_data(data))
    trainer.advance(300_000)
    first, second = (
        int(trainer.learned.visits.reshape(-1, 3)[trainer.tables.row[node]].sum()) for node in trainer.tables.starts
    )
    assert abs(first / (first + second) - 0.25) < 0.01
    assert [trainer.scenario.language.join(trainer.greedy_text(p).words) for p in (0, 1)] == ["我爱你", "你爱我"]
