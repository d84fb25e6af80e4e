"""Where a slider can stand, and how many digits tell its places apart."""

import math
import sys
from collections.abc import Sequence

import numpy as np

POSITIONS = 360  # of a slider without steps or stops, in the page
DIGITS = 3  # of a number, at least
MOST_DIGITS = 17  # that tell any float from its neighbours


def stops_between(
    low: float, high: float, count: int, log: bool, integer: bool, name: str
) -> tuple[float, ...]:
    """The values of a slider with stops: few digits, and no further from their place than a 50th of a gap."""
    even = (np.geomspace if log else np.linspace)(low, high, count)
    if integer:
        places = tuple(round(place) for place in even.tolist())
        if len(set(places)) < count:
            raise ValueError(f"slider '{name}' has fewer than {count} whole numbers to stop at")
        return places
    with np.errstate(over="ignore"):  # where there is all the room
        room = even * (even[1] / even[0] - 1) if log else np.min(np.diff(even))
    digits = next(
        digits
        for digits in range(DIGITS, MOST_DIGITS + 1)
        if digits == MOST_DIGITS or np.all(np.abs(_rounded(even, digits) - even) <= room / 50)
    )
    return (low, *_rounded(even[1:-1], digits).tolist(), high)


def divisible(low: float, high: float) -> bool:
    """Whether there are numbers between that are further apart than rounding, and no infinite distances."""
    return math.isfinite(high - low) and (high - low) / POSITIONS > sys.float_info.min


def geometric_mean(low: float, high: float) -> float:
    """The middle of two positive numbers' logarithms."""
    product = low * high
    return math.sqrt(product) if 1e-300 < product < math.inf else math.sqrt(low) * math.sqrt(high)


def nearest(places: Sequence[float], number: float) -> float:
    """The place nearest to a number; the first of two."""
    return min(places, key=lambda place: abs(place - number))


def steps_to(number: float, low: float, step: float) -> int | None:
    """How many steps lead from `low` to a number, up to rounding; None if they do not lead there."""
    steps = (number - low) / step
    return round(steps) if abs(steps - round(steps)) <= 1e-9 * max(1, steps) else None


def after_steps(low: float, high: float, step: float, count: int) -> float:
    """The number so many steps above `low`, and `high` at the last, without the rounding of sums: 0.3 and not
    0.30000000000000004."""
    if count <= 0 or count >= steps_to(high, low, step):
        return high if count > 0 else low
    place = low + step * count
    digits = math.ceil(math.log10(max(abs(low), abs(high)) / step)) + 3  # and so tells it from its neighbours
    return place if float(place).is_integer() else float(f"{place:.{min(max(digits, 12), 17)}g}")


def number_format(
    low: float, high: float, step: float | None, stops: Sequence[float] | None, log: bool
) -> str:
    """The format in which each place of a slider is written as it is, and so differs from its neighbours."""
    largest = max(abs(low), abs(high))
    plain = (low if log else largest) >= 1e-4 and largest <= 1e6  # else exponential
    if stops is not None:
        places = np.array(stops, float)
        enough = (d for d in range(DIGITS, MOST_DIGITS) if np.array_equal(_rounded(places, d), places))
        digits = next(enough, MOST_DIGITS)
    elif log:
        digits = math.ceil(1 - math.log10(math.expm1((math.log(high) - math.log(low)) / POSITIONS)))
    else:
        last = _last_decade_of_step(low, step) if step else _decade((high - low) / POSITIONS / 2)
        digits = _decade(largest) - (min(last, 0) if plain else last) + 1
    digits = min(max(digits, DIGITS), MOST_DIGITS)
    return f",.{digits}~r" if plain else f".{digits}~g"


def _last_decade_of_step(low: float, step: float) -> int:
    """The power of ten of the last digit that writes `low` and all that steps lead to."""
    first = _decade(step)
    decades = range(first, first - MOST_DIGITS, -1)
    exact = (d for d in decades if all(abs(round(x, -d) - x) <= step / 1000 for x in (low, step)))
    return next(exact, decades[-1])


def _decade(number: float) -> int:
    """The power of ten of a positive number's first digit."""
    return math.floor(math.log10(number))


def _rounded(numbers: np.ndarray, digits: int) -> np.ndarray:
    """Numbers to so many significant digits."""
    return np.array([float(f"{number:.{digits - 1}e}") for number in numbers.tolist()])
