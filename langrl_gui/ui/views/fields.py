"""Editors for whatever a JSON schema describes: numbers, texts, choices, lists, tables, and these in each other.

An editor shows a value and tells its host what a person makes of it. What is right and wrong is judged elsewhere, so
that anything can be typed; a value that cannot be read as what is asked for is passed on as the text that it is.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any, Final, Protocol

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Qt, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QPalette, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from langrl_gui.core.i18n import N_, tr, tr_n
from langrl_gui.ui import format, theme

Keys = tuple[str | int, ...]
"""The keys that lead to a value: ("prompts", 0, "text")."""
Schema = dict[str, Any]

ABSENT: Final = None
"""In place of a value that is not there: TOML has nothing that looks like it."""
MOST_LINES: Final = 6
"""Lines that a long text shows at once; more scroll."""
LONG_TEXT: Final = 1000
"""Characters that a text may have which is given several lines."""
MOST_EDITABLE: Final = 2000
"""Entries up to which a list is edited here; a longer one is better edited in its file."""
AROUND: Final = 8
"""Pixels by which an editor of one line is higher than its text."""
TAGS: Final = ("kind", "method")
"""Fields that say which of several tables one is."""

VALUES: Final = (
    N_("all"), N_("at-end"), N_("each-word"), N_("characters"), N_("words"), N_("whitespace"), N_("jieba"),
    N_("reward"), N_("mask"), N_("laplace"), N_("lidstone"), N_("kneser-ney"), N_("maximum-likelihood"),
    N_("q-learning"), N_("epsilon-greedy"),
)  # fmt: skip
"""Words of the schema, once more where the catalogues find them."""


class Host(Protocol):
    """What editors need of the form they are in."""

    schema: Schema
    """The whole schema, with its $defs."""

    def edit(self, keys: Keys, value: object, title: str) -> None: ...

    def settle(self) -> None: ...

    def note(self, keys: Keys, row: "Row") -> None: ...

    def mark(self) -> None:
        """There are other fields now: say of them what is to be said."""
        ...

    def effect(self, keys: Keys, value: object) -> str: ...


class Editor(Protocol):
    def show_value(self, value: Any) -> None:
        """Show this value, and tell nobody; what a person is typing that means the same stays as it is."""
        ...


# -- reading a schema -------------------------------------------------------------------------------------------------


def resolved(schema: Schema, root: Schema) -> Schema:
    """The schema with what it refers to; its own words come first."""
    if "$ref" not in schema:
        return schema
    return {**root["$defs"][schema["$ref"].rsplit("/", 1)[1]], **{k: v for k, v in schema.items() if k != "$ref"}}


def variants(schema: Schema, root: Schema) -> list[Schema]:
    """What a value may be, one by one; nothing at all is left out."""
    schema = resolved(schema, root)
    members = schema.get("anyOf") or schema.get("oneOf")
    if members is None:
        return [] if schema.get("type") == "null" else [schema]
    return [one for member in members for one in variants(member, root)]


def may_be_absent(schema: Schema) -> bool:
    """Whether a value that is left out means something: none, or the default."""
    return "default" in schema or any(one.get("type") == "null" for one in schema.get("anyOf", ()))


def tag_of(schema: Schema) -> str | None:
    """The field of a table that says which one it is."""
    return next((tag for tag in TAGS if "const" in schema.get("properties", {}).get(tag, {})), None)


def name_of(variant: Schema) -> str:
    """What one of several alternatives is called, for people."""
    if "const" in variant:
        return tr(str(variant["const"]))
    tag = tag_of(variant)
    if tag is not None:
        constant = variant["properties"][tag]
        title, value = constant.get("title", ""), str(constant["const"])
        return tr(value if title.lower() in ("kind", "method") else title)
    return {
        "integer": tr("a number"), "number": tr("a number"), "string": tr("a text"), "array": tr("a list"),
        "boolean": tr("yes or no"), "object": tr("a table"),
    }[variant["type"]]  # fmt: skip


def first_of(variant: Schema) -> Any:
    """A value to begin with, of this alternative."""
    if "const" in variant:
        return variant["const"]
    tag = tag_of(variant)
    if tag is not None:
        return {tag: variant["properties"][tag]["const"]}
    match variant["type"]:
        case "integer":
            return max(1, variant.get("minimum", 1))
        case "number":
            return float(max(0.0, variant.get("minimum", 0.0)))
        case "array":
            return []
        case "object":
            return {}
        case "boolean":
            return False
    return ""


def fits(variant: Schema, value: Any) -> bool:
    """Whether this is the alternative that `value` is meant as."""
    if "const" in variant:
        return bool(value == variant["const"])
    tag = tag_of(variant)
    if tag is not None:
        return isinstance(value, dict) and value.get(tag) == variant["properties"][tag]["const"]
    kinds = {"array": list, "object": dict, "boolean": bool, "string": str}
    if variant.get("type") in kinds:
        return isinstance(value, kinds[variant["type"]])
    return not isinstance(value, list | dict | bool)


def editor_for(host: Host, schema: Schema, keys: Keys, title: str, parent: QWidget) -> QWidget:
    """The editor of what `schema` describes."""
    several = variants(schema, host.schema)
    if len(several) > 1:
        return OneOf(host, several, keys, title, parent)
    one = several[0]
    optional = may_be_absent(resolved(schema, host.schema))
    if "enum" in one:
        return Choice(host, one, keys, title, parent)
    match one.get("type"):
        case "integer" | "number":
            return NumberField(host, one, keys, title, parent, optional)
        case "boolean":
            return Check(host, keys, title, parent)
        case "string":
            if one.get("lines") or one.get("maxLength", 0) > LONG_TEXT:
                return Lines(host, keys, title, parent, str, str)
            return TextField(host, keys, title, parent, optional)
        case "array" if resolved(one["items"], host.schema).get("type") == "string":
            read, write = (read_flow, write_flow) if one.get("flow") else (read_lines, write_lines)
            return Lines(host, keys, title, parent, read, write)
        case "array":
            return Tables(host, one, keys, title, parent)
        case "object" if "properties" in one:
            return Table(host, one, keys, parent)
        case _:
            return Lines(host, keys, title, parent, read_map, write_map)


def is_wide(schema: Schema, root: Schema) -> bool:
    """Whether its editor needs the whole width, below its title."""
    several = variants(schema, root)
    one = several[0]
    if len(several) > 1:
        return any("properties" in variant for variant in several)
    return one.get("type") == "object" or (one.get("type") == "array" and "properties" in _item(one, root))


def _item(schema: Schema, root: Schema) -> Schema:
    return variants(schema["items"], root)[0]


# -- lists of texts as one text ---------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _unquoted(text: str) -> str:
    """What stands between quotes; the text itself where it is not whole."""
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        try:
            return str(json.loads(text))
        except ValueError:
            pass
    return text


def read_flow(text: str) -> list[str]:
    """Words with spaces between them; in quotes, a word that has some itself."""
    return [_unquoted(word) for word in re.findall(r'"(?:[^"\\]|\\.)*"(?=\s|$)|\S+', text)]


def write_flow(words: list[Any]) -> str:
    plain = [isinstance(word, str) and re.fullmatch(r"\S+", word) and word.isprintable() for word in words]
    parts = [
        word if good and not word.startswith('"') else _quoted(word) for word, good in zip(words, plain, strict=True)
    ]
    return "  ".join(parts)


def read_lines(text: str) -> list[str]:
    """One entry a line; in quotes, one that would not be seen."""
    return [_unquoted(line) for line in text.split("\n") if line]


def write_lines(entries: list[Any]) -> str:
    return "\n".join(
        one if isinstance(one, str) and one and one.isprintable() and not one.startswith('"') else _quoted(one)
        for one in entries
    )


def read_map(text: str) -> dict[str, Any]:
    """A line for each entry: its name, "=", a number."""
    found: dict[str, Any] = {}
    for line in text.split("\n"):
        if line.strip():
            name, _, number = line.rpartition("=") if "=" in line else (line, "", "")
            found[_unquoted(name.strip())] = read_number(number, whole=False)
    return found


def write_map(entries: dict[str, Any]) -> str:
    lines = []
    for name, value in entries.items():
        plain = name and name.isprintable() and name == name.strip() and not re.search('["=]', name)
        lines.append(f"{name if plain else _quoted(name)} = {write_number(value)}")
    return "\n".join(lines)


def read_number(text: str, whole: bool) -> Any:
    """The number; the text as it is, where it is none."""
    plain = re.sub(r"[\s_,\u2009\u202f]", "", text).replace("−", "-")
    try:
        return int(plain)
    except ValueError:
        pass
    try:
        number = float(plain)
    except (ValueError, OverflowError):
        return text
    if not math.isfinite(number):
        return text
    return int(number) if whole and number.is_integer() else number


def write_number(value: Any) -> str:
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def name_unseen(value: Any) -> str:
    """What a text is of which nothing can be seen, for people; "" of any other, and of none."""
    if not isinstance(value, str) or any(sign.isprintable() and not sign.isspace() for sign in value):
        return ""
    if not value.strip(" "):
        return tr_n("one space", "{number} spaces", len(value), number=len(value)) if value else ""
    return tr("cannot be seen: {signs}", signs=" ".join(f"U+{ord(sign):04X}" for sign in value))


# -- single values ----------------------------------------------------------------------------------------------------


def _is_for_window(event: QEvent) -> bool:
    """Whether it is a key for undo or redo: those of the form are the window's."""
    if event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress) or not isinstance(event, QKeyEvent):
        return False
    pressed = QKeySequence(event.keyCombination())
    return any(pressed == QKeySequence(keys) for keys in ("Ctrl+Z", "Ctrl+Y", "Ctrl+Shift+Z"))


class TextField(QLineEdit):
    """One line of text. Its keys for undo are the window's."""

    def __init__(self, host: Host, keys: Keys, title: str, parent: QWidget, optional: bool = False) -> None:
        super().__init__(parent)
        self._host, self._keys, self._title, self._optional = host, keys, title, optional
        self.setAcceptDrops(False)  # a file is for the window
        self.textEdited.connect(self._on_edited)
        self.editingFinished.connect(host.settle)

    def read(self) -> Any:
        """What the text means."""
        return ABSENT if self._optional and not self.text() else self.text()

    def write(self, value: Any) -> str:
        return "" if value is ABSENT else str(value)

    def show_value(self, value: Any) -> None:
        if self.read() != value:  # what means the same stays as it was typed
            self.setText(self.write(value))
            self.setCursorPosition(0)

    @Slot()
    def _on_edited(self) -> None:
        self._host.edit(self._keys, self.read(), self._title)

    def event(self, event: QEvent) -> bool:
        if _is_for_window(event):
            event.ignore()
            return False
        return super().event(event)


class NumberField(TextField):
    """A number that is changed on purpose: by keys once it has the keyboard, never by scrolling past it. The window's
    own keys go on working."""

    def __init__(
        self, host: Host, schema: Schema, keys: Keys, title: str, parent: QWidget, optional: bool = False
    ) -> None:
        super().__init__(host, keys, title, parent, optional)
        self._schema = schema
        self._whole = schema["type"] == "integer"
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        if schema.get("default") is not None:
            self.setPlaceholderText(write_number(schema["default"]))

    def read(self) -> Any:
        if self._optional and not self.text().strip():
            return ABSENT
        number = read_number(self.text(), self._whole)
        return float(number) if isinstance(number, int) and not self._whole and abs(number) < 2**53 else number

    def write(self, value: Any) -> str:
        return "" if value is ABSENT else write_number(value)

    def set_number(self, value: float) -> None:
        """As if it had been typed, and left."""
        self.setText(write_number(value))
        self._on_edited()
        self._host.settle()

    def step(self, up: bool) -> None:
        """A tenth more or less of the number's size, or the next whole number."""
        value = self.read()
        if not isinstance(value, int | float):
            return
        size = math.floor(math.log10(abs(value))) if value else 0
        if abs(value) == 10.0**size and up != (value > 0):
            size -= 1  # towards 0, the place below
        place = max(0, size - 1) if self._whole else size - 1
        stepped = round(value + (1 if up else -1) * 10.0**place, -place)
        low, high = self._schema.get("minimum", -math.inf), self._schema.get("maximum", math.inf)
        stepped = min(max(stepped, low), high)
        self.set_number(int(stepped) if self._whole else stepped)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Up | Qt.Key.Key_Down if event.modifiers() in (
                Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier,
            ):  # fmt: skip
                self.step(event.key() == Qt.Key.Key_Up)
            case Qt.Key.Key_Escape:
                self.clearFocus()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                super().keyPressEvent(event)
                self.clearFocus()
            case _:
                super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus() and event.angleDelta().y():
            self.step(event.angleDelta().y() > 0)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        # A number has no use for these keys, and the window has: left alone, they become its shortcuts.
        if event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress) and isinstance(event, QKeyEvent):
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if event.key() == Qt.Key.Key_Space or (control and event.key() == Qt.Key.Key_End):
                event.ignore()
                return False
        return super().event(event)


class Check(QCheckBox):
    """Yes or no."""

    def __init__(self, host: Host, keys: Keys, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._host, self._keys, self._title = host, keys, title
        self.clicked.connect(self._on_clicked)

    def show_value(self, value: Any) -> None:
        self.setChecked(value is True)
        self.setText(tr("yes") if value is True else tr("no"))

    @Slot()
    def _on_clicked(self) -> None:
        self._host.edit(self._keys, self.isChecked(), self._title)
        self._host.settle()


class _Combo(QComboBox):
    """Opened on purpose: scrolling past it changes nothing."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(2)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class Choice(_Combo):
    """One of some words."""

    def __init__(self, host: Host, schema: Schema, keys: Keys, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._host, self._keys, self._title, self._values = host, keys, title, list(schema["enum"])
        self.addItems([tr(str(value)) for value in self._values])
        self.activated.connect(self._on_chosen)

    def show_value(self, value: Any) -> None:
        with QSignalBlocker(self):
            self.setCurrentIndex(self._values.index(value) if value in self._values else -1)

    @Slot(int)
    def _on_chosen(self, place: int) -> None:
        self._host.edit(self._keys, self._values[place], self._title)
        self._host.settle()


class Lines(QPlainTextEdit):
    """A text of several lines, or a list that is written as one. As high as what is in it, up to MOST_LINES."""

    def __init__(
        self,
        host: Host,
        keys: Keys,
        title: str,
        parent: QWidget,
        read: Callable[[str], Any],
        write: Callable[[Any], str],
    ) -> None:
        super().__init__(parent)
        self._host, self._keys, self._title, self._read, self._write = host, keys, title, read, write
        self._shown: Any = ABSENT
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setAcceptDrops(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # lines are broken
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(3)
        self.document().documentLayout().documentSizeChanged.connect(self.updateGeometry)
        self.textChanged.connect(self._on_edited)

    def show_value(self, value: Any) -> None:
        if value is self._shown and value is not ABSENT:
            return
        self._shown = value
        empty = "" if value is ABSENT else value
        if isinstance(value, list | dict) and len(value) > MOST_EDITABLE:
            text = tr("{count} entries: edit them in the scenario's file", count=format.count(len(value)))
            self.setReadOnly(True)
        else:
            self.setReadOnly(False)
            if self._read(self.toPlainText()) == value:
                return
            text = empty if isinstance(empty, str) else self._write(empty)
        if text != self.toPlainText():
            with QSignalBlocker(self):
                self.setPlainText(text)
            self.updateGeometry()

    @Slot()
    def _on_edited(self) -> None:
        if not self.isReadOnly():
            self._shown = self._read(self.toPlainText())
            self._host.edit(self._keys, self._shown, self._title)

    def sizeHint(self) -> QSize:
        lines = min(max(1, round(self.document().size().height())), MOST_LINES)
        frame = 2 * self.frameWidth() + 2 * round(self.document().documentMargin())
        return QSize(120, lines * self.fontMetrics().lineSpacing() + frame + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # In another width the text has other lines, and where all of them are seen there is no bar to take some of it.
        scrolls = self.document().size().height() > MOST_LINES
        bar = Qt.ScrollBarPolicy.ScrollBarAsNeeded if scrolls else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if bar != self.verticalScrollBarPolicy():
            self.setVerticalScrollBarPolicy(bar)
        if self.height() != self.sizeHint().height():
            self.updateGeometry()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._host.settle()

    def event(self, event: QEvent) -> bool:
        if _is_for_window(event):
            event.ignore()
            return False
        return super().event(event)


# -- several values ---------------------------------------------------------------------------------------------------


class Row(QObject):
    """A field of a table: its title, its editor, and what is wrong with it."""

    def __init__(self, host: Host, schema: Schema, keys: Keys, table: QWidget) -> None:
        super().__init__(table)
        self._host, self.keys = host, keys
        self.schema = resolved(schema, host.schema)
        self.title = tr(self.schema.get("title", str(keys[-1])))
        self.is_wide = is_wide(schema, host.schema)
        self.label = QLabel(self.title, table)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.editor: Any = editor_for(host, schema, keys, self.title, table)
        self.editor.setObjectName(".".join(map(str, keys)))
        self.editor.setAccessibleName(self.title)
        if not self.is_wide:
            self.label.setBuddy(self.editor)
        self.fault = QLabel(table)
        self.fault.setTextFormat(Qt.TextFormat.PlainText)
        self.fault.setWordWrap(True)
        self.fault.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.fault.setStyleSheet(f"color: {theme.RED.name()}")
        self.fault.hide()
        self.remark = QLabel(table)
        self.remark.setTextFormat(Qt.TextFormat.PlainText)
        self.remark.setWordWrap(True)
        self.remark.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.remark.hide()
        self._unseen = ""
        host.note(keys, self)

    @property
    def value_when_absent(self) -> Any:
        """What it is where nothing is said."""
        return self.schema.get("default", ABSENT)

    def show_value(self, value: Any) -> None:
        """Show it, with what it does."""
        now = self.value_when_absent if value is ABSENT else value
        self.editor.show_value(ABSENT if isinstance(self.editor, TextField) and value is ABSENT else now)
        self._now = now
        unseen = name_unseen(now) if isinstance(self.editor, TextField) else ""
        if unseen != self._unseen:
            self._unseen = unseen
            self.say(unseen)

    def mark(self, is_live: bool, sentence: str) -> None:
        """Say whether it changes at once, what it does, and what is wrong with it."""
        self.label.setText(f"{self.title} •" if is_live else self.title)
        self.fault.setText(sentence)
        self.fault.setVisible(bool(sentence))
        about = self.schema.get("description", "")
        parts = [tr(about), self._range(), self._host.effect(self.keys, self._now)]
        parts.append(tr("Changes at once, also while the agent learns.") if is_live else "")
        tip = "\n".join(part for part in parts if part)
        if tip != self.editor.toolTip():
            for widget in (self.editor, self.label):
                widget.setToolTip(tip)
            self.editor.setAccessibleDescription(f"{sentence}\n{tip}".strip())

    def say(self, remark: str) -> None:
        """Say something below it; "" for nothing."""
        self.remark.setText(remark)
        self.remark.setVisible(bool(remark))

    def _range(self) -> str:
        one = variants(self.schema, self._host.schema)[0]
        low, high, unit = one.get("minimum"), one.get("maximum"), self.schema.get("unit", "")
        if low is None or high is None or high >= 1e9 or len(variants(self.schema, self._host.schema)) > 1:
            return ""
        ends = {"low": write_number(low), "high": write_number(high)}
        return tr("From {low} to {high} {unit}", **ends, unit=tr(unit)).strip() + "."


class Table(QWidget):
    """The fields of a table, one below the other."""

    def __init__(self, host: Host, schema: Schema, keys: Keys, parent: QWidget, leave_out: str = "") -> None:
        super().__init__(parent)
        self._rows: dict[str, Row] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for name, inner in schema["properties"].items():
            if name == leave_out:
                continue
            line = grid.rowCount()
            if "const" in inner:  # the only one of its kind so far: said, not chosen
                title = QLabel(tr(inner.get("title", name)), self)
                grid.addWidget(title, line, 0)
                value = QLabel(tr(str(inner["const"])), self)
                grid.addWidget(value, line, 1)
                continue
            row = self._rows[name] = Row(host, inner, (*keys, name), self)
            if row.is_wide:
                grid.addWidget(row.label, line, 0, 1, 2)
                grid.addWidget(row.editor, line + 1, 0, 1, 2)
            else:
                grid.addWidget(row.label, line, 0, Qt.AlignmentFlag.AlignTop)
                # As high as an editor of one line, so that it stands beside the first one of any.
                row.label.setMinimumHeight(row.label.fontMetrics().height() + AROUND)
                grid.addWidget(row.editor, line, 1)
            grid.addWidget(row.fault, line + 2, 0, 1, 2)
            grid.addWidget(row.remark, line + 3, 0, 1, 2)

    def show_value(self, value: Any) -> None:
        for name, row in self._rows.items():
            row.show_value(value.get(name, ABSENT) if isinstance(value, dict) else ABSENT)


class OneOf(QWidget):
    """One of several alternatives, and its editor."""

    def __init__(self, host: Host, several: list[Schema], keys: Keys, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._host, self._several, self._keys, self._title = host, several, keys, title
        self._value: Any = ABSENT
        self._place = -2
        self._editor: Any = None
        self._combo = _Combo(self)
        for number, one in enumerate(several):
            self._combo.addItem(name_of(one))
            tag = tag_of(one)
            if tag is not None:
                about = one["properties"][tag].get("description", "")
                self._combo.setItemData(number, tr(about), Qt.ItemDataRole.ToolTipRole)
        self._combo.activated.connect(self._on_chosen)
        self.setFocusProxy(self._combo)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self._combo)

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self._combo.setAccessibleName(name)

    def show_value(self, value: Any) -> None:
        self._value = value
        place = next((n for n, one in enumerate(self._several) if fits(one, value)), -1)
        if place != self._place:
            self._place = place
            self._combo.setCurrentIndex(place)
            self._combo.setToolTip(self._combo.itemData(place, Qt.ItemDataRole.ToolTipRole) or "")
            if self._editor is not None:
                self._layout.removeWidget(self._editor)
                self._editor.hide()
                self._editor.deleteLater()
            self._editor = self._new_editor() if place >= 0 else None
            if self._editor is not None:
                self._editor.setAccessibleName(self._title)
                self._layout.addWidget(self._editor)
                self._editor.show()
        if self._editor is not None:
            self._editor.show_value(value)

    def _new_editor(self) -> QWidget | None:
        one = self._several[self._place]
        if "const" in one:
            return None
        tag = tag_of(one)
        if tag is not None:
            return Table(self._host, one, self._keys, self, leave_out=tag)
        return editor_for(self._host, one, self._keys, self._title, self)

    @Slot(int)
    def _on_chosen(self, place: int) -> None:
        if place == self._place:
            return
        value = first_of(self._several[place])
        if isinstance(value, dict) and isinstance(self._value, dict):  # what both have stays
            common = self._several[place]["properties"].keys() - TAGS
            value |= {name: one for name, one in self._value.items() if name in common}
        self._host.edit(self._keys, value, self._title)
        self._host.settle()


class Tables(QWidget):
    """A list of tables: the entries, one of them opened below, and buttons to add, remove and move."""

    def __init__(self, host: Host, schema: Schema, keys: Keys, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._host, self._schema, self._keys, self._title = host, schema, keys, title
        self._several = variants(schema["items"], host.schema)
        self._value: list[Any] = []
        self._place = -1
        self._editor: Any = None
        self._list = QListWidget(self)
        self._list.setAccessibleName(title)
        self._list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.currentRowChanged.connect(self._on_selected)
        self.setFocusProxy(self._list)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        self._buttons: dict[str, QToolButton] = {}
        for name, text, tip, act in (
            ("add", "+", tr("Add to: {what}", what=title), self._on_add),
            ("remove", "−", tr("Remove from: {what}", what=title), self._on_remove),
            ("up", "↑", tr("Move up in: {what}", what=title), self._on_up),
            ("down", "↓", tr("Move down in: {what}", what=title), self._on_down),
        ):
            button = QToolButton(self)
            button.setObjectName(".".join([*map(str, keys), name]))
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            buttons.addWidget(button)
            self._buttons[name] = button
            if name == "add" and len(self._several) > 1:
                menu = QMenu(button)
                for number, one in enumerate(self._several):
                    action = menu.addAction(name_of(one))
                    action.setData(number)
                menu.triggered.connect(self._on_kind)
                button.setMenu(menu)
                button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
            else:
                button.clicked.connect(act)
        buttons.addStretch(1)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self._list)
        self._layout.addLayout(buttons)

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self._list.setAccessibleName(name)

    def show_value(self, value: Any) -> None:
        value = value if isinstance(value, list) else []
        if value is not self._value or not self._list.count():
            titles = [self._summary(one) for one in value]
            with QSignalBlocker(self._list):
                if len(titles) != self._list.count():
                    self._list.clear()
                    self._list.addItems(titles)
                else:
                    for row, text in enumerate(titles):
                        if self._list.item(row).text() != text:
                            self._list.item(row).setText(text)
            height = max(1, min(len(titles), MOST_LINES)) * max(16, self._list.sizeHintForRow(0)) + 4
            self._list.setFixedHeight(height)
        self._value = value
        self.open_entry(min(max(self._place, 0), len(value) - 1))

    def open_entry(self, place: int) -> None:
        """Open the editor of this entry; -1: of none."""
        if place != self._place:
            self._place = place
            if self._editor is not None:
                self._layout.removeWidget(self._editor)
                self._editor.hide()
                self._editor.deleteLater()
                self._editor = None
            if place >= 0:
                self._editor = editor_for(self._host, self._schema["items"], (*self._keys, place), self._title, self)
                self._editor.setObjectName(".".join(map(str, (*self._keys, place))))
                self._editor.setAccessibleName(self._title)
                self._editor.setContentsMargins(8, 0, 0, 0)
                self._layout.addWidget(self._editor)
                self._editor.show()
        with QSignalBlocker(self._list):
            self._list.setCurrentRow(place)
        if self._editor is not None:
            self._editor.show_value(self._value[place])
        count, most = len(self._value), self._schema.get("maxItems", math.inf)
        self._buttons["add"].setEnabled(count < most)
        self._buttons["remove"].setEnabled(place >= 0)
        self._buttons["up"].setEnabled(place > 0)
        self._buttons["down"].setEnabled(0 <= place < count - 1)

    def _summary(self, entry: Any) -> str:
        """An entry in one line: its kind, its first texts, its weight."""
        if not isinstance(entry, dict):
            return str(entry)
        kind = next((name_of(one) for one in self._several if tag_of(one) and fits(one, entry)), "")
        texts = [v for k, v in entry.items() if isinstance(v, str) and v and k not in TAGS] if not kind else []
        texts += [" / ".join(map(str, v[:2])) for v in entry.values() if isinstance(v, list) and v]
        weight = entry.get("weight", 1.0)
        parts = [kind, texts[0] if texts else "", f"× {write_number(weight)}" if weight != 1.0 or kind else ""]
        return "  ".join(part for part in parts if part).replace("-", "−") or tr("(empty)")

    def _put(self, entries: list[Any], place: int) -> None:
        self._place = -2 if place != self._place else self._place
        wanted = place
        self._host.edit(self._keys, entries, self._title)
        self._host.settle()
        self.open_entry(min(wanted, len(self._value) - 1))
        self._host.mark()

    @Slot(int)
    def _on_selected(self, place: int) -> None:
        if place >= 0:
            self.open_entry(place)
            self._host.mark()
            self._host.settle()

    @Slot(object)
    def _on_kind(self, action: Any) -> None:
        self._add(self._several[action.data()])

    @Slot()
    def _on_add(self) -> None:
        self._add(self._several[0])

    def _add(self, variant: Schema) -> None:
        self._put([*self._value, first_of(variant)], len(self._value))

    @Slot()
    def _on_remove(self) -> None:
        self._put([*self._value[: self._place], *self._value[self._place + 1 :]], self._place)

    @Slot()
    def _on_up(self) -> None:
        self._move(-1)

    @Slot()
    def _on_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        entries, place = list(self._value), self._place
        if 0 <= place + by < len(entries):
            entries[place], entries[place + by] = entries[place + by], entries[place]
            self._put(entries, place + by)
