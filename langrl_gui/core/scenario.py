"""What to learn and how: a scenario, validated and frozen, read from TOML and written to it.

The schema below is the one source for the file, the form in the window, the command line's `--set` and the JSON schema
for editors. Knows nothing of tables or learning.
"""

import difflib
import json
import operator
import tomllib
from collections.abc import Callable, Collection, Sequence
from functools import cache, partial, reduce
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from langrl_gui.core import resources, toml
from langrl_gui.core.errors import ScenarioError, TextError, system_reason
from langrl_gui.core.faults import explain, missing, quoted
from langrl_gui.core.gym import PREFIX, Gym, Spaces, Table, from_gymnasium
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.language import Language, Prompt, ReadCorpus, Reading, unsayable
from langrl_gui.core.rewards import BUILT_IN, Ground, Reward, announced
from langrl_gui.core.schema import MOST_STEPS, Part, as_tuple
from langrl_gui.core.text import Corpus, mark

LARGEST_FILE: Final = 16 * 2**20
"""Bytes of a scenario, which is text that a person wrote, and of a corpus."""


class EpsilonGreedy(Part):
    """The best word so far, but with probability epsilon a random one."""

    kind: Literal["epsilon-greedy"] = Field(title=N_("Kind"), description=N_("How the agent explores."))
    epsilon: float = Field(
        0.1,
        title="ε",
        description=N_("Chance of a random choice instead of the best one so far."),
        ge=0.0,
        le=1.0,
    )


class QLearning(Part):
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
        description=N_("Discount: what a reward is worth when it comes one step later."),
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
        EpsilonGreedy(kind="epsilon-greedy"), title=N_("Explore"), description=N_("How the agent tries something new.")
    )
    seed: int = Field(
        0,
        title=N_("Seed"),
        description=N_("The luck of the run: the same seed draws the same numbers."),
        ge=0,
        le=2**63 - 1,
    )


class Stop(Part):
    """Rules that end a run; any rule that is met stops it."""

    steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] | None = Field(
        None,
        title=N_("Steps"),
        description=N_("Stop after this many steps."),
        json_schema_extra={"unit": N_("steps")},
    )
    episodes: Annotated[int, Field(ge=1, le=MOST_STEPS)] | None = Field(
        None,
        title=N_("Episodes"),
        description=N_("Stop after this many episodes."),
        json_schema_extra={"unit": N_("episodes")},
    )


# It becomes a union told apart by its first field when it gets a second member.
Learner = QLearning

_own_rewards, _unusable_rewards = announced()


def _refuse_unusable(value: object) -> object:
    """A kind that a package announces and cannot keep is explained by what is wrong with that package."""
    if isinstance(value, list):
        for number, entry in enumerate(value):
            kind = entry.get("kind") if isinstance(entry, dict) else None
            if isinstance(kind, str) and kind in _unusable_rewards:
                fault = tr(
                    'rewards[{number}].kind: the package that announces "{kind}" cannot be used: {reason}',
                    number=number, kind=kind, reason=_unusable_rewards[kind],
                )  # fmt: skip
                raise ScenarioError([fault])
    return value


if TYPE_CHECKING:
    AnyReward = Reward
else:
    AnyReward = Annotated[reduce(operator.or_, (*BUILT_IN, *_own_rewards)), Field(discriminator="kind")]


class Sources(NamedTuple):
    """Where a scenario finds what its own file does not hold; given to pydantic as the validation's context."""

    read: Callable[[Reading], Corpus]
    table: Callable[[Gym], Table | Spaces]
    """Or the spaces of an environment that has none."""
    imports: bool = False
    """Whether an environment may name a module to import."""


def _complete(schema: dict[str, Any]) -> None:
    """Either a language with its rewards, or an environment: what the fields alone cannot say."""
    schema["required"] = ["name"]
    schema["oneOf"] = [{"required": ["language", "rewards"]}, {"required": ["environment"]}]
    del schema["properties"]["language"]["default"]


class Scenario(Part):
    """A learning problem and how it is learned."""

    model_config = ConfigDict(json_schema_extra=_complete)

    name: str = Field(title=N_("Name"), description=N_("What the scenario is called."), min_length=1, max_length=200)
    description: str = Field(
        "", title=N_("Description"), description=N_("One sentence: what there is to see."), max_length=2000
    )
    environment: Gym | None = Field(
        None,
        title=N_("Environment"),
        description=N_("Somebody else's problem in place of a language, with starts and rewards of its own."),
    )
    language: Language = Field(None, title=N_("Language"), description=N_("What can be said."))  # type: ignore[assignment]
    prompts: Annotated[tuple[Prompt, ...], as_tuple] = Field(
        (),
        title=N_("Prompts"),
        description=N_("What episodes start from; none means one empty prompt."),
        max_length=10_000,
    )
    rewards: Annotated[tuple[AnyReward, ...], as_tuple, BeforeValidator(_refuse_unusable)] = Field(
        (),
        title=N_("Rewards"),
        description=N_("The terms that are added up to the reward."),
        min_length=1,
        max_length=100,
    )
    learner: Learner = Field(
        QLearning(method="q-learning"), title=N_("Learner"), description=N_("How the agent learns.")
    )
    stop: Stop = Field(Stop(), title=N_("Stop when"), description=N_("What ends the run."))

    @model_validator(mode="after")
    def _agrees_with_itself(self, info: ValidationInfo) -> Self:
        if self.environment is not None:
            assert isinstance(info.context, Sources)
            self._become(self.environment, info.context)
            return self
        if absent := _absent(self.model_fields_set):
            raise ScenarioError(absent)
        if faults := _contradictions(self):
            raise ScenarioError(faults)
        return self

    def _become(self, environment: Gym, sources: Sources) -> None:
        """Have the actions of an environment as words, and its first states as prompts."""
        beside = [key for key in ("language", "prompts", "rewards") if key in self.model_fields_set]
        if beside:
            fault = tr("{path}: belongs to a language, and there is an environment; leave one of them out",
                       path=", ".join(beside))  # fmt: skip
            raise ScenarioError([fault])
        try:
            environment.bring(sources.table(environment), sources.imports)
        except TextError as error:
            fault = tr("{path}: {found}: {reason}", path="environment.id", found=quoted(environment.id), reason=error)
            raise ScenarioError([fault]) from None
        self.__dict__.update(language=environment.language(), prompts=environment.starts())

    @property
    def starts(self) -> tuple[Prompt, ...]:
        """The prompts; the empty one where the file names none."""
        return self.prompts or (Prompt(),)

    def names(self, seen: Sequence[int]) -> list[str | None]:
        """What an agent sees, word by word; None for a word that it knows only to be there. In an environment the one
        word is the state's name."""
        if self.environment is not None:
            return [self.environment.state_name(state) for state in seen]
        return [self.language.words[word] if word >= 0 else None for word in seen]

    @property
    def first_state(self) -> tuple[int, ...]:
        """The state in which the first prompt's episodes begin, as its row is named."""
        if self.environment is None:
            return (0,)
        spaces = self.environment.spaces
        return (0, int(self.environment.table.starts[0]) if spaces is None else spaces.first)

    def asked(self, prompt: int) -> str:
        """The text of the prompt that a row belongs to; an environment's states belong to none."""
        return "" if self.environment is not None else self.starts[prompt].text

    @property
    def ground(self) -> Ground:
        """What the reward terms build on."""
        return Ground(self.language, self.starts, self.language.source)

    def changed(self, path: str, value: object) -> "Scenario":
        """This scenario with one field (`"learner.alpha"`, `"prompts.0.text"`) set to `value`, validated anew."""
        data = to_data(self)
        _put(data, path, value)
        return self.revised(data)

    def revised(self, data: object, read: Callable[[Reading], Corpus] | None = None) -> "Scenario":
        """The scenario that `data` describes. `read` gives its corpus; else it is this one's, as `read_anew` has it."""
        return from_data(data, sources=_sources_of(self, read))

    def read_anew(self, reading: Reading, folder: Path | None = None) -> Corpus:
        """The corpus that is asked for: this one's, read in another way or the same; any other lies in `folder`.

        Raises
        ------
        TextError
            If there is none, or not one word in it.
        """
        language = self.language
        if language.source is None or reading.name != language.corpus:
            read = _no_corpus if folder is None else partial(_read_corpus_below, folder)
            return reading.of(read(reading.name, reading.tokenizer))
        if reading == language.reading:
            return language.source
        if reading.tokenizer == language.tokenizer:
            return reading.of(language.source.marked)
        return reading.of(mark(language.source.text, reading.tokenizer))


# -- reading ----------------------------------------------------------------------------------------------------------


def from_data(
    data: object, source: str = "", read_corpus: ReadCorpus | None = None, sources: Sources | None = None
) -> Scenario:
    """The scenario that `data` (as TOML or JSON gives it) describes.

    Parameters
    ----------
    read_corpus : gives the marked text of the corpus that the scenario names; without it a corpus is refused.
    sources : in place of it, gives all that a scenario may name; else environments are gymnasium's own.

    Raises
    ------
    ScenarioError
        With one sentence per fault: the key's path, what was found, what was expected, the nearest valid spelling.
    """
    try:
        return Scenario.model_validate(data, context=sources or Sources(_reader(read_corpus), from_gymnasium))
    except ScenarioError as error:
        raise ScenarioError(list(error.faults), source) from None
    except ValidationError as error:
        absent = _absent(data) if isinstance(data, dict) and "environment" not in data else []
        raise ScenarioError(explain(error, data, json_schema()) + absent, source) from None


def loads(text: str, source: str = "", read_corpus: ReadCorpus | None = None) -> Scenario:
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
    return from_data(data, source, read_corpus)


def load(path: Path) -> Scenario:
    """The scenario in the TOML file at `path`; a corpus that it names lies beside it or below."""
    try:
        text = _read_text(path)
    except TextError as error:
        raise ScenarioError([str(error)], str(path)) from None
    return loads(text, str(path), partial(_read_corpus_below, path.parent))


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise TextError(tr("cannot be read: {reason}", reason=system_reason(error))) from None
    if len(raw) > LARGEST_FILE:
        raise TextError(tr("larger than {limit} MiB, more than is read", limit=LARGEST_FILE >> 20))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(tr("not UTF-8 at byte {byte}; save the file as UTF-8", byte=error.start)) from None


# -- corpora ----------------------------------------------------------------------------------------------------------


def _no_corpus(name: str, tokenizer: str) -> str:
    raise TextError(tr("a corpus is found beside the scenario's own file, and this scenario has none; save it first"))


def _read_corpus_below(folder: Path, name: str, tokenizer: str) -> str:
    """The marked text of the file `name` in `folder` or below it. Nothing else is opened, whatever the name says."""
    here = folder.resolve()
    parts = PureWindowsPath(name)  # knows drives, and both kinds of slash
    if parts.anchor or ".." in parts.parts:
        raise TextError(tr("a corpus lies beside its scenario's file or below; give its name from there"))
    try:
        path = (here / Path(*parts.parts)).resolve()
        if not path.is_relative_to(here):
            raise TextError(tr("leads out of the scenario's folder; put the text itself beside the scenario's file"))
        if path.exists() and not path.is_file():  # opening a pipe would wait for somebody to write into it
            raise TextError(tr("is not a file; name a text file in UTF-8"))
    except (OSError, ValueError, RuntimeError) as error:  # a loop of links, a name that no file can have
        raise TextError(tr("cannot be read: {reason}", reason=getattr(error, "strerror", None) or error)) from None
    return mark(_read_text(path), tokenizer)


def _reader(read_corpus: ReadCorpus | None = None) -> Callable[[Reading], Corpus]:
    """Reads whatever corpus is asked for in the marked text that `read_corpus` gives."""
    marked = read_corpus or _no_corpus
    return lambda reading: reading.of(marked(reading.name, reading.tokenizer))


def _sources_of(scenario: Scenario, read: Callable[[Reading], Corpus] | None = None) -> Sources:
    """Gives the corpus, if `read` does not, and the table or the spaces, that `scenario` has; another environment is
    asked of gymnasium."""

    def table(gym: Gym) -> Table | Spaces:
        own = scenario.environment
        if own is not None and gym == own:
            return own.world
        return from_gymnasium(gym, imports=own is not None and own.imports and gym.id == own.id)

    imports = scenario.environment is not None and scenario.environment.imports
    return Sources(read or scenario.read_anew, table, imports)


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
    return from_data(data, "--set", sources=_sources_of(scenario))


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
    """The scenario as plain dictionaries, lists, texts and numbers, every field named that says anything."""
    data: dict[str, Any] = json.loads(scenario.model_dump_json(by_alias=True, exclude_none=True))
    if scenario.environment is not None:
        del data["language"], data["prompts"], data["rewards"]
        return data
    language = data["language"]
    if not language["words"]:
        del language["words"]
    if scenario.language.corpus is None:
        del language["tokenizer"], language["max_words"]
    return data


def dumps(scenario: Scenario, corpus: str | None = None) -> str:
    """The scenario as a person would write it in TOML: in the schema's order, and only what differs from the defaults.

    Reading it back gives an equal scenario; with `corpus`, one whose corpus is in a file of that name.
    """
    data = json.loads(scenario.model_dump_json(by_alias=True, exclude_defaults=True))
    if scenario.environment is not None:  # which says what can be said, and what it earns
        data = {key: value for key, value in data.items() if key not in ("language", "prompts", "rewards")}
    if corpus is not None:
        data["language"]["corpus"] = corpus
    return toml.dumps(data)


@cache
def json_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a scenario, for editors and for messages."""
    return Scenario.model_json_schema()


# -- built-in scenarios -----------------------------------------------------------------------------------------------


CHAPTERS: Final = (
    (N_("First words"), ("i-love-you", "morning-tea", "ten-words")),
    (N_("Answers"), ("phrasebook", "small-talk")),
    (N_("Rules and wishes"), ("grammar", "brackets", "storyteller", "safe-speech", "safe-speech-mask")),
    (
        N_("What the agent sees"),
        ("word-ladder", "short-memory", "short-memory-cured", "noisy-channel", "rose-coloured"),
    ),
    (N_("Many words"), ("big-vocabulary",)),
    (N_("Worlds of others"), ("frozen-lake", "cliff-walking", "taxi", "blackjack")),
)
"""The gallery: what each chapter is about, and the built-in scenarios in it."""


def built_in() -> dict[str, Path]:
    """The scenarios that travel with the program: id -> file, in the order in which they teach."""
    folder = resources.root() / "scenarios"
    return {name: folder / f"{name}.toml" for _, names in CHAPTERS for name in names}


def told(path: Path) -> tuple[str, str]:
    """The name and the description in a built-in scenario's file, read without its corpus or its environment."""
    data = tomllib.loads(_read_text(path))
    return data["name"], data["description"]


@cache
def all_told() -> frozenset[tuple[str, str]]:
    """The names and descriptions of all built-in scenarios."""
    return frozenset(map(told, built_in().values()))


def find(name: str) -> Scenario:
    """The scenario called `name`: a built-in id, the path of a `.toml`, or `gym:ID` for an environment of gymnasium's,
    for which alone modules are imported: `gym:MODULE:ID`."""
    known = built_in()
    if name.startswith(PREFIX):
        return of_environment(name.removeprefix(PREFIX), name)
    if name in known:
        return load(known[name])
    if name.endswith(".toml") or Path(name).is_file():
        return load(Path(name))
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = (
        tr('did you mean "{name}"?', name=near[0]) if near else tr("the built-in ones: {names}", names=", ".join(known))
    )
    raise ScenarioError([tr("no scenario and no file of this name; {hint}", hint=hint)], name)


def of_environment(id_: str, source: str = "") -> Scenario:
    """The environment that gymnasium knows by this id, which may begin with a module to import, learned as usual."""
    data = {
        "name": id_.rpartition(":")[2] or id_,
        "environment": {"kind": "gym", "id": id_},
        "learner": {"method": "q-learning", "alpha": 0.1, "gamma": 0.99},
        "stop": {"episodes": 10_000},
    }
    return from_data(data, source, sources=Sources(_reader(), partial(from_gymnasium, imports=True), True))


def new() -> Scenario:
    """A small scenario to build on."""
    return from_data(
        {
            "name": tr("New scenario"),
            "language": {"words": ["a", "b", "c"], "max_length": 3},
            "prompts": [{"references": ["abc"]}],
            "rewards": [{"kind": "match"}],
            "stop": {"episodes": 1000},
        }
    )


# -- what a scenario must agree with itself about -------------------------------------------------------------------


def _absent(keys: Collection[str]) -> list[str]:
    """What a scenario with a language lacks if it has these keys."""
    return [missing(key, json_schema()) for key in ("language", "rewards") if key not in keys]


def _contradictions(scenario: Scenario) -> list[str]:
    language = scenario.language
    faults: list[str] = []
    if not language.words:
        return [tr('language: says no words; give it "words", or a "corpus" to take them from')]
    seen: dict[str, int] = {}
    for number, word in enumerate(language.listed):
        if word in seen:
            faults.append(
                tr("language.words[{second}]: {word} is there already, as words[{first}]; leave one out",
                   second=number, word=quoted(word), first=seen[word])
            )  # fmt: skip
        seen.setdefault(word, number)
    if language.end_word and language.end is None:
        near = difflib.get_close_matches(language.end_word, language.words, n=1)
        hint = tr('; did you mean "{name}"?', name=near[0]) if near else tr("; add it to language.words")
        faults.append(tr("language.end_word: {word} is not one of the words", word=quoted(language.end_word)) + hint)
    if language.shortlist is not None and language.source is None:
        faults.append(tr("language.shortlist: needs a corpus that says which words are likely; set language.corpus"))
    texts: dict[str, int] = {}
    for number, prompt in enumerate(scenario.starts):
        if prompt.text in texts:
            faults.append(
                tr("prompts[{second}].text: {text} is there already, as prompts[{first}]; "
                   "give one prompt all the references",
                   second=number, text=quoted(prompt.text), first=texts[prompt.text])
            )  # fmt: skip
        texts.setdefault(prompt.text, number)
        for index, reference in enumerate(prompt.references):
            if fault := unsayable(language, reference):
                faults.append(f"prompts[{number}].references[{index}]: {fault}")
    if not faults:  # terms compare with what the agent can say
        ground = scenario.ground
        for number, term in enumerate(scenario.rewards):
            faults += term.faults(f"rewards[{number}]", ground)
    return list(dict.fromkeys(faults))  # two terms may lack the same
