"""A run's table for other programs: CSV and JSON with every visited cell, and its scenario as TOML with its corpus."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from langrl_gui.core import runfile, scenario
from langrl_gui.core.runfile import Run
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import NOTHING, PADDING
from langrl_gui.core.trainer import state_hash

KINDS: Final = ("csv", "json", "toml")


def write(path: Path, kind: str, run: Run) -> None:
    """Write `run` as one of KINDS to `path`, as safely as a run file.

    A scenario's corpus is written beside it, under its name with `.txt`: what a run calls it is never used as a path.

    Raises
    ------
    RunFileError
        If it cannot be written; what was there before is still there.
    """
    if kind == "toml":
        write_scenario(path, run.scenario)
    else:
        runfile.write_bytes_safely(path, {"csv": to_csv, "json": to_json}[kind](run).encode())


def write_scenario(path: Path, made: Scenario) -> None:
    """Write the scenario to `path` as TOML, so that it can be opened there: with its corpus beside it.

    The corpus gets the scenario's name with `.txt`: what a file calls it is never used as a path.

    Raises
    ------
    RunFileError
        If it cannot be written; what was there before is still there.
    """
    corpus, beside = made.language.source, path.with_suffix(".txt")
    if corpus is not None:
        runfile.write_bytes_safely(beside, corpus.text.encode())
    text = scenario.dumps(made, beside.name if corpus is not None else None)
    runfile.write_bytes_safely(path, text.encode())


def to_csv(run: Run) -> str:
    """One line per visited cell: prompt, text, word, q (17 digits), visits."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["prompt", "text", "word", "q", "visits"])
    for row in _rows(run):
        for word, q, visits in zip(row.choices, row.q, row.visits, strict=True):
            if visits:
                writer.writerow([row.prompt, row.text, word, repr(q), visits])
    return lines.getvalue()


def to_json(run: Run) -> str:
    """The scenario, where the run stands, and every visited row with its values and visits."""
    moment = run.moment
    data = {
        "scenario": scenario.to_data(run.scenario),
        "step": moment.step,
        "episode": moment.episode,
        "state_hash": state_hash(moment),
        "rows": [row._asdict() for row in _rows(run)],
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


class _Row(NamedTuple):
    prompt: str
    text: str
    words: list[str]
    choices: list[str]
    """What each of the values is the value of."""
    q: list[float]
    visits: list[int]


def _rows(run: Run) -> Iterator[_Row]:
    language, moment = run.scenario.language, run.moment
    every_word = np.arange(language.slots)
    for number, state in enumerate(moment.states.tolist()):
        offered = every_word if moment.offered is None else moment.offered[number]
        there = offered != NOTHING
        choices = [language.words[word] for word in offered[there]]
        q, visits = moment.q[number, there].tolist(), moment.visits[number, there].tolist()
        words = [name or "·" for name in run.scenario.names([w for w in state[1:] if w != PADDING])]
        yield _Row(run.scenario.asked(state[0]), language.joiner.join(words), words, choices, q, visits)
