"""`langrl` as people and scripts use it: real processes, real files, exit codes."""

import contextlib
import dataclasses
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from langrl_gui import cli
from langrl_gui.core import runfile, scenario
from langrl_gui.core.trainer import Trainer


def langrl(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "langrl_gui.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1"},
        timeout=60,
    )


def answer(*arguments: object) -> Any:
    done = langrl(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_i_love_you_is_learned_to_its_optimum_and_twice_to_the_same_hash() -> None:
    first, again = (answer("train", "i-love-you", "--seed", 0) for _ in range(2))
    (said,) = first["says"]
    assert said == {"prompt": "", "text": "我爱你", "words": ["我", "爱", "你"], "value": 2.8525, "return": 3.0}
    assert first["optimum"] == first["says"]
    assert first["state_hash"] == again["state_hash"]
    assert set(first) == {
        "steps", "episodes", "seconds", "steps_per_second", "states", "cells_visited", "says", "optimum", "state_hash",
    }  # fmt: skip


def test_an_optimum_that_takes_too_long_to_find_is_not_waited_for_and_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "PATIENCE", 0.0)
    assert cli._optimum(scenario.find("ten-words")) is None
    assert capsys.readouterr().err.startswith(
        "langrl: the optimum is not known: not found within 0 s; langrl solve looks for"
    )
    monkeypatch.setattr(cli, "PATIENCE", 60.0)
    assert cli._optimum(scenario.find("ten-words")) is not None


def test_where_states_are_traced_as_they_are_met_memory_is_announced_and_tracing_timed_apart() -> None:
    report = answer("train", "morning-tea", "--steps", 1000)
    assert 0 < report["tracing_seconds"] <= report["seconds"]
    assert 0 < report["edges_traced"] < 1000
    assert report["planned_bytes"] > 1 << 20
    lines = langrl("train", "morning-tea", "--steps", 1000).stdout.splitlines()
    assert re.fullmatch(
        r"there may be [\d\u202f]+ states, traced as they are met; .* fit into the [\d\u202f]+ MiB of memory .*",
        lines[0],
    )


def test_solve_and_show_say_what_a_context_hides_and_costs(tmp_path: Path) -> None:
    path, run = tmp_path / "ferry.toml", tmp_path / "ferry.langrl"
    path.write_text(
        'name = "ferry"\n[language]\nwords = ["go", "and", "back"]\njoiner = " "\nmax_length = 4\ncontext = 1\n'
        '[[prompts]]\nreferences = ["go and go back"]\n[[rewards]]\nkind = "match"\n'
    )
    found = answer("solve", path)["context"]
    assert (found["words"], found["exact"], found["smallest"], found["confused"]) == (1, True, [2, 2], 1)
    assert found["states"][0]["words"] == ["go"]
    answer("train", path, "--episodes", 10, "--out", run)
    assert answer("show", run)["context"] == found
    assert "a context of 1 is too short: the best agent loses 1.71475" in langrl("solve", path).stdout


def test_scenarios_lists_what_travels_with_the_program() -> None:
    rows = {row["id"]: row for row in answer("scenarios")}
    assert set(rows) == set(scenario.built_in())
    assert (rows["i-love-you"]["name"], rows["i-love-you"]["words"], rows["i-love-you"]["states"]) == ("我爱你", 3, 13)
    assert rows["ten-words"]["states"] == 11_111
    assert rows["morning-tea"]["words"] >= 12
    assert all(row["description"] for row in rows.values())


def test_solve_gives_the_exact_optimum_and_the_value_of_every_state() -> None:
    solved = answer("solve", "i-love-you", "--values")
    assert (solved["method"], solved["states"], solved["residual"]) == ("backward-induction", 13, 0.0)
    assert solved["start_value"] == solved["optimum"][0]["value"] == 2.8525
    values = {tuple(row["words"]): row["value"] for row in solved["values"]}
    assert len(values) == 13
    assert values[()] == 2.8525
    assert values["我", "爱"] == 1.0
    assert values["我",] == 1.0 + 0.95 * 1.0


def test_a_run_saved_resumed_checked_and_replayed_is_one_run(tmp_path: Path) -> None:
    short, long, straight = (tmp_path / f"{name}.langrl" for name in ("short", "long", "straight"))
    assert langrl("train", "morning-tea", "--steps", 1000, "--out", short).returncode == 0
    assert langrl("resume", short, "--steps", 2345, "--out", long).returncode == 0
    whole = answer("train", "morning-tea", "--steps", 3345, "--out", straight)
    assert long.read_bytes() == straight.read_bytes()
    assert answer("show", long)["state_hash"] == whole["state_hash"]
    assert langrl("check", long, "--replay").returncode == 0
    assert answer("replay", long, "--to", 3345) == {"step": 3345, "state_hash": whole["state_hash"]}
    assert answer("replay", long, "--to", 1000)["state_hash"] == answer("show", short)["state_hash"]


def test_a_saved_run_answers_and_is_exported(tmp_path: Path) -> None:
    run = tmp_path / "run.langrl"
    langrl("train", "i-love-you", "--out", run)
    assert langrl("say", run).stdout == "我爱你\n"
    for kind in ("csv", "json", "toml"):
        assert langrl("export", run, f"--{kind}", "--out", tmp_path / f"x.{kind}").returncode == 0
    lines = (tmp_path / "x.csv").read_text("utf-8").splitlines()
    assert lines[0] == "prompt,text,word,q,visits"
    rows = json.loads((tmp_path / "x.json").read_text("utf-8"))["rows"]
    assert len(lines) - 1 == sum(visits > 0 for row in rows for visits in row["visits"])
    assert scenario.load(tmp_path / "x.toml") == scenario.find("i-love-you")


def test_an_answer_is_told_word_by_word_with_its_alternatives(tmp_path: Path) -> None:
    run = tmp_path / "run.langrl"
    langrl("train", "i-love-you", "--out", run)
    (greedy,) = answer("say", run)
    assert (greedy["text"], greedy["value"], greedy["seed"], greedy["step"]) == ("我爱你", 2.8525, None, 3000)
    assert [place["word"] for place in greedy["alternatives"]] == ["我", "爱", "你"]
    assert next(each["word"] for each in greedy["alternatives"][0]["words"]) == "我"
    exploring = [answer("say", run, "--seed", seed) for seed in (1, 1, 2)]
    assert exploring[0] == exploring[1]
    assert exploring[0][0]["seed"] == 1
    chances = [each["chance"] for each in exploring[2][0]["alternatives"][0]["words"]]
    assert sum(chances) == pytest.approx(1.0)
    lines = langrl("say", run, "--alternatives").stdout.splitlines()
    assert lines[0] == "我爱你"
    assert sum("▸" in line for line in lines) == 3
    unknown = langrl("say", run, "--prompt", "hello")
    assert unknown.returncode == 2
    assert unknown.stderr.endswith("--prompt: this agent answers to no prompt; leave it empty\n")


def test_settings_reach_the_run() -> None:
    trained = answer(
        "train", "i-love-you", "--set", "learner.alpha=0.25", "--set", "learner.explore.epsilon=1.0", "--seed", 7
    )
    alone = Trainer(
        scenario.find("i-love-you")
        .changed("learner.alpha", 0.25)
        .changed("learner.explore.epsilon", 1.0)
        .changed("learner.seed", 7)
    )
    alone.advance(*alone.limits)
    assert trained["state_hash"] == alone.state_hash()


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "i-love-yuo"),
        ("train", "missing.toml"),
        ("train", "i-love-you", "--set", "learner.alpha=2"),
        ("train", "i-love-you", "--set", "learner.alpah=0.2"),
        ("train", "i-love-you", "--out", "no/such/folder/x.langrl"),
        ("solve", "missing.toml"),
        ("show", "missing.langrl"),
        ("check", "missing.langrl"),
        ("replay", "missing.langrl", "--to", 3),
        ("resume", "missing.langrl"),
        ("say", "missing.langrl"),
        ("export", "missing.langrl", "--csv", "--out", "x.csv"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(arguments: tuple[object, ...], tmp_path: Path) -> None:
    done = langrl(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("langrl: ")
    assert list(tmp_path.iterdir()) == []


def test_a_flipped_bit_is_exit_code_1(tmp_path: Path) -> None:
    run = tmp_path / "run.langrl"
    langrl("train", "i-love-you", "--out", run)
    data = bytearray(run.read_bytes())
    data[-5] ^= 1
    run.write_bytes(data)
    done = langrl("check", run)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_a_file_whose_numbers_are_not_those_of_its_film_is_exit_code_1_on_replay(tmp_path: Path) -> None:
    path = tmp_path / "run.langrl"
    langrl("train", "i-love-you", "--steps", 100, "--out", path)
    run = runfile.read(path)
    other = dataclasses.replace(run.moment, q=run.moment.q + 0.5)
    runfile.write(path, dataclasses.replace(run, moment=other))
    assert langrl("check", path).returncode == 0
    done = langrl("check", path, "--replay")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_an_interrupted_run_is_saved_and_says_130(tmp_path: Path) -> None:
    out = tmp_path / "run.langrl"
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-m", "langrl_gui.cli", "train", "ten-words", "--steps", str(10**15), "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    os.close(terminal)
    try:
        seen = b""
        while b"learning" not in seen:  # on a terminal a progress bar tells that it has begun
            seen += os.read(screen, 1024)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # a terminal that nobody writes to any more
            while more := os.read(screen, 1024):
                seen += more
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
        process.wait()
        os.close(screen)
    assert b"Traceback" not in seen
    run = runfile.read(out)
    assert run.moment.step > 0
    again = runfile.to_trainer(run)
    again.advance(run.moment.step + 10)
    assert again.step == run.moment.step + 10


def test_any_scenario_can_be_timed() -> None:
    report = json.loads(langrl("bench", "gym:FrozenLake-v1", "i-love-you", "--json").stdout)
    assert list(report) == ["gym:FrozenLake-v1", "i-love-you"]
    assert all(speed["steps_per_second"] > 0 for speed in report.values())


def test_every_command_explains_itself() -> None:
    for command in ("", "scenarios", "train", "solve", "show", "check", "replay", "resume", "say", "export", "bench"):
        done = langrl(*([command] if command else []), "--help")
        assert done.returncode == 0
        assert "usage: langrl" in done.stdout


def test_an_environment_of_gymnasiums_is_trained_solved_saved_and_taken_up(tmp_path: Path) -> None:
    run = tmp_path / "lake.langrl"
    size = ("--set", "environment.options.map_name=8x8")
    trained = json.loads(langrl("train", "gym:FrozenLake-v1", *size, "--steps", "5000", "--out", run, "--json").stdout)
    assert (trained["steps"], trained["states"]) == (5000, 64)
    assert trained["optimum"][0]["value"] == pytest.approx(0.4146404, abs=1e-6)
    assert set(trained["says"][0]["words"]) <= {"0", "1", "2", "3"}
    solved = json.loads(langrl("solve", run, "--values", "--json").stdout)
    assert solved["start_value"] == pytest.approx(0.4146404, abs=1e-6)
    assert [value["words"] for value in solved["values"]] == [[str(state)] for state in range(64)]
    assert solved["values"][0]["value"] == solved["start_value"]
    shown = json.loads(langrl("show", run, "--json").stdout)
    assert shown["state_hash"] == trained["state_hash"]
    assert langrl("check", run, "--replay").returncode == 0
    assert json.loads(langrl("resume", run, "--steps", "5", "--json").stdout)["steps"] == 5005
    assert langrl("say", run).stdout.split() == trained["says"][0]["words"]
    assert langrl("export", run, "--csv", "--out", tmp_path / "q.csv").returncode == 0
    wrong = langrl("train", "gym:CartPole-v1")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)
    assert "its states are Box" in wrong.stderr


def test_that_of_many_prompts_the_first_are_printed_and_all_are_told_as_json(tmp_path: Path) -> None:
    run = tmp_path / "taxi.langrl"
    lines = langrl("train", "taxi", "--steps", 500, "--out", run).stdout.splitlines()
    assert sum(line.startswith("does ") for line in lines) == 20
    assert "… and 280 more; --json lists them all" in lines
    assert "… and 280 more; --json lists them all" in langrl("show", run).stdout.splitlines()
    assert len(answer("show", run)["says"]) == 300


def test_an_environment_without_a_table_is_trained_saved_and_taken_up_and_has_no_optimum(tmp_path: Path) -> None:
    run, longer = tmp_path / "cards.langrl", tmp_path / "longer.langrl"
    trained = answer("train", "gym:Blackjack-v1", "--steps", 2000, "--out", run)
    assert (trained["steps"], trained["states"], trained["optimum"]) == (2000, 704, None)
    assert trained["estimate"]["episodes"] == 4000
    assert -1 < trained["estimate"]["value"] < 0 < trained["estimate"]["standard_error"] < 0.1
    assert set(trained["says"][0]["words"]) <= {"0", "1"}
    assert answer("show", run)["state_hash"] == trained["state_hash"]
    assert langrl("check", run, "--replay").returncode == 0
    assert answer("resume", run, "--steps", 345, "--out", longer)["steps"] == 2345
    straight = answer("train", "gym:Blackjack-v1", "--steps", 2345)
    assert answer("show", longer)["state_hash"] == straight["state_hash"]
    assert answer("replay", longer, "--to", 2000)["state_hash"] == trained["state_hash"]
    assert langrl("say", run).stdout.split() == trained["says"][0]["words"]
    assert langrl("say", run, "--explore", "--seed", 3).returncode == 0
    assert langrl("export", run, "--csv", "--out", tmp_path / "q.csv").returncode == 0
    assert "13,10,0" in (tmp_path / "q.csv").read_text()
    assert answer("bench", "gym:Blackjack-v1")["gym:Blackjack-v1"]["steps_per_second"] > 0
    lines = langrl("train", "gym:Blackjack-v1", "--steps", 50).stdout.splitlines()
    assert "thousands of times slower" in lines[0]
    assert any("the mean of 4\u202f000 episodes that it played" in line for line in lines)
    unsolved = langrl("solve", run)
    assert (unsolved.returncode, len(unsolved.stderr.splitlines())) == (2, 1)
    assert "no table P" in unsolved.stderr


def test_a_run_of_somebodys_module_imports_it_only_for_whoever_says_so(tmp_path: Path) -> None:
    (tmp_path / "my_games.py").write_text(
        "import gymnasium\n"
        "gymnasium.register('Game-v0', entry_point='gymnasium.envs.toy_text:BlackjackEnv')\n"
    )  # fmt: skip
    run = tmp_path / "game.langrl"
    with_path = {"cwd": tmp_path}
    assert langrl("train", "gym:my_games:Game-v0", "--steps", 100, "--out", run, **with_path).returncode == 0
    refused = langrl("resume", run, "--steps", 5, **with_path)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert "names a module to import" in refused.stderr
    assert langrl("check", run, **with_path).returncode == 0
    assert langrl("--import", "my_games", "resume", run, "--steps", 5, **with_path).returncode == 0
    assert langrl("--import", "no_such_games", "check", run, **with_path).returncode == 2


def test_an_environment_that_does_other_things_than_it_did_is_told_of_wherever_it_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_weather.py").write_text(
        "import os, gymnasium\n"
        "from gymnasium.envs.toy_text import BlackjackEnv\n"
        "class Weather(BlackjackEnv):\n"
        "    def step(self, action):\n"
        "        state, reward, *rest = super().step(action)\n"
        "        return state, reward + float(os.environ['WEATHER']), *rest\n"
        "gymnasium.register('Weather-v0', entry_point=Weather)\n"
    )
    monkeypatch.setenv("WEATHER", "0")
    run = tmp_path / "weather.langrl"
    steps = next(n for n in range(100, 200) if _within_an_episode(n))
    assert langrl("train", "gym:my_weather:Weather-v0", "--steps", steps, "--out", run, cwd=tmp_path).returncode == 0
    command = ("--import", "my_weather")
    asked_again = (("check", run, "--replay"), ("replay", run, "--to", 50), ("resume", run, "--steps", 5), ("say", run))
    for arguments in asked_again:
        assert langrl(*command, *arguments, cwd=tmp_path).returncode == 0
    monkeypatch.setenv("WEATHER", "1")
    for arguments, code in zip(asked_again, (1, 2, 2, 2), strict=True):
        done = langrl(*command, *arguments, cwd=tmp_path)
        assert (done.returncode, len(done.stderr.splitlines())) == (code, 1)
        assert "does other things now" in done.stderr


def _within_an_episode(steps: int) -> bool:
    trainer = Trainer(scenario.find("gym:Blackjack-v1"))
    trainer.advance(steps)
    return trainer.position > 0


def test_with_gamma_1_a_policy_that_never_ends_is_told_as_minus_infinity(tmp_path: Path) -> None:
    cliff = ("train", "gym:CliffWalking-v1", "--set", "learner.gamma=1", "--steps", "5")
    assert "value −∞" in langrl(*cliff).stdout
    report = json.loads(langrl(*cliff, "--json").stdout)
    assert report["says"][0]["value"] is None
    assert report["optimum"][0]["value"] == -13
