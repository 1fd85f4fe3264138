"""Grammars against a parser that tries everything, on every text up to six words."""

from itertools import product

import numpy as np
import pytest

from langrl_gui.core.rewards.grammar import Parser, _compiled
from langrl_gui.core.tables import END, Tables
from tests.terms import beginnings, earned, scenario_of, step_of, term_of, walk

LONGEST = 6

# Each grammar twice: in lark's notation, and as productions that the brute-force parser expands.
GRAMMARS = {
    "one sentence": ('start: "a" "b" "c"', {"S": ["abc"]}),
    "alternatives": ('start: "a" | "b" "c"', {"S": ["a", "bc"]}),
    "repeated": ('start: "a" "b"*', {"S": ["aB"], "B": ["", "bB"]}),
    "nested": ('start: "a" start "b" | "c"', {"S": ["aSb", "c"]}),
    "lists": ('start: item ("b" item)*\nitem: "a" | "c" item', {"S": ["I", "SbI"], "I": ["a", "cI"]}),
    "expressions": (
        'start: start "b" factor | factor\nfactor: "a" | "c" start "c"',
        {"S": ["SbF", "F"], "F": ["a", "cSc"]},
    ),
    "nothing said": ("start: pair*\npair: \"a\" \"b\"", {"S": ["", "PS"], "P": ["ab"]}),
    "by the place": (
        'start: noun verb noun\nnoun: "a" | "b"\nverb: "b" | "c"',
        {"S": ["NVN"], "N": ["a", "b"], "V": ["b", "c"]},
    ),
    "optional": ('start: "a"? "b"? "c"', {"S": ["c", "ac", "bc", "abc"]}),
    "left and right": ('start: left "c" right\nleft: left "a" |\nright: "b" right |',
                       {"S": ["LcR"], "L": ["La", ""], "R": ["bR", ""]}),
    "terminals": ('start: VOWEL+ "b"\nVOWEL: /[ac]/', {"S": ["Wb"], "W": ["V", "VW"], "V": ["a", "c"]}),
}  # fmt: skip


def sentences(productions: dict[str, list[str]]) -> set[str]:
    """Every sentence of at most LONGEST words, by least fixed point: capitals are symbols, the rest words."""
    known: dict[str, set[str]] = {symbol: set() for symbol in productions}
    changed = True
    while changed:
        changed = False
        for symbol, ways in productions.items():
            for way in ways:
                parts = [known[part] if part.isupper() else {part} for part in way]
                made = {"".join(combination) for combination in product(*parts)}
                new = {text for text in made if len(text) <= LONGEST} - known[symbol]
                known[symbol] |= new
                changed |= bool(new)
    return known["S"]


@pytest.mark.parametrize("name", GRAMMARS)
@pytest.mark.parametrize("end_word", ["", "."])
def test_that_words_are_right_exactly_where_a_sentence_still_fits(name: str, end_word: str) -> None:
    rules, productions = GRAMMARS[name]
    whole = sentences(productions)
    assert whole
    reward = {"kind": "grammar", "rules": rules, "right": 0.5, "wrong": -1, "complete": 3, "use": "mask"}
    for most in (3, LONGEST):
        fitting = {text for text in whole if len(text) <= most}
        begun = {text[:length] for text in fitting for length in range(len(text) + 1)}
        if not fitting:
            continue
        problem = scenario_of([reward], ["a", "b", "c", *end_word], end_word=end_word, max_length=most)
        term = term_of(problem)
        for said in beginnings(problem.language):
            text = problem.language.join(said)
            memory = walk(term, said)[1]
            step = step_of(term, memory, len(problem.language.words))
            fits = [text + word in begun for word in "abc"] + [text in fitting] * len(end_word)
            assert step.allowed.tolist() == fits, text
            assert step.rewards.tolist() == [0.5 if fit else -1 for fit in fits], text
            assert term.end(memory) == (3 if text in fitting else 0), text


def compiled(rules: str, words: str = "abc") -> Parser:
    return _compiled(rules, tuple(words), "")


@pytest.mark.parametrize("name", GRAMMARS)
def test_that_the_fewest_missing_words_are_those_of_the_nearest_sentence(name: str) -> None:
    rules, productions = GRAMMARS[name]
    whole, parser = sentences(productions), compiled(rules)
    terminal_of = {"abc"[word]: terminal for terminal, words in parser.words.items() for word in words}

    for length in range(4):
        for letters in product("abc", repeat=length):
            text = "".join(letters)
            after = (0,) if not text else stack_of(parser, terminal_of, text)
            missing = [len(sentence) - length for sentence in whole if sentence.startswith(text)]
            if after is None:
                assert not missing, text
            elif missing:
                assert parser.missing(after) == min(missing), text
            else:
                assert parser.missing(after) > LONGEST - length, text


def stack_of(parser: Parser, terminal_of: dict[str, str], text: str):
    after = (0,)
    for letter in text:
        after = parser.shift(after, terminal_of.get(letter, "none"))
        if after is None:
            return None
    return after


@pytest.mark.parametrize("name", GRAMMARS)
def test_that_under_a_mask_exactly_the_sentences_that_fit_can_be_said(name: str) -> None:
    rules, productions = GRAMMARS[name]
    reward = {"kind": "grammar", "rules": rules, "use": "mask"}
    problem = scenario_of([reward], ["a", "b", "c", "."], end_word=".", max_length=5)
    tables = Tables(problem)

    def said(node: int, words: tuple[int, ...]) -> set[str]:
        if node == END:
            return {problem.language.join(words)}
        offered = np.flatnonzero(tables.offers(np.array([node]))[0]).tolist()
        return {text for word in offered for text in said(tables.follow(node, word), (*words, word))}

    assert said(int(tables.starts[0]), ()) == {text for text in sentences(productions) if len(text) <= 5}


def test_that_a_text_too_long_for_its_grammar_is_wrong_from_the_first_word_that_does_not_fit() -> None:
    reward = {"kind": "grammar", "rules": 'start: "a" start "b" | "c"', "right": 1, "wrong": -1, "complete": 5}
    term = term_of(scenario_of([reward], ["a", "b", "c"], max_length=3))
    assert earned(term, [0, 2, 1]) == [1, 1, 6]
    assert earned(term, [0, 0, 2]) == [1, -1, -1], "after two a five words would be needed"
    assert earned(term, [2, 1, 1]) == [1, -1, -1]
