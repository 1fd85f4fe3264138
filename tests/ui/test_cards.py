"""A card's head on little room."""

import pytest
from pytestqt.qtbot import QtBot

from langrl_gui.ui.cards import BETWEEN, LEAST_PART, Card


@pytest.mark.parametrize(
    ("parts", "room", "seen"),
    [
        (("where it is", "seen often"), 1.0, ("where it is", "seen often")),
        (("where it is", "seen often"), 0.6, ("where it is",)),
        (("where it is",), 0.5, ()),
    ],
)
def test_that_the_line_beside_a_title_gives_way_part_after_part(
    qtbot: QtBot, parts: tuple[str, ...], room: float, seen: tuple[str, ...]
) -> None:
    card = Card("some", "Some")
    qtbot.addWidget(card)
    card.set_subtitle(BETWEEN.join(parts))
    line = card._subtitle
    line.resize(round(room * (line.fontMetrics().horizontalAdvance(line.text()) + 1)), 20)
    assert line.shown() == BETWEEN.join(seen)
    assert line.toolTip() == line.accessibleName() == BETWEEN.join(parts)  # all of it can be read


def test_that_a_long_part_is_cut_off_where_its_beginning_tells_something(qtbot: QtBot) -> None:
    card = Card("some", "Some")
    qtbot.addWidget(card)
    card.set_subtitle(
        BETWEEN.join(("13 states", "the greedy path is very long, as long as the text that it stands for"))
    )
    line = card._subtitle
    line.resize(line.fontMetrics().horizontalAdvance("13 states") + (LEAST_PART + 1) * line.fontMetrics().height(), 20)
    assert line.shown().startswith("13 states · the greedy")
    assert line.shown().endswith("…")
