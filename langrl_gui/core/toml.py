"""Plain data as TOML laid out as a person would write it: small tables on one line, lists wrapped. Knows nothing else.

What a value looks like is left to tomli-w; reading is the standard library's.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import tomli_w

WIDTH: Final = 100
"""Characters of a line; what would be longer is broken where TOML allows it."""


def dumps(data: Mapping[str, Any]) -> str:
    """`data` as TOML, in its order but that a table's values come before the tables in it; reading gives it back."""
    lines: list[str] = []
    _write(lines, "", data)
    return "\n".join(lines).strip("\n") + "\n" if lines else ""


def _write(lines: list[str], path: str, table: Mapping[str, Any]) -> None:
    """The lines of `table`, whose header stands above."""
    parts: list[tuple[str, Any]] = []
    for key, value in table.items():
        name = _key(key)
        if _is_tables(value) or (isinstance(value, Mapping) and (not path or len(_line(name, value)) > WIDTH)):
            parts.append((f"{path}.{name}" if path else name, value))
        else:
            lines.extend(_lines(name, value))
    for inner, value in parts:
        for one in value if _is_tables(value) else (value,):
            lines += ["", f"[[{inner}]]" if _is_tables(value) else f"[{inner}]"]
            _write(lines, inner, one)


def _is_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _lines(name: str, value: object) -> list[str]:
    """One value as one line, or several where it is a long list or a text of several lines."""
    if isinstance(value, str) and "\n" in value and "\r" not in value:
        return [tomli_w.dumps({"x": value}, multiline_strings=True).rstrip("\n").replace("x", name, 1)]
    line = _line(name, value)
    if len(line) <= WIDTH or not isinstance(value, list | tuple):
        return [line]
    lines, begun = [f"{name} = ["], ""
    for item in _items(value):
        if begun and len(begun) + len(item) + 2 > WIDTH:
            lines.append(begun)
            begun = ""
        begun += f" {item}," if begun else f"    {item},"
    return [*lines, begun, "]"]


def _line(name: str, value: object) -> str:
    return f"{name} = {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(_line(_key(key), one) for key, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_items(value))}]"
    return tomli_w.dumps({"x": value})[len("x = ") : -1]


def _items(values: Sequence[object]) -> list[str]:
    if any(isinstance(value, Mapping | list | tuple) for value in values):
        return [_value(value) for value in values]
    # All at once: it is one line for each, and lists of words are long.
    lines = tomli_w.dumps({"x": list(values)}, indent=0).split("\n")
    return [line.removesuffix(",") for line in lines[1:-2]] if values else []


def _key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else _value(key)
