"""The welcome page: every scenario is on it, is opened by mouse and keys, and is in nobody's way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from langrl_gui.core import i18n, scenario
from langrl_gui.core.i18n import tr
from langrl_gui.ui import app, settings
from langrl_gui.ui.app import Studio
from langrl_gui.ui.gallery import Gallery, Picture
from langrl_gui.ui.session import PAUSED, READY, RUNNING
from tests.windows import is_open, press, until, window_is_up


@pytest.fixture
def welcome(qtbot: QtBot) -> Iterator[Studio]:
    settings.set_welcomes(True)
    studio = Studio(None, welcomes=True)
    window_is_up(qtbot, studio)
    qtbot.waitUntil(lambda: page(studio).isVisible())
    yield studio
    if is_open(studio):
        studio.window.leave()
    studio.close()


def page(studio: Studio) -> Gallery:
    gallery = studio.window.findChild(Gallery, "gallery")
    assert gallery is not None
    return gallery


def test_every_scenario_has_a_card_with_its_name_a_sentence_and_a_picture(qtbot: QtBot, welcome: Studio) -> None:
    cards = page(welcome).cards
    assert [card.objectName() for card in cards] == list(scenario.built_in())
    for card in cards:
        name, description = scenario.told(card.path)
        assert (card.accessibleName(), card.accessibleDescription()) == (tr(name), tr(description))
    qtbot.waitUntil(lambda: all(card.sketch is not None for card in cards), timeout=30_000)
    bare = Picture(cards[0].path, page(welcome))
    bare.setFixedSize(cards[0].size())
    assert bare.grab().toImage() != cards[0].grab().toImage()


@pytest.mark.parametrize(("width", "rows"), [(700, 12), (1280, 4), (2560, 2)])
def test_chapters_stand_side_by_side_where_there_is_room_each_card_below_its_heading_and_none_on_another(
    qtbot: QtBot, welcome: Studio, width: int, rows: int
) -> None:
    gallery = page(welcome)
    welcome.window.resize(width, 720)

    def are_apart() -> bool:
        places = [card.geometry() for card in gallery.cards]
        meeting = sum(one.intersects(other) for one in places for other in places)
        return (gallery.width(), meeting, len({place.y() for place in places})) == (width, len(places), rows)

    qtbot.waitUntil(are_apart)
    for card in gallery.cards:
        assert card.height() >= card.height_in(card.width())
        assert card.geometry().right() < gallery._area.viewport().width()
    for heading, cards in gallery._chapters:
        assert heading.x() == cards[0].x()
        assert heading.geometry().bottom() < cards[0].y()
        over = [other for other, _ in gallery._chapters if other.x() <= cards[-1].x() and other.y() < cards[-1].y()]
        assert max(over, key=lambda other: (other.y(), other.x())) is heading


def test_a_card_that_is_clicked_opens_its_scenario_and_makes_way(qtbot: QtBot, welcome: Studio) -> None:
    card = next(card for card in page(welcome).cards if card.objectName() == "small-talk")
    with qtbot.waitSignal(welcome.session.opened, timeout=20_000):
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert welcome.session.scenario == scenario.find("small-talk")
    assert not page(welcome).isVisible()


def test_the_keys_go_from_card_to_card_and_choose_one(qtbot: QtBot, welcome: Studio) -> None:
    welcome.window.activateWindow()
    gallery = page(welcome)
    qtbot.waitUntil(lambda: gallery.hasFocus())
    qtbot.keyClick(gallery, Qt.Key.Key_Tab)
    cards = gallery.cards
    assert cards[0].hasFocus()
    for _ in cards:
        qtbot.keyClick(gallery.focusWidget(), Qt.Key.Key_Tab)
    assert gallery.focusWidget() is gallery.findChild(QCheckBox, "galleryAtStart")
    for _ in range(2):
        qtbot.keyClick(gallery.focusWidget(), Qt.Key.Key_Backtab)
    assert cards[-2].hasFocus()
    assert not cards[-2].visibleRegion().isEmpty()
    with qtbot.waitSignal(welcome.session.opened, timeout=20_000):
        qtbot.keyClick(cards[-2], Qt.Key.Key_Return)
    assert welcome.session.scenario == scenario.find(cards[-2].objectName())


def test_who_presses_run_or_step_has_the_window_as_it_is(qtbot: QtBot, welcome: Studio) -> None:
    qtbot.waitUntil(lambda: page(welcome).hasFocus())
    press(qtbot, welcome.window, Qt.Key.Key_F10)
    until(qtbot, welcome, PAUSED, 1)
    assert not page(welcome).isVisible()
    welcome.window.findChild(QAction, "gallery").trigger()
    assert page(welcome).isVisible()
    qtbot.keyClick(page(welcome), Qt.Key.Key_Space)
    until(qtbot, welcome, RUNNING)
    assert not page(welcome).isVisible()


def test_escape_leaves_the_page_and_it_keeps_within_its_window(qtbot: QtBot, welcome: Studio) -> None:
    gallery = page(welcome)
    for width, height in ((800, 600), (1300, 800)):
        welcome.window.resize(width, height)
        qtbot.waitUntil(lambda wanted=width: gallery.width() == wanted)
        assert all(card.x() + card.width() <= card.parentWidget().width() for card in gallery.cards)
    qtbot.keyClick(gallery, Qt.Key.Key_Escape)
    assert not gallery.isVisible()
    assert welcome.session.state == READY


@pytest.mark.parametrize(
    ("arguments", "wanted", "shown"),
    [([], True, True), ([], False, False), (["x.toml"], True, False), (["--demo", "1"], True, False)],
)
def test_it_is_shown_at_a_start_without_a_file_unless_nobody_wants_it(
    arguments: list[str], wanted: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.set_welcomes(wanted)
    assert app.welcomes(app._arguments(arguments)) is shown


def test_who_unticks_it_is_welcomed_no_more(qtbot: QtBot, welcome: Studio) -> None:
    box = page(welcome).findChild(QCheckBox, "galleryAtStart")
    assert settings.welcomes()
    box.click()
    assert not settings.welcomes()


def test_the_form_speaks_the_windows_language_and_the_file_stays_as_it_is(
    qtbot: QtBot, welcome: Studio, tmp_path: Path
) -> None:
    welcome.window.language_wanted.emit("zh_CN")
    qtbot.waitUntil(lambda: i18n.language() == "zh_CN")
    with qtbot.waitSignal(welcome.session.opened, timeout=20_000):
        welcome.window.documents.open_scenario(scenario.built_in()["small-talk"])
    name = welcome.window.findChild(QLineEdit, "name")
    assert name.text() == "寒暄"
    assert welcome.window.findChild(QPlainTextEdit, "description").toPlainText().startswith("每个问题")
    assert welcome.draft.data["name"] == "Small talk"
    assert not welcome.draft.is_pending
    name.setText("我的")
    name.textEdited.emit("我的")
    assert welcome.draft.data["name"] == "我的"
