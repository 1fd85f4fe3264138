"""`grammar`: a context-free grammar says which words may follow, and when a sentence is whole."""

import heapq
import math
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
import regex
from pydantic import Field

from langrl_gui.core.faults import quoted
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.rewards.term import Amount, Ground, Memory, Reward, Step, Words

Stack = tuple[int, ...]

_NONE: Final = -1
"""In place of the number of a terminal: of words that the grammar has not."""

_NEVER: Final = 1 << 30
"""Words that no sentence has: what it takes to complete what cannot be completed."""


_MATCHING_SECONDS: Final = 1.0
"""For one word; an expression that needs more than a microsecond or two was made to take for ever."""


_MOST_ALTERNATIVES: Final = 4096
"""Of one rule; more would take seconds and gigabytes to analyse."""
_LONG: Final = 50
"""From so many repetitions on lark makes rules of its own, in which a part is written at most _FACTOR times."""
_FACTOR: Final = 8


class GrammarReward(Reward):
    """`right` for a word after which a sentence of the grammar can still be completed within the text's length, `wrong`
    for any other; at the end `complete` if the text is a sentence. As a mask, only the former words are offered."""

    kind: Literal["grammar"] = Field(
        title=N_("Grammar"),
        description=N_("Whether the text is a sentence of a grammar, or can still become one."),
    )
    rules: str = Field(
        title=N_("Rules"),
        description=N_(
            'One rule a line in lark\'s notation, such as  start: noun "sees" noun . A sentence is what "start" makes; '
            "words stand in quotation marks."
        ),
        min_length=1,
        max_length=100_000,
        json_schema_extra={"lines": True},
    )
    right: Amount = Field(
        0.0, title=N_("Right"), description=N_("Reward for a word with which a sentence can still be completed.")
    )
    wrong: Amount = Field(-1.0, title=N_("Wrong"), description=N_("Reward for any other word."))
    complete: Amount = Field(
        1.0, title=N_("Complete"), description=N_("Reward at the end of a text that is a sentence.")
    )
    use: Literal["reward", "mask"] = Field(
        "reward",
        title=N_("Use"),
        description=N_("As a reward, or as a mask: then only words that the grammar allows can be chosen."),
    )

    def term(self, ground: Ground) -> "Grammar":
        return Grammar(ground, self)

    def faults(self, path: str, ground: Ground) -> list[str]:
        faults = super().faults(path, ground)
        try:
            language = ground.language
            compiled = _compiled(self.rules, language.words, language.end_word)
        except GrammarFault as fault:
            return [*faults, f"{path}.rules: {fault}"]
        shortest = compiled.missing((0,))
        if shortest > language.max_length:
            faults.append(
                tr("{path}.rules: the shortest sentence has {shortest} words; raise language.max_length from {most}",
                   path=path, shortest=shortest, most=language.max_length)
            )  # fmt: skip
        return faults


class Grammar:
    """The memory is the parser's stack and the number of words said; None once no sentence can be completed."""

    def __init__(self, ground: Ground, settings: GrammarReward) -> None:
        language = ground.language
        self._settings = settings
        self._parser = _compiled(settings.rules, language.words, language.end_word)
        self._terminals = list(self._parser.words)
        self._terminal = np.full(len(language.words), _NONE)
        for number, terminal in enumerate(self._terminals):
            self._terminal[self._parser.words[terminal]] = number
        self._most = language.max_length
        self._end_word = language.end

    def start(self, prompt: int) -> Memory:
        return (0,), 0

    def step(self, memory: Memory, words: Words) -> Step:
        memories: list[Memory] = [None]
        which = np.zeros(len(words), np.intp)
        if memory is not None:
            assert isinstance(memory, tuple)
            stack, said = memory
            terminals = self._terminal[words]
            for number in np.unique(terminals[terminals != _NONE]).tolist():
                after = self._parser.shift(stack, self._terminals[number])
                if after is not None and self._parser.missing(after) <= self._most - said - 1:
                    which[terminals == number] = len(memories)
                    memories.append((after, said + 1))
            if self._end_word is not None and self._parser.is_sentence(stack):
                which[words == self._end_word] = len(memories)
                memories.append(memory)
        fits = which > 0
        rewards = np.where(fits, self._settings.right, self._settings.wrong)
        return Step(rewards, memories, which, fits if self._settings.use == "mask" else None)

    def end(self, memory: Memory) -> float:
        if memory is None:
            return 0.0
        assert isinstance(memory, tuple)
        return self._settings.complete if self._parser.is_sentence(memory[0]) else 0.0


class GrammarFault(Exception):
    """Rules that cannot be used, and why."""


@dataclass(frozen=True, eq=False)
class Parser:
    """A grammar as the LALR(1) automaton that lark computes (DeRemer & Pennello 1982). State 0 is the first.

    Attributes
    ----------
    shifts : for each state, terminal or nonterminal -> the state after it.
    reductions : for each state, the terminal that follows -> (nonterminal, number of symbols that it is made of).
    completions : for each state, what can still complete a rule that has been begun: (fewest words that are missing,
        symbols of it that have been read, nonterminal; None where the whole text is complete then).
    words : terminal -> word numbers.
    """

    shifts: list[dict[str, int]]
    reductions: list[dict[str, tuple[str, int]]]
    completions: list[list[tuple[int, int, str | None]]]
    words: dict[str, list[int]]
    _missing: dict[Stack, int] = field(default_factory=dict)

    def shift(self, stack: Stack, terminal: str) -> Stack | None:
        """The stack after one more terminal; None if it cannot follow."""
        while terminal not in self.shifts[stack[-1]]:
            if terminal not in self.reductions[stack[-1]]:
                return None
            symbol, count = self.reductions[stack[-1]][terminal]
            stack = stack[: len(stack) - count]
            stack = (*stack, self.shifts[stack[-1]][symbol])
        return (*stack, self.shifts[stack[-1]][terminal])

    def is_sentence(self, stack: Stack) -> bool:
        """Whether what has been read is a sentence as it is."""
        return self.shift(stack, _END) is not None

    def missing(self, stack: Stack) -> int:
        """The fewest words that make what has been read a sentence.

        The shortest way (Dijkstra 1959) over what the stack can become: to complete a rule of the state on top takes
        the words that its rest is made of, and leaves a shorter stack with the rule's nonterminal on top.
        """
        if stack not in self._missing:
            self._missing[stack] = min(self._ways(stack), default=_NEVER)
        return self._missing[stack]

    def _ways(self, stack: Stack) -> Iterator[int]:
        queue = [(0, len(stack) - 1, stack[-1])]  # words so far, depth of the stack below its top, top
        done: set[tuple[int, int]] = set()
        while queue:
            words, below, top = heapq.heappop(queue)
            if (below, top) in done:
                continue
            done.add((below, top))
            for fewest, read, symbol in self.completions[top]:
                if symbol is None:
                    yield words + fewest
                elif fewest < _NEVER:
                    left = below + 1 - read
                    heapq.heappush(queue, (words + fewest, left, self.shifts[stack[left - 1]][symbol]))


_END: Final = "$END"
"""lark's name of the terminal that follows a whole text."""


@lru_cache(maxsize=8)
def _compiled(rules: str, words: tuple[str, ...], end_word: str) -> Parser:
    """The parser of these rules.

    Raises
    ------
    GrammarFault
        If they are not a grammar, or not one that one word of foresight can decide, or not of these words.
    """
    from lark.common import ParserConf
    from lark.exceptions import LarkError
    from lark.load_grammar import load_grammar
    from lark.parsers.lalr_analysis import LALR_Analyzer

    if found := re.search(r"%\s*(import|extend|override|declare)\b", rules):
        raise GrammarFault(
            tr("%{directive} cannot be used, because a scenario reads no other files; write the rule itself",
               directive=found[1])
        )  # fmt: skip
    try:
        grammar, _ = load_grammar(rules, tr("the rules"), [], False)
        for name, _, tree, _ in grammar.rule_defs:
            if _alternatives(tree) > _MOST_ALTERNATIVES:
                raise GrammarFault(
                    tr('the rule "{rule}" has too many optional parts in a row; give some of them rules of their own',
                       rule=name)
                )  # fmt: skip
        terminals, compiled, _ = grammar.compile(["start"], "*")
        analysis = LALR_Analyzer(ParserConf(compiled, {}, ["start"]))
        analysis.compute_lr0_states()
        analysis.compute_reads_relations()
        analysis.compute_includes_lookback()
        analysis.compute_lookaheads()
    except (LarkError, RecursionError, AssertionError, ValueError) as error:
        if "NonTerminal('start')" in str(error):
            fault = tr('there is no rule "start"; write what a sentence is, such as  start: noun verb')
            raise GrammarFault(fault) from None
        reason = " ".join(str(error).split("\n\n")[0].split()) or type(error).__name__
        raise GrammarFault(tr("not a grammar: {reason}", reason=quoted(reason, 150))) from None
    used = {symbol.name for rule in compiled for symbol in rule.expansion if symbol.is_term}
    names = {terminal.name: terminal.pattern for terminal in terminals if terminal.name in used}
    of_terminal = _words_of(names, words, end_word)
    shown = {name: _shown(name, pattern) for name, pattern in names.items()} | {_END: tr("the end of the text")}
    return _parser(analysis, of_terminal, shown)


def _alternatives(tree: Any) -> int:
    """How many ways lark would write this part of a rule out in full; every optional part doubles them."""
    children = getattr(tree, "children", [])
    ways = [_alternatives(child) for child in children]
    match getattr(tree, "data", ""), [str(child) for child in children[1:]]:
        case "expansions", _:
            found = sum(ways)
        case "maybe", _:
            found = math.prod(ways) + 1
        case "expr", ["~", least, *most]:
            longest = int((most or [least])[0])
            if longest >= _LONG:
                found = ways[0] ** _FACTOR
            else:
                found = sum(ways[0] ** times for times in range(int(least), longest + 1))
        case "expr", _:
            found = ways[0] + 1
        case _:
            found = math.prod(ways)
    return min(found, _MOST_ALTERNATIVES + 1)


def _shown(name: str, pattern: Any) -> str:
    if pattern.type == "str":
        return quoted(pattern.value)
    return f"/{pattern.value}/" if name.startswith("__") else name


def _words_of(patterns: dict[str, Any], words: tuple[str, ...], end_word: str) -> dict[str, list[int]]:
    """Terminal -> the words that it is."""
    found: dict[str, list[int]] = {name: [] for name in patterns}
    numbers = {word: number for number, word in enumerate(words)}
    terminal_of: dict[int, str] = {}
    for name, pattern in patterns.items():
        if pattern.type == "str" and not pattern.flags:
            matching = [numbers[pattern.value]] if pattern.value in numbers else []
        else:
            matching = _matching(pattern.to_regexp(), words)
        matching = [number for number in matching if words[number] != end_word]
        if not matching:
            raise GrammarFault(
                tr("{terminal} is none of the words; add it to language.words, or take it out",
                   terminal=_shown(name, pattern))
            )  # fmt: skip
        for number in matching:
            if number in terminal_of:
                other = terminal_of[number]
                raise GrammarFault(
                    tr("the word {word} is both {first} and {second}; write them as rules, in small letters, so that "
                       "the place decides", word=quoted(words[number]), first=_shown(other, patterns[other]),
                       second=_shown(name, pattern))
                )  # fmt: skip
            terminal_of[number] = name
        found[name] = matching
    return found


def _matching(expression: str, words: tuple[str, ...]) -> list[int]:
    """The words that a regular expression matches as a whole."""
    try:
        compiled = regex.compile(expression)
        return [number for number, word in enumerate(words) if compiled.fullmatch(word, timeout=_MATCHING_SECONDS)]
    except regex.error as error:
        fault = tr("{expression} is not a regular expression: {reason}", expression=quoted(expression), reason=error)
    except TimeoutError:
        fault = tr("{expression} takes too long to match; write a simpler one", expression=quoted(expression))
    raise GrammarFault(fault)


def _parser(analysis: Any, words: dict[str, list[int]], shown: dict[str, str]) -> Parser:
    """lark's analysis as plain tables, if it leaves nothing undecided."""
    root = analysis.lr0_start_states["start"]
    numbers = {id(root): 0}
    states = [root]
    queue = deque([root])
    while queue:
        for after in queue.popleft().transitions.values():
            if id(after) not in numbers:
                numbers[id(after)] = len(states)
                states.append(after)
                queue.append(after)
    fewest = _fewest_words({item.rule for state in states for item in state.closure})
    shifts, reductions, completions = [], [], []
    for state in states:
        shifts.append({symbol.name: numbers[id(after)] for symbol, after in state.transitions.items()})
        if any(item.rule.origin.name.startswith("$root") and item.is_satisfied for item in state.kernel):
            shifts[-1][_END] = 0  # where to does not matter: nothing follows
        reduces: dict[str, tuple[str, int]] = {}
        for symbol, rules in state.lookaheads.items():
            one, *more = sorted(rules, key=str)
            if more or symbol.name in shifts[-1]:
                raise GrammarFault(_conflict(symbol, [one, *more], bool(more), shown))
            reduces[symbol.name] = (one.origin.name, len(one.expansion))
        reductions.append(reduces)
        ways: list[tuple[int, int, str | None]] = []
        for item in state.kernel:
            rest = sum(fewest.get(symbol.name, 1) for symbol in item.rule.expansion[item.index :])
            is_root = item.rule.origin.name.startswith("$root")
            ways.append((min(rest, _NEVER), item.index, None if is_root else item.rule.origin.name))
        completions.append(ways)
    if fewest.get("start", _NEVER) >= _NEVER:
        raise GrammarFault(tr('"start" never comes to an end: every way through its rules leads back into them'))
    return Parser(shifts, reductions, completions, words)


def _conflict(next_symbol: Any, rules: list[Any], two_rules: bool, shown: dict[str, str]) -> str:
    """In words, what one word of foresight cannot decide."""
    symbol = shown[next_symbol.name]
    readable = [
        " ".join([f"{rule.origin.name}:", *(shown.get(part.name, part.name) for part in rule.expansion)])
        for rule in rules
    ]
    if two_rules:
        return tr(
            "before {symbol} it is open which rule has been completed, {first} or {second}; the grammar must be "
            "decidable one word ahead (LALR(1)): make the two differ earlier",
            symbol=symbol, first=readable[0], second=readable[1],
        )  # fmt: skip
    return tr(
        "before {symbol} it is open whether the rule {rule} is complete or goes on; the grammar must be decidable "
        "one word ahead (LALR(1)): say in a rule of its own what belongs together",
        symbol=symbol, rule=readable[0],
    )  # fmt: skip


def _fewest_words(rules: set[Any]) -> dict[str, int]:
    """Nonterminal -> the fewest words that it can be; a terminal is one word, and the end of the text none."""
    fewest: dict[str, int] = {rule.origin.name: _NEVER for rule in rules} | {_END: 0}
    changed = True
    while changed:
        changed = False
        for rule in rules:
            words = sum(fewest.get(symbol.name, 1) for symbol in rule.expansion)
            if words < fewest[rule.origin.name]:
                fewest[rule.origin.name] = words
                changed = True
    return fewest
