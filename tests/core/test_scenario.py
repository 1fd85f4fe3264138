"""What a scenario file may say, and what a wrong one is told: one sentence per fault, and nothing half-loaded."""

import copy
import inspect
import json
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from langrl_gui.core import resources, scenario
from langrl_gui.core.errors import ScenarioError
from langrl_gui.core.rewards import BUILT_IN, kind_of
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.schema import Part

I_LOVE_YOU = scenario.built_in()["i-love-you"].read_text("utf-8")
KINDS = ", ".join(f'"{kind}"' for kind in sorted(map(kind_of, BUILT_IN)))
LANGUAGE_KEYS = (
    "words, corpus, tokenizer, max_words, joiner, max_length, end_word, context, sees_position, shortlist, slip"
)


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as error:
        scenario.loads(text, "wrong.toml")
    assert str(error.value) == "wrong.toml: " + "; ".join(error.value.faults)
    return error.value.faults


# -- wrong files ------------------------------------------------------------------------------------------------------

WRONG = [
    # what is written in i-love-you, what is written in its place, what the reader is told
    ('words = ["我", "爱", "你"]', 'words = "我爱你"',
     'language.words: found "我爱你", expected a list of texts, at least one and at most 100000'),
    ('words = ["我", "爱", "你"]', "words = []",
     "language.words: found a list of 0, expected a list of texts, at least one and at most 100000"),
    ('"爱", "你"]', '"爱", "你", 3]', "language.words[3]: found 3, expected a text, not an empty one"),
    ('"爱", "你"]', '"爱", "你", ""]', 'language.words[3]: found "", expected a text, not an empty one'),
    ('"爱", "你"]', '"爱", "你", "爱"]', 'language.words[3]: "爱" is there already, as words[1]; leave one out'),
    ('words = ["我", "爱", "你"]\n', "",
     'language: says no words; give it "words", or a "corpus" to take them from'),
    ("max_length = 3\n", "", "language.max_length: missing; expected a whole number from 1 to 1000"),
    ("max_length = 3", "max_length = 0", "language.max_length: found 0, expected a whole number from 1 to 1000"),
    ("max_length = 3", "max_length = 3.0", "language.max_length: found 3.0, expected a whole number from 1 to 1000"),
    ("max_length = 3", "max_length = 2",
     'prompts[0].references[0]: "我爱你" has more than 2 words; raise language.max_length'),
    ('joiner = ""', 'joinr = ""', 'language.joinr: unknown key; did you mean "joiner"?'),
    ('joiner = ""', "zzz = 1", f"language.zzz: unknown key; known here: {LANGUAGE_KEYS}"),
    ('joiner = ""', 'joiner = " "',
     'prompts[0].references[0]: "我爱你" cannot be said: it does not begin with one of the words and " " after it'),
    ('references = ["我爱你"]', 'references = ["ni"]',
     'prompts[0].references[0]: "ni" cannot be said: it does not begin with one of the words'),
    ('references = ["我爱你"]', 'references = ["我 爱 你"]',
     'prompts[0].references[0]: "我 爱 你" cannot be said: after "我" none of the words goes on like " 爱 你"; '
     'set language.joiner to " ", which stands between words here'),
    ('end_word = ""', 'end_word = "。"', 'language.end_word: "。" is not one of the words; add it to language.words'),
    ('context = "all"', 'context = "al"',
     'language.context: found "al", expected "all" or a whole number from 0 to 1000'),
    ('context = "all"', "context = -1", 'language.context: found -1, expected "all" or a whole number from 0 to 1000'),
    ("sees_position = false", "sees_position = 0", "language.sees_position: found 0, expected true or false"),
    ("slip = 0.0", "slip = 1.1", "language.slip: found 1.1, expected a number from 0 to 1"),
    ("slip = 0.0", "shortlist = 2",
     "language.shortlist: needs a corpus that says which words are likely; set language.corpus"),
    ("slip = 0.0", "shortlist = 0", "language.shortlist: found 0, expected a whole number from 1 to 100000"),
    ("slip = 0.0", 'tokenizer = "word"',
     'language.tokenizer: found "word", expected one of "characters", "words", "whitespace", "jieba"; '
     'did you mean "words"?'),
    ("slip = 0.0", "corpus = 3", "language.corpus: found 3, expected a text of 1 to 1000 characters"),
    ("slip = 0.0", "max_words = 0", "language.max_words: found 0, expected a whole number from 1 to 100000"),
    ("[[prompts]]", "[prompts]", "prompts: found a table, expected a list of tables, at most 10000"),
    ('references = ["我爱你"]', 'references = ["我恨你"]',
     'prompts[0].references[0]: "我恨你" cannot be said: after "我" none of the words goes on like "恨你"'),
    ('references = ["我爱你"]', "references = []",
     'prompts[0].references: empty, but the reward "match" needs a text to compare with'),
    ('references = ["我爱你"]', 'references = [""]',
     'prompts[0].references[0]: an empty text can only be said where there is an "end_word"'),
    ('references = ["我爱你"]\nweight = 1.0', 'references = ["我爱你"]\nweight = 0',
     "prompts[0].weight: found 0, expected a number from 1e-06 to 1e+06"),
    ("[[rewards]]", '[[prompts]]\nreferences = ["我"]\n[[rewards]]',
     'prompts[1].text: "" is there already, as prompts[0]; give one prompt all the references'),
    ('kind = "match"\n', 'kind = "macth"\n',
     f'rewards[0].kind: found "macth", expected one of {KINDS}; did you mean "match"?'),
    ('kind = "match"\n', "", f"rewards[0].kind: missing; expected one of {KINDS}"),
    ("right = 1.0", "right = inf", "rewards[0].right: found Infinity, expected a number from -1e+09 to 1e+09"),
    ("alpha = 0.5", "alpha = 5", "learner.alpha: found 5, expected a number from 0 to 1"),
    ("alpha = 0.5", "alpha = nan", "learner.alpha: found NaN, expected a number from 0 to 1"),
    ("alpha = 0.5", 'alpha = "0.5"', 'learner.alpha: found "0.5", expected a number from 0 to 1'),
    ("alpha = 0.5", "alpha = true", "learner.alpha: found true, expected a number from 0 to 1"),
    ("alpha = 0.5", "alpha = 2020-01-01", "learner.alpha: found 2020-01-01, expected a number from 0 to 1"),
    ("gamma = 0.95", "gama = 0.95", 'learner.gama: unknown key; did you mean "gamma"?'),
    ('method = "q-learning"', 'method = "qlearning"',
     'learner.method: found "qlearning", expected "q-learning"; did you mean "q-learning"?'),
    ('explore = { kind = "epsilon-greedy", epsilon = 0.1 }', 'explore = "epsilon-greedy"',
     'learner.explore: found "epsilon-greedy", expected a table with kind, epsilon'),
    ('{ kind = "epsilon-greedy", epsilon = 0.1 }', '{ kind = "epsilon greedy" }',
     'learner.explore.kind: found "epsilon greedy", expected "epsilon-greedy"; did you mean "epsilon-greedy"?'),
    ("epsilon = 0.1", "epsilon = 1.5", "learner.explore.epsilon: found 1.5, expected a number from 0 to 1"),
    ("seed = 0", "seed = -1", "learner.seed: found -1, expected a whole number from 0 to 2^63 - 1"),
    ("episodes = 1000", "episodes = 0", "stop.episodes: found 0, expected a whole number from 1 to 2^63 - 1"),
    ("episodes = 1000", "episodes = 99999999999999999999",
     "stop.episodes: found a number too large for 64 bits, expected a whole number from 1 to 2^63 - 1"),
    ("episodes = 1000", "episode = 1000", 'stop.episode: unknown key; did you mean "episodes"?'),
    ('name = "我爱你"\n', "", "name: missing; expected a text of 1 to 200 characters"),
    ('name = "我爱你"', f'name = "{"x" * 300}"',
     f'name: found "{"x" * 39}…{"x" * 17}", expected a text of 1 to 200 characters'),
    ("[stop]", "[stopp]", 'stopp: unknown key; did you mean "stop"?'),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "sentence"), WRONG, ids=[sentence for *_, sentence in WRONG])
def test_that_a_fault_is_one_sentence_with_its_key_what_was_found_and_what_was_expected(right, wrong, sentence):
    assert right in I_LOVE_YOU
    assert faults(I_LOVE_YOU.replace(right, wrong, 1)) == (sentence,)


def test_that_several_faults_are_all_told_at_once():
    text = I_LOVE_YOU.replace("alpha = 0.5", "alpha = 5").replace("gamma", "gama").replace("max_length = 3\n", "")
    assert faults(text) == (
        "language.max_length: missing; expected a whole number from 1 to 1000",
        "learner.alpha: found 5, expected a number from 0 to 1",
        'learner.gama: unknown key; did you mean "gamma"?',
    )


def test_that_an_empty_file_is_told_what_it_lacks():
    assert faults("") == (
        "name: missing; expected a text of 1 to 200 characters",
        f"language: missing; expected a table with {LANGUAGE_KEYS}",
        "rewards: missing; expected a list of tables, at least one and at most 100",
    )


def test_that_a_misspelt_end_word_is_told_the_nearest_word():
    text = I_LOVE_YOU.replace('"你"]', '"你", "(end)"]').replace('end_word = ""', 'end_word = "(ende)"')
    assert faults(text) == ('language.end_word: "(ende)" is not one of the words; did you mean "(end)"?',)


def test_that_the_end_word_is_a_sign_and_not_a_part_of_any_text():
    text = I_LOVE_YOU.replace('"你"]', '"你", "。"]').replace('end_word = ""', 'end_word = "。"')
    assert faults(text.replace('references = ["我爱你"]', 'references = ["我爱。"]')) == (
        'prompts[0].references[0]: "我爱。" cannot be said: after "我爱" none of the words goes on like "。"; '
        '"。" is the end word, a sign that is not written in a reference',
    )
    assert scenario.loads(text).language.join([0, 1, 3]) == "我爱"


def test_that_what_a_file_calls_things_cannot_break_a_sentence_in_two():
    assert faults(I_LOVE_YOU + '"a\\nb.c" = 1') == (r'stop."a\nb.c": unknown key; known here: steps, episodes',)
    text = I_LOVE_YOU.replace('"爱", "你"]', r'"爱", "你", "\n", "\n"]')
    assert faults(text) == (r'language.words[4]: "\n" is there already, as words[3]; leave one out',)


def test_that_a_reference_may_divide_into_words_in_one_way_of_many():
    data = scenario.to_data(scenario.loads(I_LOVE_YOU))
    data["language"]["words"] = ["a", "ab", "abc", "d"]
    data["prompts"][0]["references"] = ["abcd", "aabd"]
    scenario.from_data(data)
    data["prompts"][0]["references"] = ["abbd"]
    with pytest.raises(ScenarioError, match='after "ab" none of the words goes on like "bd"'):
        scenario.from_data(data)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("alpha =", "Invalid value (at end of document)"),
        ('name = "a"\nname = "b"\n', "Cannot overwrite a value (at line 2, column 11)"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = " + "9" * 5000, "a number has too many digits"),
    ],
    ids=["unfinished", "key twice", "deep", "digits"],
)
def test_that_what_is_not_toml_is_one_sentence(text, reason):
    assert faults(text) == (f"this is not TOML: {reason}",)


def test_that_a_number_beyond_toml_is_one_sentence_however_it_is_written():
    for number in ("9" * 40, "0x" + "f" * 5000):
        sentence = "rewards[0].right: found a number too large for 64 bits, expected a number from -1e+09 to 1e+09"
        assert faults(I_LOVE_YOU.replace("right = 1.0", f"right = {number}")) == (sentence,)


def test_that_a_file_that_cannot_be_read_is_one_sentence_with_its_name(tmp_path):
    latin, large, folder = tmp_path / "latin.toml", tmp_path / "large.toml", tmp_path / "folder.toml"
    latin.write_bytes('name = "é"'.encode("latin-1"))
    large.write_bytes(b" " * (scenario.LARGEST_FILE + 1))
    folder.mkdir()
    for path, sentence in (
        (latin, "not UTF-8 at byte 8; save the file as UTF-8"),
        (large, "larger than 16 MiB, more than is read"),
        (folder, "cannot be read: Is a directory"),
        (tmp_path / "none.toml", "cannot be read: No such file or directory"),
    ):
        with pytest.raises(ScenarioError) as error:
            scenario.load(path)
        assert str(error.value) == f"{path}: {sentence}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _paths(data, path=()):
    yield path
    for key, inner in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from _paths(inner, (*path, key))


@pytest.mark.parametrize("nothing", ["", "mtch", 5, []])
def test_that_what_is_no_scenario_at_all_is_told_so(nothing: object) -> None:
    with pytest.raises(ScenarioError, match=r"^the file: found .*, expected a table with name,"):
        scenario.from_data(nothing)


@given(st.data(), JSON)
@settings(max_examples=300, deadline=None)
def test_that_any_value_anywhere_gives_a_scenario_or_sentences_and_changes_nothing(data, value):
    whole = {"": scenario.to_data(scenario.loads(I_LOVE_YOU))}
    here, (*way, last) = whole, data.draw(st.sampled_from([("", *path) for path in _paths(whole[""])]))
    for key in way:
        here = here[key]
    here[last] = value
    before = copy.deepcopy(whole[""])
    try:
        told: tuple[str, ...] = ()
        found = scenario.from_data(whole[""])
    except ScenarioError as error:
        told, found = error.faults, None
    assert isinstance(found, Scenario) != bool(told)
    assert all(fault.isprintable() for fault in told)
    assert repr(whole[""]) == repr(before)


# -- good files -------------------------------------------------------------------------------------------------------


def test_that_the_built_in_scenarios_load():
    found = {name: scenario.find(name) for name in scenario.built_in()}
    assert {"i-love-you", "morning-tea", "ten-words"} <= set(found)
    assert found["i-love-you"].language.words == ("我", "爱", "你")
    assert len(found["morning-tea"].language.words) >= 12
    assert len(found["morning-tea"].prompts[0].references[0].split()) >= 6
    assert (len(found["ten-words"].language.words), found["ten-words"].language.max_length) == (10, 5)


def test_that_i_love_you_writes_every_key_that_there_is():
    """It is the file from which people learn the format."""
    written = tomllib.loads(I_LOVE_YOU)
    complete = scenario.to_data(scenario.loads(I_LOVE_YOU))
    assert {(p, repr(v)) for p, v in _leaves(written)} == {(p, repr(v)) for p, v in _leaves(complete)}


def _leaves(data):
    for path in _paths(data):
        here = data
        for key in path:
            here = here[key]
        if not isinstance(here, dict | list):
            yield path, here


def test_that_a_scenario_is_found_by_its_id_or_its_file(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_bytes(b"\xef\xbb\xbf" + I_LOVE_YOU.replace("\n", "\r\n").encode())
    assert scenario.find(str(mine)) == scenario.find("i-love-you"), "Windows' line ends and mark are accepted"
    with pytest.raises(ScenarioError, match=r'^i-love-yu: no scenario and no file of this name; did you mean "i-love'):
        scenario.find("i-love-yu")
    with pytest.raises(ScenarioError, match=r"; the built-in ones: i-love-you, morning-tea, "):
        scenario.find("zzz")


def test_that_a_file_that_says_little_means_the_defaults():
    least = 'name = "a"\nlanguage = {words = ["a"], max_length = 1, end_word = "a"}\nrewards = [{kind = "match"}]'
    with pytest.raises(ScenarioError, match="references: empty"):
        scenario.loads(least)
    found = scenario.loads(least + '\nprompts = [{references = [""]}]')
    assert (found.learner.alpha, found.learner.gamma, found.learner.initial) == (0.5, 0.95, 0.0)
    assert found.learner.explore.epsilon == 0.1
    assert (found.stop.steps, found.stop.episodes) == (None, None)
    assert (found.language.joiner, found.language.context, found.language.slip) == ("", "all", 0.0)


def test_that_no_prompt_at_all_is_one_empty_prompt():
    data = scenario.to_data(scenario.loads(I_LOVE_YOU))
    del data["prompts"][0]["references"]
    one = Scenario.model_construct(**data)
    assert one.model_copy(update={"prompts": ()}).starts == (scenario.Prompt(),)


@st.composite
def valid(draw):
    """Any scenario: the texts are arbitrary Unicode."""
    words = draw(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=5, unique=True))
    length, joiner = draw(st.integers(1, 6)), draw(st.text(max_size=2))
    end_word = draw(st.sampled_from(["", words[0]])) if len(words) > 1 else ""
    said = st.lists(st.sampled_from([w for w in words if w != end_word]), min_size=1, max_size=length)
    amounts, share = st.floats(-1e9, 1e9), st.floats(0, 1)
    reward = {"kind": st.just("match"), "right": amounts, "wrong": amounts, "weight": amounts}
    texts = draw(st.lists(st.text(max_size=5), min_size=1, max_size=3, unique=True))
    return {
        "name": draw(st.text(min_size=1, max_size=20)),
        "description": draw(st.text(max_size=20)),
        "language": {
            "words": words,
            "joiner": joiner,
            "max_length": length,
            "end_word": end_word,
            "context": draw(st.just("all") | st.integers(0, 1000)),
            "sees_position": draw(st.booleans()),
        },
        "prompts": [
            {
                "text": text,
                "references": draw(st.lists(said.map(joiner.join), min_size=1, max_size=3)),
                "weight": draw(st.floats(1e-6, 1e6)),
            }
            for text in texts
        ],
        "rewards": draw(st.lists(st.fixed_dictionaries(reward), min_size=1, max_size=3)),
        "learner": {
            "method": "q-learning",
            "alpha": draw(share),
            "gamma": draw(share),
            "initial": draw(amounts),
            "explore": {"kind": "epsilon-greedy", "epsilon": draw(share)},
            "seed": draw(st.integers(0, 2**63 - 1)),
        },
        "stop": draw(st.fixed_dictionaries({}, optional={"steps": st.integers(1, 2**63 - 1), "episodes": st.just(7)})),
    }


@given(valid())
@settings(max_examples=150, deadline=None)
def test_that_a_scenario_written_and_read_is_the_same_scenario(data):
    first = scenario.from_data(data)
    text = scenario.dumps(first)
    again = scenario.loads(text)
    assert again == first
    assert scenario.dumps(again) == text
    assert scenario.from_data(scenario.to_data(first)) == first
    assert hash(again) == hash(first)


def test_that_a_scenario_cannot_be_changed_in_place():
    problem = scenario.find("i-love-you")
    for part, name in ((problem, "name"), (problem.language, "words"), (problem.learner.explore, "epsilon")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, name, getattr(part, name))
    changed = problem.changed("learner.explore.epsilon", 0.5)
    assert changed.learner.explore.epsilon == 0.5
    assert problem.learner.explore.epsilon == 0.1
    with pytest.raises(ScenarioError, match=r"^learner.alpha: found 2, expected a number from 0 to 1$"):
        problem.changed("learner.alpha", 2)


# -- the command line's --set -----------------------------------------------------------------------------------------


def test_that_settings_reach_every_depth_and_are_read_as_toml_or_else_as_text():
    problem = scenario.with_settings(
        scenario.find("i-love-you"),
        [
            "learner.alpha=0.25",
            "learner.explore = {kind = 'epsilon-greedy', epsilon = 1}",
            "language.words=['我', '爱', '你', '他']",
            "prompts.0.text=what do you say?",
            'prompts.0.references.0="我爱他"',
            "rewards.0.wrong=-2",
            "stop.steps=1_000",
            "language.sees_position=true",
            "description=a = b",
        ],
    )
    assert problem.learner.alpha == 0.25
    assert problem.learner.explore.epsilon == 1
    assert problem.language.words == ("我", "爱", "你", "他")
    assert problem.prompts[0].text == "what do you say?"
    assert problem.prompts[0].references == ("我爱他",)
    assert problem.rewards[0].wrong == -2
    assert (problem.stop.steps, problem.stop.episodes) == (1000, 1000)
    assert problem.language.sees_position
    assert problem.description == "a = b"


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("alpha", '"alpha" is not of the form KEY=VALUE'),
        ("learner.alpa=1", 'learner.alpa: unknown key; did you mean "alpha"?'),
        ("learner.alpha=fast", 'learner.alpha: found "fast", expected a number from 0 to 1'),
        ("learner.alpha=", 'learner.alpha: found "", expected a number from 0 to 1'),
        ("learner.alpha=0.1\nname=3", 'learner.alpha: found "0.1\\nname=3", expected a number from 0 to 1'),
        ("learner.alpha.x=1", 'learner.alpha: holds a value, so it has no "x"'),
        ("prompts.1.text=x", "prompts.1: no such entry; there are 1"),
        ("prompts.-1.text=x", "prompts.-1: no such entry; there are 1"),
        ("rewards=[]", "rewards: found a list of 0, expected a list of tables, at least one and at most 100"),
        ("language.max_length=2",
         'prompts[0].references[0]: "我爱你" has more than 2 words; raise language.max_length'),
    ],
)  # fmt: skip
def test_that_a_wrong_setting_is_one_sentence(setting, sentence):
    with pytest.raises(ScenarioError) as error:
        scenario.with_settings(scenario.find("i-love-you"), ["learner.gamma=0.5", setting])
    assert error.value.faults == (sentence,)
    assert str(error.value) == f"--set: {sentence}"


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5000], ids=["deep", "digits"])
def test_that_a_setting_beyond_toml_is_taken_as_text_and_told_so(value):
    with pytest.raises(ScenarioError, match=r"^--set: learner.alpha: found .*….*, expected a number from 0 to 1$"):
        scenario.with_settings(scenario.find("i-love-you"), [f"learner.alpha={value}"])


# -- the schema -------------------------------------------------------------------------------------------------------


def _models(model: type[BaseModel]):
    yield model
    for inner in model.__subclasses__():
        yield from _models(inner)


PARTS = {model.__name__: model for model in _models(Part) if model is not Part and not inspect.isabstract(model)}


def _fields(model: type[BaseModel]):
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _objects():
    schema = scenario.json_schema()
    return {"Scenario": schema, **schema["$defs"]}


def test_that_the_json_schema_has_every_part_and_key_and_knows_no_other():
    assert {name: set(part["properties"]) for name, part in _objects().items()} == {
        name: set(_fields(model)) for name, model in PARTS.items()
    }
    for name, part in _objects().items():
        assert part["additionalProperties"] is False, name
        required = {key for key, field in _fields(PARTS[name]).items() if field.is_required()}
        assert set(part.get("required", [])) == required, name


def test_that_every_key_has_a_title_and_one_sentence_of_help():
    for name, part in _objects().items():
        assert part["description"], name
        for key, entry in part["properties"].items():
            # A title that its table has as well is written there only.
            assert entry.get("title") or _objects()[entry["$ref"].rsplit("/", 1)[1]]["title"], (name, key)
            assert entry["description"].endswith("."), (name, key)


def test_that_every_number_has_a_range():
    numbers = 0
    for name, part in _objects().items():
        for key, entry in part["properties"].items():
            for choice in (entry, *entry.get("anyOf", ())):
                if choice.get("type") in ("integer", "number"):
                    numbers += 1
                    assert choice["minimum"] <= choice["maximum"], (name, key)
    assert numbers >= 12


def test_that_every_default_is_valid_and_shown_in_the_schema():
    for name, part in _objects().items():
        for key, field in _fields(PARTS[name]).items():
            if not field.is_required() and key not in ("steps", "episodes", "corpus", "shortlist", "language"):
                assert "default" in part["properties"][key], (name, key)


def test_that_the_gallery_shows_every_scenario_that_travels_with_the_program():
    files = (resources.root() / "scenarios").glob("*.toml")
    assert sorted(scenario.built_in()) == sorted(path.stem for path in files)


def test_that_the_schema_for_editors_is_the_one_in_use():
    written = json.loads((resources.root() / "scenario.schema.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(scenario.json_schema()))
