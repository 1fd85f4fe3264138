"""Everything has a name, and can be reached and used with keys alone."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QScrollBar,
    QTabBar,
    QTextBrowser,
    QWidget,
)
from pytestqt.qtbot import QtBot

from langrl_gui.ui.app import Studio
from langrl_gui.ui.cards import Card
from langrl_gui.ui.session import PAUSED
from tests.windows import press, until

INTERACTIVE = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit,
    QTabBar,
)  # fmt: skip


def is_part(widget: QWidget) -> bool:
    """Whether it is the inside of something that is named as a whole."""
    parent = widget.parent()
    return (
        isinstance(widget, QScrollBar)
        or isinstance(parent, QComboBox | QAbstractSpinBox | QAbstractItemView | QTabBar)
        or widget.objectName().startswith("qt_")
        or parent.objectName().startswith("qt_")
    )


def interactive(root: QWidget) -> list[QWidget]:
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.isVisibleTo(root)
        and widget.isEnabled()
        and not is_part(widget)
        and (isinstance(widget, INTERACTIVE) or widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    ]


def describe(widget: QWidget) -> str:
    chain = [widget]
    while isinstance(chain[-1].parent(), QWidget):
        chain.append(chain[-1].parent())
    return " < ".join(f"{type(one).__name__} {one.objectName()}".strip() for one in chain[:4])


@pytest.fixture
def whole(qtbot: QtBot, studio: Studio, built_in_copy: Path) -> Studio:
    """The window with every card showing, after some steps, with something that waits for a new run."""
    for card in studio.window.findChildren(Card):
        card.show()
    press(qtbot, studio.window, Qt.Key.Key_F11)
    until(qtbot, studio, PAUSED, 3)
    studio.draft.edit(("name",), "Mine", "Name")
    return studio


def test_everything_that_can_be_used_has_a_name(whole: Studio) -> None:
    nameless = [
        describe(widget)
        for widget in interactive(whole.window)
        if not (widget.accessibleName() or getattr(widget, "text", lambda: "")())
    ]
    assert nameless == []


def test_tab_goes_to_everything_and_comes_back(qtbot: QtBot, whole: Studio) -> None:
    window = whole.window
    window.activateWindow()
    window.chooser.setFocus()
    qtbot.waitUntil(lambda: window.focusWidget() is window.chooser)
    seen: list[QWidget] = []
    for _ in range(500):
        here = window.focusWidget()
        if here in seen:
            break
        seen.append(here)
        window.focusNextPrevChild(True)
    reached = {id(widget) for widget in seen}
    left = [
        describe(widget)
        for widget in interactive(window)
        if id(widget) not in reached
        and widget.isVisible()
        and not (widget.focusProxy() is not None and id(widget.focusProxy()) in reached)
        and not is_radio_of_reached(widget, reached)
    ]
    assert left == []
    assert seen[0] is here, "the way is round"


def is_radio_of_reached(widget: QWidget, reached: set[int]) -> bool:
    """Of buttons that exclude each other, one is a tab stop, and arrows go to the others."""
    group = widget.group() if isinstance(widget, QAbstractButton) else None
    return group is not None and group.exclusive() and any(id(one) in reached for one in group.buttons())


def test_every_action_is_in_a_menu_and_every_menu_has_a_key(whole: Studio) -> None:
    window = whole.window
    in_menus: set[str] = set()
    for top in window.menuBar().actions():
        assert "&" in top.text().replace("&&", ""), top.text()
        menus = [top.menu()]
        while menus:
            menu = menus.pop()
            assert isinstance(menu, QMenu)
            for action in menu.actions():
                in_menus.add(action.objectName())
                if action.menu() is not None:
                    menus.append(action.menu())
    named = {
        action.objectName()
        for action in window.findChildren(QAction)
        if action.objectName() and action.parent() is window
    }
    assert named - in_menus == set()


def test_no_two_actions_have_the_same_keys(studio: Studio) -> None:
    keys = [sequence.toString() for action in studio.window.actions() for sequence in action.shortcuts()]
    assert sorted(keys) == sorted(set(keys))


def test_space_and_enter_press_the_button_that_has_the_keyboard(qtbot: QtBot, whole: Studio) -> None:
    box = whole.window.findChild(QAbstractButton, "language.sees_position")
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert box.isChecked()
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert not box.isChecked()
    assert whole.session.state == PAUSED, "Space was for the button"


def test_f1_helps_in_the_window_with_all_keys(qtbot: QtBot, studio: Studio) -> None:
    press(qtbot, studio.window, Qt.Key.Key_F1)
    dialog = studio.window.findChild(QDialog, "help")
    text = dialog.findChild(QTextBrowser).toPlainText()
    for key in ("Space", "F10", "F11", "Ctrl+Z", "Ctrl+Shift+Z", "F1"):
        assert key in text, key
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
