"""What each device does of a compiled program, and what the devices send each other: nothing is run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import jax

COLLECTIVES = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
# n³/3 and the like: of a matrix with the shape of the result, or of what is solved with.
_LAPACK: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], float]] = {
    "potrf": lambda first, _: first[-1] ** 3 / 3 * prod(first[:-2]),
    "trsm": lambda first, out: prod(out) * first[-1],
    "syevd": lambda first, _: 9 * first[-1] ** 3 * prod(first[:-2]),
    "getrf": lambda first, _: min(first[-2:]) ** 2 * (max(first[-2:]) - min(first[-2:]) / 3),
    "geqrf": lambda first, _: 2 * min(first[-2:]) ** 2 * (max(first[-2:]) - min(first[-2:]) / 3),
}


@dataclass(frozen=True)
class Share:
    """What one device does in one call of a program.

    Attributes:
        operations: multiply–adds of its products of matrices, factorizations and triangular solves, counted
            as in ``curvlib.counting``.
        calls: how many times devices wait for each other, by the collective operation.
        numbers: how many numbers these carry, by the operation: those of its result on this device.
    """

    operations: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Share) -> Share:
        return Share(
            self.operations + other.operations, self.calls + other.calls, self.numbers + other.numbers
        )

    def times(self, rounds: int) -> Share:
        """So many calls."""
        calls, numbers = (
            Counter({kind: rounds * count for kind, count in one.items() if rounds})
            for one in (self.calls, self.numbers)
        )
        return Share(self.operations * rounds, calls, numbers)


def share(function: Callable[..., Any], *arguments: Any, rounds: int = 1) -> Share:
    """What each device does of ``jit(function)(*arguments)``, on the devices where the arguments are.

    It is read off the program that XLA has made for one device, after it has divided the work and put in what
    the devices send each other. All devices run the same one.

    Args:
        function: a JAX function.
        *arguments: arrays, sharded as they shall be.
        rounds: of each loop whose length XLA does not know.

    Example:
        >>> import jax.numpy as jnp
        >>> share(lambda a, b: a @ b, jnp.ones((20, 30)), jnp.ones((30, 50))).operations
        30000.0
    """
    return share_of(jax.jit(function).lower(*arguments).compile().as_text(), rounds)


def share_of(text: str, rounds: int = 1) -> Share:
    """``share`` of the text of a compiled program."""
    parts, entry = _computations(text)
    done: dict[str, Share] = {}

    def of(name: str) -> Share:
        if name not in done:
            shapes = {line["name"]: line["shapes"] for line in parts[name]}
            done[name] = sum((price(line, shapes) for line in parts[name]), Share())
        return done[name]

    def price(line: dict[str, Any], shapes: dict[str, list[tuple[int, ...]]]) -> Share:
        kind, rest = line["kind"].removesuffix("-start"), line["rest"]
        if kind in COLLECTIVES:
            return Share(0.0, Counter([kind]), Counter({kind: sum(map(prod, line["shapes"]))}))
        if kind == "dot":
            first = shapes[line["operands"][0]][0]
            axes = re.search(r"lhs_contracting_dims={([\d,]*)}", rest)
            summed = [first[int(axis)] for axis in axes[1].split(",") if axis] if axes else []
            return Share(float(prod(line["shapes"][0]) * prod(summed)))
        if kind == "custom-call":
            target = re.search(r'custom_call_target="lapack_[sdcz]([a-z]+)', rest)
            if target and target[1] in _LAPACK:
                first = shapes[line["operands"][0]][0]
                return Share(float(_LAPACK[target[1]](first, line["shapes"][0])))
            return Share()
        if kind == "while":
            known = re.search(r'known_trip_count":{"n":"(\d+)"', rest)
            body = re.search(r"body=%?([\w.\-]+)", rest)
            return of(body[1]).times(int(known[1]) if known else rounds)
        if kind == "conditional":
            branches = re.search(r"branch_computations={([^}]*)}", rest)
            names = re.findall(r"[\w.\-]+", branches[1]) if branches else []
            names += re.findall(r"(?:true|false)_computation=%?([\w.\-]+)", rest)
            return max(map(of, names), key=lambda one: (one.operations, sum(one.numbers.values())))
        inside = re.search(r"(?:calls|to_apply)=%?([\w.\-]+)", rest) if kind in ("fusion", "call") else None
        return of(inside[1]) if inside else Share()

    return of(entry)


_LINE = re.compile(
    r"^\s+(?:ROOT )?%?(?P<name>[\w.\-]+) = (?P<type>\(.*?\)|\S+) (?P<kind>[a-z][\w\-]*)\((?P<rest>.*)$"
)
_SHAPE = re.compile(r"\w+\[([\d,]*)\]")


def _computations(text: str) -> tuple[dict[str, list[dict[str, Any]]], str]:
    """The instructions of each computation, and the name of the first to be run."""
    parts: dict[str, list[dict[str, Any]]] = {}
    entry = current = ""
    for line in text.splitlines():
        head = re.match(r"^(ENTRY )?%?([\w.\-]+) .*{\s*$", line)
        if head and not line.startswith(" ") and not line.startswith("HloModule"):
            current = head[2]
            parts[current] = []
            entry = current if head[1] else entry
        elif found := _LINE.match(line):
            shapes = [tuple(int(n) for n in dims.split(",") if n) for dims in _SHAPE.findall(found["type"])]
            operands = re.findall(r"%([\w.\-]+)", found["rest"].split(")", 1)[0])
            parts[current].append(found.groupdict() | {"shapes": shapes, "operands": operands})
    return parts, entry
