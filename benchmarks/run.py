"""Run comparisons and write what they measured: `python -m benchmarks.run [name ...]`."""

import argparse
import importlib
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
COMPARISONS = sorted(
    path.stem
    for path in HERE.glob("*.py")
    if path.stem not in ("__init__", "run") and not path.stem.endswith("_peer")
)
PACKAGES = ("jax", "jaxlib", "numpy", "scipy", "optax")
ROUNDS = 21
SHORTEST = 2e-3  # seconds; what is quicker is repeated within a round, since one call would measure the clock


class Group(NamedTuple):
    """Functions that compute the same thing; the first is what the others' ratios refer to.

    Facts are what else there is to say of it: numbers by name, such as each contestant's accuracy.
    """

    name: str
    contestants: dict[str, Callable[[], Any]]
    facts: dict[str, Any] = {}  # noqa: RUF012 (never mutated)


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        return cls(*(float(f"{v:.4g}") for v in (statistics.median(values), min(values), max(values))))


def measure(contestants: dict[str, Callable[[], Any]], rounds: int = ROUNDS) -> dict[str, dict[str, Spread]]:
    """Seconds of each contestant and its ratio to the first, over rounds in which they take turns, warm."""
    repeats = {name: _repeats(run) for name, run in contestants.items()}
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            seconds[name].append(_time(run, repeats[name]))
    reference = seconds[next(iter(contestants))]
    return {
        name: {
            "seconds": Spread.of(times),
            "ratio": Spread.of([mine / theirs for mine, theirs in zip(times, reference, strict=True)]),
        }
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


def compare(name: str, rounds: int | None = None) -> dict[str, Any]:
    """Run one comparison and print it as it goes; in as many rounds as it asks for, if not told."""
    module = importlib.import_module(f"benchmarks.{name}")
    rounds = rounds or getattr(module, "ROUNDS", ROUNDS)
    print(f"\n{name}: {module.ABOUT}")
    groups: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    iterator: Iterator[Group] = module.groups()
    for group in iterator:
        print(f"  {group.name}")
        measured = measure(group.contestants, rounds)
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
    peers = getattr(module, "PEERS", ())
    result = {"about": module.ABOUT, "rounds": rounds, "machine": machine(peers), "groups": groups}
    if facts:
        result["facts"] = facts
    if hasattr(module, "summary"):
        result["summary"] = module.summary(groups, facts)
        for name, numbers in result["summary"].items():
            print(f"  {name}: " + ", ".join(f"{key} {value}" for key, value in numbers.items()))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"of {', '.join(COMPARISONS)}; none: all of them"
    )
    parser.add_argument("--rounds", type=int, help=f"instead of a comparison's own, or {ROUNDS}")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(COMPARISONS)
    if unknown:
        parser.error(f"no comparison {', '.join(sorted(unknown))}; there are {', '.join(COMPARISONS)}")
    jax.config.update("jax_enable_x64", True)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in arguments.names or COMPARISONS:
        results[name] = compare(name, arguments.rounds)
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
