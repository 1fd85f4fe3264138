"""`langrl`: without a screen what the window does. Uses the laboratory only; every command prints for people, or JSON.

Exit codes: 0 done, 1 a check failed, 2 wrong input (one line on stderr), 130 interrupted.
"""

import argparse
import gc
import importlib
import json
import math
import os
import signal
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, Final

from tqdm import tqdm

import langrl_gui
from langrl_gui.core import context, exports, gym, i18n, oracle, runfile, saying
from langrl_gui.core import scenario as scenarios
from langrl_gui.core.errors import LangrlError, RunFileDamaged, RunFileError, ScenarioError, TableError
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.runfile import Run
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import UNSEEN
from langrl_gui.core.trainer import NO_LIMIT, Trainer
from langrl_gui.core.wording import tr_for
from langrl_gui.core.work import Progress, told_to, within

DONE, CHECK_FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
SLICE: Final = 0.05
"""Seconds between two looks at Ctrl+C and the progress bar."""
TRACED_LONG: Final = 0.1
"""Seconds of tracing that people are told of."""
FREQUENT: Final = 10
"""Words of a corpus that `show` counts."""
GLANCE: Final = 1 << 16
"""Edges up to which `show` examines what a context costs: a moment's work."""
CONFUSIONS: Final = 10
"""States that are listed for people of those in which a context hides what matters."""
DEFAULT_EPISODES: Final = 10_000
"""For a scenario that names no stop rule, where none is given."""
PATIENCE = 60.0
"""Seconds after which nobody waits any longer to be told the optimum beside what was learned."""
MOST_LINES: Final = 20
"""Texts that are printed for people."""
METHODS: Final = {
    "backward-induction": N_("backward induction"),
    "value-iteration": N_("value iteration"),
    "policy-iteration": N_("policy iteration"),
}
"""The oracle's methods, for people."""
SHOWN: Final = {
    "scenario": N_("scenario"),
    "seed": N_("seed"),
    "step": N_("step"),
    "episode": N_("episode"),
    "branches": N_("branches"),
    "events": N_("events"),
    "states": N_("states"),
    "words": N_("words"),
    "corpus": N_("corpus"),
    "kernel": N_("kernel"),
    "state_hash": N_("state hash"),
}
"""What `show` says of a run, for people."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    i18n.set_language(i18n.language_of_environment())
    options = _parser().parse_args(argv)
    try:
        for module in options.imports:
            _import(module)
        code: int = options.command(options)
        sys.stdout.flush()
        return code
    except RunFileDamaged as error:
        return _complain(error, CHECK_FAILED)
    except LangrlError as error:
        return _complain(error, WRONG_INPUT)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        gc.freeze()  # the process ends: looking through everything for cycles once more would take half a second


def _import(module: str) -> None:
    try:
        importlib.import_module(module)
    except Exception as error:  # whatever somebody else's module cannot do
        raise ScenarioError([gym.first_line(error)], f"--import {module}") from None


def _complain(error: Exception, code: int) -> int:
    print("langrl: " + " ".join(str(error).split()), file=sys.stderr)
    return code


# -- commands ---------------------------------------------------------------------------------------------------------


def _scenarios(options: argparse.Namespace) -> int:
    rows = []
    for name, path in scenarios.built_in().items():
        scenario = scenarios.load(path)
        rows.append(
            {
                "id": name,
                "name": scenario.name,
                "words": len(scenario.language.words),
                "states": oracle.count_states(scenario),
                "description": scenario.description,
            }
        )
    if options.json:
        _print_json(rows)
    else:
        for row in rows:
            row["name"], row["description"] = tr(str(row["name"])), tr(str(row["description"]))
        _print_table(
            [tr("id"), tr("name"), tr("words"), tr("states"), tr("what it shows")], [list(row.values()) for row in rows]
        )
    return DONE


def _train(options: argparse.Namespace) -> int:
    scenario = _find_scenario(options.scenario)
    settings = list(options.set)
    if options.seed is not None:
        settings.append(f"learner.seed={options.seed}")
    if settings:
        scenario = scenarios.with_settings(scenario, settings)
    _check_writable(options.out)
    with _bar(tr("tracing")) as bar:
        trainer = Trainer(scenario, progress=bar)
    return _learn(trainer, options, _limits(scenario, options))


def _resume(options: argparse.Namespace) -> int:
    with _bar(tr("tracing")) as bar:
        trainer = runfile.to_trainer(runfile.read(Path(options.file)), progress=bar)
    steps, episodes = trainer.limits
    if options.steps is not None or options.episodes is not None:
        steps = NO_LIMIT if options.steps is None else trainer.step + options.steps
        episodes = NO_LIMIT if options.episodes is None else trainer.episode + options.episodes
    elif trainer.step >= steps or trainer.episode >= episodes:
        raise ScenarioError(
            [tr("the run has met its stop rule; say how far to go on with --steps or --episodes")], options.file
        )
    _check_writable(options.out)
    return _learn(trainer, options, (min(steps, NO_LIMIT), min(episodes, NO_LIMIT)))


def _learn(trainer: Trainer, options: argparse.Namespace, limits: tuple[int, int]) -> int:
    """Train to `limits` = (steps, episodes), save if asked, and report."""
    plan = trainer.tables.plan
    if trainer.stepped is not None and not options.json:
        print(tr(gym.SLOWER))
    if trainer.room is not None and not options.json:
        print(trainer.room)
    with _interruptible() as interrupted:  # before `prepare`: what the compiler calls may swallow a KeyboardInterrupt
        trainer.prepare()
        first, began = trainer.step, time.perf_counter()
        _advance(trainer, limits, interrupted)
    seconds = time.perf_counter() - began
    if options.out:
        runfile.write(Path(options.out), runfile.of_trainer(trainer))
    steps = trainer.step - first
    report = {
        "steps": trainer.step,
        "episodes": trainer.episode,
        "seconds": seconds,
        "steps_per_second": steps / seconds if seconds else 0.0,
        "states": trainer.tables.rows,
        "cells_visited": trainer.cells_visited,
        "says": _says(trainer, options.json),
        "optimum": None if interrupted() else _optimum(trainer.scenario),
        "state_hash": trainer.state_hash(),
    }
    if (estimate := trainer.estimate()) is not None:
        report["estimate"] = {
            "value": estimate.value,
            "standard_error": estimate.error if math.isfinite(estimate.error) else None,
            "episodes": estimate.episodes,
        }
    if trainer.traces:
        report |= {
            "planned_bytes": plan.bytes,
            "edges_traced": trainer.tables.traced,
            "tracing_seconds": trainer.tables.tracing_seconds,
        }
    if options.json:
        _print_json(report)
    else:
        _print_training(trainer.scenario, report, options.out)
    if interrupted():
        saved = tr("; saved to {path}", path=options.out) if options.out else ""
        print(tr("langrl: interrupted at step {step}", step=trainer.step) + saved, file=sys.stderr)
        return INTERRUPTED
    return DONE


def _solve(options: argparse.Namespace) -> int:
    scenario = _find_scenario(options.scenario)
    with _bar(tr("solving")) as bar:
        solution = oracle.solve(scenario, progress=bar)
    report: dict[str, Any] = {
        "method": solution.method,
        "states": solution.states,
        "edges": solution.edges,
        "residual": solution.residual,
        "start_value": solution.start_value if math.isfinite(solution.start_value) else None,
        "optimum": [_best(scenario, best) for best in solution.optimum],
    }
    with _bar(tr("examining the context")) as bar:
        sight = _sight(scenario, context.MOST_EDGES, bar)
    report["context"] = _sight_data(scenario, sight)
    if options.values:
        report["values"] = [
            {
                "prompt": scenario.asked(prompt),
                "words": scenario.names(words),
                "value": value if math.isfinite(value) else None,
            }
            for prompt, words, value in solution.values()
        ]
    if options.json:
        _print_json(report)
        return DONE
    print(
        tr(
            "{method}, {states} states, {edges} edges, residual {residual:g}",
            method=tr(METHODS[solution.method]),
            **{k: report[k] for k in ("states", "edges", "residual")},
        )
    )
    print(tr("value of the start: {value}", value=_amount(report["start_value"])))
    for best in report["optimum"][:MOST_LINES]:
        print(_line(best))
    _print_rest(len(report["optimum"]))
    _print_sight(scenario, sight)
    for row in report.get("values", []):
        print(row["prompt"], " ".join(word or "·" for word in row["words"]), row["value"], sep="\t")
    return DONE


def _show(options: argparse.Namespace) -> int:
    run = runfile.read(Path(options.file))
    moment = run.moment
    trainer = runfile.to_trainer(run)
    report = {
        "scenario": run.scenario.name,
        "seed": run.scenario.learner.seed,
        "step": moment.step,
        "episode": moment.episode,
        "branches": len(moment.timeline.branches),
        "events": len(moment.timeline.events),
        "states": len(moment.states),
        "words": len(run.scenario.language.words),
        **_counts(run.scenario),
        "kernel": f"{run.kernel.name} {run.kernel.version}",
        "says": _says(trainer, options.json),
        "state_hash": trainer.state_hash(),
    }
    sight = _sight(trainer.scenario, GLANCE) if run.scenario.language.context != "all" else None
    if options.json:
        _print_json(report | {"context": _sight_data(trainer.scenario, sight)})
    else:
        for key, value in report.items():
            if key == "says":
                for text in report["says"]:
                    print(_line(text))
                _print_rest(len(run.scenario.starts))
            else:
                if key == "corpus":
                    value = _counted(value)
                label = tr_for(trainer.scenario, SHOWN[key])
                print(label + " " * (12 - _width(label)), value)
        _print_sight(trainer.scenario, sight)
    return DONE


def _counts(scenario: Scenario) -> dict[str, Any]:
    """What the corpus holds, under "corpus"; nothing where there is none."""
    corpus = scenario.language.source
    if corpus is None:
        return {}
    return {
        "corpus": {
            "words": corpus.length,
            "sentences": len(corpus.sentences),
            "counts": corpus.frequent(FREQUENT),
        }
    }


def _counted(corpus: Any) -> str:
    counts = ", ".join(f"{word} {i18n.count(often)}" for word, often in corpus["counts"].items())
    return tr(
        "{words} words in {sentences} sentences; the most frequent: {counts}",
        words=i18n.count(corpus["words"]), sentences=i18n.count(corpus["sentences"]), counts=counts,
    )  # fmt: skip


def _check(options: argparse.Namespace) -> int:
    run = runfile.read(Path(options.file))
    if options.replay:
        again = _replayed(run, run.moment.step)
        moment = again.moment()
        if run.moment.samples is None:  # it comes from a program that kept none
            moment = replace(moment, samples=None)
        if runfile.dumps(replace(runfile.of_trainer(again), moment=moment)) != runfile.dumps(run):
            reason = tr(
                "{path}: replaying its {steps} steps gives another table than the one saved",
                path=options.file,
                steps=i18n.count(run.moment.step),
            )
            if again.stepped is not None:
                reason += tr("; the environment does other things now than it did, or the file was made up")
            raise RunFileDamaged(reason)
        print(
            tr(
                "{path}: every hash is right, and replaying {steps} steps gives the same bytes",
                path=options.file,
                steps=i18n.count(run.moment.step),
            )
        )
    else:
        print(tr("{path}: every hash is right", path=options.file))
    return DONE


def _replay(options: argparse.Namespace) -> int:
    run = runfile.read(Path(options.file))
    if not 0 <= options.to <= run.moment.step:
        raise ScenarioError(
            [tr("--to {step}: the run has the steps 0 to {last}", step=options.to, last=run.moment.step)], options.file
        )
    trainer = _replayed(run, options.to)
    if trainer.stepped is not None and run.moment.found and not trainer.stepped.came_before(run.moment.found):
        raise trainer.stepped.is_another()
    report = {"step": trainer.step, "state_hash": trainer.state_hash()}
    if options.json:
        _print_json(report)
    else:
        print(tr("step {step}: {state_hash}", **report))
    return DONE


def _say(options: argparse.Namespace) -> int:
    trainer = runfile.to_trainer(runfile.read(Path(options.file)))
    scenario = trainer.scenario
    prompts = range(len(scenario.starts))
    if options.prompt is not None:
        try:
            prompts = range(number := saying.find_prompt(scenario, options.prompt), number + 1)
        except ScenarioError as error:
            raise ScenarioError([f"--prompt: {fault}" for fault in error.faults], options.file) from None
    explores = options.explore or options.seed is not None
    answers = [saying.answer(trainer, number, (options.seed or 0) if explores else None) for number in prompts]
    if options.json:
        _print_json([_spoken(scenario, answer) for answer in answers])
        return DONE
    for answer in answers:
        said = scenario.language.join([word.word for word in answer.words])
        print(said if len(answers) == 1 else f"{scenario.starts[answer.prompt].text}\t{said}")
        if options.alternatives:
            _print_alternatives(scenario, answer)
    return DONE


def _spoken(scenario: Scenario, answer: saying.Answer) -> dict[str, Any]:
    """An answer, and for each of its words what else could have been said."""
    names = scenario.language.words
    return {
        **_described(scenario, answer.prompt, tuple(word.word for word in answer.words), answer.value, answer.total),
        "step": answer.step,
        "seed": answer.seed,
        "alternatives": [
            {
                "word": names[word.word],
                "reward": word.reward,
                "explored": word.explored,
                "offered": word.offered,
                "words": [
                    {"word": names[each.word], "q": each.q, "chance": each.chance, "tried": each.visits}
                    for each in word.alternatives
                ],
            }
            for word in answer.words
        ],
    }


def _print_alternatives(scenario: Scenario, answer: saying.Answer) -> None:
    """For each word of an answer the words that could have been said there, the best first, the said one marked."""
    names = scenario.language.words
    for place, word in enumerate(answer.words, start=1):
        rows: list[list[Any]] = []
        for each in word.alternatives:
            mark = ("?" if word.explored else "▸") if each.word == word.word else ""
            rows.append(["", mark, names[each.word], f"{each.q:+.6g}", f"{100 * each.chance:.1f} %", each.visits])
        _print_table([str(place), "", tr_for(scenario, "word"), "Q", tr("chance"), tr("tried")], rows)


def _export(options: argparse.Namespace) -> int:
    kinds = [kind for kind in exports.KINDS if getattr(options, kind)]
    exports.write(Path(options.out), kinds[0], runfile.read(Path(options.file)))
    return DONE


def _bench(options: argparse.Namespace) -> int:
    report = {}
    for name in options.scenario or scenarios.built_in():
        trainer = Trainer(scenarios.find(name))
        trainer.prepare()
        some = 200_000 if trainer.stepped is None else 500
        trainer.advance(some)
        best = 0.0
        for _ in range(5):
            first, began = trainer.step, time.perf_counter()
            while time.perf_counter() - began < 0.2:
                trainer.advance(trainer.step + some)
            best = max(best, (trainer.step - first) / (time.perf_counter() - began))
        report[name] = {"steps_per_second": best}
    if options.json:
        _print_json(report)
    else:
        _print_table(
            [tr("scenario"), tr("million steps/s, best of 5")],
            [[k, f"{v['steps_per_second'] / 1e6:.3g}"] for k, v in report.items()],
        )
    return DONE


# -- what commands share ----------------------------------------------------------------------------------------------


def _find_scenario(name: str) -> Scenario:
    """A built-in id, a `.toml`, or the scenario of a run file."""
    path = Path(name)
    with _bar(tr("reading")):
        if name not in scenarios.built_in() and path.is_file() and runfile.is_run(path):
            return runfile.read(path).scenario
        return scenarios.find(name)


def _limits(scenario: Scenario, options: argparse.Namespace) -> tuple[int, int]:
    if options.steps is not None or options.episodes is not None:
        return options.steps or NO_LIMIT, options.episodes or NO_LIMIT
    if scenario.stop.steps is None and scenario.stop.episodes is None:
        return NO_LIMIT, DEFAULT_EPISODES
    return scenario.stop.steps or NO_LIMIT, scenario.stop.episodes or NO_LIMIT


def _check_writable(out: str | None) -> None:
    """Say before the work, not after it, that its result could not be kept."""
    if not out:
        return
    path = Path(out)
    folder = path.resolve().parent
    if not folder.is_dir():
        raise RunFileError(tr("{path}: there is no folder {folder}; make it first", path=out, folder=folder))
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise RunFileError(tr("{path}: cannot be written; choose another place", path=out))


def _advance(trainer: Trainer, limits: tuple[int, int], interrupted: Callable[[], bool]) -> None:
    by_episodes = limits[1] < NO_LIMIT
    first = trainer.episode if by_episodes else trainer.step
    total = limits[1] if by_episodes else limits[0]
    slice_steps = 100_000
    began = time.perf_counter()

    def enough() -> bool:
        return time.perf_counter() - began > 4 * SLICE

    with _bar(tr("learning")) as bar:
        while trainer.step < limits[0] and trainer.episode < limits[1] and not interrupted():
            began, before = time.perf_counter(), trainer.step
            trainer.advance(min(trainer.step + slice_steps, limits[0]), limits[1], enough)
            took = time.perf_counter() - began
            slice_steps = max(1000, int((trainer.step - before) * min(4.0, SLICE / max(took, 1e-9))))
            now = trainer.episode if by_episodes else trainer.step
            bar((now - first) / max(1, total - first))


def _replayed(run: Run, step: int) -> Trainer:
    trainer = Trainer(run.scenario)
    with _bar(tr("replaying")) as bar:

        def tick() -> None:
            bar(trainer.step / max(1, step))

        trainer.replay(run.moment.timeline, step, tick)
    return trainer


def _says(trainer: Trainer, everything: bool) -> list[dict[str, Any]]:
    """What the agent says to each prompt, or to as many as are printed: thousands may take minutes."""
    prompts = len(trainer.scenario.starts)
    shown = range(prompts if everything else min(prompts, MOST_LINES))
    return [_text(trainer.scenario, trainer.greedy_text(prompt)) for prompt in shown]


def _optimum(scenario: Scenario) -> list[dict[str, Any]] | None:
    """The best texts, to tell beside what was learned; None where they are too many to look through, or take too
    long."""
    if oracle.unsolvable(scenario):
        return None
    try:
        with _bar(tr("solving")) as bar:
            solution = oracle.solve(scenario, progress=within(PATIENCE, bar))
    except TableError as error:
        print(tr("langrl: the optimum is not known: {reason}", reason=error), file=sys.stderr)
        return None
    return [_best(scenario, best) for best in solution.optimum]


def _sight(scenario: Scenario, most_edges: int, progress: Progress | None = None) -> context.Sight | TableError | None:
    """What the scenario's context costs, or why that cannot be told; None for environments."""
    if scenario.environment is not None:
        return None
    try:
        return context.examine(scenario, progress=progress, most_edges=most_edges)
    except TableError as error:
        return error


def _sight_data(scenario: Scenario, sight: context.Sight | TableError | None) -> dict[str, Any] | None:
    if not isinstance(sight, context.Sight):
        return None
    words = scenario.language.words
    return {
        "words": sight.context,
        "lost": list(sight.lost),
        "exact": sight.exact,
        "smallest": list(sight.smallest),
        "confused": sight.confused,
        "states": [
            {
                "prompt": scenario.starts[row.prompt].text,
                "words": [None if word == UNSEEN else words[word] for word in row.seen],
                "after": [
                    {"words": [words[word] for word in group.text], "best": [words[word] for word in group.best]}
                    for group in row.groups
                ],
            }
            for row in sight.confusions
        ],
    }


def _print_sight(scenario: Scenario, sight: context.Sight | TableError | None) -> None:
    """For people: what the context costs, and where; or why that cannot be told of an agent that does not see all."""
    if not isinstance(sight, context.Sight):
        if sight is not None and context.is_short(scenario):
            print(tr("Whether the agent sees enough cannot be told: {reason}.", reason=sight))
        return
    low, high = sight.lost
    if high > 0:
        cost = f"{low:.6g}" if sight.exact else tr("between {low:.6g} and {high:.6g}", low=low, high=high)
        print(
            tr("a context of {words} is too short: the best agent loses {cost}",
               words=sight.context, cost=cost)
        )  # fmt: skip
    least, most = sight.smallest
    if least == most:
        print(tr("the shortest context that loses nothing: {words}", words=most))
    else:
        print(tr("the shortest context that loses nothing: {least} to {most}", least=least, most=most))
    if sight.confused:
        print(tr("states in which different texts need different words: {count}", count=i18n.count(sight.confused)))
    join = scenario.language.join
    for row in sight.confusions[:CONFUSIONS]:
        seen = " ".join("·" if word == UNSEEN else scenario.language.words[word] for word in row.seen)
        prompt = f"{scenario.starts[row.prompt].text} → " if scenario.starts[row.prompt].text else ""
        parts = [
            tr("after “{text}” {words}",
               text=join(group.text), words=" / ".join(scenario.language.words[word] for word in group.best[:5]))
            for group in sorted(row.groups, key=lambda group: len(group.best))[:3]
        ]  # fmt: skip
        print(f"  {prompt}…{seen}: " + tr("; ").join(parts))


def _text(scenario: Scenario, text: Any) -> dict[str, Any]:
    return _described(scenario, text.prompt, text.words, text.value, text.total)


def _best(scenario: Scenario, best: oracle.Optimum) -> dict[str, Any]:
    return _described(scenario, best.prompt, best.words, best.value, best.return_)


def _described(scenario: Scenario, prompt: int, words: tuple[int, ...], value: float, total: float) -> dict[str, Any]:
    return {
        "prompt": scenario.starts[prompt].text,
        "text": scenario.language.join(words),
        "words": [scenario.language.words[word] for word in words],
        "value": value if math.isfinite(value) else None,
        "return": total,
    }


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl+C and SIGTERM ask for an end between two slices; what was learned is kept."""
    asked: list[int] = []

    def ask(number: int, _: FrameType | None) -> None:
        asked.append(number)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, ask) for number in numbers]
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[float], bool]]:
    """A progress bar with time left on a terminal, nothing elsewhere; told the fraction done, it answers True. Within
    it, parts of the work that go along a corpus are shown under names of their own, one after the other."""
    with tqdm(
        total=1.0,
        desc=what,
        disable=None,  # where stderr is no terminal
        leave=False,
        delay=0.5,
        bar_format="{desc} {percentage:3.0f} % {bar:30} {elapsed} < {remaining}",
    ) as bar:
        shown = what

        def show(fraction: float, part: str = what) -> bool:
            nonlocal shown
            if part != shown:
                shown = part
                bar.reset()
                bar.set_description_str(part, refresh=False)
            bar.update(max(0.0, min(1.0, fraction) - bar.n))
            return True

        with told_to(lambda part, fraction: show(fraction, part)):
            yield show


# -- printing ---------------------------------------------------------------------------------------------------------


def _print_json(report: object) -> None:
    print(json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False))


def _print_training(scenario: Scenario, report: dict[str, Any], out: str | None) -> None:
    print(
        tr(
            "{name}: {steps} steps, {episodes} episodes in {seconds:.2f} s ({rate:.3g} million steps/s)",
            name=scenario.name,
            steps=i18n.count(report["steps"]),
            episodes=i18n.count(report["episodes"]),
            seconds=report["seconds"],
            rate=report["steps_per_second"] / 1e6,
        )
    )
    if report.get("tracing_seconds", 0.0) > TRACED_LONG:
        print(
            tr("of these {seconds:.2f} s to trace {edges} edges ({rate:.3g} thousand edges/s)",
               seconds=report["tracing_seconds"], edges=i18n.count(report["edges_traced"]),
               rate=report["edges_traced"] / report["tracing_seconds"] / 1e3)
        )  # fmt: skip
    best = report["optimum"] or [None] * len(report["says"])
    for said, optimum in zip(report["says"], best, strict=False):  # the optimum is known of all prompts
        line = tr_for(scenario, "says {text}", text=_line(said))
        if optimum is not None:
            line += (
                tr("  = optimum")
                if _as_good(scenario, said, optimum)
                else tr("  (optimum: {text})", text=_line(optimum))
            )
        print(line)
    _print_rest(len(scenario.starts))
    if estimate := report.get("estimate"):
        print(
            tr(
                "without exploring it earns about {value:.3g} ± {error:.2g}: "
                "the mean of {count} episodes that it played",
                value=estimate["value"],
                error=math.inf if estimate["standard_error"] is None else estimate["standard_error"],
                count=i18n.count(estimate["episodes"]),
            )
        )
    print(tr("state hash {hash}", hash=report["state_hash"]))
    if out:
        print(tr("saved to {path}", path=out))


def _print_rest(count: int) -> None:
    if count > MOST_LINES:
        print(tr("… and {count} more; --json lists them all", count=i18n.count(count - MOST_LINES)))


def _as_good(scenario: Scenario, said: dict[str, Any], optimum: dict[str, Any]) -> bool:
    """Whether what is said is worth the optimum: exactly, or, where values are means over luck, but for rounding."""
    if scenario.environment is None or None in (said["value"], optimum["value"]):
        return bool(said["value"] == optimum["value"])
    return math.isclose(said["value"], optimum["value"], rel_tol=1e-9, abs_tol=1e-9)


def _line(text: dict[str, Any]) -> str:
    prompt = f"{text['prompt']} → " if text["prompt"] else ""
    return prompt + tr(
        "“{text}”  return {total:g}, value {value}",
        text=text["text"],
        total=text["return"],
        value=_amount(text["value"]),
    )


def _amount(value: float | None) -> str:
    """A value for people; none is that of an agent that loses without end."""
    return "−∞" if value is None else f"{value:.6g}"


def _print_table(head: list[str], rows: list[list[Any]]) -> None:
    lines = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)]
        print("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Columns on a terminal: East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


# -- arguments --------------------------------------------------------------------------------------------------------


def _whole(text: str) -> int:
    try:
        number = int(text.replace("_", ""))
    except ValueError:
        number = -1
    if not 1 <= number < NO_LIMIT:
        raise argparse.ArgumentTypeError(tr('"{text}" is not a whole number of 1 or more', text=text))
    return number


def _natural(text: str) -> int:
    return 0 if text.strip() == "0" else _whole(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="langrl", description=tr("Train, solve and inspect small language learners."))
    parser.add_argument("--version", action="version", version=f"langrl {langrl_gui.__version__}")
    parser.add_argument(
        "--import", dest="imports", action="append", default=[], metavar="MODULE",
        help=tr("import this first: what registers the environment of a saved run"),
    )  # fmt: skip
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=run)
        return sub

    def with_json(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--json", action="store_true", help=tr("print one JSON object and nothing else"))

    def with_limits(sub: argparse.ArgumentParser) -> None:
        limits = sub.add_mutually_exclusive_group()
        limits.add_argument("--steps", type=_whole, metavar="N", help=tr("stop after so many steps"))
        limits.add_argument("--episodes", type=_whole, metavar="N", help=tr("stop after so many episodes"))
        sub.add_argument("--out", metavar="FILE", help=tr("save the run here"))

    scenario_help = tr("a built-in id, a .toml, a .langrl, or gym:ID for an environment of gymnasium's")
    sub = command("scenarios", _scenarios, tr("list the built-in scenarios"))
    with_json(sub)
    sub = command("train", _train, tr("train an agent and say what it has learned"))
    sub.add_argument("scenario", metavar="SCENARIO", help=scenario_help)
    with_limits(sub)
    sub.add_argument("--seed", type=_natural, metavar="N", help=tr("the luck of the run"))
    sub.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help=tr("change a field, such as learner.alpha=0.2")
    )
    with_json(sub)
    sub = command("solve", _solve, tr("compute the exact optimum"))
    sub.add_argument("scenario", metavar="SCENARIO", help=scenario_help)
    sub.add_argument("--values", action="store_true", help=tr("list the value of every state"))
    with_json(sub)
    sub = command("show", _show, tr("say what is in a saved run"))
    sub.add_argument("file", metavar="FILE")
    with_json(sub)
    sub = command("check", _check, tr("verify every hash of a saved run"))
    sub.add_argument("file", metavar="FILE")
    sub.add_argument("--replay", action="store_true", help=tr("also run it again from the start and compare"))
    sub = command("replay", _replay, tr("run a saved run again from its start to a step"))
    sub.add_argument("file", metavar="FILE")
    sub.add_argument("--to", type=_natural, required=True, metavar="STEP")
    with_json(sub)
    sub = command("resume", _resume, tr("go on with a saved run"))
    sub.add_argument("file", metavar="FILE")
    with_limits(sub)
    with_json(sub)
    sub = command("say", _say, tr("what the trained agent answers"))
    sub.add_argument("file", metavar="FILE")
    sub.add_argument("--prompt", metavar="TEXT", help=tr("what it answers to; all prompts where this is left out"))
    sub.add_argument("--explore", action="store_true", help=tr("let it explore as it does in training"))
    sub.add_argument("--seed", type=_natural, metavar="N", help=tr("the luck of exploring"))
    sub.add_argument(
        "--alternatives", action="store_true", help=tr("show what else could be said at each word, with Q and chance")
    )
    with_json(sub)
    sub = command("export", _export, tr("write a run's table, or its scenario, for other programs"))
    sub.add_argument("file", metavar="FILE")
    kinds = sub.add_mutually_exclusive_group(required=True)
    for kind in exports.KINDS:
        kinds.add_argument(f"--{kind}", action="store_true")
    sub.add_argument("--out", required=True, metavar="PATH")
    sub = command("bench", _bench, tr("measure how fast this machine trains"))
    sub.add_argument("scenario", nargs="*", metavar="SCENARIO", help=tr("what to train; none: all that come with it"))
    with_json(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main())
