"""Opening, saving, undoing, and what is asked before anything is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from langrl_gui.core import runfile, scenario
from langrl_gui.ui import documents, settings
from langrl_gui.ui.app import Studio
from langrl_gui.ui.problem import Problem
from langrl_gui.ui.session import PAUSED
from tests.windows import is_open, press, until, window_is_up

Button = QMessageBox.StandardButton
ALPHA = ("learner", "alpha")


def question(studio: Studio) -> QMessageBox | None:
    return next((box for box in studio.window.findChildren(QMessageBox, "unsaved") if box.isVisible()), None)


def answer(qtbot: QtBot, studio: Studio, button: Button) -> None:
    box = question(studio)
    assert box is not None
    qtbot.mouseClick(box.button(button), Qt.MouseButton.LeftButton)


def set_alpha(qtbot: QtBot, studio: Studio, value: float) -> None:
    with qtbot.waitSignal(studio.session.changed, timeout=30_000):
        studio.draft.edit(ALPHA, value, "α")
        studio.draft.settle()


def choose_file(qtbot: QtBot, studio: Studio, path: Path) -> None:
    qtbot.waitUntil(lambda: studio.window.findChild(QFileDialog) is not None, timeout=30_000)
    dialog = studio.window.findChild(QFileDialog)
    dialog.selectFile(str(path))
    dialog.accept()


def test_a_live_change_is_undone_and_redone_by_further_events(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    for value in (0.25, 0.75):
        set_alpha(qtbot, studio, value)
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    assert studio.window.findChild(QAction, "undo").text() == "Undo: α"
    for key, modifiers, alpha in (
        (Qt.Key.Key_Z, control, 0.25), (Qt.Key.Key_Z, control, 0.5),
        (Qt.Key.Key_Y, control, 0.25), (Qt.Key.Key_Z, control | shift, 0.75),
    ):  # fmt: skip
        with qtbot.waitSignal(studio.session.changed, timeout=30_000):
            press(qtbot, studio.window, key, modifiers)
        assert studio.session.scenario.learner.alpha == alpha
    with qtbot.waitSignal(studio.session.saved, timeout=30_000):
        studio.session.save(tmp_path / "run.langrl")
    events = runfile.read(tmp_path / "run.langrl").moment.timeline.events
    assert [event.value for event in events] == [0.25, 0.75, 0.25, 0.5, 0.25, 0.75]


def test_changes_that_follow_each_other_faster_than_they_are_made_end_as_the_last_says(
    qtbot: QtBot, studio: Studio
) -> None:
    set_alpha(qtbot, studio, 0.25)
    for _ in range(3):
        studio.draft.undo()
        studio.draft.redo()
    found = []
    studio.session.copy(found.append)
    qtbot.waitUntil(lambda: bool(found), timeout=30_000)
    assert studio.session.scenario.learner.alpha == 0.25


def test_what_cannot_change_in_a_run_waits_for_a_new_one_and_can_be_taken_back(qtbot: QtBot, studio: Studio) -> None:
    draft = studio.draft
    draft.edit(("language", "max_length"), 2, "Length")
    draft.settle()
    assert list(draft.faults) == ["prompts[0].references[0]"]
    draft.edit(("prompts", 0, "references"), ["我爱"], "References")
    assert draft.is_pending
    assert studio.session.scenario.language.max_length == 3
    with qtbot.waitSignal(studio.session.opened, timeout=30_000):
        studio.window.documents.apply()
    assert studio.session.scenario.language.max_length == 2
    assert not draft.is_pending
    draft.undo()
    draft.undo()
    assert draft.scenario == scenario.find("i-love-you")
    assert draft.is_pending


def test_typing_in_one_go_is_undone_in_one_go(studio: Studio) -> None:
    draft = studio.draft
    for text in ("M", "My", "My own"):
        draft.edit(("name",), text, "Name")
    draft.settle()
    draft.edit(("name",), "My other", "Name")
    draft.undo()
    assert draft.data["name"] == "My own"
    draft.undo()
    assert draft.data["name"] == "我爱你"
    assert not draft.stack.canUndo()


def test_nothing_is_asked_where_nothing_is_lost(qtbot: QtBot, studio: Studio) -> None:
    press(qtbot, studio.window, Qt.Key.Key_F11)
    until(qtbot, studio, PAUSED, 3)
    with qtbot.waitSignal(studio.session.opened, timeout=30_000):
        studio.window.documents.reset()
    studio.window.close()
    assert not is_open(studio)


@pytest.mark.parametrize("what", ["open", "close", "new", "choose"])
def test_edits_that_no_file_holds_are_not_lost_without_a_question(
    qtbot: QtBot, studio: Studio, built_in_copy: Path, what: str
) -> None:
    def go() -> None:
        match what:
            case "open":
                studio.window.documents.open(str(built_in_copy))
            case "close":
                studio.window.close()
            case "new":
                studio.window.findChild(QAction, "newScenario").trigger()
            case "choose":
                studio.window.chooser.activated.emit(studio.window.chooser.findText("Ten words"))

    studio.draft.edit(("name",), "My own", "Name")
    assert studio.window.isWindowModified()
    go()
    answer(qtbot, studio, Button.Cancel)
    assert is_open(studio)
    assert studio.draft.data["name"] == "My own"
    go()
    if what == "close":
        answer(qtbot, studio, Button.Discard)
        assert not is_open(studio)
    else:
        with qtbot.waitSignal(studio.session.opened, timeout=30_000):
            answer(qtbot, studio, Button.Discard)
        assert studio.draft.data["name"] != "My own"
        assert not studio.window.isWindowModified()


def test_what_was_learned_for_long_is_not_lost_without_a_question(
    qtbot: QtBot, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "WORTH_KEEPING", 0.0)
    press(qtbot, studio.window, Qt.Key.Key_F11)
    until(qtbot, studio, PAUSED, 3)
    studio.window.documents.reset()
    answer(qtbot, studio, Button.Save)
    with qtbot.waitSignal(studio.session.opened, timeout=30_000):
        choose_file(qtbot, studio, tmp_path / "kept.langrl")
    assert runfile.read(tmp_path / "kept.langrl").moment.step == 3
    until(qtbot, studio, "ready", 0)


def test_closing_while_a_run_goes_on_can_save_it_first(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    with qtbot.waitSignal(studio.session.saved, timeout=30_000):
        studio.session.save(tmp_path / "run.langrl")
    studio.session.run(endless=True)
    qtbot.waitUntil(lambda: studio.window.snapshot.step > 3, timeout=20_000)
    studio.window.close()
    answer(qtbot, studio, Button.Save)
    qtbot.waitUntil(lambda: not is_open(studio), timeout=20_000)
    assert runfile.read(tmp_path / "run.langrl").moment.step > 3


def test_giving_up_the_choice_of_a_file_gives_up_what_waited_for_it(qtbot: QtBot, studio: Studio) -> None:
    studio.draft.edit(("name",), "My own", "Name")
    studio.window.close()
    answer(qtbot, studio, Button.Save)
    qtbot.waitUntil(lambda: studio.window.findChild(QFileDialog) is not None, timeout=30_000)
    studio.window.findChild(QFileDialog).reject()
    assert is_open(studio)
    assert studio.draft.data["name"] == "My own"


def test_a_scenario_is_saved_as_a_person_would_write_it(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    studio.draft.edit(("name",), "My own", "Name")
    with qtbot.waitSignal(studio.session.scenario_saved, timeout=30_000):
        studio.window.findChild(QAction, "saveScenarioAs").trigger()
        choose_file(qtbot, studio, tmp_path / "mine")
    text = (tmp_path / "mine.toml").read_text("utf-8")
    assert text == scenario.dumps(scenario.find("i-love-you").changed("name", "My own"))
    assert not studio.window.isWindowModified()
    assert settings.recent() == [tmp_path / "mine.toml"]
    assert "mine.toml" in studio.window.windowTitle()


def test_a_scenario_that_is_not_complete_says_so_instead_of_being_saved(qtbot: QtBot, studio: Studio) -> None:
    studio.draft.edit(("name",), "", "Name")
    studio.window.findChild(QAction, "saveScenarioAs").trigger()
    assert "name: found" in studio.window.findChild(Problem).text()


def test_files_are_remembered_and_those_that_are_gone_are_forgotten(
    qtbot: QtBot, studio: Studio, built_in_copy: Path
) -> None:
    with qtbot.waitSignal(studio.session.opened, timeout=30_000):
        studio.window.documents.open(str(built_in_copy))
    menu = studio.window.documents.recent_menu
    menu.aboutToShow.emit()
    assert [action.data() for action in menu.actions() if action.data()] == [str(built_in_copy)]
    with qtbot.waitSignal(studio.session.opened, timeout=30_000):
        menu.actions()[0].trigger()
    built_in_copy.unlink()
    menu.actions()[0].trigger()
    assert "no longer there" in studio.window.findChild(Problem).text()
    menu.aboutToShow.emit()
    assert not [action for action in menu.actions() if action.isEnabled()]


def drop(studio: Studio, path: Path) -> bool:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(9, 9).toPoint(), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(studio.window, enter)
    if enter.isAccepted():
        event = QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, buttons, keys)
        QApplication.sendEvent(studio.window, event)
    return enter.isAccepted()


def test_a_file_is_opened_by_dropping_it_on_the_window(qtbot: QtBot, studio: Studio, built_in_copy: Path) -> None:
    built_in_copy.write_text(built_in_copy.read_text("utf-8").replace("我爱你", "Dropped", 1), "utf-8")
    with qtbot.waitSignal(studio.session.opened, timeout=30_000):
        assert drop(studio, built_in_copy)
    assert studio.session.scenario.name == "Dropped"
    assert not drop(studio, built_in_copy.with_suffix(".txt"))


def test_edits_and_their_undo_outlive_a_change_of_language(qtbot: QtBot, studio: Studio) -> None:
    studio.draft.edit(("name",), "My own", "Name")
    studio.window.findChild(QAction, "zh_CN").trigger()
    window_is_up(qtbot, studio)
    assert studio.draft.data["name"] == "My own"
    press(qtbot, studio.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert studio.draft.data["name"] == "我爱你"


def test_a_run_that_was_opened_asks_before_what_it_has_learned_since_is_lost(
    qtbot: QtBot, open_studio: Callable[[Path | None], Studio], tmp_path: Path
) -> None:
    first = open_studio(None)
    with qtbot.waitSignal(first.session.saved, timeout=30_000):
        first.session.save(tmp_path / "run.langrl")
    second = open_studio(tmp_path / "run.langrl")
    press(qtbot, second.window, Qt.Key.Key_F10)
    until(qtbot, second, PAUSED, 1)
    second.window.close()
    assert question(second) is not None
    answer(qtbot, second, Button.Discard)
    assert not is_open(second)
