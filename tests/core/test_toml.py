"""TOML as a person would write it."""

import shutil
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langrl_gui.core import scenario, toml

leaves = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@given(st.dictionaries(st.text(), values))
def test_what_is_written_is_read_back_exactly(data: dict[str, object]) -> None:
    assert tomllib.loads(toml.dumps(data)) == data


@pytest.mark.parametrize("name", list(scenario.built_in()))
def test_a_scenario_is_written_as_a_person_would_and_read_back_equal(name: str, tmp_path: Path) -> None:
    made = scenario.find(name)
    text = scenario.dumps(made)
    if made.language.corpus:
        shutil.copy(scenario.built_in()[name].with_name(made.language.corpus), tmp_path)
    (tmp_path / "written.toml").write_text(text, "utf-8")
    assert scenario.load(tmp_path / "written.toml") == made
    assert all(len(line) <= toml.WIDTH or line.startswith("description") for line in text.splitlines())
    assert ("slip" in text) == (made.language.slip > 0), "what is as usual is not said"


def test_only_what_differs_from_the_defaults_is_written_in_the_order_of_the_schema() -> None:
    made = scenario.find("i-love-you").changed("learner.explore.epsilon", 0.25).changed("stop.steps", 5)
    assert (
        scenario.dumps(made)
        == """name = "我爱你"
description = "Three words, one sentence: the smallest language worth learning."

[language]
words = ["我", "爱", "你"]
max_length = 3

[[prompts]]
references = ["我爱你"]

[[rewards]]
kind = "match"

[learner]
method = "q-learning"
explore = { kind = "epsilon-greedy", epsilon = 0.25 }

[stop]
steps = 5
episodes = 1000
"""
    )


def test_long_lists_are_wrapped_and_texts_of_several_lines_keep_them() -> None:
    text = toml.dumps({"words": [f"word{n}" for n in range(30)], "rules": "a: b\nb: c\n"})
    assert max(map(len, text.splitlines())) <= toml.WIDTH
    assert text.startswith('words = [\n    "word0", "word1",')
    assert '"""\na: b\nb: c\n"""' in text
