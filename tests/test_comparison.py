"""What chapter 8 compares: exponents that are counted, and records of runs that say what the book says."""

import inspect
import json
import re

import numpy as np
import pytest

from benchmarks import exponents, run
from curvlib import costs

THEORY = {  # of operations apart from the data, and of numbers held, in n
    "gradient descent": (1, 1),
    "Adam": (1, 1),
    "L-BFGS": (1, 1),
    "K-FAC": (1.5, 1),
    "Hessian-free": (1, 1),
    "Newton": (3, 2),
}


@pytest.mark.parametrize("name", THEORY)
def test_counted_exponents_are_those_of_theory(name):
    one = exponents.CONTESTANTS[name]
    (n, fixed, each, held), (m, more, of_each, memory) = (
        exponents.counts(one, size) for size in one.counted[:2]
    )
    grown = np.log(m / n)
    cost, numbers = THEORY[name]
    assert np.log(more / fixed) / grown == pytest.approx(cost, abs=0.05)
    assert np.log(memory / held) / grown == pytest.approx(numbers, abs=0.05)
    assert np.log(of_each / each) / grown == pytest.approx(2 if name == "Newton" else 1, abs=0.05)


def test_recorded_exponents_are_those_of_theory():
    (facts,) = (
        told for told in json.loads(run.RESULTS.read_text())["exponents"]["facts"].values() if "Adam" in told
    )
    for name, (cost, numbers) in THEORY.items():
        told = facts[name]["exponents"]
        assert told["apart from the data"] == pytest.approx(cost, abs=0.05)
        assert told["held"] == pytest.approx(numbers, abs=0.05)
    assert facts["L-BFGS, a pair"] == pytest.approx(exponents.of_a_pair(), rel=1e-12)


NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
NOT_PROSE = re.compile(r"\{[\w:]+\}`[^`]*`|`[^`]*`|^\(.*\)=$|^:label:.*$|\]\([^)]*\)", re.MULTILINE)
GIVEN = {"60", "75", "100", "1.4"}  # minutes to read, what a percentage is of, a speed-up that is cited


def numbers(text: str) -> set[str]:
    """The numbers in a text, without commas between thousands."""
    return {one.rstrip(",").replace(",", "") for one in NUMBER.findall(text)}


@pytest.mark.parametrize("chapter", ["08-comparison", "09-in-practice", "10-what-curvature-tells"])
def test_every_number_in_the_prose_comes_from_a_cell(chapter: str) -> None:
    cells = json.loads((run.HERE.parent / "chapters" / f"{chapter}.ipynb").read_text())["cells"]
    told = numbers(inspect.getsource(costs))  # what chapters 8 and 9 call for the prices of steps
    for cell in cells:
        if cell["cell_type"] == "code":
            told |= numbers("".join(cell["source"]))
            for output in cell["outputs"]:
                data = output.get("data", {})
                told |= numbers("".join(output.get("text", [])))
                told |= numbers("".join(data.get("text/plain", [])) + "".join(data.get("text/markdown", [])))
    prose = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    said = {one for one in numbers(NOT_PROSE.sub(" ", prose)) if float(one) > 10 or "." in one}
    assert said - told - GIVEN == set()
