"""Killed at any moment while it trains and is edited: at most the last interval is lost, and never a file."""

import os
import random
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from langrl_gui.core import runfile

ROOT = Path(__file__).parents[2]

CHILD = """
import random, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from langrl_gui.core import scenario
from langrl_gui.ui import app, autosave

autosave.INTERVAL = 0.05
real = app.Studio.__init__

def prepared(self, what, **options):
    real(self, what, **options)
    studio, edits = self, 0

    def edit():
        nonlocal edits
        edits += 1
        studio.draft.edit(("name",), f"edit {edits}", "Name")
        studio.draft.edit(("learner", "alpha"), random.random(), "alpha")
        studio.draft.settle()

    def begin():
        studio.session.run(at_once=True, endless=True)
        timer.start(7)
        saves.start(60)

    timer, saves = QTimer(self), QTimer(self)
    timer.timeout.connect(edit)
    saves.timeout.connect(lambda: studio.session.save(Path(sys.argv[1])))
    studio.session.opened.connect(begin)
    studio.session.saved.connect(lambda path: print("saved", flush=True))
    studio.autosave.kept.connect(lambda step: print("kept", step, flush=True))

app.Studio.__init__ = prepared
sys.exit(app.main([str(scenario.built_in()["ten-words"])]))
"""


@pytest.mark.timeout(1800)
def test_killed_at_any_moment_it_loses_at_most_the_last_interval_and_never_a_file(tmp_path: Path, soak: bool) -> None:
    luck = random.Random(1)
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "LANGUAGE": "en",
    }
    for number in range(200 if soak else 3):
        state, file = tmp_path / f"state{number}", tmp_path / f"run{number}.langrl"
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(file)],
            env={**environment, "XDG_STATE_HOME": str(state)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        kept, told = 0, 0
        enough = luck.randrange(2, 12)  # more of them than this, and then some of the next
        for line in process.stdout:
            kept = int(line.split()[1]) if line.startswith("kept") else kept
            told += 1
            if told >= enough and kept:
                break
        try:
            process.wait(luck.random() * 0.15)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        rest = process.communicate()[0]
        kept = max([kept, *(int(line.split()[1]) for line in rest.splitlines() if line.startswith("kept "))])
        (copy,) = (state / "langrl" / "recovery").glob("*.langrl")
        assert runfile.read(copy).moment.step >= kept, f"kill {number}"
        for edits in copy.parent.glob("*.toml"):
            assert tomllib.loads(edits.read_text("utf-8"))["name"].startswith("edit")
        if file.exists():
            assert runfile.read(file).moment.step > 0
