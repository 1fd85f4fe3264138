"""Which words are offered: shortlists, masks, dead ends, and words that slip, in loop, reference, tables and oracle."""

import dataclasses
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core import oracle, runfile, work
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.errors import ScenarioError, TableError
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import END, NOTHING, Tables
from langrl_gui.core.text import Shortlist, mark, read_corpus
from langrl_gui.core.trainer import Trainer
from tests.core.test_trainer import everything
from tests.problems import masked, small_scenarios

POEM = "the cat sees the bird\nthe bird sings\nthe cat sleeps now\n"


def of_poem(**changes: object) -> Scenario:
    """Three words of a poem's, shortlisted to two."""
    language = {"corpus": "poem.txt", "tokenizer": "words", "joiner": " ", "max_length": 3, "shortlist": 2} | changes
    learner = changes.pop("learner", {"method": "q-learning"})
    language.pop("learner", None)
    data = {
        "name": "poem",
        "language": language,
        "prompts": [{"references": ["the cat sleeps"]}],
        "rewards": [{"kind": "match"}],
        "learner": learner,
    }
    return scenarios.from_data(data, read_corpus=lambda name, tokenizer: mark(POEM, tokenizer))


# -- shortlists -------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=6), min_size=1, max_size=6),
    st.integers(1, 5),
    st.sampled_from(["", "e", "."]),
)
@settings(max_examples=100, deadline=None)
def test_a_shortlist_has_the_words_seen_most_often_after_the_last_one_then_the_most_frequent(
    lines: list[list[str]], size: int, end_word: str
) -> None:
    words = tuple("abcde.")
    text = "\n".join(" ".join(line) for line in lines)
    corpus = read_corpus(mark(text, "whitespace"), "whitespace", words, 10, end_word)
    end = words.index(end_word) if end_word else None
    shortlist = Shortlist(corpus, size, end)
    counts = Counter(word for line in lines for word in line)
    if end_word and end_word not in counts:
        counts[end_word] = len(lines)
    for last in (None, *words):
        after: Counter[str] = Counter()
        for line in lines:
            said = [None, *line] if not end_word or line[-1] == end_word else [None, *line, end_word]
            after.update(b for a, b in pairwise(said) if a == last)
        best = sorted(words, key=lambda w: (-after[w], -counts[w], words.index(w)))[:size]
        found = shortlist.after(None if last is None else words.index(last))
        assert [words[number] for number in found] == sorted(best, key=words.index)


def test_the_slots_of_a_shortlist_stand_for_its_words_and_nothing_else_can_be_said() -> None:
    scenario = of_poem()
    trainer = Trainer(scenario)
    trainer.advance(2000)
    tables, words = trainer.tables, scenario.language.words
    assert words == ("the", "cat", "bird", "sees", "sings", "sleeps", "now")
    assert tables.slots == 2
    assert [[words[w] for w in tables.words_at(tables.row[[node]])[0]] for node in tables.starts] == [["the", "cat"]]
    said = trainer.greedy_text(0)
    assert scenario.language.join(said.words) == "the cat sleeps"
    with pytest.raises(TableError, match="not on the shortlist"):
        tables.node_after(0, [6])
    moment = trainer.moment()
    assert moment.offered is not None
    assert moment.q.shape == moment.offered.shape == (len(moment.states), 2)
    assert moment.offered[0].tolist() == [0, 1]


def test_a_shortlist_needs_a_corpus() -> None:
    scenario = scenarios.find("i-love-you")
    with pytest.raises(ScenarioError, match=r"^language\.shortlist: needs a corpus"):
        scenario.changed("language.shortlist", 2)


def test_without_sight_of_the_last_word_slots_are_words_and_each_node_offers_its_own() -> None:
    trainer = Trainer(of_poem(context=0))
    tables = trainer.tables
    assert (tables.slots, tables.rows, tables.restricted) == (7, 1, True)
    nodes = np.arange(2, tables.nodes)
    assert (tables.offers(nodes).sum(axis=1) == 2).all()
    trainer.advance(500)
    assert trainer.moment().offered is None


# -- masks ------------------------------------------------------------------------------------------------------------


@given(small_scenarios(), st.integers(0, 2**32), st.floats(0, 1), st.integers(0, 600))
@settings(max_examples=60, deadline=None)
def test_kernel_and_reference_agree_to_the_last_bit_whatever_is_masked(
    scenario: Scenario, seed: int, rarely: float, steps: int
) -> None:
    with masked(seed, rarely):
        runs = Trainer(scenario), Trainer(scenario, compiled=False), Trainer(scenario, whole=0)
        for trainer in runs:
            trainer.advance(steps)
    for other in runs[1:]:
        assert everything(runs[0]) == everything(other)
        assert runs[0].state_hash() == other.state_hash()


@given(small_scenarios(), st.integers(0, 2**32), st.integers(0, 300), st.integers(0, 300))
@settings(max_examples=60, deadline=None)
def test_a_masked_run_is_saved_and_taken_up_as_if_it_had_never_stopped(
    scenario: Scenario, seed: int, first: int, more: int
) -> None:
    with masked(seed):
        never_stopped = Trainer(scenario)
        never_stopped.advance(first)
        saved = runfile.dumps(runfile.of_trainer(never_stopped))
        taken_up = runfile.to_trainer(runfile.loads(saved, "run"))
        as_visited = Trainer(scenario, whole=0)
        for trainer in (never_stopped, taken_up, as_visited):
            trainer.advance(first + more)
        files = [runfile.dumps(runfile.of_trainer(t)) for t in (never_stopped, taken_up, as_visited)]
    assert files[0] == files[1] == files[2]


@given(small_scenarios(exact=True), st.integers(0, 2**32), st.floats(0.2, 1))
@settings(max_examples=40, deadline=None)
def test_with_masks_the_greedy_value_is_learned_to_the_optimum_bit_for_bit(
    scenario: Scenario, seed: int, rarely: float
) -> None:
    with masked(seed, rarely):
        trainer = Trainer(scenario)
        trainer.advance(40_000)
        solution = oracle.solve(scenario)
    for best in solution.optimum:
        assert trainer.greedy_text(best.prompt).value == best.value


@given(small_scenarios(), st.integers(0, 2**32), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_every_node_offers_what_shortlist_and_masks_allow_and_a_node_that_offers_nothing_is_an_end(
    scenario: Scenario, seed: int, rarely: float
) -> None:
    with masked(seed, rarely):
        tables, dynamics = Tables(scenario), Dynamics(scenario)
        shortlist = scenario.language.shortlist
        source = scenario.language.source
        near = source and shortlist and Shortlist(source, min(shortlist, len(source.words)), scenario.language.end)
        mask = dynamics.terms[-1]

        def offered(prompt: int, words: tuple[int, ...]) -> set[int]:
            allowed = set(np.flatnonzero(mask.allows((prompt, *words))).tolist())
            return allowed & set(near.after(words[-1] if words else None).tolist()) if near else allowed

        def walk(prompt: int, words: tuple[int, ...], node: int) -> None:
            offers = tables.offers(np.array([node]))[0]
            slots = tables.words_at(tables.row[[node]])[0]
            assert {int(slots[s]) for s in np.flatnonzero(offers)} == offered(prompt, words)
            for slot in np.flatnonzero(offers).tolist():
                word = int(slots[slot])
                after = (*words, word)
                ends = (
                    word == scenario.language.end
                    or len(after) == scenario.language.max_length
                    or not offered(prompt, after)
                )
                edge = node * tables.slots + slot
                assert (tables.follow(node, slot) == END) == ends
                amounts = tables.dynamics.amounts[tables.share[edge]]
                assert amounts[-1] == (0.125 * len(after) if ends else 0.0)
                assert tables.reward[edge] == tables.dynamics.rewards[tables.share[edge]]
                if not ends:
                    walk(prompt, after, tables.follow(node, slot))

        if all(offered(prompt, ()) for prompt in range(len(scenario.starts))):
            for prompt, start in enumerate(tables.starts.tolist()):
                walk(prompt, (), start)


@given(small_scenarios())
@settings(max_examples=150, deadline=None)
def test_with_a_shortlist_the_states_that_are_counted_and_listed_are_at_least_those_of_the_table(
    scenario: Scenario,
) -> None:
    solution, tables = oracle.solve(scenario), Tables(scenario)
    assert tables.whole
    met = {(tables.prompt(row), tuple(tables.seen(row))) for row in range(tables.rows)}
    assert {(prompt, words) for prompt, words, _ in solution.values()} == met
    assert len(met) <= solution.states


def test_a_prompt_at_which_nothing_may_be_said_is_told_in_one_sentence() -> None:
    scenario = of_poem()
    with masked(0), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.problems.Masks.allows", lambda self, memory: np.zeros(7, bool))
        with pytest.raises(TableError, match=r"^prompts\[0\]: no word may be said at its start"):
            Tables(scenario)


# -- slips ------------------------------------------------------------------------------------------------------------


def test_a_slip_emits_each_offered_word_alike_and_the_chosen_cell_learns_from_it() -> None:
    scenario = scenarios.find("i-love-you").changed("language.slip", 0.6).changed("learner.explore.epsilon", 0.0)
    trainer = Trainer(scenario.changed("learner.alpha", 0.0))
    emitted = np.zeros(3)
    while trainer.step < 30_000:
        trainer.advance(trainer.step + 3000)
        emitted += np.bincount(trainer.last_edges(3000).astype(int) % 3, minlength=3)
    assert trainer.learned.visits[: trainer.tables.rows * 3].reshape(-1, 3).sum(axis=0).tolist() == [30_000, 0, 0]
    assert np.abs(emitted / 30_000 - [0.6, 0.2, 0.2]).max() < 0.01


@given(small_scenarios(), st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.5, 1.0]))
@settings(max_examples=40, deadline=None)
def test_the_optimum_is_what_weighing_every_word_that_may_slip_gives(
    scenario: Scenario, seed: int, slip: float
) -> None:
    scenario = scenario.changed("language.slip", slip)
    gamma, length = scenario.learner.gamma, scenario.language.max_length
    with masked(seed):
        dynamics = Dynamics(scenario)

        def q(joint: int, said: int) -> dict[int, float]:
            moves, each = dynamics.moves(joint), {}
            for slot in np.flatnonzero(moves.offered).tolist():
                after = int(moves.successors[slot])
                ends = bool(said + 1 == length or moves.stops[slot] or dynamics.is_dead_end(after))
                each[int(moves.words[slot])] = float(moves.rewards(np.full(dynamics.slots, ends))[slot]) + (
                    0.0 if ends else gamma * max(q(after, said + 1).values())
                )
            mean = sum(each.values()) / len(each)
            return {word: (1 - slip) * value + slip * mean for word, value in each.items()}

        solution = oracle.solve(scenario)
        for prompt, best in enumerate(solution.optimum):
            expected = q(dynamics.start(prompt), 0)
            found = solution.q(prompt, ())
            assert {w: found[w] for w in expected} == pytest.approx(expected)
            assert np.isnan(found).sum() == len(found) - len(expected)
            assert best.value == pytest.approx(max(expected.values()))
            policy = {}

            def choose(p: int, words: tuple[int, ...], policy: dict = policy) -> int:
                return int(np.nanargmax(solution.q(p, words)))

        assert oracle.evaluate(scenario, choose) == pytest.approx(solution.start_value)


def test_values_are_expected_ones_where_words_slip() -> None:
    scenario = scenarios.find("i-love-you").changed("language.slip", 0.3).changed("learner.explore.epsilon", 1.0)
    trainer = Trainer(scenario.changed("learner.alpha", 0.001))
    trainer.advance(3_000_000)
    said, best = trainer.greedy_text(0), oracle.solve(scenario).optimum[0]
    assert said.words == best.words == (0, 1, 2)
    assert said.value == best.value < 2.8525
    assert said.total == best.return_ == 3.0
    assert trainer.progress.histories.greedy_value[500] == best.value
    start = trainer.learned.q[:3]
    assert np.abs(start - oracle.solve(scenario).q(0, ())).max() < 0.05


def test_a_slipping_problem_too_large_to_trace_values_the_text_in_which_nothing_slips() -> None:
    scenario = scenarios.find("morning-tea").changed("language.slip", 0.1)
    trainer = Trainer(scenario)
    trainer.advance(200_000)
    assert not trainer.values_expect_slips
    said = trainer.greedy_text(0)
    if trainer.position:
        trainer.advance(10**6, trainer.episode + 1)
    without = oracle.evaluate(scenario.changed("language.slip", 0.0), lambda prompt, words: said.words[len(words)])
    assert said.value == without


def test_run_files_say_what_is_offered_and_a_file_that_says_otherwise_is_refused() -> None:
    trainer = Trainer(of_poem())
    trainer.advance(100)
    run = runfile.of_trainer(trainer)
    assert run.moment.offered is not None
    wrong = run.moment.offered.copy()
    wrong[0] = wrong[0] + 1
    damaged = dataclasses.replace(run, moment=dataclasses.replace(run.moment, offered=wrong))
    read = runfile.loads(runfile.dumps(damaged), "run")
    with pytest.raises(TableError, match="offers other words"):
        runfile.to_trainer(read)
    wrong[0] = NOTHING - 1
    with pytest.raises(runfile.RunFileError, match="offers a word that its scenario does not have"):
        runfile.loads(runfile.dumps(damaged), "run")


# -- tracing ----------------------------------------------------------------------------------------------------------


def test_tracing_everything_tells_how_far_it_is_and_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr("langrl_gui.core.tables._CHUNK", 100)
    for context in ("all", 1):
        scenario = scenarios.find("ten-words").changed("language.context", context)
        told: list[float] = []
        whole = Tables(scenario, progress=lambda done, told=told: told.append(done) or True)
        assert whole.whole
        assert told == sorted(told)
        assert len(told) > 1
        assert 0 <= told[0] < told[-1] <= 1
        answers = iter([True, False])
        with pytest.raises(work.Cancelled):
            Tables(scenario, progress=lambda _, answers=answers: next(answers))


@given(small_scenarios(), st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_what_is_said_without_tracing_is_what_is_said_along_traced_nodes(scenario: Scenario, seed: int) -> None:
    with masked(seed):
        whole, visited = Trainer(scenario), Trainer(scenario, whole=0)
        for trainer in (whole, visited):
            trainer.advance(50)
        nodes = visited.tables.nodes
        for prompt in range(len(scenario.starts)):
            assert whole.greedy_text(prompt) == visited.greedy_text(prompt)
        assert visited.tables.nodes == nodes
