"""The wheel, as somebody else installs it: into an environment of its own, away from any checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path, **more_environment: str) -> subprocess.CompletedProcess[str]:
    """Run to the end, with nothing in the environment that leads Python back to the checkout."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment |= {"PYTHONUTF8": "1", **more_environment}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=100
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=CHECKOUT)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


class Elsewhere:
    """An empty environment with the wheel in it, which finds the libraries where the tests have them."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        venv.create(folder / "environment", symlinks=os.name != "nt")
        self.bin = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
        pip = (sys.executable, "-m", "pip", "--python", self.bin / "python")
        installed = run(*pip, "install", "--no-deps", "--no-index", "--disable-pip-version-check", wheel, cwd=folder)
        assert installed.returncode == 0, installed.stderr
        # A folder that a .pth file names is searched, but no .pth file in it is read: an editable install stays unseen.
        packages = next((folder / "environment").rglob("site-packages"))
        (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        own_home = {
            key: str(self.folder / "home") for key in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
        }
        return run(self.bin / program, *arguments, cwd=self.folder, QT_QPA_PLATFORM="offscreen", LANG="C", **own_home)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Elsewhere:
    return Elsewhere(tmp_path_factory.mktemp("elsewhere"), wheel)


def test_that_every_resource_travels_inside_the_wheel(wheel: Path) -> None:
    tracked = {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "resources").rglob("*") if path.is_file()}
    assert tracked
    assert {f"langrl_gui/{name}" for name in tracked} <= set(zipfile.ZipFile(wheel).namelist())


def test_that_the_wheel_holds_the_program_and_no_tests(wheel: Path) -> None:
    folders = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"langrl_gui"}


def test_that_an_installed_program_does_not_run_from_the_checkout(elsewhere: Elsewhere) -> None:
    done = elsewhere.run("python", "-c", "import langrl_gui; print(langrl_gui.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(elsewhere.folder), done.stderr


def test_that_an_installed_command_line_finds_its_scenarios(elsewhere: Elsewhere) -> None:
    done = elsewhere.run("langrl", "scenarios", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    json.loads(done.stdout)
    assert '"i-love-you"' in done.stdout


def test_that_an_installed_window_starts_and_trains(elsewhere: Elsewhere) -> None:
    done = elsewhere.run("langrl-gui", "--demo", "1", "--report", "report.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((elsewhere.folder / "report.json").read_text("utf-8"))
    assert report["steps"] > 0
    assert report["frames"] > 0
    assert report["says"]
