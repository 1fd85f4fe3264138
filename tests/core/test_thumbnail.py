"""A thumbnail is drawn from what the scenario does, and from a few dozen of its states."""

import pytest

from langrl_gui.core import scenario, thumbnail
from langrl_gui.core.tables import END, Tables


@pytest.mark.parametrize("name", scenario.built_in())
def test_a_sketch_goes_on_word_by_word_and_stays_small(name: str) -> None:
    sketch = thumbnail.sketch(scenario.find(name))
    assert 2 <= sketch.columns <= thumbnail.COLUMNS
    assert all(1 <= sketch.rows(column) <= thumbnail.ROWS for column in range(sketch.columns))
    assert len({(source, target) for source, target, _ in sketch.edges}) == len(sketch.edges)
    for source, target, _ in sketch.edges:
        assert sketch.places[target][0] == sketch.places[source][0] + 1
        assert not sketch.ends[source]
    assert {target for _, target, _ in sketch.edges} == set(range(1, len(sketch.places)))


def test_the_best_paid_way_of_a_sketch_earns_what_the_table_says() -> None:
    problem = scenario.find("ten-words")
    tables = Tables(problem)
    node, earned = int(tables.starts[0]), []
    while node != END:
        if tables.successor[node * tables.slots] == thumbnail.END:
            break
        rewards = tables.reward[node * tables.slots : (node + 1) * tables.slots]
        slot = int(rewards.argmax())
        earned.append(float(rewards[slot]))
        node = int(tables.successor[node * tables.slots + slot])
    sketch = thumbnail.sketch(problem)
    assert sketch.columns == len(earned) + 1
    for column, reward in enumerate(earned):
        assert max(e for source, _, e in sketch.edges if sketch.places[source][0] == column) == reward


def test_a_sketch_of_an_environment_is_the_way_through_it() -> None:
    lake = thumbnail.sketch(scenario.find("frozen-lake"))
    assert [lake.rows(column) for column in range(lake.columns)] == [1, 2, 3, 4, 3, 2, 1]  # a square, corner to corner
    assert [earned for _, _, earned in lake.edges if earned] == [1.0]  # the goal
