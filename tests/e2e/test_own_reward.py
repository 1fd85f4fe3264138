"""A reward of anybody's: installed by pip, found by its entry point, and nothing else that a file may name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from langrl_gui.core import resources

HERE = Path(__file__).parents[1] / "own_reward"

SCENARIO = """
name = "rhymes"
[language]
words = ["cat", "hat", "dog", "log"]
joiner = " "
max_length = 3
[[prompts]]
[[rewards]]
kind = "rhyme"
letters = 2
weight = 0.5
[learner]
method = "q-learning"
gamma = 1.0
[stop]
episodes = 3000
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for sys.path into which the example has been installed as any package is."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--target", str(folder), str(HERE)], check=True, capture_output=True)
    assert (next(folder.glob("*.dist-info")) / "entry_points.txt").exists()
    return folder


def langrl(*arguments: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`langrl`, with one more folder on sys.path."""
    folders = [str(folder) for folder in (Path(__file__).parents[2], path) if folder]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(folders), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "langrl_gui.cli", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8")


def test_an_installed_reward_is_used_like_a_built_in_one(installed: Path, tmp_path: Path) -> None:
    scenario, run = tmp_path / "rhymes.toml", tmp_path / "run.langrl"
    scenario.write_text(SCENARIO, "utf-8")
    trained = langrl("train", scenario, "--out", run, "--json", path=installed)
    assert trained.returncode == 0, trained.stderr
    (said,) = json.loads(trained.stdout)["says"]
    assert (said["text"], said["value"]) == ("cat cat cat", 1.0)
    assert langrl("replay", run, "--to", "100", path=installed).returncode == 0


def test_its_settings_are_checked_by_its_own_schema(installed: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "rhymes.toml"
    scenario.write_text(SCENARIO.replace("letters = 2", "letters = 99"), "utf-8")
    refused = langrl("train", scenario, path=installed)
    assert refused.returncode == 2
    assert refused.stderr.strip().endswith("rewards[0].letters: found 99, expected a whole number from 1 to 10")


def test_where_it_is_not_installed_its_kind_is_unknown_in_one_sentence(installed: Path, tmp_path: Path) -> None:
    scenario, run = tmp_path / "rhymes.toml", tmp_path / "run.langrl"
    scenario.write_text(SCENARIO, "utf-8")
    assert langrl("train", scenario, "--steps", "5", "--out", run, path=installed).returncode == 0
    for file in (scenario, run):
        refused = langrl("solve", file)
        assert refused.returncode == 2
        (sentence,) = refused.stderr.strip().splitlines()
        assert 'rewards[0].kind: found "rhyme", expected one of "bleu"' in sentence
        assert sentence.endswith("; if a package has it, install that first")


@pytest.mark.parametrize(
    ("announced", "module", "reason"),
    [
        ("rhyme = langrl_nowhere:Rhyme", "", "ModuleNotFoundError: No module named 'langrl_nowhere'"),
        ("rhyme = langrl_rhyme:Rhyme", "", "langrl_rhyme:Rhyme is not a subclass of langrl_gui.core.rewards.Reward"),
        ("verse = langrl_rhyme:RhymeReward", "", "langrl_rhyme:RhymeReward is of the kind 'rhyme'"),
        ("rhyme = langrl_broken:Any", "raise SystemError('out of order')", "SystemError: out of order"),
    ],
)
def test_a_package_that_cannot_be_used_is_named_only_where_its_kind_is_asked_for(
    installed: Path, tmp_path: Path, announced: str, module: str, reason: str
) -> None:
    folder = tmp_path / "broken-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[langrl_gui.rewards]\n{announced}\n")
    (tmp_path / "langrl_broken.py").write_text(module)
    (tmp_path / "langrl_rhyme.py").write_text((HERE / "langrl_rhyme.py").read_text())
    scenario = tmp_path / "rhymes.toml"
    kind = announced.split()[0]
    scenario.write_text(SCENARIO.replace('"rhyme"', f'"{kind}"').replace("letters = 2", ""), "utf-8")
    refused = langrl("train", scenario, path=tmp_path)
    assert refused.returncode == 2
    (sentence,) = refused.stderr.strip().splitlines()
    assert f'rewards[0].kind: the package that announces "{kind}" cannot be used:' in sentence
    assert reason in sentence
    assert langrl("train", "i-love-you", "--steps", "5", path=tmp_path).returncode == 0


def test_the_built_in_kinds_cannot_be_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "usurper-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: usurper\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[langrl_gui.rewards]\nmatch = langrl_match:MatchReward\n")
    (tmp_path / "langrl_match.py").write_text(
        (HERE / "langrl_rhyme.py").read_text().replace("Rhyme", "Match").replace('"rhyme"', '"match"')
    )
    plain, usurped = (langrl("train", "i-love-you", "--steps", "50", "--json", path=p) for p in (None, tmp_path))
    assert json.loads(usurped.stdout)["says"] == json.loads(plain.stdout)["says"]


def test_the_documentation_shows_the_example_that_is_tested_here() -> None:
    page = (resources.root().parent / "docs" / "own-reward.md").read_text("utf-8")
    for name in ("pyproject.toml", "langrl_rhyme.py"):
        assert (HERE / name).read_text("utf-8") in page
