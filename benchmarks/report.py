"""What the runner shows of its results: where it is, tables of ratios, and a picture of them."""

import sys
import textwrap
import time
from pathlib import Path
from typing import Any, TextIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.style import context
from matplotlib.ticker import LogFormatter

OURS = "curvlib"
LIBRARIES = ("curvlinops", "jaxopt", "kfac-jax", "optax", "optimistix", "scipy", "somax")
WIDEST = 14  # letters of a table's column
NAMED = 6  # groups that a panel tells apart by colour; more of them are one cloud
STYLE = {
    "svg.fonttype": "none",
    "font.sans-serif": ["DejaVu Sans"],
    "svg.hashsalt": "benchmarks",
    "font.size": 8,
    "axes.titlesize": 9,
}

Results = dict[str, Any]


class Progress:
    """A line on a terminal, rewritten in place: which comparison, group and round it is; elsewhere nothing.

    Args:
        stream: where the line stands.
    """

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self.stream, self.start, self.place = stream, time.monotonic(), ""

    def enter(self, place: str) -> None:
        """From now on the line begins with this."""
        self.place = place

    def tell(self, what: str) -> None:
        if self.stream.isatty():
            self.stream.write(f"\r\033[K{self.place}, {what}, {self.elapsed()}")
            self.stream.flush()

    def clear(self) -> None:
        """Make room for what is printed."""
        if self.stream.isatty():
            self.stream.write("\r\033[K")
            self.stream.flush()

    def elapsed(self) -> str:
        minutes, seconds = divmod(round(time.monotonic() - self.start), 60)
        return f"{minutes}:{seconds:02}"


def table(name: str, result: Results) -> str:
    """The median ratios of a comparison, aligned: a row for each group, a column for each contestant."""
    groups = result["groups"]
    contestants = contestants_of(result)
    heads = [textwrap.wrap(label, WIDEST, break_long_words=False) for label in contestants]
    height = max(map(len, heads))
    rows = [["", *(([""] * (height - len(head)) + head)[line] for head in heads)] for line in range(height)]
    for label, group in groups.items():
        ratios = (f"{group[one]['ratio']['median']:.2f}" if one in group else "" for one in contestants)
        rows.append([label, *ratios])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([f"{name}, median ratios over {result['rounds']} rounds", *lines])


def with_peers(results: Results) -> list[str]:
    """The comparisons in which curvlib stands beside another library."""

    def libraries(result: Results) -> set[str]:
        labels = {label for group in result["groups"].values() for label in group}
        known = (OURS, *LIBRARIES)
        return {library for library in known for label in labels if label.startswith(library)}

    return sorted(name for name, result in results.items() if libraries(result) > {OURS})


def draw(results: Results, path: Path) -> None:
    """A panel for each comparison with peers: the ratio of each contestant, a dot a group, with its range."""
    names = with_peers(results)
    heights = [1 + len(contestants_of(results[name])) - len(references(results[name])) for name in names]
    with context(["default", STYLE]):
        figure = Figure(figsize=(7.5, 0.24 * sum(heights) + 0.45 * len(names)), layout="constrained")
        panels = figure.subplots(len(names), 1, height_ratios=heights, squeeze=False)[:, 0]
        for name, axes in zip(names, panels, strict=True):
            _panel(axes, name, results[name])
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def contestants_of(result: Results) -> list[str]:
    """All of a comparison's, those first to which ratios refer."""
    labels = sorted({label for group in result["groups"].values() for label in group})
    return sorted(labels, key=lambda label: label not in references(result))


def references(result: Results) -> list[str]:
    """The contestants to which ratios refer: theirs to themselves is one in every round."""
    whole = {"median": 1.0, "least": 1.0, "most": 1.0}
    groups = result["groups"].values()
    return sorted({label for group in groups for label, one in group.items() if one["ratio"] == whole})


def _panel(axes: Axes, name: str, result: Results) -> None:
    units, groups = references(result), result["groups"]
    labels = [label for label in contestants_of(result) if label not in units]
    few = len(groups) <= NAMED
    for number, (group, measured) in enumerate(groups.items()):
        offset = 0.6 * ((number + 0.5) / len(groups) - 0.5)
        ratios = [measured[label]["ratio"] for label in labels if label in measured]
        rows = [labels.index(label) + offset for label in labels if label in measured]
        colour = f"C{number}" if few else "C0"
        axes.hlines(
            rows, [r["least"] for r in ratios], [r["most"] for r in ratios],
            color=colour, linewidth=1, alpha=0.6 if few else 0.2,
        )  # fmt: skip
        axes.plot(
            [r["median"] for r in ratios], rows, "o",
            color=colour, markersize=4 if few else 2, label=group if few else None,
        )  # fmt: skip
    axes.axvline(1, color="0.7", linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.5)))
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_title(f"{name}: time, over that of {' or '.join(units)}", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    if few and len(groups) > 1:
        axes.legend(fontsize=6, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
