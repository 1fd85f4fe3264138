"""Compiled code is kept between processes, and nothing that happens to where it is kept keeps a run from going on.

Every claim is tried with real processes. numba says itself what it reads and writes (NUMBA_DEBUG_CACHE).
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from langrl_gui.core import scenario
from langrl_gui.core.trainer import Trainer

STEPS = 2000
QUESTION = """
from langrl_gui.core import kernels, scenario
from langrl_gui.core.trainer import Trainer
trainer = Trainer(scenario.find("i-love-you"))
print("found:", kernels.is_compiled(trainer.loop_kind))
"""
PROGRAM = (
    QUESTION
    + f"""
trainer.advance({STEPS})
print("hash:", trainer.state_hash())
"""
)
SMALL_FILES_ONLY = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))" + PROGRAM
READ, WRITTEN = "data loaded from", "data saved to"


def begin(root: Path, program: str = PROGRAM) -> "subprocess.Popen[str]":
    """A process that trains a little, with its compiled code under `root`."""
    environment = {**os.environ, "LANGRL_CACHE_DIR": str(root), "NUMBA_DEBUG_CACHE": "1"}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def train(root: Path, program: str = PROGRAM) -> str:
    """What such a process says, after it has learned the right thing and ended well."""
    return ended_well(begin(root, program))


def ask(root: Path) -> str:
    """Whether a process finds what was kept under `root`."""
    says, errors = begin(root, QUESTION).communicate(timeout=110)
    assert errors == ""
    return says


def ended_well(process: "subprocess.Popen[str]") -> str:
    says, errors = process.communicate(timeout=110)
    assert (process.returncode, errors) == (0, "")
    expected = Trainer(scenario.find("i-love-you"), compiled=False)
    expected.advance(STEPS)
    assert f"hash: {expected.state_hash()}" in says
    return says


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root under which one process has left its compiled code."""
    root = tmp_path_factory.mktemp("compiled")
    says = train(root)
    assert "found: False" in says
    assert WRITTEN in says
    return root


@pytest.fixture
def root(compiled: Path, tmp_path: Path) -> Path:
    """A copy of it, to do harm to."""
    return Path(shutil.copytree(compiled, tmp_path / "copy"))


def the_file(root: Path, pattern: str) -> Path:
    (found,) = root.rglob(pattern)
    return found


def test_a_second_process_reads_what_the_first_compiled(root: Path) -> None:
    says = train(root)
    assert "found: True" in says
    assert READ in says
    assert WRITTEN not in says


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_in_half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def fill_with_garbage(file: Path) -> None:
    file.write_bytes(b"\xff\x00 no JSON")


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        ("*.nbc", flip_a_byte),
        ("*.nbi", flip_a_byte),
        ("*.nbc", cut_in_half),
        ("*.json", fill_with_garbage),
        ("*.json", Path.unlink),
    ],
)
def test_that_damage_of_any_kind_is_found(root: Path, pattern: str, damage: Callable[[Path], None]) -> None:
    assert ask(root) == "found: True\n"
    damage(the_file(root, pattern))
    assert ask(root) == "found: False\n"


def test_what_is_damaged_is_thrown_away_and_compiled_afresh(root: Path) -> None:
    flip_a_byte(the_file(root, "*.nbc"))
    says = train(root)
    assert "found: False" in says
    assert READ not in says
    assert WRITTEN in says
    sealed = json.loads(the_file(root, "*.json").read_text("utf-8"))
    assert sealed.keys() == {"/".join(path.parts[-2:]) for path in root.rglob("*.nb?")}
    assert READ in train(root)


def test_where_nothing_can_be_written_code_is_compiled_and_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "a file where a folder should be"
    file.touch()
    says = train(file)
    assert WRITTEN not in says
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_bytes() == b""


def test_a_disk_that_is_full_costs_the_kept_code_and_nothing_else(tmp_path: Path) -> None:
    assert "found: False" in train(tmp_path, SMALL_FILES_ONLY)
    assert WRITTEN in train(tmp_path)


def test_a_folder_that_others_can_write_to_is_not_trusted(root: Path) -> None:
    for folder in (root / "kernels").iterdir():
        folder.chmod(0o777)
    says = train(root)
    assert READ not in says
    assert WRITTEN not in says


def test_processes_that_compile_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    for process in [begin(tmp_path) for _ in range(2)]:
        ended_well(process)
    assert READ in train(tmp_path)
