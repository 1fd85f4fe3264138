"""A scenario as a gymnasium environment: it follows gymnasium's rules, it is our problem, others learn on it."""

import importlib.metadata
import re
import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics, TransformReward
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import langrl_gui
from langrl_gui.core import oracle, scenario
from langrl_gui.core.environment import LanguageEnv
from langrl_gui.core.errors import ScenarioError
from langrl_gui.core.tables import END, UNSEEN, Tables
from langrl_gui.registration import LANGUAGE
from tests.problems import small_scenarios
from tests.terms import scenario_of

ROOT = Path(langrl_gui.__file__).parent.parent


OF_GYMNASIUM = {"frozen-lake", "cliff-walking", "taxi", "blackjack"}


def make(**options) -> gymnasium.Env:
    return gymnasium.make(LANGUAGE, **options)


@pytest.mark.parametrize("observation", ["text", "index"])
@pytest.mark.parametrize("name", [name for name in scenario.built_in() if name not in OF_GYMNASIUM])
def test_gymnasiums_checker_has_nothing_to_say_of_a_built_in_scenario(name: str, observation: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(scenario=name, observation=observation, render_mode="ansi").unwrapped)


@pytest.mark.parametrize("name", sorted(OF_GYMNASIUM))
def test_a_scenario_that_is_gymnasiums_own_is_made_by_gymnasium_and_that_is_said(name: str) -> None:
    with pytest.raises(ScenarioError, match=r"it is an environment already; gymnasium\.make\('\w+-v\d'\) makes it"):
        make(scenario=name)


def test_it_can_be_made_from_words_and_a_length_alone() -> None:
    check_env(make(words=["a", "b"], max_length=3).unwrapped)
    env = make(words=["a", "b"], max_length=3)
    env.reset(seed=0)
    assert [env.step(word)[1:3] for word in (0, 1, 1)] == [(0.0, False), (0.0, False), (0.0, True)]


def test_words_and_references_give_the_reward_of_the_smallest_scenario() -> None:
    env = make(words=["我", "爱", "你"], max_length=3, references=["我爱你"])
    env.reset(seed=0)
    steps = [env.step(word) for word in (0, 1, 1)]
    assert [step[1] for step in steps] == [1.0, 1.0, -1.0]
    assert steps[-1][0].tolist() == [0, 1, 1]
    assert steps[-1][4] == {
        "prompt": "",
        "text": "我爱爱",
        "action_mask": pytest.approx(np.zeros(3)),
        "shares": {"match": -1.0},
    }


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"words": ["a"]}, "max_length: missing"),
        ({"words": ["a"], "max_length": 1, "scenario": "i-love-you"}, "leave one out"),
        ({"scenario": "i-love-yuo"}, 'did you mean "i-love-you"'),
        ({"observation": "row"}, 'expected "text" or "index"'),
        ({"words": ["a", "b"], "max_length": 100, "observation": "index"}, "too many states"),
        ({"words": ["a", "a"], "max_length": 1}, "is there already"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(options: dict, fault: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(fault)):
        make(**options)


def test_a_word_that_does_not_exist_and_a_word_after_the_end_are_refused() -> None:
    env = make(words=["a", "b"], max_length=1).unwrapped
    env.reset()
    with pytest.raises(ValueError, match="from 0 to 1, found 2"):
        env.step(2)
    env.step(1)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(1)


def test_a_prompt_is_drawn_by_weight_seen_by_the_agent_and_can_be_asked_for() -> None:
    env = LanguageEnv(
        scenario.from_data(
            {
                "name": "two",
                "language": {"words": ["a", "b"], "max_length": 2},
                "prompts": [{"text": "A", "references": ["aa"], "weight": 3}, {"text": "B", "references": ["bb"]}],
                "rewards": [{"kind": "match"}],
            }
        ),
        render_mode="ansi",
    )
    env.reset(seed=1)
    drawn = [env.reset()[1]["prompt"] for _ in range(400)]
    assert 260 < drawn.count("A") < 340
    observed, info = env.reset(options={"prompt": 1})
    assert (observed.tolist(), info["prompt"]) == ([3, -1], "B")
    assert env.step(1)[0].tolist() == [1, 3]
    assert env.render() == "B → b"
    assert env.step(0)[0].tolist() == [1, 0]
    with pytest.raises(ValueError, match="from 0 to 1"):
        env.reset(options={"prompt": 2})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_scenarios(), st.data())
def test_it_is_the_problem_that_the_tables_hold(problem: scenario.Scenario, data: st.DataObject) -> None:
    """Every walk earns what the tables say, and two walks see the same exactly where they share a row."""
    problem = problem.changed("language.slip", 0.0)
    tables = Tables(problem)
    seen: dict[int, tuple[int, ...]] = {}
    numbers: dict[int, int] = {}
    for prompt in range(len(problem.starts)):
        texts, index = LanguageEnv(problem), LanguageEnv(problem, observation="index")
        observed, info = texts.reset(options={"prompt": prompt})
        number, _ = index.reset(options={"prompt": prompt})
        node, ended = int(tables.starts[prompt]), False
        while not ended:
            row = int(tables.row[node])
            assert seen.setdefault(row, tuple(observed)) == tuple(observed)
            assert numbers.setdefault(row, int(number)) == number
            offered = np.flatnonzero(tables.offers(np.array([node]))[0])
            words = tables.words_at(tables.row[[node]])[0]
            assert np.flatnonzero(info["action_mask"]).tolist() == words[offered].tolist()
            slot = int(data.draw(st.sampled_from(offered.tolist())))
            word = int(words[slot])
            observed, reward, ended, truncated, info = texts.step(word)
            number = index.step(word)[0]
            node, edge = tables.follow(node, slot), node * tables.slots + slot
            assert reward == tables.reward[edge]
            assert sum(info["shares"].values()) == pytest.approx(reward)
            assert not truncated
            assert ended == (node == END)
    assert len(set(seen.values())) == len(seen)
    assert len(set(numbers.values())) == len(numbers)
    assert max(numbers.values()) < index.observation_space.n


def test_a_word_that_is_not_offered_stays_unsaid_and_many_of_them_break_the_text_off() -> None:
    env = LanguageEnv(scenario_of([{"kind": "forbidden", "phrases": ["aa"], "use": "mask"}]))
    assert env.reset()[1]["action_mask"].tolist() == [1, 1]
    assert env.action_masks().tolist() == [True, True]
    assert env.step(0)[4]["action_mask"].tolist() == [0, 1]
    assert env.action_masks().tolist() == [False, True]
    for attempt in range(1, 5):  # a text may have four words
        observed, reward, ended, truncated, info = env.step(0)
        assert (observed.tolist(), reward, ended, info["text"]) == ([0, -1, -1, -1], 0.0, False, "a")
        assert truncated == (attempt == 4)


def test_words_slip_as_often_as_the_scenario_says() -> None:
    env = LanguageEnv(scenario.find("i-love-you").changed("language.slip", 0.3))
    env.reset(seed=5)
    said = [(env.reset(), env.step(0)[4]["text"])[1] for _ in range(3000)]
    assert said.count("我") / len(said) == pytest.approx(0.8, abs=0.025)
    assert set(said) == {"我", "爱", "你"}


def test_a_word_whose_position_alone_is_seen_has_a_sign_of_its_own() -> None:
    sees = scenario.find("i-love-you").changed("language.context", 1).changed("language.sees_position", True)
    env = LanguageEnv(sees)
    env.reset()
    assert [env.step(word)[0].tolist() for word in (2, 1)] == [[2, -1, -1], [UNSEEN, 1, -1]]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_loop_in_the_readme_learns_to_speak(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = next(block for block in re.findall(r"```python\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)
                if "gymnasium.make" in block)  # fmt: skip
    names: dict = {}
    exec(code, names)
    assert capsys.readouterr().out.splitlines()[-1] == "我爱你"
    q = names["q"]
    assert q.shape == (13, 3)
    assert q[0, 0] == pytest.approx(oracle.solve(scenario.find("i-love-you")).start_value)


def test_gymnasiums_wrappers_and_vectors_work_on_it() -> None:
    """Two copies side by side, rewards doubled by a wrapper, learned by a table that knows nothing of us."""

    def doubled() -> gymnasium.Env:
        env = make(scenario="i-love-you", observation="index")
        return TransformReward(RecordEpisodeStatistics(env), lambda reward: 2 * reward)

    both = gymnasium.vector.SyncVectorEnv([doubled, doubled], autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP)
    both.action_space.seed(0)
    q = np.zeros((both.single_observation_space.n, both.single_action_space.n))
    states, _ = both.reset(seed=0)
    for _ in range(1500):
        words = both.action_space.sample()
        after, rewards, ended, _, _ = both.step(words)
        for state, word, next_state, reward, end in zip(states, words, after, rewards, ended, strict=True):
            q[state, word] += 0.5 * (reward + (0.0 if end else 0.95 * q[next_state].max()) - q[state, word])
        states = after
    both.close()
    assert q[0].max() == pytest.approx(2 * oracle.solve(scenario.find("i-love-you")).start_value, rel=1e-3)


@pytest.mark.parametrize(
    "imports",
    [
        "import gymnasium, langrl_gui",
        "import langrl_gui, gymnasium",
        "import langrl_gui.core.oracle; from gymnasium import spaces; import gymnasium",
    ],
)
def test_it_is_registered_in_whatever_order_people_import(imports: str) -> None:
    made = _python(f"{imports}; print(gymnasium.make('{LANGUAGE}').unwrapped.scenario.name, gymnasium.__spec__.name)")
    assert made.split() == ["我爱你", "gymnasium"]


def test_gymnasium_itself_can_import_us_by_name() -> None:
    assert (
        _python(f"import gymnasium; print(gymnasium.make('langrl_gui:{LANGUAGE}').action_space)").strip()
        == "Discrete(3)"
    )


def test_it_is_listed_as_a_plugin() -> None:
    (plugin,) = importlib.metadata.entry_points(group="gymnasium.envs", name="langrl_gui")
    plugin.load()()
    assert LANGUAGE in gymnasium.registry


def test_neither_the_window_nor_the_command_line_imports_gymnasium() -> None:
    wanted = (
        "import langrl_gui.ui.main_window, langrl_gui.ui.app, langrl_gui.cli, sys; print('gymnasium' in sys.modules)"
    )
    assert _python(wanted).strip() == "False"


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout
