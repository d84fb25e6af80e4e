"""Run comparisons, write what they measured and show it: `python -m benchmarks.run [--quick] [name ...]`."""

import argparse
import importlib
import inspect
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import jax

from benchmarks.report import Progress, draw, table, with_peers

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
QUICK_RESULTS = HERE / "results-quick.json"  # not committed: too few rounds to be quoted
PICTURE = HERE / "results.svg"
COMPARISONS = sorted(
    path.stem
    for path in HERE.glob("*.py")
    if path.stem not in ("__init__", "run", "report", "peers", "practice") and not path.stem.endswith("_peer")
)
# What a quick run does without, and why.
LEFT_OUT = {
    "autoencoder": "its runs take minutes, and chapter 6 replays their record",
    "devices": "it compiles nine programs for each of four numbers of devices",
    "heirs": "its runs take minutes, and chapter 11 replays their record",
    "hessian_free": "its runs take minutes, and chapter 7 replays their record",
    "kfac": "it compiles K-FAC and kfac-jax for more than a minute",
    "kfac_race": "its races take minutes",
    "nist": "it compiles ten solvers for each of 27 problems",
    "orders": "it compiles seven methods on two problems, and chapter 8 reads their record",
    "parameterizations": "its runs take minutes, and chapter 10 reads their record",
    "products": "its largest network takes minutes",
    "profiles": "its runs take minutes, and chapter 8 replays their record",
    "sines": "it compiles its solvers for each of twelve problems",
    "spectrum": "it trains networks for minutes, and chapter 10 replays the record",
}
PACKAGES = ("jax", "jaxlib", "numpy", "scipy", "optax")
ROUNDS, QUICK_ROUNDS = 21, 3
SHORTEST = 2e-3  # seconds; what is quicker is repeated within a round, since one call would measure the clock


class Group(NamedTuple):
    """Functions that compute the same thing; the first is what the others' ratios refer to.

    Facts are what else there is to say of it: numbers by name, such as each contestant's accuracy. Units are
    the contestants to which others' ratios refer instead, such as a library's own gradient.
    """

    name: str
    contestants: dict[str, Callable[[], Any]]
    facts: dict[str, Any] = {}  # noqa: RUF012 (never mutated)
    units: dict[str, str] = {}  # noqa: RUF012


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        return cls(*(float(f"{v:.4g}") for v in (statistics.median(values), min(values), max(values))))


def measure(
    contestants: dict[str, Callable[[], Any]],
    rounds: int = ROUNDS,
    tell: Callable[[str], None] = lambda _: None,
    units: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, dict[str, Spread]]:
    """Seconds of each contestant and its ratio to its unit, or the first if it has none, over rounds in which
    they take turns, warm. What is a unit refers to itself."""
    tell("warming up")
    repeats = {name: _repeats(run) for name, run in contestants.items()}
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        for name, run in contestants.items():
            seconds[name].append(_time(run, repeats[name]))
    first = next(iter(contestants))

    def ratios(name: str) -> list[float]:
        unit = name if name in units.values() else units.get(name, first)
        return [mine / its for mine, its in zip(seconds[name], seconds[unit], strict=True)]

    return {
        name: {"seconds": Spread.of(times), "ratio": Spread.of(ratios(name))}
        for name, times in seconds.items()
    }


def _repeats(run: Callable[[], Any]) -> int:
    """Compile and warm up; then how often to call within a round."""
    for _ in range(3):
        single = _time(run, 1)
    return max(1, round(SHORTEST / single))


def _time(run: Callable[[], Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        jax.block_until_ready(run())
    return (time.perf_counter() - start) / repeats


def machine(peers: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the timings depend on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in (*PACKAGES, *peers)},
        "date": date.today().isoformat(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )


def compare(
    name: str, rounds: int | None = None, quick: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Run one comparison and print it as it goes; in as many rounds as it asks for, if not told."""
    module = importlib.import_module(f"benchmarks.{name}")
    progress = progress or Progress()
    rounds = rounds or (QUICK_ROUNDS if quick else getattr(module, "ROUNDS", ROUNDS))
    print(f"\n{name}: {module.ABOUT}")
    groups: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    shrinks = quick and "quick" in inspect.signature(module.groups).parameters
    iterator: Iterator[Group] = module.groups(quick=True) if shrinks else module.groups()
    progress.tell("preparing")
    for group in iterator:
        measured = measure(
            group.contestants,
            rounds,
            lambda what, group=group: progress.tell(f"{group.name}, {what}"),
            group.units,
        )
        progress.clear()
        print(f"  {group.name}")
        for label, result in measured.items():
            s, r = result["seconds"], result["ratio"]
            print(
                f"    {label:34} {s.median * 1e3:9.3f} ms ({s.least * 1e3:.3f}-{s.most * 1e3:.3f})"
                f"   x {r.median:.2f} ({r.least:.2f}-{r.most:.2f})"
            )
        groups[group.name] = {
            label: {k: vars(v) for k, v in result.items()} for label, result in measured.items()
        }
        if group.facts:
            facts[group.name] = group.facts
            print("    " + ", ".join(f"{name} {value}" for name, value in group.facts.items()))
        progress.tell("preparing")
    progress.clear()
    peers = getattr(module, "PEERS", ())
    result = {"about": module.ABOUT, "rounds": rounds, "machine": machine(peers), "groups": groups}
    if facts:
        result["facts"] = facts
    if hasattr(module, "summary"):
        result["summary"] = module.summary(groups, facts)
        for name, numbers in result["summary"].items():
            print(f"  {name}: " + ", ".join(f"{key} {value}" for key, value in numbers.items()))
    return result


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def main() -> None:
    arguments = parsed()
    if arguments.draw:
        results = read(RESULTS)
        draw(results, PICTURE)
        print(f"{PICTURE.name}: {', '.join(with_peers(results))}")
        return
    jax.config.update("jax_enable_x64", True)
    names = arguments.names or [name for name in COMPARISONS if not (arguments.quick and name in LEFT_OUT)]
    path = QUICK_RESULTS if arguments.quick else RESULTS
    progress, found = Progress(), {}
    for number, name in enumerate(names, 1):
        progress.enter(f"comparison {number} of {len(names)}, {name}")
        found[name] = compare(name, arguments.rounds, arguments.quick, progress)
        # Read anew: another run may have written its own since.
        path.write_text(json.dumps(read(path) | {name: found[name]}, indent=1, sort_keys=True) + "\n")
    for name, result in found.items():
        print(f"\n{table(name, result)}")
    print(f"\n{len(found)} comparisons in {progress.elapsed()} minutes, in {path.name}")
    if arguments.quick and not arguments.names:
        for name, reason in LEFT_OUT.items():
            print(f"left out: {name}, since {reason}")


def parsed() -> argparse.Namespace:
    """What the command line asks for; names are checked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"of {', '.join(COMPARISONS)}; none: all of them"
    )
    parser.add_argument("--rounds", type=int, help=f"instead of a comparison's own, or {ROUNDS}")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{QUICK_ROUNDS} rounds, shorter where a comparison can be, into {QUICK_RESULTS.name}; "
        f"without {', '.join(LEFT_OUT)}",
    )
    parser.add_argument("--draw", action="store_true", help=f"only draw {RESULTS.name}, as {PICTURE.name}")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(COMPARISONS)
    if unknown:
        parser.error(f"no comparison {', '.join(sorted(unknown))}; there are {', '.join(COMPARISONS)}")
    slow = set(arguments.names) & set(LEFT_OUT)
    if arguments.quick and slow:
        parser.error("; ".join(f"no quick {name}, since {LEFT_OUT[name]}" for name in sorted(slow)))
    return arguments


if __name__ == "__main__":
    main()
