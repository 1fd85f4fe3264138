"""What is wrong with a file, in sentences made from its schema: the key's path, what was found, what was expected.

Knows pydantic's errors and JSON schemas, and nothing of what the files describe.
"""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from langrl_gui.core.i18n import tr


def explain(error: ValidationError, data: object, root: dict[str, Any]) -> list[str]:
    """One sentence per faulty key of `data`, which should be as the JSON schema `root` says.

    Pydantic names union members inside a path; those are not keys and are left out.
    """
    sentences: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_context=False):
        keys, parent, schema, value = _walk(fault, data, root)
        path = path_of(keys) or tr("the file")
        if path in sentences:
            continue
        if fault["type"] == "extra_forbidden":
            names = list(parent.get("properties", {}))
            near = difflib.get_close_matches(str(keys[-1]), names, n=1, cutoff=0.6)
            hint = (
                tr('did you mean "{name}"?', name=near[0])
                if near
                else tr("known here: {names}", names=", ".join(names))
            )
            sentences[path] = tr("{path}: unknown key; {hint}", path=path, hint=hint)
        elif fault["type"] in ("missing", "union_tag_not_found"):
            sentences[path] = tr("{path}: missing; expected {expected}", path=path, expected=_expected(schema, root))
        else:
            sentence = tr("{path}: found {found}, expected {expected}",
                          path=path, found=quoted(value), expected=_expected(schema, root))  # fmt: skip
            choices = [schema["const"]] if "const" in schema else schema.get("enum", [])
            if isinstance(value, str) and (near := difflib.get_close_matches(value, choices, n=1, cutoff=0.5)):
                sentence += tr('; did you mean "{name}"?', name=near[0])
            elif isinstance(value, str) and keys and (keys[0], keys[-1]) == ("rewards", "kind"):
                sentence += tr("; if a package has it, install that first")
            sentences[path] = sentence
    # A list or table is also reported as wrong when only something inside it is: say the inner fault alone.
    return [text for path, text in sentences.items() if not any(_inside(other, path) for other in sentences)]


def missing(key: str, root: dict[str, Any]) -> str:
    """The sentence for a key of the JSON schema `root` that is not there."""
    return tr("{path}: missing; expected {expected}", path=key, expected=_expected(_child(root, key, root) or {}, root))


def _inside(path: str, outer: str) -> bool:
    return path.startswith((outer + ".", outer + "["))


class _Place(NamedTuple):
    """Where in the data a fault is."""

    keys: list[int | str]
    parent: dict[str, Any]
    """The schema of the table or list that the last key is in."""
    schema: dict[str, Any]
    value: object
    """What is there; None if nothing is."""


def _walk(fault: ErrorDetails, data: object, root: dict[str, Any]) -> _Place:
    """Along the location of `fault`, leaving out what are no keys of the file: pydantic names members of unions there,
    and of a union that a key decides (`kind`) the value of that key."""
    keys: list[int | str] = []
    parent: dict[str, Any] = {}
    schema = root
    value = data
    location = [*fault["loc"]]
    while location:
        part = location.pop(0)
        if "discriminator" in schema:
            schema = _resolve({"$ref": schema["discriminator"]["mapping"][part]}, root)
            continue
        inner = _child(schema, part, root)
        if inner is None and (location or not (isinstance(value, Mapping) and part in value)):
            continue
        keys.append(part)
        parent, schema = schema, inner or {}
        try:
            value = value[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            value = None
    if fault["type"].startswith("union_tag_"):
        key = schema["discriminator"]["propertyName"]
        keys.append(key)
        parent, schema = schema, {"enum": list(schema["discriminator"]["mapping"])}
        value = value.get(key) if isinstance(value, Mapping) else None
    return _Place(keys, parent, schema, value)


def _resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        target: dict[str, Any] = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        return target
    if "anyOf" in schema:  # a table that may be left out
        some = [one for one in schema["anyOf"] if one.get("type") != "null"]
        if len(some) == 1 and "$ref" in some[0]:
            return _resolve(some[0], root)
    return schema


def _child(schema: dict[str, Any], key: int | str, root: dict[str, Any]) -> dict[str, Any] | None:
    if isinstance(key, int):
        return _resolve(schema["items"], root) if "items" in schema else None
    inner = schema.get("properties", {}).get(key, schema.get("additionalProperties") or None)
    return None if inner is None else _resolve(inner, root)


def _expected(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """What a schema asks for, in words."""
    if "const" in schema:
        return _toml(schema["const"])
    if "enum" in schema:
        choices = [_toml(value) for value in schema["enum"]]
        return tr(" or ").join(choices) if len(choices) < 4 else tr("one of {choices}", choices=", ".join(choices))
    if "anyOf" in schema:
        return tr(" or ").join(_expected(one, root) for one in schema["anyOf"] if one.get("type") != "null")
    low, high = schema.get("minimum"), schema.get("maximum")
    match schema.get("type"):
        case "integer":
            if high == 2**63 - 1:
                return tr("a whole number from {low} to 2^63 - 1", low=low)
            return tr("a whole number from {low} to {high}", low=low, high=high)
        case "number":
            if low == high:
                return f"{low:g}"
            return tr("a number from {low:g} to {high:g}", low=low, high=high)
        case "boolean":
            return tr("true or false")
        case "string":
            least, most = schema.get("minLength", 0), schema.get("maxLength")
            if "pattern" in schema:
                return tr("a text of letters, digits and a few signs")
            if most is not None:
                return tr("a text of {least} to {most} characters", least=least, most=most)
            return tr("a text, not an empty one") if least else tr("a text")
        case "array":
            inner = _resolve(schema["items"], root)
            what = tr("texts") if inner.get("type") == "string" else tr("tables")
            if schema.get("minItems"):
                return tr("a list of {what}, at least one and at most {most}", what=what, most=schema["maxItems"])
            if "maxItems" in schema:
                return tr("a list of {what}, at most {most}", what=what, most=schema["maxItems"])
            return tr("a list of {what}", what=what)
        case _ if "discriminator" in schema:
            return tr("a table with {names}", names=schema["discriminator"]["propertyName"])
        case _ if schema.get("additionalProperties"):
            what = _expected(_resolve(schema["additionalProperties"], root), root)
            return tr("a table in which every key is {what}", what=what)
        case _:
            return tr("a table with {names}", names=", ".join(schema.get("properties", {})))


def path_of(keys: Sequence[int | str]) -> str:
    """The keys as a person would write them: `prompts[0].text`."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            bare = re.fullmatch("[A-Za-z0-9_-]+", key)
            text += ("." if text else "") + (key if bare else quoted(key))
    return text


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return tr("a number too large for 64 bits")
    if isinstance(value, str):
        # JSON leaves some characters as they are that a line of text cannot show.
        text = json.dumps(value, ensure_ascii=False)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if isinstance(value, int | float):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return tr("a table")
    if isinstance(value, Sequence):
        return tr("a list of {count}", count=len(value))
    return tr("nothing") if value is None else str(value)


def quoted(value: object, limit: int = 60) -> str:
    """`value` as a file would have it, on one line, cut in the middle where it is long."""
    line = _toml(value)
    return line if len(line) <= limit else f"{line[: limit - 20]}…{line[-18:]}"
