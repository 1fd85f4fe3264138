"""Measures the speeds of LangRL Studio on this machine, each beside what it is compared with.

One line for each number, or one JSON object. Speeds are the best of several taken in turn: others who use the machine
can only slow things down.
"""

import argparse
import dataclasses
import json

from benchmarks import c_loop, curves, graph, heat, large, processes, rewards, seed_loop, window
from benchmarks.result import LeftOut

BENCHMARKS = {
    "seed-loop": seed_loop.compare,
    "c-loop": c_loop.compare,
    "rewards": rewards.compare,
    "large": large.compare,
    "environment": processes.train,
    "solve": processes.solve,
    "window": window.compare,
    "heat": heat.heat,
    "graph": graph.graph,
    "curves": curves.curves,
    "startup": window.startup,
    "first-step": window.first_step,
    "closing": window.closing,
}


def main() -> None:
    """Run the benchmarks that are named, all of them if none is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"any of {', '.join(BENCHMARKS)}")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")
    options = parser.parse_args()
    for name in options.name:
        if name not in BENCHMARKS:
            parser.error(f"{name}: there is no such benchmark, but {', '.join(BENCHMARKS)}")
    found = {}
    for name in options.name or BENCHMARKS:
        try:
            results = BENCHMARKS[name]()
        except LeftOut as reason:
            lines, found[name] = [f"{name}: left out, {reason}"], {"left_out": str(reason)}
        else:
            lines, found[name] = map(str, results), [dataclasses.asdict(result) for result in results]
        if not options.json:
            print(*lines, sep="\n", flush=True)
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
