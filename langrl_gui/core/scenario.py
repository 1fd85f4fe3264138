"""What to learn and how: a scenario, validated and frozen, read from TOML and written to it.

The schema below is the one source for the file, the form in the window, the command line's `--set` and the JSON schema
for editors. Knows nothing of tables or learning.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import tomli_w
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from langrl_gui.core import resources
from langrl_gui.core.errors import ScenarioError, system_reason
from langrl_gui.core.i18n import N_, tr

MOST_WORDS = 100_000
MOST_STEPS = 2**63 - 1  # what a saved run's JSON and every reader of it can hold
LARGEST_FILE = 16 * 2**20  # bytes; a scenario is text that a person wrote

_as_tuple = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)


class _Part(BaseModel):
    """Base of every part of a scenario: nothing unknown, nothing converted silently, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Language(_Part):
    """What can be said, and how much of it the agent sees."""

    words: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], _as_tuple] = Field(
        title=N_("Words"),
        description=N_("Everything the agent can say, one word at a time."),
        min_length=1,
        max_length=MOST_WORDS,
    )
    joiner: str = Field(
        "",
        title=N_("Joiner"),
        description=N_("What stands between two words: a space for languages that write spaces, nothing for Chinese."),
    )
    max_length: int = Field(
        title=N_("Length"),
        description=N_("A text ends when it has this many words."),
        ge=1,
        le=1000,
        json_schema_extra={"unit": N_("words")},
    )
    end_word: str = Field(
        "",
        title=N_("End word"),
        description=N_("The word that ends a text early when it is said; empty where every text runs to its length."),
    )
    context: Literal["all"] | Annotated[int, Field(ge=0, le=1000)] = Field(
        "all",
        title=N_("Sees"),
        description=N_('How much of the text the agent sees: "all", or the number of last words.'),
    )
    sees_position: bool = Field(
        False,
        title=N_("Sees position"),
        description=N_("Whether the agent also sees how many words have been said."),
    )
    slip: float = Field(
        0.0,
        title=N_("Slip"),
        description=N_("Chance that a random word is emitted in place of the chosen one; only 0 can be used so far."),
        ge=0.0,
        le=0.0,
    )

    @property
    def seen_words(self) -> int:
        """The most words of the text that the agent ever sees."""
        return self.max_length - 1 if self.context == "all" else min(self.context, self.max_length - 1)

    def join(self, words: Sequence[int]) -> str:
        """The text that these word numbers make; the end word is a sign, not a part of it."""
        return self.joiner.join(self.words[w] for w in words if self.words[w] != self.end_word)


class Prompt(_Part):
    """What an episode starts from."""

    text: str = Field(
        "", title=N_("Prompt"), description=N_("What the agent answers: a sentence, an utterance, or nothing.")
    )
    references: Annotated[tuple[str, ...], _as_tuple] = Field(
        (), title=N_("References"), description=N_("Texts that would be a good answer.")
    )
    weight: float = Field(
        1.0,
        title=N_("Weight"),
        description=N_("How often this prompt is drawn, relative to the others."),
        ge=1e-6,
        le=1e6,
    )


class MatchReward(_Part):
    """`right` where some reference that agrees with the text so far goes on like this, `wrong` elsewhere."""

    kind: Literal["match"] = Field(title=N_("Kind"), description=N_("What is rewarded."))
    right: float = Field(
        1.0, title=N_("Right"), description=N_("Reward for a word with which a reference goes on."), ge=-1e9, le=1e9
    )
    wrong: float = Field(-1.0, title=N_("Wrong"), description=N_("Reward for any other word."), ge=-1e9, le=1e9)
    weight: float = Field(
        1.0, title=N_("Weight"), description=N_("How much this term counts in the reward."), ge=-1e9, le=1e9
    )


class EpsilonGreedy(_Part):
    """The best word so far, but with probability epsilon a random one."""

    kind: Literal["epsilon-greedy"] = Field(title=N_("Kind"), description=N_("How the agent explores."))
    epsilon: float = Field(
        0.1,
        title="ε",
        description=N_("Chance of trying a random word instead of the best one so far."),
        ge=0.0,
        le=1.0,
    )


class QLearning(_Part):
    """Watkins' q-learning (Watkins 1989; Sutton & Barto 2018, eq. 6.8)."""

    method: Literal["q-learning"] = Field(title=N_("Method"), description=N_("How the agent learns."))
    alpha: float = Field(
        0.5,
        title="α",
        description=N_("Learning rate: how far one update moves a value towards its target."),
        ge=0.0,
        le=1.0,
    )
    gamma: float = Field(
        0.95,
        title="γ",
        description=N_("Discount: what a reward is worth when it comes one word later."),
        ge=0.0,
        le=1.0,
    )
    initial: float = Field(
        0.0,
        title=N_("Initial value"),
        description=N_("What every value is before anything has been learned."),
        ge=-1e9,
        le=1e9,
    )
    explore: EpsilonGreedy = Field(
        EpsilonGreedy(kind="epsilon-greedy"), title=N_("Explore"), description=N_("How the agent tries new words.")
    )
    seed: int = Field(
        0,
        title=N_("Seed"),
        description=N_("The luck of the run: the same seed draws the same numbers."),
        ge=0,
        le=2**63 - 1,
    )


class Stop(_Part):
    """Rules that end a run; any rule that is met stops it."""

    steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] | None = Field(
        None,
        title=N_("Steps"),
        description=N_("Stop after this many words have been chosen."),
        json_schema_extra={"unit": N_("steps")},
    )
    episodes: Annotated[int, Field(ge=1, le=MOST_STEPS)] | None = Field(
        None,
        title=N_("Episodes"),
        description=N_("Stop after this many texts have been said."),
        json_schema_extra={"unit": N_("episodes")},
    )


# Each of these becomes a union told apart by its first field (`kind`, `method`) when it gets a second member.
Reward = MatchReward
Learner = QLearning


class Scenario(_Part):
    """A learning problem and how it is learned."""

    name: str = Field(title=N_("Name"), description=N_("What the scenario is called."), min_length=1, max_length=200)
    description: str = Field(
        "", title=N_("Description"), description=N_("One sentence: what there is to see."), max_length=2000
    )
    language: Language = Field(title=N_("Language"), description=N_("What can be said."))
    prompts: Annotated[tuple[Prompt, ...], _as_tuple] = Field(
        (),
        title=N_("Prompts"),
        description=N_("What episodes start from; none means one empty prompt."),
        max_length=10_000,
    )
    rewards: Annotated[tuple[Reward, ...], _as_tuple] = Field(
        title=N_("Rewards"), description=N_("The terms that are added up to the reward."), min_length=1, max_length=100
    )
    learner: Learner = Field(
        QLearning(method="q-learning"), title=N_("Learner"), description=N_("How the agent learns.")
    )
    stop: Stop = Field(Stop(), title=N_("Stop when"), description=N_("What ends the run."))

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if faults := _contradictions(self):
            raise ScenarioError(faults)
        return self

    @property
    def starts(self) -> tuple[Prompt, ...]:
        """The prompts; the empty one where the file names none."""
        return self.prompts or (Prompt(),)

    def changed(self, path: str, value: object) -> "Scenario":
        """This scenario with one field (`"learner.alpha"`, `"prompts.0.text"`) set to `value`, validated anew."""
        data = to_data(self)
        _put(data, path, value)
        return from_data(data)


# -- reading ----------------------------------------------------------------------------------------------------------


def from_data(data: object, source: str = "") -> Scenario:
    """The scenario that `data` (as TOML or JSON gives it) describes.

    Raises
    ------
    ScenarioError
        With one sentence per fault: the key's path, what was found, what was expected, the nearest valid spelling.
    """
    try:
        return Scenario.model_validate(data)
    except ScenarioError as error:
        raise ScenarioError(list(error.faults), source) from None
    except ValidationError as error:
        raise ScenarioError(_explain(error, data), source) from None


def loads(text: str, source: str = "") -> Scenario:
    """The scenario in a TOML text."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, tomllib.TOMLDecodeError):
            reason = str(error).rstrip(".")
        elif isinstance(error, RecursionError):
            reason = tr("nested too deeply")
        else:  # Python refuses to read numbers of thousands of digits
            reason = tr("a number has too many digits")
        raise ScenarioError([tr("this is not TOML: {reason}", reason=reason)], source) from None
    return from_data(data, source)


def load(path: Path) -> Scenario:
    """The scenario in the TOML file at `path`."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ScenarioError([tr("cannot be read: {reason}", reason=system_reason(error))], str(path)) from None
    if len(raw) > LARGEST_FILE:
        raise ScenarioError([tr("larger than {limit} MiB, so not a scenario", limit=LARGEST_FILE >> 20)], str(path))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = tr("not UTF-8 at byte {byte}; save the file as UTF-8", byte=error.start)
        raise ScenarioError([fault], str(path)) from None
    return loads(text, str(path))


def with_settings(scenario: Scenario, settings: Sequence[str]) -> Scenario:
    """`scenario` with every "KEY=VALUE" of `settings` applied; a VALUE is read as TOML, and as plain text otherwise."""
    data = to_data(scenario)
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals:
            raise ScenarioError([tr('"{setting}" is not of the form KEY=VALUE', setting=setting)], "--set")
        try:
            read = tomllib.loads(f"value = {text}")
        except (ValueError, RecursionError):
            read = {}
        # More lines of TOML would be more than one value: then it is not TOML that was meant.
        _put(data, path.strip(), read["value"] if len(read) == 1 else text, "--set")
    return from_data(data, "--set")


def _put(data: dict[str, Any], path: str, value: object, source: str = "") -> None:
    keys = path.split(".")
    here: Any = data
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        if isinstance(here, list):
            if not (key.isdecimal() and int(key) < len(here)):
                name = ".".join(keys[: depth + 1])
                fault = tr("{path}: no such entry; there are {count}", path=name, count=len(here))
                raise ScenarioError([fault], source)
            index = int(key)
            if last:
                here[index] = value
            here = here[index]
        elif last:
            here[key] = value
        else:
            here = here.setdefault(key, {})
            if not isinstance(here, dict | list):
                name = ".".join(keys[: depth + 1])
                fault = tr('{path}: holds a value, so it has no "{key}"', path=name, key=keys[depth + 1])
                raise ScenarioError([fault], source)


# -- writing ----------------------------------------------------------------------------------------------------------


def to_data(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain dictionaries, lists, texts and numbers, every field named."""
    data: dict[str, Any] = json.loads(scenario.model_dump_json(exclude_none=True))
    return data


def dumps(scenario: Scenario) -> str:
    """The scenario as TOML; reading it back gives an equal scenario."""
    return tomli_w.dumps(to_data(scenario))


@cache
def json_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a scenario, for editors and for messages."""
    return Scenario.model_json_schema()


# -- built-in scenarios -----------------------------------------------------------------------------------------------


DESCRIPTIONS = (
    N_("Three words, one sentence: the smallest language worth learning."),
    N_("A sentence of seven words out of fourteen: the right word is rare at first, then a path grows word by word."),
    N_(
        "Every text of up to five words out of ten, seen whole: 11,111 rows, and only two paths through them are right."
    ),
)
"""What the built-in scenarios say of themselves, once more where the catalogues find it."""


def built_in() -> dict[str, Path]:
    """The scenarios that travel with the program: id -> file."""
    return {path.stem: path for path in sorted((resources.root() / "scenarios").glob("*.toml"))}


def find(name: str) -> Scenario:
    """The scenario called `name`: a built-in id, or the path of a `.toml`."""
    known = built_in()
    if name in known:
        return load(known[name])
    if name.endswith(".toml") or Path(name).is_file():
        return load(Path(name))
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = (
        tr('did you mean "{name}"?', name=near[0]) if near else tr("the built-in ones: {names}", names=", ".join(known))
    )
    raise ScenarioError([tr("no scenario and no file of this name; {hint}", hint=hint)], name)


# -- what a scenario must agree with itself about -------------------------------------------------------------------


def _contradictions(scenario: Scenario) -> list[str]:
    language = scenario.language
    faults: list[str] = []
    seen: dict[str, int] = {}
    for number, word in enumerate(language.words):
        if word in seen:
            faults.append(
                tr("language.words[{second}]: {word} is there already, as words[{first}]; leave one out",
                   second=number, word=_quoted(word), first=seen[word])
            )  # fmt: skip
        seen.setdefault(word, number)
    if language.end_word and language.end_word not in seen:
        near = difflib.get_close_matches(language.end_word, language.words, n=1)
        hint = tr('; did you mean "{name}"?', name=near[0]) if near else tr("; add it to language.words")
        faults.append(tr("language.end_word: {word} is not one of the words", word=_quoted(language.end_word)) + hint)
    texts: dict[str, int] = {}
    for number, prompt in enumerate(scenario.starts):
        if prompt.text in texts:
            faults.append(
                tr("prompts[{second}].text: {text} is there already, as prompts[{first}]; "
                   "give one prompt all the references",
                   second=number, text=_quoted(prompt.text), first=texts[prompt.text])
            )  # fmt: skip
        texts.setdefault(prompt.text, number)
        for index, reference in enumerate(prompt.references):
            if fault := _unsayable(language, reference):
                faults.append(f"prompts[{number}].references[{index}]: {fault}")
        if not prompt.references and any(term.kind == "match" for term in scenario.rewards):
            faults.append(
                tr('prompts[{number}].references: empty, but the reward "match" needs a text to match', number=number)
            )
    return faults


def next_texts(language: Language, rest: str) -> list[tuple[int, str]]:
    """Every word with which the text `rest` can begin, and what is left of the text after it and its joiner.

    The end word is a sign and never a part of a text.
    """
    found = []
    for number, word in enumerate(language.words):
        if word == language.end_word:
            continue
        if rest == word:
            found.append((number, ""))
        elif rest.startswith(word + language.joiner) and len(rest) > len(word + language.joiner):
            found.append((number, rest[len(word + language.joiner) :]))
    return found


def _unsayable(language: Language, text: str) -> str:
    """Why the agent can never say exactly `text`; empty if it can. Breadth first over what is left to say."""
    if not text:
        return "" if language.end_word else tr('an empty text can only be said where there is an "end_word"')
    frontier, shortest = {text}, text
    for _ in range(language.max_length):
        frontier = {rest for left in frontier for _, rest in next_texts(language, left)}
        if "" in frontier:
            return ""
        if not frontier:
            said = text[: len(text) - len(shortest)]
            return tr("{text} cannot be said: after {said} none of the words goes on like {rest}",
                      text=_quoted(text), said=_quoted(said), rest=_quoted(shortest))  # fmt: skip
        shortest = min(frontier, key=lambda rest: (len(rest), rest))
    return tr(
        "{text} has more than {limit} words; raise language.max_length", text=_quoted(text), limit=language.max_length
    )


# -- explaining what is wrong ----------------------------------------------------------------------------------------


def _explain(error: ValidationError, data: object) -> list[str]:
    """One sentence per faulty key. Pydantic names union members inside a path; those are not keys and are left out."""
    sentences: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_context=False):
        keys, schema, value = _walk(fault["loc"], data)
        path = _path(keys) or tr("the file")
        if path in sentences:
            continue
        if fault["type"] == "extra_forbidden":
            *_, parent_schema, _ = _schemas(keys)
            names = list(parent_schema.get("properties", {}))
            near = difflib.get_close_matches(str(keys[-1]), names, n=1, cutoff=0.6)
            hint = (
                tr('did you mean "{name}"?', name=near[0])
                if near
                else tr("known here: {names}", names=", ".join(names))
            )
            sentences[path] = tr("{path}: unknown key; {hint}", path=path, hint=hint)
        elif fault["type"] == "missing":
            sentences[path] = tr("{path}: missing; expected {expected}", path=path, expected=_expected(schema))
        else:
            sentence = tr("{path}: found {found}, expected {expected}",
                          path=path, found=_quoted(value), expected=_expected(schema))  # fmt: skip
            choices = [schema["const"]] if "const" in schema else schema.get("enum", [])
            if isinstance(value, str) and (near := difflib.get_close_matches(value, choices, n=1, cutoff=0.5)):
                sentence += tr('; did you mean "{name}"?', name=near[0])
            sentences[path] = sentence
    # A list or table is also reported as wrong when only something inside it is: say the inner fault alone.
    return [text for path, text in sentences.items() if not any(_inside(other, path) for other in sentences)]


def _inside(path: str, outer: str) -> bool:
    return path.startswith((outer + ".", outer + "["))


def _walk(location: tuple[int | str, ...], data: object) -> tuple[list[int | str], dict[str, Any], object]:
    """The keys of `location` that are keys of the file, the schema of what belongs there, and what is there."""
    keys: list[int | str] = []
    schema: dict[str, Any] = _resolve(json_schema())
    value = data
    for depth, part in enumerate(location):
        inner = _child(schema, part)
        if inner is None and depth < len(location) - 1:
            continue
        if inner is None and not (isinstance(value, Mapping) and part in value):
            continue
        keys.append(part)
        schema = inner or {}
        try:
            value = value[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            value = None
    return keys, schema, value


def _schemas(keys: Sequence[int | str]) -> list[dict[str, Any]]:
    found = [_resolve(json_schema())]
    for key in keys:
        found.append(_child(found[-1], key) or {})
    return found


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        target: dict[str, Any] = json_schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        return target
    return schema


def _child(schema: dict[str, Any], key: int | str) -> dict[str, Any] | None:
    if isinstance(key, int):
        return _resolve(schema["items"]) if "items" in schema else None
    inner = schema.get("properties", {}).get(key)
    return None if inner is None else _resolve(inner)


def _expected(schema: dict[str, Any]) -> str:
    """What a schema asks for, in words."""
    if "const" in schema:
        return _toml(schema["const"])
    if "anyOf" in schema:
        return tr(" or ").join(_expected(one) for one in schema["anyOf"] if one.get("type") != "null")
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
            if most is not None:
                return tr("a text of {least} to {most} characters", least=least, most=most)
            return tr("a text, not an empty one") if least else tr("a text")
        case "array":
            inner = _resolve(schema["items"])
            what = tr("texts") if inner.get("type") == "string" else tr("tables")
            if schema.get("minItems"):
                return tr("a list of {what}, at least one and at most {most}", what=what, most=schema["maxItems"])
            if "maxItems" in schema:
                return tr("a list of {what}, at most {most}", what=what, most=schema["maxItems"])
            return tr("a list of {what}", what=what)
        case _:
            return tr("a table with {names}", names=", ".join(schema.get("properties", {})))


def _path(keys: Sequence[int | str]) -> str:
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            bare = re.fullmatch("[A-Za-z0-9_-]+", key)
            text += ("." if text else "") + (key if bare else _quoted(key))
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


def _quoted(value: object, limit: int = 60) -> str:
    """`value` as a file would have it, on one line, cut in the middle where it is long."""
    line = _toml(value)
    return line if len(line) <= limit else f"{line[: limit - 20]}…{line[-18:]}"
