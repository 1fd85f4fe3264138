"""Every text that people read exists in Chinese, whole and with the same placeholders."""

import ast
import re
import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from langrl_gui.core import i18n, resources, scenario, wording

ROOT = Path(__file__).parents[2]
CATALOGUES = sorted((resources.root() / "i18n").glob("*/LC_MESSAGES/langrl.po"))


KEYWORDS = {"tr": (1,), "N_": (1,), "tr_n": (1, 2), "NN_": (1, 2), "tr_for": (2,), "tr_n_for": (2, 3)}

Message = str | tuple[str, ...]
"""A text; or the one for one thing and the one for several."""


def messages_in_the_program() -> dict[Message, str]:
    """Every message that is marked for translation, and where it stands."""
    found = extract_from_dir(ROOT / "langrl_gui", method_map=[("**.py", "python")], keywords=KEYWORDS, comment_tags=())
    start = extract_from_file("python", ROOT / "main.py", keywords=KEYWORDS, comment_tags=())
    here = [(f"{file}:{line}", message) for file, line, message, *_ in found]
    here += [(f"main.py:{line}", message) for line, message, *_ in start]
    for path in scenario.built_in().values():
        here += [(path.name, text) for text in scenario.told(path)]
    return {one(message): where for where, message in here}


def one(message: str | list[str] | tuple[str, ...]) -> Message:
    return message if isinstance(message, str) else tuple(message)


def forms(message: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message)


def placeholders(message: str | list[str] | tuple[str, ...]) -> set[str]:
    return {name for form in forms(message) for _, name, _, _ in string.Formatter().parse(form) if name is not None}


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def test_no_text_hides_in_an_f_string_where_nobody_collects_it() -> None:
    hidden = [
        f"{path}:{call.lineno}"
        for path in (ROOT / "langrl_gui").rglob("*.py")
        for written in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(written, ast.JoinedStr)
        for call in ast.walk(written)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS
        if any(isinstance(given, ast.Constant) for given in call.args)
    ]
    assert hidden == []


def test_there_is_a_catalogue_for_every_language_but_english() -> None:
    assert {path.parts[-3] for path in CATALOGUES} == set(i18n.LANGUAGES) - {"en"}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_every_message_is_translated_and_none_is_left_over(path: Path) -> None:
    catalogue = read(path)
    here = messages_in_the_program()
    translated = {
        one(message.id) for message in catalogue if message.id and all(forms(message.string)) and not message.fuzzy
    }
    assert {m: where for m, where in here.items() if m and m not in translated} == {}
    assert {m for m in translated if m not in here} == set()


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_translations_have_the_placeholders_of_their_message(path: Path) -> None:
    for message in read(path):
        if message.id:
            assert placeholders(message.string) == placeholders(message.id), message.id


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_the_compiled_catalogue_is_that_of_the_source(path: Path) -> None:
    with path.with_suffix(".mo").open("rb") as file:
        compiled = {one(message.id): one(message.string) for message in read_mo(file) if message.id}
    assert compiled == {one(message.id): one(message.string) for message in read(path) if message.id}


def test_each_sentence_that_is_said_otherwise_of_an_environment_is_one_that_is_said_of_a_language() -> None:
    said = messages_in_the_program()
    assert [text for text in (*wording.IN_ENVIRONMENTS, *wording.COUNTED) if text not in said] == []


def test_chinese_is_written_with_chinese_signs() -> None:
    """No English sentence has slipped through: whatever has several English words has a Chinese character too."""
    (path,) = (path for path in CATALOGUES if path.parts[-3] == "zh_CN")
    for message in read(path):
        if message.id and len(re.findall(r"[a-z]{3,}", re.sub(r"\{[^}]*\}", "", str(message.id)))) > 2:
            assert re.search(r"[\u4e00-\u9fff]", str(message.string)), message.id


def test_the_language_in_use_decides_what_is_said() -> None:
    i18n.set_language("zh_CN")
    assert i18n.tr("Run") == "运行"
    i18n.set_language("fr_FR")
    assert i18n.tr("Run") == "Run"


@pytest.mark.parametrize(
    ("language", "said"), [("en", ["0 states", "1 state", "2 states"]), ("zh_CN", ["0 个状态", "1 个状态", "2 个状态"])]
)
def test_one_thing_is_not_several(language: str, said: list[str]) -> None:
    i18n.set_language(language)
    assert [i18n.tr_n("{count} state", "{count} states", n, count=n) for n in range(3)] == said
