"""Where the context is too short, against every text and every choice of one word for each row."""

from contextlib import nullcontext
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langrl_gui.core import scenario as scenarios
from langrl_gui.core.context import Group, examine
from langrl_gui.core.dynamics import Dynamics
from langrl_gui.core.errors import TableError
from langrl_gui.core.oracle import solve
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import Tables
from langrl_gui.core.work import Cancelled, within
from tests.problems import masked

LANGUAGES = 500
"""What issue and design ask for; a few seconds."""


class Every:
    """Every text of a scenario, what every word after it earns, and what it is worth to an agent that sees all."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.gamma, self.slip = scenario, scenario.learner.gamma, scenario.language.slip
        self.dynamics = Dynamics(scenario)
        self.words: dict[tuple[int, tuple[int, ...]], dict[int, tuple[float, bool]]] = {}
        self.q: dict[tuple[int, tuple[int, ...]], dict[int, float]] = {}
        self.values = [self._grow(p, (), self.dynamics.start(p)) for p in range(len(scenario.starts))]

    def _grow(self, prompt: int, said: tuple[int, ...], joint: int) -> float:
        moves = self.dynamics.moves(joint)
        here = self.words[prompt, said] = {}
        q = self.q[prompt, said] = {}
        for slot in np.flatnonzero(moves.offered).tolist():
            word, after = int(moves.words[slot]), int(moves.successors[slot])
            ends = len(said) + 1 == self.scenario.language.max_length or bool(moves.stops[slot])
            ends = ends or self.dynamics.is_dead_end(after)
            here[word] = (float(moves.rewards(np.full(self.dynamics.slots, ends))[slot]), ends)
            q[word] = here[word][0] + (0.0 if ends else self.gamma * self._grow(prompt, (*said, word), after))
        return (1 - self.slip) * max(q.values()) + self.slip * sum(q.values()) / len(q)

    def row(self, said: tuple[int, ...]) -> tuple[int, ...]:
        language = self.scenario.language
        gone = max(0, len(said) - language.seen_words)
        return ((-2,) * gone if language.sees_position else ()) + said[gone:]

    def value(self, prompt: int, policy: dict[tuple[int, ...], tuple[int, ...]], said: tuple[int, ...] = ()) -> float:
        """Of a policy that prefers in each row some words to others."""
        here = self.words[prompt, said]
        chosen = next(word for word in policy[self.row(said)] if word in here)
        total = 0.0
        for word, (reward, ends) in here.items():
            chance = (1 - self.slip) * (word == chosen) + self.slip / len(here)
            if chance:
                total += chance * (reward + (0.0 if ends else self.gamma * self.value(prompt, policy, (*said, word))))
        return total

    def best_memoryless(self, prompt: int) -> float:
        rows: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
        for p, said in self.words:
            if p == prompt:
                rows.setdefault(self.row(said), set()).add(tuple(self.words[p, said]))
        choices = []
        for offers in rows.values():
            union = sorted(set().union(*offers))
            if len(offers) == 1:
                choices.append([(word,) for word in union])
            else:
                choices.append(list(permutations(union)))
        return max(self.value(prompt, dict(zip(rows, policy, strict=True))) for policy in product(*choices))

    def lost(self) -> float:
        weights = [prompt.weight for prompt in self.scenario.starts]
        each = [value - self.best_memoryless(p) for p, value in enumerate(self.values)]
        return sum(w * x for w, x in zip(weights, each, strict=True)) / sum(weights)

    def confused(self) -> set[tuple[int, tuple[int, ...]]]:
        best: dict[tuple[int, tuple[int, ...]], set[int]] = {}
        for (prompt, said), q in self.q.items():
            optimal = {word for word, value in q.items() if value >= max(q.values()) - 1e-9}
            key = (prompt, self.row(said))
            best[key] = best[key] & optimal if key in best else optimal
        return {key for key, common in best.items() if not common}


@st.composite
def languages(draw: st.DrawFn) -> Scenario:
    """So small that every policy can be tried: two words and four positions, or three and three."""
    words = draw(st.sampled_from([["a", "b"], ["a", "b", "c"]]))
    length = draw(st.integers(2, 4 if len(words) == 2 else 3))
    amount = st.integers(-3, 3).map(float)
    end_word = draw(st.sampled_from(["", words[-1]]))
    spoken = "".join(word for word in words if word != end_word)
    phrases = st.lists(st.text(spoken, min_size=1, max_size=min(3, length)), min_size=1, max_size=2, unique=True)
    reference = st.lists(st.sampled_from(words), min_size=length, max_size=length).map("".join)
    term = st.one_of(
        st.fixed_dictionaries({"kind": st.just("match")}),
        st.fixed_dictionaries({"kind": st.just("exact"), "right": amount}),
        st.fixed_dictionaries({"kind": st.sampled_from(["forbidden", "required"]), "phrases": phrases}),
        st.fixed_dictionaries({"kind": st.just("repetition"), "order": st.integers(1, 2), "amount": amount}),
        st.fixed_dictionaries({"kind": st.just("words"), "words": st.fixed_dictionaries({"a": amount})}),
    )
    prompts = [{"text": str(n), "references": [draw(reference)]} for n in range(draw(st.integers(1, 2)))]
    language = {
        "words": words,
        "max_length": length,
        "end_word": end_word,
        "context": draw(st.integers(0, 2 if len(words) == 2 else 1)),
        "sees_position": draw(st.booleans()),
        "slip": draw(st.sampled_from([0.0, 0.0, 0.3])),
    }
    data = {
        "name": "small",
        "language": language,
        "prompts": prompts if not language["end_word"] else [p | {"references": ["a"]} for p in prompts],
        "rewards": draw(st.lists(term, min_size=1, max_size=3)),
        "learner": {"method": "q-learning", "gamma": draw(st.sampled_from([0.5, 0.9, 1.0]))},
    }
    return scenarios.from_data(data)


@given(languages(), st.none() | st.integers(0, 2**32))
@settings(max_examples=LANGUAGES, deadline=None)
def test_what_a_context_confuses_and_costs_is_what_trying_every_policy_finds(
    scenario: Scenario, mask: int | None
) -> None:
    longest = scenario.language.max_length - 1
    with masked(mask) if mask is not None and len(scenario.language.words) == 2 else nullcontext():
        sight = examine(scenario)
        every = Every(scenario)
        assert {(row.prompt, row.seen) for row in sight.confusions} == every.confused()
        assert sight.exact
        assert sight.lost[0] == pytest.approx(every.lost(), abs=1e-7)
        for row in sight.confusions:
            for group in row.groups:
                q = every.q[row.prompt, group.text]
                assert every.row(group.text) == row.seen
                assert set(group.best) == {word for word in q if q[word] >= max(q.values()) - 1e-9}
            assert not set.intersection(*(set(group.best) for group in row.groups))
        smallest = next(
            k for k in range(longest + 1)
            if k == longest or Every(scenario.changed("language.context", k)).lost() < 1e-7
        )  # fmt: skip
        assert sight.smallest == (smallest, smallest)


def ferry(**language: object) -> Scenario:
    """To say "go and go back" one has to remember more than the last word."""
    words = {"words": ["go", "and", "back"], "joiner": " ", "max_length": 4}
    return scenarios.from_data(
        {
            "name": "ferry",
            "language": words | language,
            "prompts": [{"references": ["go and go back"]}],
            "rewards": [{"kind": "match"}],
        }
    )


def test_go_and_go_back_needs_two_words_of_context() -> None:
    sight = examine(ferry(context=1))
    assert sight.confused == 1
    assert sight.lost[0] > 0
    assert sight.exact
    assert sight.smallest == (2, 2)
    (row,) = sight.confusions
    assert row.seen == (0,)
    assert [group for group in row.groups if len(group.best) == 1] == [Group((0,), (1,)), Group((0, 1, 0), (2,))]


def test_an_agent_that_sees_the_position_can_plan_ahead_and_loses_nothing() -> None:
    sight = examine(ferry(context=0, sees_position=True))
    assert (sight.lost, sight.smallest) == ((0.0, 0.0), (0, 0))
    assert examine(ferry(context=0, slip=0.2)).lost[0] > 0


def test_an_agent_that_sees_everything_confuses_nothing() -> None:
    sight = examine(ferry())
    assert (sight.context, sight.confusions, sight.lost, sight.smallest) == (3, (), (0.0, 0.0), (2, 2))


def test_a_search_that_does_not_close_gives_bounds_that_hold() -> None:
    scenario = ferry(context=1, slip=0.3, max_length=7)
    scenario = scenario.changed("prompts.0.references", ["go back and go and back back"])
    exact = examine(scenario)
    bounds = examine(scenario, most_backups=1)
    assert exact.exact
    assert not bounds.exact
    assert bounds.lost[0] <= exact.lost[0] <= bounds.lost[1]
    assert bounds.smallest[0] <= exact.smallest[0] <= bounds.smallest[1]


def test_what_is_known_when_the_time_is_up_is_told_and_the_rest_between_bounds() -> None:
    whole = examine(ferry(context=1))

    def is_in_time(fraction: float) -> bool:
        if fraction > 0:  # this context has been examined
            raise TableError("no time is left")
        return True

    sight = examine(ferry(context=1), progress=is_in_time)
    assert (sight.confusions, sight.lost) == (whole.confusions, whole.lost)
    assert sight.smallest == (0, 3)
    with pytest.raises(TableError, match=r"^not found within 0 s; langrl solve looks for as long as it takes$"):
        examine(ferry(context=1), progress=within(0.0))


def test_too_large_a_language_is_refused_and_long_work_can_be_cancelled() -> None:
    with pytest.raises(TableError, match=r"^too large to examine what the context costs: more than 20 choices"):
        examine(ferry(context=1), most_edges=20)
    with pytest.raises(Cancelled):
        examine(ferry(context=1), progress=lambda _: False)


def test_a_shared_row_has_a_range_of_optimal_values() -> None:
    scenario = ferry(context=1)
    tables, solution = Tables(scenario), solve(scenario)
    low, high = solution.q_ranges(tables, np.arange(tables.rows))
    node_q = solution.node_q_values(tables, np.arange(2, tables.nodes))
    for row in range(tables.rows):
        nodes = np.flatnonzero(tables.row[2 : tables.nodes] == row)
        assert (low[row] == node_q[nodes].min(axis=0)).all()
        assert (high[row] == node_q[nodes].max(axis=0)).all()
    assert (low < high).any()
