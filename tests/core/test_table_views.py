"""What views are told of the table equals the trainer's arrays: as a list that is sorted and filtered, and as a picture
of blocks, at once or aside, at rest or while the run goes on."""

import math
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from langrl_gui.core import scenario
from langrl_gui.core.oracle import Solution, solve
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.tables import NOTHING, PADDING
from langrl_gui.core.telemetry import Column, Observer, Overview, OverviewOf, Ranking, Table, Wanted, rows
from langrl_gui.core.telemetry import overview as overviews
from langrl_gui.core.telemetry import table as tables
from langrl_gui.core.telemetry.rows import RowOrder
from langrl_gui.core.telemetry.search import cells_with
from langrl_gui.core.text import mark
from langrl_gui.core.trainer import Trainer

EVERYTHING = (0, 10**9)


WORDS = {"words": ["ab", "b", "Ba", "c", "aab"]}
CORPUS = {"corpus": "few.txt", "tokenizer": "whitespace", "shortlist": 2}
MASK = {"kind": "forbidden", "phrases": ["b b", "c aab"], "use": "mask", "amount": -1}


def problem(*terms: Any, **language: Any) -> Scenario:
    data = {
        "name": "mixed",
        "language": {"joiner": " ", "max_length": 4, **(language or WORDS)},
        "prompts": [
            {"text": "say ab", "references": ["ab b Ba c"]},
            {"text": "why", "references": ["c b", "aab ab"]},
        ],
        "rewards": [{"kind": "match"}, *terms],
        "learner": {"method": "q-learning", "alpha": 0.5, "gamma": 0.9},
    }
    return from_data(data, read_corpus=lambda name, tokenizer: mark("ab b Ba c\nb aab ab\nBa Ba b\n", tokenizer))


class Run(NamedTuple):
    trainer: Trainer
    solution: Solution


PROBLEMS = {
    "all": problem(),
    "one word": problem(**WORDS, context=1),
    "position": problem(**WORDS, context=1, sees_position=True),
    "masked": problem(MASK),
    "masked, one word": problem(MASK, **WORDS, context=1),
    "shortlist": problem(**CORPUS),
}


@pytest.fixture(scope="module", params=PROBLEMS)
def run(request: pytest.FixtureRequest) -> Run:
    trainer = Trainer(PROBLEMS[request.param])
    trainer.advance(1_500)
    return Run(trainer, solve(trainer.scenario))


class Line(NamedTuple):
    key: tuple[int, ...]
    word: int
    q: float
    optimum: float
    gap: float
    visits: int
    change: float
    greedy: bool
    said: str


def text_of(setting: Scenario, key: tuple[int, ...], slot: int) -> str:
    """What is seen before a word, and the word; "\\0" for what is not seen, so that nothing is found across it."""
    words = [setting.language.words[word] if word >= 0 else "\0" for word in (*key[1:], slot)]
    hidden = words.count("\0")
    return setting.starts[key[0]].text + "\0" * (1 + hidden) + setting.language.joiner.join(words[hidden:])


def every_line(run: Run) -> list[Line]:
    """The table, cell by cell, in the order of prompt, length, words, slot: read off the arrays one by one."""
    trainer, lines = run.trainer, []
    table, slots = trainer.tables, trainer.tables.slots
    rows = np.arange(table.rows)
    optimum, words, offered = run.solution.q_values(table, rows), table.words_at(rows), table.offered_words(rows)
    best_slots = trainer.best_slots(rows)
    for row in range(table.rows):
        key = (table.prompt(row), *table.seen(row))
        visits = trainer.learned.visits[row * slots : (row + 1) * slots]
        for slot in range(slots):
            if offered is not None and offered[row, slot] == NOTHING:
                continue
            word = int(words[row, slot])
            q = float(trainer.learned.q[row * slots + slot])
            best = float(optimum[row, slot])
            lines.append(
                Line(
                    key,
                    word,
                    q,
                    best,
                    q - best,
                    int(visits[slot]),
                    float(trainer.learned.change[row * slots + slot]),
                    bool(visits.any()) and slot == best_slots[row],
                    text_of(trainer.scenario, key, word),
                )
            )
    return sorted(lines, key=lambda line: (line.key[0], len(line.key), line.key, line.word))


def listed(table: Table) -> list[tuple[tuple[int, ...], int]]:
    keys = (tuple(word for word in state if word != PADDING) for state in table.states.tolist())
    return list(zip(keys, table.words.tolist(), strict=True))


def expected(run: Run, ranking: Ranking) -> list[Line]:
    """The same list by comparing line with line."""
    lines = [
        line
        for line in every_line(run)
        if (not ranking.visited or line.visits)
        and (not ranking.greedy or line.greedy)
        and (ranking.ranged is None or ranking.low <= getattr(line, ranking.ranged) <= ranking.high)
        and ranking.typed.casefold() in line.said.casefold()
    ]
    sign = -1 if ranking.descending else 1
    if ranking.column == "state":
        order = {key: place for place, key in enumerate(dict.fromkeys(line.key for line in lines))}
        return sorted(lines, key=lambda line: sign * order[line.key])
    if ranking.column == "word":
        return sorted(lines, key=lambda line: sign * line.word)
    numbers = [getattr(line, ranking.column) for line in lines]
    known = [line for line, number in zip(lines, numbers, strict=True) if not math.isnan(number)]
    unknown = [line for line, number in zip(lines, numbers, strict=True) if math.isnan(number)]
    return sorted(known, key=lambda line: sign * getattr(line, ranking.column)) + unknown


RANKINGS = [
    Ranking(),
    *(Ranking(column, down) for column in get_args(Column) for down in (False, True)),
    Ranking("q", True, visited=True),
    Ranking("visits", greedy=True),
    Ranking("gap", ranged="q", low=-0.5, high=0.4),
    Ranking("change", True, ranged="visits", low=3),
    Ranking("state", ranged="gap", high=0.0),
    Ranking("word", typed="ab b"),
    Ranking("q", True, typed="B", visited=True, ranged="optimum", low=-2, high=2),
    Ranking(typed="nowhere"),
]


@pytest.mark.parametrize("ranking", RANKINGS)
def test_that_the_list_is_what_comparing_cell_with_cell_gives(run: Run, ranking: Ranking) -> None:
    ranking = replace(ranking, optimum=run.solution)
    observer = Observer(run.trainer)
    shown = observer.observe(Wanted(table=ranking, table_part=EVERYTHING)).table
    lines = expected(run, ranking)
    assert shown is not None
    assert listed(shown) == [(line.key, line.word) for line in lines]
    assert shown.q.tolist() == [line.q for line in lines]
    assert shown.visits.tolist() == [line.visits for line in lines]
    assert shown.change.tolist() == [line.change for line in lines]
    assert shown.greedy.tolist() == [line.greedy for line in lines]
    assert (shown.cells, shown.all_cells) == (len(lines), run.trainer.tables.rows * run.trainer.tables.slots)
    for place in range(0, len(lines), 37):
        line = lines[place]
        part = observer.observe(Wanted(table=ranking, table_part=(place, 5), table_at=(line.key, line.word))).table
        assert part is not None
        assert listed(part) == [(line.key, line.word) for line in lines[place : place + 5]]
        assert (part.first, part.place) == (place, place)


@pytest.mark.parametrize("typed", ["a", "ab", "b", "b b", "ab b", "bb", "BA C", "y", "say", " ", "aab a", "c ab b"])
def test_that_typed_words_are_found_wherever_the_text_has_them(run: Run, typed: str) -> None:
    setting, order = run.trainer.scenario, RowOrder(run.trainer)
    order.refresh()
    hits = cells_with(setting, run.trainer.tables.states[order.rows], typed)
    for place, row in enumerate(order.rows.tolist()):
        for word in range(len(setting.language.words)):
            text = text_of(setting, order.key(row), word).casefold()
            assert hits[place, word] == (typed.casefold() in text)


def test_that_words_without_spaces_between_them_are_found_across_words() -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    order = RowOrder(trainer)
    order.refresh()
    hits = cells_with(trainer.scenario, trainer.tables.states[order.rows], "我爱")
    found = {(order.key(int(order.rows[place])), int(slot)) for place, slot in np.argwhere(hits)}
    ends, goes_on = {(0, 0), (0, 0, 0), (0, 1, 0), (0, 2, 0)}, {((0, 0, 1), slot) for slot in range(3)}
    assert found == {(key, 1) for key in ends} | goes_on


# -- done aside -------------------------------------------------------------------------------------------------------


class Later(Executor):
    """Does nothing until it is told to."""

    def __init__(self) -> None:
        self.given: list[tuple[Future[Any], Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self.given.append((future, lambda: fn(*args, **kwargs)))
        return future

    def do_all(self) -> None:
        given, self.given = self.given, []
        for future, work in given:
            if future.set_running_or_notify_cancel():
                future.set_result(work())


def test_that_sorting_keeps_nobody_waiting_and_its_result_is_news() -> None:
    trainer, aside = Trainer(problem()), Later()
    trainer.advance(1_000)
    observer = Observer(trainer, aside)
    by_q = Ranking("q", True)

    def look(ranking: Ranking, exact: bool = True) -> Table:
        table = observer.observe(Wanted(table=ranking, table_part=EVERYTHING), exact).table
        assert table is not None
        return table

    assert not look(Ranking()).waits
    before = look(by_q)
    assert (before.ranking, before.waits, observer.waits, observer.has_news) == (Ranking(), True, True, False)
    assert (np.diff(before.q) > 0).any()
    aside.do_all()
    assert observer.has_news
    after = look(by_q)
    assert (after.ranking, after.waits, observer.waits, observer.has_news) == (by_q, False, False, False)
    assert (np.diff(after.q) <= 0).all()
    assert after.order is not before.order
    assert not aside.given, "a list that holds is not made again"
    trainer.advance(2_000)
    running = look(by_q, exact=False)
    assert not aside.given, "while the run goes on it is kept for a while"
    assert listed(running) == listed(after)
    cells = trainer.learned.q.reshape(-1, 5)[trainer.tables.find_rows(running.states), running.words]
    assert running.q.tolist() == cells.tolist(), "but its numbers are those of the moment"
    assert look(by_q).waits
    aside.do_all()
    assert (np.diff(look(by_q).q) <= 0).all()
    look(Ranking("visits"))
    look(Ranking())
    assert not observer.waits, "nobody wants it any more"


def test_that_an_optimum_found_aside_grows_with_the_table_and_ends_when_nobody_looks() -> None:
    trainer, aside = Trainer(problem(), whole=0), Later()
    trainer.advance(500)
    solution, observer = solve(trainer.scenario), Observer(trainer, aside)
    wanted = Wanted(table=Ranking("gap", optimum=solution), table_part=EVERYTHING)
    for steps in (500, 2_000):
        trainer.advance(steps)
        for _ in range(2):
            observer.observe(wanted)
            aside.do_all()
        table = observer.observe(wanted).table
        assert table is not None
        rows = trainer.tables.find_rows(table.states)
        gaps = table.q - solution.q_values(trainer.tables, rows)[np.arange(len(rows)), table.words]
        known = gaps[~np.isnan(gaps)]
        assert (np.diff(known) >= 0).all()
    trainer.advance(4_000)
    observer.observe(wanted)
    observer.close()
    aside.do_all()
    assert not observer.has_news


def test_that_beyond_the_last_row_and_word_there_is_nothing_to_see() -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(300)
    for masked in (trainer, Trainer(PROBLEMS["shortlist"])):
        heat = Observer(masked).observe(Wanted(heat_rows=(70_000, 20), heat_slots=(9_000, 8))).heat
        assert heat is not None
        assert heat.q.shape == heat.visits.shape == heat.offered.shape == (0, 0)


@pytest.mark.parametrize("other", ["morning-tea", "cliff-walking"])
def test_that_the_optimum_of_another_scenario_is_none(other: str) -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(300)
    solution = solve(scenario.find(other))  # the one that a window asked for before it heard of this run
    whole = OverviewOf("gap", 1, 1, (0, 50), (0, 50), solution)
    wanted = Wanted(table=Ranking(column="gap", optimum=solution), table_part=(0, 50), overview=whole)
    seen = Observer(trainer).observe(wanted)
    assert seen.table is not None
    assert seen.overview is not None
    assert seen.table.cells == seen.table.all_cells == 39
    assert np.isnan(seen.overview.values).all()
    before = solve(trainer.scenario.changed("learner.gamma", 0.5))  # its own, from before the discount was changed
    seen = Observer(trainer).observe(Wanted(overview=replace(whole, optimum=before)))
    assert seen.overview is not None
    assert not np.isnan(seen.overview.values).all()


def test_that_threads_give_the_same_list() -> None:
    trainer = Trainer(problem())
    trainer.advance(3_000)
    wanted = Wanted(table=Ranking("visits", True), table_part=EVERYTHING)
    with ThreadPoolExecutor(1) as aside:
        observer = Observer(trainer, aside)
        observer.observe(wanted)
        aside.shutdown()
        table, other = observer.observe(wanted).table, Observer(trainer).observe(wanted).table
    assert table is not None
    assert other is not None
    assert listed(table) == listed(other)


def test_that_a_table_too_large_to_sort_is_listed_as_it_is_and_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_RANKED", 10)
    shown = Observer(run.trainer).observe(Wanted(table=Ranking("q"), table_part=EVERYTHING)).table
    assert shown is not None
    assert shown.too_large
    assert listed(shown) == [(line.key, line.word) for line in every_line(run)]


# -- pictures ---------------------------------------------------------------------------------------------------------


def blocks(run: Run, of: OverviewOf) -> NDArray[np.float64]:
    """The picture, block by block, by looking at each cell."""
    lines = every_line(run)
    rows = {key: row for row, key in enumerate(dict.fromkeys(line.key for line in lines))}
    table = np.full((len(rows), len(run.trainer.scenario.language.words)), math.nan)
    for line in lines:
        if line.visits:
            table[rows[line.key], line.word] = getattr(line, of.what)
    found = np.full((of.lines[1], of.columns[1]), math.nan)
    for line in range(of.lines[1]):
        for column in range(of.columns[1]):
            row, slot = (of.lines[0] + line) * of.rows_each, (of.columns[0] + column) * of.slots_each
            block = [n for n in table[row : row + of.rows_each, slot : slot + of.slots_each].ravel() if n == n]
            if block:
                found[line, column] = max(block, key=lambda number: (abs(number), number))
    return found


def look_at(observer: Observer, of: OverviewOf, exact: bool = True) -> Overview:
    picture = observer.observe(Wanted(overview=of), exact).overview
    assert picture is not None
    return picture


@pytest.mark.parametrize("what", ["q", "visits", "gap", "change"])
def test_that_each_pixel_is_the_largest_of_its_cells_wherever_one_looks(run: Run, what: str) -> None:
    observer = Observer(run.trainer)
    for rows_each, slots_each, lines, columns in (
        (1, 1, (0, 50), (0, 5)),
        (2, 1, (3, 9), (1, 3)),
        (2, 1, (7, 9), (1, 3)),
        (2, 1, (7, 9), (0, 5)),
        (4, 2, (0, 999), (0, 999)),
        (4, 2, (2, 999), (2, 999)),
        (256, 8, (0, 9), (0, 9)),
    ):
        picture = look_at(observer, OverviewOf(what, rows_each, slots_each, lines, columns, run.solution))
        assert np.array_equal(picture.values, blocks(run, picture.of), equal_nan=True)
        order = RowOrder(run.trainer)
        order.refresh()
        first = order.rows[np.arange(picture.of.lines[0], sum(picture.of.lines)) * rows_each]
        assert (picture.states == run.trainer.tables.states[first]).all()


def test_that_a_picture_of_a_run_in_motion_is_made_in_parts_and_is_whole_at_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overviews, "BUDGET", 0.0)
    monkeypatch.setattr(overviews, "CHUNK", 40)
    trainer = Trainer(problem())
    trainer.advance(3_000)
    run, observer = Run(trainer, solve(trainer.scenario)), Observer(trainer)
    of = OverviewOf("q", 2, 1, (0, 999), (0, 5))
    first = look_at(observer, of, exact=False)
    whole = blocks(run, first.of)
    shown = ~np.isnan(first.values)
    assert 0 < shown.sum() < (~np.isnan(whole)).sum()
    assert np.array_equal(first.values[shown], whole[shown])
    for _ in range(len(whole)):
        last = look_at(observer, of, exact=False)
    assert np.array_equal(last.values, whole, equal_nan=True), "sooner or later every line has its turn"
    assert np.isnan(first.values).sum() > np.isnan(last.values).sum(), "a picture that was given does not change"
    trainer.advance(6_000)
    assert np.array_equal(look_at(observer, of).values, blocks(run, of=last.of), equal_nan=True)


def test_that_rows_of_a_growing_table_are_ordered_anew_only_where_there_is_time_or_all_is_to_be_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "REST", 1e9)
    trainer = Trainer(problem(), whole=0)
    order = RowOrder(trainer)
    trainer.advance(10)
    order.refresh(exact=False)
    few = order.rows
    assert len(few) > 0
    trainer.advance(1_000)
    order.refresh(exact=False)
    assert order.rows is few
    order.refresh()
    keys = [order.key(row) for row in order.rows.tolist()]
    assert len(keys) > len(few)
    assert keys == sorted(keys, key=lambda key: (key[0], len(key), key))
    assert [order.find(key) for key in keys] == list(range(len(keys)))
    assert order.find((0, 4, 4, 4, 4)) == -1


def test_that_many_rows_are_sorted_aside_while_the_run_goes_on_and_at_once_where_all_is_to_be_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "REST", 0)
    monkeypatch.setattr(rows, "MOST_PICKED", 10)
    trainer, aside = Trainer(problem(), whole=0), Later()
    order = RowOrder(trainer, aside)
    trainer.advance(10)
    order.refresh(exact=False)
    few = order.rows
    trainer.advance(500)
    known = trainer.tables.rows
    order.refresh(exact=False)
    trainer.advance(1_500)
    order.refresh(exact=False)
    assert order.rows is few
    assert len(aside.given) == 1, "one after the other"
    aside.do_all()
    order.refresh(exact=False)
    assert sorted(order.rows.tolist()) == list(range(known)), "as of when it was asked for"
    assert len(aside.given) == 1, "and the next one is under way"
    order.refresh()
    at_once = RowOrder(trainer)
    at_once.refresh()
    assert len(order.rows) == trainer.tables.rows > known
    assert np.array_equal(order.rows, at_once.rows)
    aside.do_all()
    order.refresh(exact=False)
    assert np.array_equal(order.rows, at_once.rows), "what is out of date is not taken up"
