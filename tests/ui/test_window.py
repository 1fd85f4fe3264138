"""The real window, used as people use it: keys, slider, menus, files."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QColor, QGuiApplication, QIcon, QPalette, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDockWidget,
    QFileDialog,
    QLabel,
    QToolBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from langrl_gui.core import i18n, runfile, scenario
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui import theme
from langrl_gui.ui.app import Studio
from langrl_gui.ui.cards import Card, Title
from langrl_gui.ui.problem import Problem
from langrl_gui.ui.session import FINISHED, FULL_SPEED, PAUSED, READY, RUNNING
from langrl_gui.ui.views.fields import NumberField
from tests.windows import press, until, window_is_up


def speak(qtbot: QtBot, studio: Studio, language: str) -> None:
    """Choose a language in the menu; the window is another one then."""
    before = studio.window
    before.findChild(QAction, language).trigger()
    qtbot.waitUntil(lambda: studio.window is not before, timeout=30_000)
    window_is_up(qtbot, studio)


def test_a_card_behind_another_one_costs_nothing(studio: Studio, qtbot: QtBot) -> None:
    window = studio.window
    heat, table = window.findChild(QDockWidget, "qHeatMapCard"), window.findChild(QDockWidget, "qTableCard")
    assert window.tabifiedDockWidgets(heat) == [table]
    until(qtbot, studio, READY)
    for front, parts in ((heat, (True, False)), (table, (False, True)), (heat, (True, False))):
        front.raise_()

        def has_come(parts: tuple[bool, bool] = parts) -> bool:
            snapshot = window.snapshot
            return snapshot is not None and (snapshot.heat is not None, snapshot.table is not None) == parts

        qtbot.waitUntil(has_come, timeout=30_000)


def test_a_picture_is_over_when_what_is_new_of_it_is_painted(studio: Studio, qtbot: QtBot) -> None:
    class Order(QObject):
        seen: ClassVar[list[str]] = []

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.UpdateRequest:
                self.seen.append("painted")
            return False

    until(qtbot, studio, READY)
    window, order = studio.window, Order()
    qtbot.wait(100)
    window.installEventFilter(order)
    window.pictured.connect(lambda: order.seen.append("over"))
    order.seen.clear()
    before = window.drawn
    press(qtbot, window, Qt.Key.Key_F10)
    qtbot.waitUntil(lambda: window.drawn > before and order.seen.count("over") == window.drawn - before)
    assert order.seen.index("painted") < order.seen.index("over")


def test_the_names_that_scripts_rely_on_are_there(studio: Studio) -> None:
    window = studio.window
    for name in ("run", "step", "stepEpisode", "reset", "open", "save", "saveAs", "export"):
        assert window.findChild(QAction, name) is not None, name
    for name in (
        "speed",
        "scenario",
        "stateGraph",
        "learningCurves",
        "qHeatMap",
        "qTable",
        "episodeTape",
        "statusText",
    ):
        assert window.findChild(QWidget, name) is not None, name


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_sign_for_running_is_white_on_its_button_and_is_seen_in_the_menu(
    studio: Studio, qtbot: QtBot, colours: str
) -> None:
    window = studio.window
    button = window.findChild(QToolButton, "runButton")

    def ink(icon: QIcon) -> QColor:
        image = icon.pixmap(16, 16).toImage()
        return max((image.pixelColor(x, y) for x in range(16) for y in range(16)), key=QColor.alpha)

    until(qtbot, studio, READY)
    theme.apply(colours)
    QApplication.processEvents()
    for state in (RUNNING, PAUSED):
        press(qtbot, window, Qt.Key.Key_Space)
        until(qtbot, studio, state)
        assert ink(window._actions["run"].icon()) == window.palette().color(QPalette.ColorRole.ButtonText)
        assert ink(button.icon()) == QColor("white")


def test_a_scenario_starts_at_a_speed_that_can_be_followed_and_runs_to_the_end_at_once(
    qtbot: QtBot, studio: Studio
) -> None:
    press(qtbot, studio.window, Qt.Key.Key_Space)
    until(qtbot, studio, RUNNING)
    qtbot.wait(700)
    press(qtbot, studio.window, Qt.Key.Key_Space)
    until(qtbot, studio, PAUSED)
    assert studio.window.snapshot is not None
    assert 1 <= studio.window.snapshot.step <= 12
    studio.window.findChild(QAction, "toEnd").trigger()
    until(qtbot, studio, FINISHED, 3000)
    with qtbot.waitSignal(studio.session.hashed) as hashed:
        studio.session.hash()
    alone = Trainer(scenario.find("i-love-you"))
    alone.advance(*alone.limits)
    assert hashed.args == [alone.state_hash()]


def test_f10_takes_one_step_and_f11_goes_to_the_end_of_the_episode(qtbot: QtBot, studio: Studio) -> None:
    press(qtbot, studio.window, Qt.Key.Key_F10)
    until(qtbot, studio, PAUSED, 1)
    press(qtbot, studio.window, Qt.Key.Key_F11)
    until(qtbot, studio, PAUSED, 3)
    press(qtbot, studio.window, Qt.Key.Key_F11)
    until(qtbot, studio, PAUSED, 6)


def test_the_slider_goes_from_one_step_a_second_to_the_machines_limit(studio: Studio) -> None:
    from langrl_gui.ui.main_window import speed_of

    slider = studio.window.speed
    assert speed_of(slider.minimum()) == 1.0
    assert speed_of(slider.maximum()) == FULL_SPEED
    speeds = [speed_of(place) for place in range(slider.minimum(), slider.maximum() + 1)]
    assert speeds == sorted(speeds)


def test_environments_start_faster_unless_somebody_has_chosen_a_speed(qtbot: QtBot, studio: Studio) -> None:
    def open_and_read(name: str) -> str:
        with qtbot.waitSignal(studio.session.opened):
            studio.session.open(scenario.built_in()[name])
        return str(studio.window.speed.toolTip())

    assert open_and_read("frozen-lake") == "Speed: 60 steps/s"
    assert open_and_read("morning-tea") == "Speed: 6 steps/s"
    studio.window.set_speed(2000.0)
    chosen = studio.window.speed.value()
    open_and_read("frozen-lake")
    open_and_read("morning-tea")
    assert studio.window.speed.value() == chosen


def test_alpha_gamma_and_epsilon_change_while_it_runs(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    studio.window.set_speed(2000.0)
    press(qtbot, studio.window, Qt.Key.Key_Space)
    until(qtbot, studio, RUNNING)
    for path, value in (("learner.alpha", 0.25), ("learner.gamma", 0.5), ("learner.explore.epsilon", 0.75)):
        field = studio.window.findChild(NumberField, path)
        with qtbot.waitSignal(studio.session.changed):
            field.set_number(value)
    press(qtbot, studio.window, Qt.Key.Key_Space)
    until(qtbot, studio, PAUSED)
    with qtbot.waitSignal(studio.session.saved):
        studio.session.save(tmp_path / "run.langrl")
    events = runfile.read(tmp_path / "run.langrl").moment.timeline.events
    assert [(event.path, event.value) for event in events] == [
        ("learner.alpha", 0.25), ("learner.gamma", 0.5), ("learner.explore.epsilon", 0.75),
    ]  # fmt: skip


def test_a_run_is_saved_and_taken_up_again_in_a_new_window(
    qtbot: QtBot, open_studio: Callable[[Path | None], Studio], tmp_path: Path
) -> None:
    first = open_studio(None)
    press(qtbot, first.window, Qt.Key.Key_F11)
    until(qtbot, first, PAUSED, 3)
    press(qtbot, first.window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: first.window.findChild(QFileDialog) is not None)
    dialog = first.window.findChild(QFileDialog)
    dialog.selectFile(str(tmp_path / "run.langrl"))
    with qtbot.waitSignal(first.session.saved):
        dialog.accept()
    assert first.window.isWindowModified() is False
    assert "run.langrl" in first.window.windowTitle()
    second = open_studio(tmp_path / "run.langrl")
    assert second.window.snapshot is not None
    assert (second.window.snapshot.step, second.session.state) == (3, PAUSED)
    press(qtbot, second.window, Qt.Key.Key_F10)
    until(qtbot, second, PAUSED, 4)
    press(qtbot, second.window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: runfile.read(tmp_path / "run.langrl").moment.step == 4, timeout=10_000)


def test_space_runs_and_pauses_while_a_number_has_the_keyboard(qtbot: QtBot, studio: Studio) -> None:
    field = studio.window.findChild(NumberField, "learner.alpha")
    field.setFocus()
    qtbot.keyClicks(field, "0.25")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert not field.hasFocus()
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Space)
    until(qtbot, studio, RUNNING)
    qtbot.keyClick(field, Qt.Key.Key_Space)
    until(qtbot, studio, PAUSED)


def test_scrolling_past_a_number_does_not_change_it(qtbot: QtBot, studio: Studio) -> None:
    field = studio.window.findChild(NumberField, "learner.gamma")
    before = field.text()
    point = QPointF(field.rect().center())
    for angle in (120, -120):
        turned = QWheelEvent(
            point, field.mapToGlobal(point), QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(field, turned)
    assert field.text() == before


def test_a_reset_run_is_not_saved_over_what_was_learned(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    press(qtbot, studio.window, Qt.Key.Key_F11)
    until(qtbot, studio, PAUSED, 3)
    with qtbot.waitSignal(studio.session.saved):
        studio.session.save(tmp_path / "run.langrl")
    with qtbot.waitSignal(studio.session.opened):
        studio.window.findChild(QAction, "reset").trigger()
    until(qtbot, studio, READY)
    press(qtbot, studio.window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: studio.window.findChild(QFileDialog) is not None)
    studio.window.findChild(QFileDialog).reject()
    assert runfile.read(tmp_path / "run.langrl").moment.step == 3


def test_the_optimum_is_that_of_the_discount_in_use(qtbot: QtBot, studio: Studio) -> None:
    assert studio.session.solution is not None
    assert studio.session.solution.start_value == 2.8525
    with qtbot.waitSignal(studio.session.optimum_found):
        studio.window.findChild(NumberField, "learner.gamma").set_number(0.5)
    assert studio.session.solution.start_value == 1.75


def test_an_error_that_nobody_expected_is_told_from_any_thread(
    qtbot: QtBot, studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        try:
            raise ValueError("nobody expects this")
        except ValueError as error:
            studio.report(ValueError, error, error.__traceback__)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: studio.window.findChild(Problem) is not None)
    assert "nobody expects this" in studio.window.findChild(Problem).text()
    assert "nobody expects this" in capsys.readouterr().err


def test_the_titles_of_cards_are_written_out_whatever_they_say(studio: Studio, qtbot: QtBot) -> None:
    studio.window.resize(1360, 860)
    titles = studio.window.findChildren(Title)
    assert len(titles) > 5
    qtbot.waitUntil(lambda: all(title.is_whole() for title in titles if title.isVisible()))
    titles[0].setText("A title that is twice as long as before")
    qtbot.waitUntil(titles[0].is_whole)


def test_a_window_that_grows_gives_its_room_to_the_views_and_not_to_the_tape(studio: Studio, qtbot: QtBot) -> None:
    window = studio.window
    tape, graph, heat = window._tape_card, window.graph, window.heat
    window.resize(1240, 660)
    qtbot.waitUntil(lambda: window.height() == 660 and tape.height() <= 132)
    before = tape.height(), graph.height(), heat.height()
    window.resize(1240, 1000)
    qtbot.waitUntil(lambda: window.height() == 1000 and graph.height() > before[1])
    assert tape.height() <= 200
    assert graph.height() + heat.height() - before[1] - before[2] >= 340 - (200 - before[0])


def test_the_window_fits_the_screen_it_starts_on(studio: Studio) -> None:
    room = studio.window.screen().availableGeometry()
    assert studio.window.width() <= room.width()
    assert studio.window.height() <= room.height()


def test_a_wrong_file_is_explained_and_the_report_can_be_copied(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("name = 3\n")
    studio.window.documents.open(str(wrong))
    qtbot.waitUntil(lambda: studio.window.findChild(Problem) is not None)
    problem = studio.window.findChild(Problem)
    assert "wrong.toml" in problem.text()
    copy = problem.findChild(QAbstractButton, "copyReport")
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert "wrong.toml" in QGuiApplication.clipboard().text()
    until(qtbot, studio, READY)


def test_choosing_a_scenario_opens_it(qtbot: QtBot, studio: Studio) -> None:
    chooser = studio.window.chooser
    assert {chooser.itemText(i) for i in range(chooser.count())} == {
        scenario.find(name).name for name in scenario.built_in()
    }
    place = chooser.findText("Ten words")
    with qtbot.waitSignal(studio.session.opened):
        chooser.activated.emit(place)
    assert studio.session.scenario == scenario.find("ten-words")
    qtbot.waitUntil(lambda: studio.window.snapshot is not None and studio.window.snapshot.states == 11_111)
    assert chooser.currentText() == "Ten words"


@pytest.mark.parametrize("name", ["frozen-lake", "cliff-walking", "taxi"])
def test_somebody_elses_environment_is_watched_from_its_first_step_on(qtbot: QtBot, studio: Studio, name: str) -> None:
    with qtbot.waitSignal(studio.session.opened, timeout=20_000):
        studio.window.documents.open(str(scenario.built_in()[name]))
    until(qtbot, studio, READY)
    press(qtbot, studio.window, Qt.Key.Key_F10)
    until(qtbot, studio, PAUSED, 1)
    press(qtbot, studio.window, Qt.Key.Key_F11)
    qtbot.waitUntil(lambda: studio.window.snapshot.episode == 1, timeout=20_000)


def test_the_window_speaks_chinese_as_soon_as_it_is_asked_to_and_keeps_the_run(qtbot: QtBot, studio: Studio) -> None:
    press(qtbot, studio.window, Qt.Key.Key_F11)
    until(qtbot, studio, PAUSED, 3)
    english = {action.objectName(): action.text() for action in studio.window.findChildren(QAction)}
    speak(qtbot, studio, "zh_CN")
    window = studio.window
    for name in ("run", "step", "stepEpisode", "toEnd", "reset", "open", "save", "saveAs", "export", "quit", "about"):
        text = window.findChild(QAction, name).text()
        assert text != english[name]
        assert any("\u4e00" <= character <= "\u9fff" for character in text), text
    assert window.snapshot is not None
    assert window.snapshot.step == 3
    speak(qtbot, studio, "en")
    assert studio.window.findChild(QAction, "step").text() == english["step"]


def test_dark_and_light_are_followed_live(qtbot: QtBot, studio: Studio) -> None:
    window = studio.window
    lightness = {}
    for name in ("dark", "light"):
        window.findChild(QAction, name).trigger()
        qtbot.wait(50)
        picture = window.grab().toImage()
        lightness[name] = picture.pixelColor(picture.width() // 2, 3).lightness()
        assert theme.is_dark() == (name == "dark")
    assert lightness["dark"] < 60
    assert lightness["light"] > 200
    window.findChild(QAction, "system").trigger()


def test_a_hidden_view_costs_nothing(qtbot: QtBot, studio: Studio) -> None:
    window = studio.window
    qtbot.waitUntil(lambda: window.snapshot is not None and window.snapshot.graph is not None)
    for card in ("stateGraphCard", "qHeatMapCard", "learningCurvesCard"):
        window.findChild(QWidget, card).hide()
    qtbot.waitUntil(lambda: window.snapshot is not None and window.snapshot.graph is None)
    press(qtbot, window, Qt.Key.Key_F10)
    until(qtbot, studio, PAUSED, 1)
    assert window.snapshot is not None
    assert (window.snapshot.graph, window.snapshot.heat, window.snapshot.curves) == (None, None, None)


def test_everything_that_can_be_pressed_has_a_name_for_those_who_cannot_see_it(studio: Studio) -> None:
    for widget in studio.window.findChildren(QWidget):
        if (
            widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.isVisible()
            and not widget.parent().inherits("QAbstractSpinBox")
        ):
            name = widget.accessibleName() or getattr(widget, "text", lambda: "")()
            assert name, f"{type(widget).__name__} {widget.objectName()}"


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_in_a_narrow_window_words_give_way_and_nothing_else_is_hidden(
    qtbot: QtBot, open_studio: Callable[[Path | None], Studio], language: str
) -> None:
    i18n.set_language(language)
    window = open_studio(None).window
    bar = window.findChild(QToolBar, "runToolBar")
    step = bar.widgetForAction(window.findChild(QAction, "step"))
    words, signs = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
    for width, style in ((1400, words), (900, signs)):
        window.resize(width, 700)
        qtbot.waitUntil(lambda style=style: step.toolButtonStyle() == style and window.speed.isVisible())
        assert window.width() == width
        assert not bar.findChild(QToolButton, "qt_toolbar_ext_button").isVisible()


def test_a_file_dialog_speaks_chinese_wherever_it_speaks(
    qtbot: QtBot, open_studio: Callable[[Path | None], Studio]
) -> None:
    i18n.set_language("zh_CN")
    window = open_studio(None).window
    window.on_open()
    dialog = window.findChild(QFileDialog)
    for label in (QFileDialog.DialogLabel.LookIn, QFileDialog.DialogLabel.FileName, QFileDialog.DialogLabel.FileType):
        text = dialog.labelText(label)
        assert any("\u4e00" <= character <= "\u9fff" for character in text), text
    dialog.reject()


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("stateGraph", "graph"), ("learningCurves", "curves"), ("qHeatMap", "heat"), ("qTable", "table"),
        ("episodeTape", "tape"), ("inspector", "inspector"), ("samples", "samples"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("floats", [False, True])
def test_that_what_is_in_sight_is_drawn_again_and_again(
    studio: Studio, qtbot: QtBot, name: str, attribute: str, floats: bool
) -> None:
    window = studio.window
    card, view = window.findChild(Card, f"{name}Card"), getattr(window, attribute)
    card.setFloating(floats)
    card.raise_()
    drawn: list[int] = []
    draw = view.draw
    view.draw = lambda snapshot: (drawn.append(snapshot.step), draw(snapshot))
    until(qtbot, studio, READY)
    for step in range(1, 6):
        press(qtbot, window, Qt.Key.Key_F10)
        qtbot.waitUntil(lambda step=step: bool(drawn) and drawn[-1] == step, timeout=10_000)
    del view.draw


def test_why_nobody_knows_the_optimum_is_said_in_the_form_for_as_long_as_that_is_so(
    qtbot: QtBot, studio: Studio
) -> None:
    note = studio.window.findChild(QLabel, "unsolved")
    assert not note.isVisible()
    large = scenario.from_data(
        {
            "name": "large",
            "language": {"words": [f"{number:04}" for number in range(5000)], "joiner": " ", "max_length": 3},
            "rewards": [{"kind": "repetition"}],
        }
    )
    studio.window.documents.open_scenario(large)
    qtbot.waitUntil(note.isVisible, timeout=30_000)
    assert note.text() == (
        "The optimum is not known: an exact solution would have to weigh more than 16\u202f777\u202f216 choices; "
        "use fewer words, a shortlist, shorter texts or fewer references."
    )
    with qtbot.waitSignal(studio.session.opened, timeout=30_000):
        studio.window.documents.open_scenario(scenario.built_in()["i-love-you"])
    assert not note.isVisible()
