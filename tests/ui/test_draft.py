"""The scenario as a person edits it, where an edit asks for a corpus that has to be read first."""

import threading
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from langrl_gui.core import language, scenario
from langrl_gui.core.text import Corpus
from langrl_gui.core.work import along
from langrl_gui.ui.app import Studio
from langrl_gui.ui.side_status import SideStatus
from tests.windows import until

TOML = """
name = "poem"
[language]
corpus = "poem.txt"
tokenizer = "words"
joiner = " "
max_length = 2
[[prompts]]
references = ["b a"]
[[rewards]]
kind = "match"
"""
MOST = ("language", "max_words")


@pytest.fixture
def poem(open_studio: Callable[[Path | None], Studio], tmp_path: Path) -> Studio:
    (tmp_path / "poem.txt").write_text("b a b\nc, b a d\n", "utf-8")
    path = tmp_path / "poem.toml"
    path.write_text(TOML, "utf-8")
    return open_studio(path)


@pytest.fixture
def gate(poem: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Until it is open, no corpus is read to its end; whoever waits for one on the window's thread waits for ever."""
    opened, read = threading.Event(), language.read_corpus

    def wait_and_read(*asked: Any) -> Corpus:
        assert threading.current_thread() is not threading.main_thread()
        for _ in along(iter(lambda: opened.wait(0.002), True), "waiting", 10**6, lambda _: 1):
            pass
        return read(*asked)

    monkeypatch.setattr(language, "read_corpus", wait_and_read)
    yield opened
    opened.set()


def bar_text(studio: Studio) -> str:
    bar = studio.window.findChild(QWidget, "applyBar")
    return bar.findChild(QLabel).text() if bar.isVisible() else ""


def faults(studio: Studio) -> list[str]:
    rows = studio.window.parameters._rows.values()
    return [row.fault.text() for row in rows if not row.fault.isHidden()]


def test_the_form_says_that_it_reads_a_corpus_and_how_far_it_is_while_the_window_goes_on(
    qtbot: QtBot, poem: Studio, gate: threading.Event
) -> None:
    draft, window = poem.draft, poem.window
    draft.edit(MOST, 3, "Most words")
    assert draft.waits_for_corpus
    qtbot.waitUntil(lambda: "is being read" in bar_text(poem), timeout=10_000)
    status = window.findChild(SideStatus)
    qtbot.waitUntil(lambda: status.isVisible(), timeout=10_000)
    assert status.findChild(QLabel).text() == "Reading the corpus: waiting"
    poem.session.step(3)
    until(qtbot, poem, "paused", 3)  # the run goes on, and is drawn
    gate.set()
    qtbot.waitUntil(lambda: draft.scenario is not None, timeout=10_000)
    assert draft.scenario.language.words == ("b", "a", "c")
    qtbot.waitUntil(lambda: bar_text(poem) == "These changes need a new run.", timeout=10_000)
    with qtbot.waitSignal(poem.session.opened, timeout=30_000):
        qtbot.mouseClick(window.findChild(QPushButton, "apply"), Qt.MouseButton.LeftButton)
    assert poem.session.scenario.language.words == ("b", "a", "c")
    assert not draft.is_pending


def test_of_several_edits_the_last_one_is_read_and_what_the_run_has_is_there_at_once(
    qtbot: QtBot, poem: Studio, gate: threading.Event
) -> None:
    draft = poem.draft
    for most in (3, 2, 4):
        draft.edit(MOST, most, "Most words")
        draft.settle()
    draft.edit(("name",), "Mine", "Name")
    assert draft.scenario is None
    gate.set()
    qtbot.waitUntil(lambda: draft.scenario is not None, timeout=10_000)
    assert (draft.scenario.name, draft.scenario.language.words) == ("Mine", ("b", "a", "c", ","))
    gate.clear()
    draft.undo()
    assert draft.scenario.name == "poem", "what has been read is not read again"
    while draft.stack.canUndo():
        draft.undo()
    assert (draft.scenario, draft.waits_for_corpus, draft.is_pending) == (draft.running, False, False)
    draft.redo()
    assert draft.waits_for_corpus
    draft.discard()
    assert (draft.scenario, draft.waits_for_corpus) == (draft.running, False)
    qtbot.waitUntil(lambda: not poem.session.side.running, timeout=10_000)
    assert draft.scenario == draft.running, "what was cancelled says nothing"


def test_reading_can_be_cancelled_and_the_next_change_reads_again(
    qtbot: QtBot, poem: Studio, gate: threading.Event
) -> None:
    draft, window = poem.draft, poem.window
    draft.edit(MOST, 3, "Most words")
    cancel = window.findChild(QToolButton, "cancelSideWork")
    qtbot.waitUntil(lambda: cancel.isVisible(), timeout=10_000)
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: faults(poem) == ["was not read; the next change reads it"], timeout=10_000)
    assert not window.findChild(QPushButton, "apply").isEnabled()
    gate.set()
    draft.edit(("name",), "Mine", "Name")
    qtbot.waitUntil(lambda: draft.scenario is not None, timeout=10_000)
    assert draft.scenario.language.words == ("b", "a", "c")
    assert faults(poem) == []


@pytest.mark.parametrize("changes_mind", [False, True])
def test_what_is_applied_while_its_corpus_is_read_begins_when_that_is_done_but_if_it_is_edited_again(
    qtbot: QtBot, poem: Studio, gate: threading.Event, changes_mind: bool
) -> None:
    draft, window = poem.draft, poem.window
    draft.edit(MOST, 3, "Most words")
    qtbot.mouseClick(window.findChild(QPushButton, "apply"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "After that a new run begins." in bar_text(poem), timeout=10_000)
    if changes_mind:
        draft.edit(("name",), "Mine", "Name")
        gate.set()
        qtbot.waitUntil(lambda: draft.scenario is not None, timeout=10_000)
        assert not draft.applies_when_read
        assert poem.session.scenario.name == "poem"
        assert draft.is_pending
        return
    with qtbot.waitSignal(poem.session.opened, timeout=30_000):
        gate.set()
    assert poem.session.scenario.language.words == ("b", "a", "c")


def test_a_scenario_whose_corpus_is_being_read_is_saved_when_it_has_been(
    qtbot: QtBot, poem: Studio, gate: threading.Event, tmp_path: Path
) -> None:
    draft, documents = poem.draft, poem.window.documents
    draft.edit(MOST, 3, "Most words")
    documents.ask_save_scenario()
    box = poem.window.findChild(QMessageBox)
    assert box.text() == "The corpus is being read; save the scenario when that is done."
    box.reject()
    gate.set()
    qtbot.waitUntil(lambda: draft.scenario is not None, timeout=10_000)
    with qtbot.waitSignal(poem.session.scenario_saved, timeout=30_000):
        poem.session.save_scenario(tmp_path / "mine.toml", draft.scenario)
    assert tomllib.loads((tmp_path / "mine.toml").read_text("utf-8"))["language"]["max_words"] == 3


def test_a_corpus_that_is_not_there_is_said_beside_its_field_and_found_as_soon_as_it_is(
    qtbot: QtBot, poem: Studio, tmp_path: Path
) -> None:
    draft = poem.draft
    draft.edit(("language", "corpus"), "other.txt", "Corpus")
    qtbot.waitUntil(lambda: bool(draft.faults), timeout=10_000)
    assert faults(poem) == ['"other.txt": cannot be read: No such file or directory']
    (tmp_path / "other.txt").write_text("a b\n", "utf-8")
    draft.edit(("name",), "Mine", "Name")
    qtbot.waitUntil(lambda: draft.scenario is not None, timeout=10_000)
    assert draft.scenario.language.words == ("a", "b")
    assert faults(poem) == []


def test_a_run_keeps_its_corpus_whatever_else_was_read_meanwhile(qtbot: QtBot, poem: Studio) -> None:
    draft = poem.draft
    for most in range(1, 8):
        draft.edit(MOST, most, "Most words")
        qtbot.waitUntil(lambda: not draft.waits_for_corpus, timeout=10_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language, "read_corpus", None)  # nobody reads it again
        with qtbot.waitSignal(poem.session.changed, timeout=30_000):
            draft.edit(("learner", "alpha"), 0.25, "alpha")
            draft.settle()
    assert poem.session.scenario.learner.alpha == 0.25
    assert poem.session.scenario.language.source is scenario.Scenario.read_anew(
        draft.running, draft.running.language.reading
    )
