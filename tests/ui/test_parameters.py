"""The form: every field of the schema, judged as typed, live where the run can follow."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QStyle,
    QStyleOptionComboBox,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from langrl_gui.core import i18n, scenario
from langrl_gui.core.i18n import tr
from langrl_gui.core.telemetry import Room
from langrl_gui.core.text import mark
from langrl_gui.ui import format
from langrl_gui.ui.app import Studio
from langrl_gui.ui.draft import put, value_at
from langrl_gui.ui.views import fields
from langrl_gui.ui.views.fields import NumberField, TextField
from langrl_gui.ui.views.parameters import Parameters

ROOT = scenario.json_schema()


class Shown:
    """A form by itself, and what it was told to show."""

    def __init__(self, view: Parameters, data: dict[str, Any]) -> None:
        self.view, self.data = view, data
        self.edits: list[tuple[Any, ...]] = []
        view.edited.connect(self.edit)
        self.show()

    def edit(self, keys: tuple[str | int, ...], value: object, title: str) -> None:
        self.edits.append((keys, value))
        self.data = put(self.data, keys, value)
        self.show()

    def show(self) -> None:
        self.view.show_data(self.data, {}, set(), False)

    def field(self, name: str) -> Any:
        found = [one for one in self.view.findChildren(QWidget, name) if not one.isHidden()]
        assert len(found) == 1, (name, found)
        return found[0]


@pytest.fixture
def form(qtbot: QtBot) -> Shown:
    view = Parameters()
    qtbot.addWidget(view)
    view.show()
    return Shown(view, scenario.to_data(scenario.find("i-love-you")))


def leaves(schema: fields.Schema, path: str = "") -> Iterator[str]:
    """The names of the fields of a table, and of the tables in it that are there without being added."""
    for name, inner in fields.resolved(schema, ROOT)["properties"].items():
        if "const" in inner:
            continue
        yield path + name
        several = fields.variants(inner, ROOT)
        if len(several) == 1 and "properties" in several[0]:
            yield from leaves(several[0], f"{path}{name}.")


def of_a_language() -> list[str]:
    """The fields of a scenario with a language, which has no environment."""
    return [name for name in leaves(ROOT) if not name.startswith("environment")]


def test_every_field_of_the_schema_is_there(form: Shown) -> None:
    for name in of_a_language():
        assert form.field(name).accessibleName(), name


def test_every_kind_of_reward_can_be_added_with_all_its_fields(qtbot: QtBot, form: Shown) -> None:
    several = fields.variants(ROOT["properties"]["rewards"]["items"], ROOT)
    add = form.field("rewards.add")
    assert [action.text() for action in add.menu().actions()] == [fields.name_of(one) for one in several]
    for number, (kind, action) in enumerate(zip(several, add.menu().actions(), strict=True), start=1):
        action.trigger()
        assert form.data["rewards"][number] == fields.first_of(kind)
        for name in leaves(kind, f"rewards.{number}."):
            assert form.field(name).isVisible(), name
    kinds = [one["kind"] for one in form.data["rewards"]]
    qtbot.mouseClick(form.field("rewards.up"), Qt.MouseButton.LeftButton)
    assert [one["kind"] for one in form.data["rewards"]] == [*kinds[:-2], kinds[-1], kinds[-2]]
    qtbot.mouseClick(form.field("rewards.remove"), Qt.MouseButton.LeftButton)
    assert [one["kind"] for one in form.data["rewards"]] == [*kinds[:-2], kinds[-2]]


def test_another_kind_keeps_what_both_have(form: Shown) -> None:
    form.edit(("rewards", 0, "weight"), 2.5, "")
    combo = next(one for one in form.view.findChildren(QComboBox) if one.currentText() == "Match, word by word")
    combo.activated.emit(combo.findText("Exact text"))
    assert "the whole text equals one of the references" in combo.toolTip()
    assert form.data["rewards"][0] == {"kind": "exact", "weight": 2.5, "right": 1.0, "wrong": -1.0}


def test_words_are_typed_with_spaces_between_them_and_texts_line_by_line(qtbot: QtBot, form: Shown) -> None:
    words, references = form.field("language.words"), form.field("prompts.0.references")
    assert isinstance(words, QPlainTextEdit)
    words.setPlainText('我 "New York" 你')
    assert form.data["language"]["words"] == ["我", "New York", "你"]
    references.setPlainText("我 你\n\nNew York")
    assert form.data["prompts"][0]["references"] == ["我 你", "New York"]


@pytest.mark.parametrize(
    ("read", "write", "value"),
    [
        (fields.read_flow, fields.write_flow, ["a", "b c", "", '"', 'a"b', '"x"', "\n", "\\", "我", "\u2028"]),
        (fields.read_lines, fields.write_lines, ["a b", "", '"a"', "x\ny", " z ", '"']),
        (fields.read_map, fields.write_map, {"a": 1.5, "b = c": -2.0, '"': 0.0, " ": 1.0, "": 3.0, "我": 1e-9}),
    ],
)
def test_what_a_list_is_written_as_is_read_back(read: Any, write: Any, value: Any) -> None:
    assert read(write(value)) == value


def test_a_number_that_is_none_is_passed_on_as_it_is_typed(qtbot: QtBot, form: Shown) -> None:
    field = form.field("language.max_length")
    for text, value in (("x", "x"), ("", ""), ("4", 4), ("1e2", 100), ("4.5", 4.5), ("nan", "nan")):
        field.selectAll()
        qtbot.keyClicks(field, text) if text else qtbot.keyClick(field, Qt.Key.Key_Delete)
        assert form.data["language"]["max_length"] == value
        assert field.text() == text
    alpha = form.field("learner.alpha")
    alpha.clear()
    alpha.textEdited.emit("")
    assert "alpha" not in form.data["learner"]
    assert alpha.placeholderText() == "0.5"


@pytest.mark.parametrize(
    ("name", "text", "up", "after"),
    [
        ("learner.alpha", "0.5", True, 0.51),
        ("learner.alpha", "0.1", False, 0.099),
        ("learner.alpha", "0", True, 0.1),
        ("learner.alpha", "1", True, 1.0),
        ("language.max_length", "3", True, 4),
        ("language.max_length", "1", False, 1),
        ("stop.episodes", "1000", True, 1100),
        ("stop.episodes", "1000", False, 990),
    ],
)
def test_arrows_change_a_number_by_a_tenth_of_its_size(
    qtbot: QtBot, form: Shown, name: str, text: str, up: bool, after: float
) -> None:
    field = form.field(name)
    field.setText(text)
    qtbot.keyClick(field, Qt.Key.Key_Up if up else Qt.Key.Key_Down)
    assert field.read() == after


NARROW = 205
"""Pixels of the form in a window of 1280 x 720."""


def test_what_is_chosen_is_read_whole_in_a_narrow_form(form: Shown, qtbot: QtBot) -> None:
    form.view.resize(NARROW, 700)
    form.edit(("language", "context"), 2, "Sees")
    read = 0
    for combo in form.view.findChildren(QComboBox):
        if combo.isVisible():
            option = QStyleOptionComboBox()
            combo.initStyleOption(option)
            part = QStyle.SubControl.SC_ComboBoxEditField
            room = combo.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, combo).width()
            assert combo.fontMetrics().horizontalAdvance(combo.currentText()) <= room, combo.currentText()
            read += 1
    assert read > 2


def test_a_text_shows_all_its_lines_when_the_form_gets_narrower(form: Shown, qtbot: QtBot) -> None:
    form.edit(("description",), "Every text of up to five words out of ten, seen whole, and two paths.", "Description")
    form.view.resize(600, 700)
    text = form.field("description")
    heights = {text.height()}
    for width in (300, NARROW, 600):
        form.view.resize(width, 700)
        qtbot.waitUntil(lambda: text.height() == text.sizeHint().height())
        assert text.document().size().height() <= fields.MOST_LINES
        assert not text.verticalScrollBar().isVisible()
        heights.add(text.height())
    assert len(heights) == 3


def test_a_long_list_is_left_to_its_file(form: Shown) -> None:
    form.edit(("language", "words"), [f"w{n}" for n in range(fields.MOST_EDITABLE + 1)], "")
    words = form.field("language.words")
    assert words.isReadOnly()
    assert format.count(fields.MOST_EDITABLE + 1) in words.toPlainText()


def test_each_field_says_what_it_does_and_what_that_is_now(form: Shown) -> None:
    alpha = form.field("learner.alpha")
    assert "how far one update moves a value" in alpha.toolTip()
    assert "α 0.5: one update moves a value 50 % of the way to its target." in alpha.toolTip()
    form.edit(("learner", "alpha"), 1.0, "")
    assert "whatever it was before" in alpha.toolTip()
    for name in of_a_language():
        assert form.field(name).toolTip(), name


# -- what is typed, and what a person would write ----------------------------------------------------------------------

PERSON = """
name = "all kinds"
[language]
words = ["a", "b", "c", "."]
corpus = "poem.txt"
joiner = " "
max_length = 3
[[prompts]]
references = ["a b"]
[[rewards]]
kind = "match"
[[rewards]]
kind = "exact"
[[rewards]]
kind = "edit"
[[rewards]]
kind = "bleu"
[[rewards]]
kind = "chrf"
[[rewards]]
kind = "fluency"
[[rewards]]
kind = "grammar"
rules = 'start: "a" "b" "c"'
[[rewards]]
kind = "coherence"
[[rewards]]
kind = "forbidden"
phrases = ["a a"]
[[rewards]]
kind = "required"
phrases = ["b"]
[[rewards]]
kind = "repetition"
[[rewards]]
kind = "length"
most = 2
[[rewards]]
kind = "words"
words = { a = 1.0 }
"""
"""A scenario in which everything that the schema knows of a language can be changed."""

TYPED: dict[str, tuple[str, Any]] = {
    "name": ("Mine", "Mine"),
    "description": ("What there is to see.", "What there is to see."),
    "language.words": ("a b c . d", ["a", "b", "c", ".", "d"]),
    "language.corpus": ("other.txt", "other.txt"),
    "language.joiner": ("", ""),
    "language.end_word": (".", "."),
    "prompts.0.text": ("say", "say"),
    "prompts.0.references": ("a b\nb c", ["a b", "b c"]),
    "rules": ('start: "a" "b"', 'start: "a" "b"'),
    "phrases": ("a b\nc", ["a b", "c"]),
    "words": ("a = 2\nb = -1", {"a": 2.0, "b": -1.0}),
}
"""Texts: what is typed, and what that is in the file; by the whole path of the field or by its last key."""


def read_poem(name: str, tokenizer: str) -> str:
    return mark("a b c\nb c a\n", tokenizer)


def schema_at(name: str) -> fields.Schema:
    """What the schema says of the field of this name."""
    schema = ROOT
    data: Any = tomllib.loads(PERSON)
    for key in name.split("."):
        if key.isdecimal():
            several, data = fields.variants(schema["items"], ROOT), data[int(key)]
            schema = next(one for one in several if fields.tag_of(one) is None or fields.fits(one, data))
        else:
            schema, data = fields.resolved(schema, ROOT)["properties"][key], data.get(key, {})
    return schema


def change(qtbot: QtBot, form: Shown, name: str) -> Any:
    """Change this field as a person would, and say what it is now in a file."""
    field, keys = form.field(name), tuple(int(key) if key.isdecimal() else key for key in name.split("."))
    now = value_at(form.data, keys)
    if isinstance(field, fields.OneOf):
        combo = field.findChild(QComboBox)
        combo.activated.emit(combo.count() - 1)
        assert value_at(form.data, keys) == 1
        return 1
    if isinstance(field, fields.Check):
        qtbot.mouseClick(
            field, Qt.MouseButton.LeftButton, pos=field.rect().center() - QPoint(field.width() // 2 - 6, 0)
        )
        return not now
    if isinstance(field, fields.Choice):
        value = next(one for one in schema_at(name)["enum"] if one not in (now, "jieba"))
        field.activated.emit(schema_at(name)["enum"].index(value))
        return value
    if isinstance(field, NumberField):
        variant = fields.variants(schema_at(name), ROOT)[0]
        if variant["type"] == "integer":
            value = 2 if now is None else now + 1 if now < variant["maximum"] else now - 1
        else:
            value = next(
                one for one in (0.5, 0.25, -0.5) if one != now and variant["minimum"] <= one <= variant["maximum"]
            )
        text = str(value)
    else:
        text, value = TYPED.get(name) or TYPED[name.rsplit(".", 1)[1]]
    if isinstance(field, QPlainTextEdit):
        field.setPlainText(text)
    else:
        field.selectAll()
        qtbot.keyClicks(field, text) if text else qtbot.keyClick(field, Qt.Key.Key_Delete)
    return value


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_whatever_is_changed_in_the_form_writes_the_file_that_a_person_would_write_in_either_language(
    qtbot: QtBot, language: str
) -> None:
    i18n.set_language(language)
    view = Parameters()
    qtbot.addWidget(view)
    view.show()
    whole = scenario.loads(PERSON, read_corpus=read_poem)
    form = Shown(view, scenario.to_data(whole))
    prompts, rewards = view.findChildren(QListWidget)
    prompts.setCurrentRow(0)
    names = [name for name in of_a_language() if "properties" not in fields.resolved(schema_at(name), ROOT)]
    names += [f"prompts.0.{name}" for name in leaves(fields.variants(ROOT["properties"]["prompts"]["items"], ROOT)[0])]
    for number, kind in enumerate(fields.variants(ROOT["properties"]["rewards"]["items"], ROOT)):
        assert whole.rewards[number].kind == kind["properties"]["kind"]["const"]
        names += leaves(kind, f"rewards.{number}.")
    changed = 0
    for name in names:
        if name in ("prompts", "rewards"):
            continue
        form.data = scenario.to_data(whole)
        form.show()
        if name.startswith("rewards."):
            rewards.setCurrentRow(int(name.split(".")[1]))
        about, title = form.field(name).toolTip(), form.field(name).accessibleName()
        assert title, name
        assert tr(schema_at(name)["description"]) in about, name
        assert language == "en" or any("\u4e00" <= letter <= "\u9fff" for letter in about), name
        value = change(qtbot, form, name)
        keys = tuple(int(key) if key.isdecimal() else key for key in name.split("."))
        by_hand = put(tomllib.loads(PERSON), keys, value)
        if keys[0] == "learner":
            by_hand["learner"] = {"method": "q-learning"} | by_hand["learner"]
        if "explore" in keys:
            by_hand["learner"]["explore"] = {"kind": "epsilon-greedy"} | by_hand["learner"]["explore"]
        if name == "language.joiner":
            by_hand["language"].pop("joiner")  # nothing is what it is by default
            by_hand["prompts"][0]["references"] = form.data["prompts"][0]["references"] = ["ab"]
            by_hand["rewards"][8]["phrases"] = form.data["rewards"][8]["phrases"] = ["aa"]
        written = scenario.dumps(scenario.from_data(form.data, read_corpus=read_poem))
        assert tomllib.loads(written) == by_hand, name
        assert written == scenario.dumps(scenario.from_data(by_hand, read_corpus=read_poem)), name
        changed += 1
    assert changed > 70


# -- in the window ----------------------------------------------------------------------------------------------------


def visible_texts(studio: Studio) -> list[str]:
    return [label.text() for label in studio.window.parameters.findChildren(QLabel) if label.isVisible()]


def test_what_is_wrong_is_said_beside_its_field_which_stays_editable(qtbot: QtBot, studio: Studio) -> None:
    field = studio.window.findChild(NumberField, "learner.alpha")
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "7")
    assert "found 7.0, expected a number from 0 to 1" in visible_texts(studio)
    assert studio.session.scenario.learner.alpha == 0.5
    field.selectAll()
    qtbot.keyClicks(field, "0.7")
    with qtbot.waitSignal(studio.session.changed, timeout=30_000):
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert studio.session.scenario.learner.alpha == 0.7
    assert not any("found" in text for text in visible_texts(studio))


@pytest.mark.parametrize(
    ("joiner", "said"),
    [(" ", "one space"), ("  ", "2 spaces"), ("\u3000\u200b", "cannot be seen: U+3000 U+200B"), ("", ""), (" | ", "")],
)
def test_a_joiner_of_which_nothing_can_be_seen_is_named_below_its_field(
    qtbot: QtBot, form: Shown, joiner: str, said: str
) -> None:
    def shown() -> set[str]:
        remarks = {label.text() for label in form.view.findChildren(QLabel) if label.isVisible()}
        return {remark for remark in remarks if "space" in remark or remark.startswith("cannot")}

    form.edit(("language", "joiner"), joiner, "Joiner")
    field = form.field("language.joiner")
    assert field.text() == joiner
    assert shown() == ({said} if said else set())
    field.setCursorPosition(len(joiner))
    qtbot.keyClicks(field, "x")
    assert form.data["language"]["joiner"] == f"{joiner}x"
    assert shown() == set()


def test_words_that_look_alike_are_named_below_the_words(qtbot: QtBot, form: Shown) -> None:
    def shown() -> list[str]:
        remarks = [label.text() for label in form.view.findChildren(QLabel) if label.isVisible()]
        return [remark for remark in remarks if "look alike" in remark]

    form.edit(("language", "words"), ["\u00e9", "a", "e\u0301", "我"], "Words")
    assert shown() == ["different words that look alike: \u00e9 (U+00E9) / e\u0301 (U+0301)"]
    form.edit(("language", "words"), ["\u00e9", "a", "e", "我"], "Words")
    assert shown() == []


def test_that_not_all_states_may_fit_is_said_before_the_run(form: Shown) -> None:
    note = form.view.findChild(QLabel, "room")
    for room, said in (
        (Room(least=10, most=20, all=30, bytes=2 << 20),
         "Not all states may fit: there may be 30 states, traced as they are met; 10 to 20 of them fit into the 2 "),
        (Room(least=30, most=30, all=30, bytes=2 << 20), ""),
        (None, ""),
    ):  # fmt: skip
        form.view.say_room(room)
        assert note.isVisible() == bool(said)
        assert note.text().startswith(said)


def test_what_needs_a_new_run_says_so_first_and_begins_it_when_asked(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    window = studio.window
    bar = window.findChild(QWidget, "applyBar")
    assert not bar.isVisible()
    field = window.findChild(TextField, "name")
    field.selectAll()
    qtbot.keyClicks(field, "Mine")
    assert bar.isVisible()
    qtbot.mouseClick(window.findChild(QPushButton, "discard"), Qt.MouseButton.LeftButton)
    assert (bar.isVisible(), field.text()) == (False, "我爱你")
    window.findChild(QAction, "undo").trigger()
    assert field.text() == "Mine"
    with qtbot.waitSignal(studio.session.opened, timeout=30_000):
        qtbot.mouseClick(window.findChild(QPushButton, "apply"), Qt.MouseButton.LeftButton)
    assert studio.session.scenario.name == "Mine"
    assert not bar.isVisible()
    with qtbot.waitSignal(studio.session.scenario_saved, timeout=30_000):
        studio.session.save_scenario(tmp_path / "mine.toml", studio.draft.scenario)
    data = tomllib.loads((tmp_path / "mine.toml").read_text("utf-8"))
    assert data["name"] == "Mine"
    assert "learner" not in data


def test_the_weight_of_a_reward_changes_at_once(qtbot: QtBot, studio: Studio) -> None:
    field = studio.window.findChild(NumberField, "rewards.0.weight")
    with qtbot.waitSignal(studio.session.changed, timeout=30_000):
        field.set_number(-2.0)
    assert studio.session.scenario.rewards[0].weight == -2.0
    assert "Changes at once" in field.toolTip()
    studio.window.findChild(QToolButton, "rewards.add").menu().actions()[0].trigger()
    rows = studio.window.parameters.findChildren(QListWidget)[1]
    assert rows.count() == 2
    studio.draft.undo()
    assert rows.count() == 1


def test_what_a_corpus_holds_is_said_below_its_name_with_the_counts_of_its_words(studio: Studio, qtbot: QtBot) -> None:
    remark = studio.window.parameters._rows["language", "corpus"].remark
    assert remark.isHidden()
    with qtbot.waitSignal(studio.session.opened, timeout=30_000):
        studio.window.documents.open_scenario(scenario.built_in()["storyteller"])
    text = (scenario.built_in()["storyteller"].parent / "storyteller.txt").read_text("utf-8")
    source = studio.draft.scenario.language.source  # type: ignore[union-attr]
    assert source is not None
    words, sentences = format.count(sum(map(len, source.sentences))), format.count(len(text.splitlines()))
    assert f"{words} words in {sentences} sentences" in remark.text()
    word, count = next(iter(source.frequent(1).items()))
    assert count == max(source.counts) == sum(sentence.count(source.words.index(word)) for sentence in source.sentences)
    assert f"the most frequent: {word} {count}," in remark.text()
    assert not remark.isHidden()


def test_discarding_takes_back_no_change_that_is_on_its_way_to_the_run(qtbot: QtBot, studio: Studio) -> None:
    draft = studio.draft
    draft.edit(("stop", "episodes"), 7, "Episodes")
    draft.edit(("learner", "alpha"), 0.25, "alpha")
    draft.settle()
    draft.discard()  # before the run has heard of it
    qtbot.waitUntil(lambda: draft.running is not None and draft.running.learner.alpha == 0.25)
    assert draft.running is not None
    assert draft.data == scenario.to_data(draft.running)
    assert draft.running.stop.episodes != 7
    assert not draft.is_pending
