"""What is measured against each other does the same, and a machine without a compiler is told what it misses."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks import c_loop, seed_loop
from benchmarks.result import LeftOut, Result
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.trainer import Trainer


def with_two_prompts() -> Scenario:
    data = scenarios.to_data(scenarios.find("i-love-you"))
    data["prompts"] = [
        {"text": "a", "references": ["我爱你"], "weight": 1.0},
        {"text": "b", "references": ["你爱我"], "weight": 3.0},
    ]
    data["rewards"].append({"kind": "edit", "shaping": True, "weight": 0.5})
    return scenarios.from_data(data)


@pytest.mark.parametrize("scenario", [scenarios.find("i-love-you"), scenarios.find("ten-words"), with_two_prompts()])
def test_where_there_is_a_compiler_the_loop_in_c_leaves_the_same_bits_behind_as_the_kernel(scenario: Scenario) -> None:
    if c_loop.compiler() is None:
        with pytest.raises(LeftOut):
            c_loop.compare()
        return
    kernel, c = Trainer(scenario), Trainer(scenario)
    advance_in_c = c_loop.advance_in_c(c)
    for steps in (1, 2, 1000, 50_000):
        kernel.advance(steps)
        advance_in_c(steps)
        assert c_loop.everything(kernel) == c_loop.everything(c)
    assert kernel.moment().bin_shift > 0, "bins have widened, so that is compared too"


def test_the_seed_loop_learns_the_same_problem() -> None:
    scenario = scenarios.find("ten-words")
    q = seed_loop.train(scenario, 30_000)
    trainer = Trainer(scenario)
    trainer.advance(300_000)
    assert q.shape == (trainer.tables.rows, trainer.tables.slots)
    assert q[0].max() == pytest.approx(trainer.greedy_text(0).value, rel=1e-6)


def test_where_there_is_no_compiler_the_benchmark_says_so_in_one_line_or_as_json() -> None:
    without = {**os.environ, "PATH": "", "CC": ""}
    command = [sys.executable, "-m", "benchmarks", "c-loop"]
    says, report = (
        subprocess.run([*command, *more], env=without, capture_output=True, text=True, check=True).stdout
        for more in ([], ["--json"])
    )
    (line,) = says.splitlines()
    assert line.startswith("c-loop: left out, there is no C compiler here")
    assert json.loads(report)["c-loop"]["left_out"] in line


def test_a_number_is_judged_by_its_floor_and_its_aim() -> None:
    def verdicts(floor: float, aim: float) -> list[str]:
        return [Result("", value, "", floor, aim).verdict for value in (1.0, 2.0, 3.0, 4.0)]

    assert verdicts(2.0, 3.0) == ["BELOW THE FLOOR", "floor reached", "aim reached", "aim reached"]
    assert verdicts(3.0, 2.0) == ["aim reached", "aim reached", "floor reached", "BELOW THE FLOOR"]
