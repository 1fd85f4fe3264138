"""Say: what is typed is asked, and the answer stands there word by word, as the table has it."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QCheckBox, QComboBox, QPushButton, QTextBrowser
from pytestqt.qtbot import QtBot

from langrl_gui.core import explain, saying, scenario
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.telemetry import Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui.selection import Selection
from langrl_gui.ui.session import RUNNING, Session
from langrl_gui.ui.views.say import Say

GREETINGS = from_data(
    {
        "name": "greetings",
        "language": {"words": ["hello", "bye", "you"], "joiner": " ", "max_length": 2},
        "prompts": [
            {"text": "good day", "references": ["hello you"]},
            {"text": "good night", "references": ["bye you"]},
        ],
        "rewards": [{"kind": "match"}],
    }
)


def shown(qtbot: QtBot, problem: Scenario) -> Say:
    view = Say(Selection())
    qtbot.addWidget(view)
    view.resize(330, 300)
    view.begin(problem)
    view.show()
    return view


def prompt_field(view: Say) -> QComboBox:
    field = view.findChild(QComboBox, "sayPrompt")
    assert isinstance(field, QComboBox)
    return field


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    session.start()
    yield session
    session.close()


def test_that_enter_asks_the_prompt_that_was_typed(qtbot: QtBot) -> None:
    view = shown(qtbot, GREETINGS)
    field = prompt_field(view)
    assert [field.itemText(number) for number in range(field.count())] == ["good day", "good night"]
    field.setEditText("")
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    field.lineEdit().setFocus()
    qtbot.keyClicks(field.lineEdit(), "good night")
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.keyClick(field.lineEdit(), Qt.Key.Key_Return)
    assert asked.args == [1, None]


def test_that_exploring_has_other_luck_each_time(qtbot: QtBot) -> None:
    view = shown(qtbot, GREETINGS)
    explore = view.findChild(QCheckBox, "sayExploring")
    assert isinstance(explore, QCheckBox)
    explore.setChecked(True)
    seeds = []
    for _ in range(3):
        with qtbot.waitSignal(view.asked) as asked:
            view.ask()
        assert asked.args is not None
        seeds.append(asked.args[1])
    assert seeds == [0, 1, 2]


def test_that_an_unknown_prompt_is_explained_and_not_asked(qtbot: QtBot) -> None:
    view = shown(qtbot, GREETINGS)
    prompt_field(view).setEditText("good morning")
    with qtbot.assertNotEmitted(view.asked):
        view.ask()
    assert 'has not learned "good morning"' in view.as_text()
    assert "never met: morning" in view.as_text()


def test_that_without_prompts_there_is_nothing_to_type(qtbot: QtBot) -> None:
    view = shown(qtbot, scenario.find("i-love-you"))
    assert prompt_field(view).isHidden()
    button = view.findChild(QPushButton, "sayButton")
    assert isinstance(button, QPushButton)
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args == [0, None]


def test_that_each_word_stands_beside_its_alternatives_with_q_and_chance(qtbot: QtBot) -> None:
    view = shown(qtbot, GREETINGS)
    trainer = Trainer(GREETINGS)
    trainer.advance(2000)
    answer = saying.answer(trainer, 1)
    view.show_answer(answer)
    text = view.as_text().replace("\u202f", " ")
    assert text.startswith("bye you\n")
    row = trainer.tables.find_row((1,))
    assert row is not None
    q = trainer.learned.q[3 * row : 3 * row + 3]
    for word, chance in (("bye", 0.9 + 0.1 / 3), ("hello", 0.1 / 3), ("you", 0.1 / 3)):
        number = explain.signed(float(q[GREETINGS.language.words.index(word)]))
        assert f"{number} ({100 * chance:.1f} %)" in text
    assert "asked at step 2 000" in text
    words = view.findChild(QTextBrowser, "sayWords")
    assert isinstance(words, QTextBrowser)
    words.anchorClicked.emit(QUrl("1"))
    assert view._selection.state == (1, 1)


def test_that_words_are_written_as_they_are_whatever_signs_they_have(qtbot: QtBot) -> None:
    problem = from_data(
        {
            "name": "signs",
            "language": {"words": ["<b>", "&amp;"], "max_length": 1},
            "prompts": [{"references": ["<b>"]}],
            "rewards": [{"kind": "match"}],
        }
    )
    view = shown(qtbot, problem)
    trainer = Trainer(problem)
    trainer.advance(100)
    view.show_answer(saying.answer(trainer, 0))
    assert view.as_text().startswith("<b>\n")
    assert "&amp; −" in view.as_text()


def test_that_it_answers_while_the_agent_learns_and_changes_nothing(qtbot: QtBot, session: Session) -> None:
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open(GREETINGS)
    session.look(Wanted())
    session.run(endless=True)
    qtbot.waitUntil(lambda: session.state == RUNNING, timeout=20_000)
    steps = []
    for seed in (None, 0, 1):
        with qtbot.waitSignal(session.said, timeout=20_000) as said:
            session.say(1, seed)
        assert said.args is not None
        steps.append(said.args[0].step)
        assert session.state == RUNNING
    assert steps == sorted(steps)
    session.pause()
    with qtbot.waitSignal(session.said, timeout=20_000) as said:
        session.say(0)
    with qtbot.waitSignal(session.hashed, timeout=20_000) as hashed:
        session.hash()
    assert said.args is not None
    alone = Trainer(GREETINGS)
    alone.advance(said.args[0].step)
    assert hashed.args == [alone.state_hash()]
    assert said.args[0] == saying.answer(alone, 0)


def test_that_a_new_run_forgets_the_answer(qtbot: QtBot) -> None:
    view = shown(qtbot, GREETINGS)
    trainer = Trainer(GREETINGS)
    view.show_answer(saying.answer(trainer, 0))
    view.begin(scenario.find("i-love-you"))
    assert "appears here" in view.as_text()
