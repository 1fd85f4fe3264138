"""What is kept of a run, and offered after an end without farewell."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from langrl_gui.core import runfile, scenario
from langrl_gui.ui.app import Studio
from langrl_gui.ui.autosave import Autosave
from langrl_gui.ui.problem import Recovery
from langrl_gui.ui.session import PAUSED
from tests.windows import is_open, until

Open = Callable[[Path | None], Studio]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which copies are kept."""
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path)
    return tmp_path / "recovery"


def kept(state: Path) -> list[str]:
    return sorted(path.suffix for path in state.iterdir() if path.suffix != ".crash")


def keep(qtbot: QtBot, studio: Studio) -> None:
    with qtbot.waitSignal(studio.autosave.kept, timeout=30_000):
        assert studio.autosave.keep()


def leave_behind(studio: Studio) -> None:
    """End as a process does that is killed: its lock is stale, its files are there."""
    studio.window.leave()
    studio.session.close()
    studio.autosave.close(leave=True)


def question(studio: Studio) -> Recovery | None:
    return studio.window.findChild(Recovery)


def test_what_is_kept_is_recovered_with_its_edits_and_goes_on_being_kept(
    qtbot: QtBot, open_studio: Open, state: Path
) -> None:
    first = open_studio(None)
    first.session.step_episode()
    until(qtbot, first, PAUSED, 3)
    first.draft.edit(("name",), "Mine", "Name")
    keep(qtbot, first)
    assert kept(state) == [".langrl", ".lock", ".toml"]
    leave_behind(first)
    second = open_studio(None)
    with qtbot.waitSignal(second.session.opened, timeout=30_000):
        qtbot.mouseClick(question(second).findChild(QPushButton, "recover"), Qt.MouseButton.LeftButton)
    until(qtbot, second, PAUSED, 3)
    assert second.draft.data["name"] == "Mine"
    assert second.window.isWindowModified()
    assert second.session.file is None
    second.draft.undo()
    assert second.window.documents.at_stake(), "no file holds it"
    second.session.step()
    until(qtbot, second, PAUSED, 4)
    keep(qtbot, second)
    (run,) = state.glob("*.langrl")
    assert runfile.read(run).moment.step == 4


def test_what_is_discarded_is_gone_and_what_nobody_answered_is_asked_again(
    qtbot: QtBot, open_studio: Open, state: Path
) -> None:
    first = open_studio(None)
    first.session.step()
    until(qtbot, first, PAUSED, 1)
    keep(qtbot, first)
    leave_behind(first)
    second = open_studio(None)
    question(second).reject()
    second.window.leave()
    second.close()
    third = open_studio(None)
    qtbot.mouseClick(question(third).findChild(QPushButton, "discardLeft"), Qt.MouseButton.LeftButton)
    assert kept(state) == [".lock"]
    third.window.leave()
    third.close()
    assert list(state.iterdir()) == []


def test_a_clean_end_leaves_nothing_and_nothing_is_kept_where_nothing_would_be_lost(
    qtbot: QtBot, studio: Studio, state: Path
) -> None:
    keep(qtbot, studio)
    assert not studio.autosave.keep(), "it is as it was"
    assert kept(studio.autosave.folder) == [".lock"]
    studio.session.step()
    until(qtbot, studio, PAUSED, 1)
    keep(qtbot, studio)
    studio.window.close()
    assert not is_open(studio)
    studio.close()
    assert list(studio.autosave.folder.iterdir()) == []


def test_two_windows_keep_their_runs_apart(qtbot: QtBot, open_studio: Open, state: Path) -> None:
    studios = [open_studio(None), open_studio(None)]
    for studio in studios:
        studio.session.step()
        until(qtbot, studio, PAUSED, 1)
        keep(qtbot, studio)
        assert question(studio) is None, "what is in use is not offered"
    assert len(list(state.glob("*.langrl"))) == 2


def test_a_copy_that_cannot_be_opened_is_not_thrown_away(qtbot: QtBot, open_studio: Open, state: Path) -> None:
    state.mkdir()
    (state / "1234.langrl").write_bytes(b"this is no run")
    studio = open_studio(None)
    with qtbot.waitSignal(studio.session.failed, timeout=30_000):
        qtbot.mouseClick(question(studio).findChild(QPushButton, "recover"), Qt.MouseButton.LeftButton)
    studio.window.leave()
    studio.close()
    assert (state / "1234.langrl").read_bytes() == b"this is no run"


def test_the_report_of_a_crash_can_be_copied_at_the_next_start(qtbot: QtBot, open_studio: Open, state: Path) -> None:
    state.mkdir()
    (state / "1234.crash").write_text("Fatal Python error: Segmentation fault")
    studio = open_studio(None)
    box = question(studio)
    assert "unexpectedly" in box.text()
    assert "Segmentation fault" in box.detailedText()
    assert box.findChild(QPushButton, "recover") is None
    qtbot.mouseClick(box.findChild(QPushButton, "discardLeft"), Qt.MouseButton.LeftButton)
    assert not list(state.glob("1234*"))


def test_a_folder_that_cannot_be_made_disturbs_nobody(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    autosave = Autosave(studio.session, studio.draft, tmp_path / "file" / "recovery")
    autosave.start()
    assert autosave.left() == []
    assert not autosave.keep()
    assert scenario.find("i-love-you") == studio.session.scenario
