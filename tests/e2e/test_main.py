"""`main.py`, as a double click starts it: it opens the window, or says in one sentence why it cannot."""

import ast
import json
import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCE = CHECKOUT / "main.py"
OUTER_PYTHON = Path(sys.base_prefix, "python.exe" if os.name == "nt" else "bin/python3")


def dependencies() -> list[str]:
    """The names of all that pyproject.toml says the program needs, on every Python that it runs on."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    return [requirement.partition(">")[0] for requirement in project["dependencies"] if ";" not in requirement]


def run(python: Path | str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {"LANGUAGE": "en", "PYTHONUTF8": "1", "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        [python, *arguments], env=environment, capture_output=True, text=True, encoding="utf-8", timeout=100
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The program in a folder without `.venv`."""
    folder = tmp_path / "LangRL Studio"
    shutil.copytree(CHECKOUT / "langrl_gui", folder / "langrl_gui", ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.copy(SOURCE, folder))


def empty_environment(folder: Path) -> Path:
    """A Python without any library."""
    venv.create(folder, symlinks=os.name != "nt")
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def test_that_main_looks_for_exactly_what_the_package_depends_on() -> None:
    assert list(runpy.run_path(str(SOURCE))["LIBRARIES"].values()) == dependencies()


def test_that_without_its_libraries_one_sentence_says_which_and_what_to_type(copy: Path, tmp_path: Path) -> None:
    python = empty_environment(tmp_path / "bare")
    done = run(python, copy)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert ", ".join(dependencies()) in done.stderr
    assert f'"{python}" -m pip install -e "{copy.parent}"' in done.stderr


def test_that_only_the_library_that_is_missing_is_named(copy: Path, tmp_path: Path) -> None:
    python = empty_environment(tmp_path / "bare")
    packages = next((tmp_path / "bare").rglob("site-packages"))
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith("pyqtgraph") and entry.suffix != ".pth":
            (packages / entry.name).symlink_to(entry)
    done = run(python, copy)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{python} lacks pyqtgraph;" in done.stderr


def test_that_a_python_outside_any_environment_is_told_to_make_one(copy: Path) -> None:
    done = run(OUTER_PYTHON, "-S", copy)
    assert done.returncode == 2
    assert f'make -C "{copy.parent}" run' in done.stderr


def test_that_another_python_hands_over_to_the_environment_beside_it(copy: Path) -> None:
    python = empty_environment(copy.parent / ".venv")
    done = run(OUTER_PYTHON, "-S", copy)
    assert done.returncode == 2
    assert f"{python} lacks" in done.stderr


def test_that_a_python_too_old_is_told_so_and_could_read_that_far(copy: Path) -> None:
    ast.parse(SOURCE.read_text("utf-8"), feature_version=(3, 7))
    pretend = (
        "import runpy, sys; sys.version_info = (3, 8, 0, 'final', 0); runpy.run_path(sys.argv[1], run_name='__main__')"
    )
    done = run(sys.executable, "-c", pretend, copy)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("LangRL Studio needs Python 3.11 or newer, and this is Python 3.8")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("start", [(SOURCE,), ("-m", "langrl_gui")], ids=["main.py", "-m langrl_gui"])
def test_that_the_window_opens(start: tuple[str | Path, ...], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = run(sys.executable, *start, "--demo", "1", "--report", report)
    assert done.returncode == 0, done.stderr
    assert json.loads(report.read_text("utf-8"))["frames"] > 0
