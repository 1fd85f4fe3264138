"""Wrong rewards: each is told in one sentence that begins with the key's path."""

import tomllib

import pytest

from langrl_gui.core import resources
from langrl_gui.core.errors import ScenarioError
from langrl_gui.core.oracle import solve
from tests.terms import scenario_of

KINDS = (
    '"bleu", "chrf", "coherence", "edit", "exact", "fluency", "forbidden", "grammar", "length", "match", "repetition", '
    '"required", "words"'
)
LALR = "the grammar must be decidable one word ahead (LALR(1))"

WRONG = [
    # the faulty term, and what the reader is told
    ({}, f"kind: missing; expected one of {KINDS}"),
    ({"kind": "bleau"}, f'kind: found "bleau", expected one of {KINDS}; did you mean "bleu"?'),
    ({"kind": 3}, f"kind: found 3, expected one of {KINDS}"),
    ("match", 'found "match", expected a table with kind'),
    ({"kind": "exact", "right": "1"}, '.right: found "1", expected a number from -1e+09 to 1e+09'),
    ({"kind": "exact", "wight": 1}, '.wight: unknown key; did you mean "weight"?'),
    ({"kind": "exact", "weight": 1e10}, ".weight: found 10000000000.0, expected a number from -1e+09 to 1e+09"),
    ({"kind": "exact", "shaping": 1}, ".shaping: found 1, expected true or false"),
    ({"kind": "bleu", "paid": "at end"},
     '.paid: found "at end", expected "at-end" or "each-word"; did you mean "at-end"?'),
    ({"kind": "bleu", "order": 0}, ".order: found 0, expected a whole number from 1 to 10"),
    ({"kind": "chrf", "beta": 2.0}, ".beta: found 2.0, expected a whole number from 1 to 10"),
    ({"kind": "edit", "unit": "letters"}, '.unit: found "letters", expected "characters" or "words"'),
    ({"kind": "fluency"}, '.kind: "fluency" is learned from a corpus; set language.corpus'),
    ({"kind": "coherence"}, '.kind: "coherence" is learned from a corpus; set language.corpus'),
    ({"kind": "fluency", "smoothing": "kneser ney"},
     '.smoothing: found "kneser ney", expected one of "maximum-likelihood", "laplace", "lidstone", "kneser-ney"; '
     'did you mean "kneser-ney"?'),
    ({"kind": "fluency", "floor": 1}, ".floor: found 1, expected a number from -700 to 0"),
    ({"kind": "forbidden"}, ".phrases: missing; expected a list of texts, at least one and at most 10000"),
    ({"kind": "forbidden", "phrases": []},
     ".phrases: found a list of 0, expected a list of texts, at least one and at most 10000"),
    ({"kind": "forbidden", "phrases": ["a", ""]}, '.phrases[1]: found "", expected a text, not an empty one'),
    ({"kind": "forbidden", "phrases": ["a", "b", "a"]},
     '.phrases[2]: "a" is there already, as phrases[0]; leave one out'),
    ({"kind": "forbidden", "phrases": ["a"], "use": "max"},
     '.use: found "max", expected "reward" or "mask"; did you mean "mask"?'),
    ({"kind": "required", "phrases": ["b", "b"]}, '.phrases[1]: "b" is there already, as phrases[0]; leave one out'),
    ({"kind": "required", "phrases": ["a", "Cat"]},
     '.phrases[1]: no text can mention "Cat": none of the words has "C"'),
    ({"kind": "required", "phrases": ["abcatabcatabc"]},
     '.phrases[0]: no text can mention "abcatabcatabc": it is too long; raise language.max_length, which is 4'),
    ({"kind": "repetition", "within": "al"}, '.within: found "al", expected "all" or a whole number from 1 to 1000'),
    ({"kind": "length", "least": 5, "most": 3}, ".least: 5 words are more than the 3 that are allowed; raise most"),
    ({"kind": "length", "least": 9}, ".least: no text has 9 words; raise language.max_length, which is 4"),
    ({"kind": "words"}, ".words: missing; expected a table in which every key is a number from -1e+09 to 1e+09"),
    ({"kind": "words", "words": {"a": "much"}}, '.words.a: found "much", expected a number from -1e+09 to 1e+09'),
    ({"kind": "words", "words": {"cats": 1}}, '.words.cats: "cats" is not one of the words; did you mean "cat"?'),
    ({"kind": "words", "words": {"x y": 1}}, '.words."x y": "x y" is not one of the words; add it to language.words'),
    ({"kind": "grammar"}, ".rules: missing; expected a text of 1 to 100000 characters"),
    ({"kind": "grammar", "rules": "start a b"},
     '.rules: not a grammar: "Expecting rule or terminal definition (missing colon), at line 1 column 7"'),
    ({"kind": "grammar", "rules": 'sentence: "a"'},
     '.rules: there is no rule "start"; write what a sentence is, such as  start: noun verb'),
    ({"kind": "grammar", "rules": "start: noun"},
     ".rules: not a grammar: \"Rule 'noun' used but not defined (in rule start)\""),
    ({"kind": "grammar", "rules": 'start: "a" "dog"'},
     '.rules: "dog" is none of the words; add it to language.words, or take it out'),
    ({"kind": "grammar", "rules": "start: WORD\n%import common.WORD"},
     ".rules: %import cannot be used, because a scenario reads no other files; write the rule itself"),
    ({"kind": "grammar", "rules": "start: /(a/"}, '.rules: "(a" is not a regular expression: missing ) at position 2'),
    ({"kind": "grammar", "rules": 'start: NOUN VERB\nNOUN: "a" | "b"\nVERB: "b" | "cat"'},
     '.rules: the word "b" is both NOUN and VERB; write them as rules, in small letters, so that the place decides'),
    ({"kind": "grammar", "rules": 'start: start "a" start | "b"'},
     f'.rules: before "a" it is open whether the rule start: start "a" start is complete or goes on; {LALR}: '
     "say in a rule of its own what belongs together"),
    ({"kind": "grammar", "rules": 'start: x "a" | y "b"\nx: "cat"\ny: "cat"'}, None),
    ({"kind": "grammar", "rules": 'start: x "a" | y "a"\nx: "cat"\ny: "cat"'},
     f'.rules: before "a" it is open which rule has been completed, x: "cat" or y: "cat"; {LALR}: '
     "make the two differ earlier"),
    ({"kind": "grammar", "rules": "start: WORD\n%declare WORD"},
     ".rules: %declare cannot be used, because a scenario reads no other files; write the rule itself"),
    ({"kind": "grammar", "rules": "start: " + '"a"? "b"? ' * 9},
     '.rules: the rule "start" has too many optional parts in a row; give some of them rules of their own'),
    ({"kind": "grammar", "rules": 'start: ("a"? "b")~2..30'},
     '.rules: the rule "start" has too many optional parts in a row; give some of them rules of their own'),
    ({"kind": "grammar", "rules": 'start: ("a" | "b")~60'},
     ".rules: the shortest sentence has 60 words; raise language.max_length from 4"),
    ({"kind": "grammar", "rules": 'start: "a" start'},
     '.rules: "start" never comes to an end: every way through its rules leads back into them'),
    ({"kind": "grammar", "rules": 'start: "a"~5'},
     ".rules: the shortest sentence has 5 words; raise language.max_length from 4"),
]  # fmt: skip


@pytest.mark.parametrize(("term", "sentence"), WRONG, ids=[str(sentence)[:60] for _, sentence in WRONG])
def test_a_wrong_reward_is_one_sentence_with_the_keys_path(term, sentence) -> None:
    right = {"kind": "match"}
    if sentence is None:
        scenario_of([right, term], ["a", "b", "cat"], ["ab"])
        return
    with pytest.raises(ScenarioError) as error:
        scenario_of([right, term], ["a", "b", "cat"], ["ab"])
    dot = "" if sentence.startswith((".", "found")) else "."
    separator = ": " if sentence.startswith("found") else dot
    assert error.value.faults == (f"rewards[1]{separator}{sentence}",)


def test_there_are_thirty_and_more() -> None:
    assert len(WRONG) >= 30


@pytest.mark.parametrize("kind", ["match", "exact", "edit", "bleu", "chrf"])
def test_what_is_compared_with_references_needs_one_for_every_prompt(kind: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario_of([{"kind": kind}, {"kind": kind}])
    assert error.value.faults == (
        f'prompts[0].references: empty, but the reward "{kind}" needs a text to compare with',
    )


def test_a_grammar_made_to_be_slow_is_refused_in_time() -> None:
    term = {"kind": "grammar", "rules": "start: /(b|bb)+c/"}
    with pytest.raises(ScenarioError, match=r"takes too long to match; write a simpler one"):
        scenario_of([term], ["b" * 60 + "!"])


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_reward_that_the_readme_puts_together_is_one(page: str) -> None:
    text = (resources.root().parent / page).read_text("utf-8")
    (example,) = [block.split("```")[0] for block in text.split("```toml\n")[1:] if block.startswith("[[rewards]]")]
    terms = tomllib.loads(example)["rewards"]
    problem = scenario_of(terms, ["good", "morning", "night", "Ann", "Bob"], ["good morning Ann"], joiner=" ")
    (best,) = solve(problem).optimum
    assert best.text == "good morning Ann"
