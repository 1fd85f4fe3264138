"""A switch in a card's head is one stop for Tab, goes along with its card, and says what was chosen."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from langrl_gui.ui.cards import Card
from langrl_gui.ui.switch import Switch


def new_switch() -> Switch:
    return Switch("Sizes", [("s", "small", "less"), ("m", "middle", ""), ("l", "large", "more")])


def test_that_tab_goes_to_what_is_chosen_and_arrow_keys_choose(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    switch, before, after = new_switch(), QLineEdit(), QLineEdit()
    lines = QVBoxLayout(window)
    for widget in (before, switch, after):
        lines.addWidget(widget)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    before.setFocus()
    chosen: list[str] = []
    switch.chosen.connect(chosen.append)
    switch.choose("m")
    for key, choice in ((Qt.Key.Key_Tab, "m"), (Qt.Key.Key_Right, "l"), (Qt.Key.Key_Left, "m")):
        focus = QApplication.focusWidget()
        assert focus is not None
        qtbot.keyClick(focus, key)
        button = QApplication.focusWidget()
        assert isinstance(button, QToolButton)
        assert (button.objectName(), switch.choice) == (choice, choice)
    qtbot.keyClick(button, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is after
    assert chosen == ["m", "l", "m"]


def test_that_a_choice_that_is_offered_anew_is_seen_beside_the_others_where_there_is_room(qtbot: QtBot) -> None:
    window, switch = QWidget(), new_switch()
    qtbot.addWidget(window)
    line = QHBoxLayout(window)
    line.addWidget(switch)
    line.addWidget(QLabel("what stands beside it"), 1)
    window.resize(600, 60)
    window.show()

    def seen() -> list[str]:
        QApplication.processEvents()
        return [button.text() for button in switch.findChildren(QToolButton) if button.isVisible()]

    for _ in range(3):
        switch.set_offered("m", False)
        assert seen() == ["small", "large"]
        switch.set_offered("m", True)
        assert seen() == ["small", "middle", "large"]
    window.resize(switch.minimumSizeHint().width() + 30, 60)
    assert seen() == ["small"]


def test_that_every_button_says_what_it_belongs_to(qtbot: QtBot) -> None:
    switch = new_switch()
    qtbot.addWidget(switch)
    names = [button.accessibleName() for button in switch.findChildren(QToolButton)]
    assert names == ["Sizes: small", "Sizes: middle", "Sizes: large", "Sizes: small"]  # the last where room is short


class WithControls(QLabel):
    """A view that has a switch."""

    def __init__(self) -> None:
        super().__init__("view")
        self.controls = new_switch()


def test_that_controls_stay_in_sight_when_their_card_floats_and_comes_back(qtbot: QtBot) -> None:
    window, card, view = QMainWindow(), Card("sizes", "Sizes"), WithControls()
    qtbot.addWidget(window)
    card.fill(view)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, card)
    window.show()
    for floating in (False, True, False):
        card.setFloating(floating)
        qtbot.waitUntil(view.controls.isVisible)
        assert card.isFloating() == floating


def test_that_a_switch_without_room_for_its_words_is_one_button_that_offers_them(qtbot: QtBot) -> None:
    window, switch = QWidget(), new_switch()
    qtbot.addWidget(window)
    switch.setParent(window)
    switch.set_offered("l", False)
    switch.resize(switch.sizeHint())
    window.show()
    *words, _, single = switch.findChildren(QToolButton)
    assert not switch.is_single
    assert [button.isVisible() for button in words] == [True, True]

    words[0].setFocus()
    switch.resize(switch.sizeHint().width() - 1, switch.height())
    assert switch.is_single
    assert [button.isVisible() for button in (*words, single)] == [False, False, True]
    assert single.accessibleName() == "Sizes: small"
    menu = single.menu()
    assert menu is not None
    menu.popup(single.mapToGlobal(single.rect().bottomLeft()))
    qtbot.waitUntil(menu.isVisible)
    assert [(action.text(), action.isChecked()) for action in menu.actions()] == [("small", True), ("middle", False)]
    with qtbot.waitSignal(switch.chosen) as heard:
        menu.actions()[1].trigger()
    menu.close()
    assert heard.args == ["m"]
    assert single.text() == "middle"

    switch.resize(switch.sizeHint())
    assert not switch.is_single
    assert switch.choice == "m"
