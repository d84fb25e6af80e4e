"""Texts with numbers in them, such as `"{steps:,d} steps"`, written alike by Python and by the page.

A field is `{name}` or `{name:spec}`. The spec is `[,][.precision][~]type`, a part of d3-format's notation
(https://d3js.org/d3-format), with the types

    d   rounded to a whole number
    f   fixed point, `precision` digits behind the point
    %   a percentage in fixed point
    e   exponential, "1.50e+3"
    g   `precision` significant digits, exponential where JavaScript's toPrecision is
    r   `precision` significant digits, never exponential

A part in brackets, `"[ at λ = {damping}]"`, that names a control with a `when` is left out where that has no
effect.

`,` groups thousands and `~` trims trailing zeros. The numbers follow d3-format and JavaScript, not Python,
where they differ: ties are rounded up in magnitude, an exponent has no leading zero, `g` keeps its zeros and
turns exponential below 1e-6, and a minus sign is "−" (U+2212). A test compares the two.
"""

import math
import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

SPEC = re.compile(r"(?P<comma>,)?(?:\.(?P<precision>\d+))?(?P<trim>~)?(?P<type>[defgr%])")
BRACKETED = re.compile(r"\[([^\[\]]*)\]")
FIELD = re.compile(r"\{(?P<name>[^{}:]+)(?::(?P<spec>[^{}]*))?\}")
DEFAULT_PRECISION = 6
HUGE = (
    10**21
)  # from here on toFixed writes all digits that tell a number from its neighbours, with an exponent
INTEGER = ",d"
NUMBER = ".3~g"


def names(text: str) -> list[str]:
    """The names that the fields of `text` use, in order."""
    return [field["name"] for field in FIELD.finditer(text)]


def check_spec(spec: str, where: str) -> None:
    """Raise a ValueError that says how a spec is written, if `spec` is not one."""
    if not isinstance(spec, str) or not SPEC.fullmatch(spec):
        raise ValueError(
            f"{where} has the number format {spec!r}, which is not of the form [,][.precision][~]type"
            " with a type of d, e, f, g, r or %, such as '.3~g' or ',d'"
        )


def check_template(text: str, where: str) -> None:
    """Raise a ValueError if `text` has a stray brace or a field with a spec that is not understood."""
    if "{" in FIELD.sub("", text) or "}" in FIELD.sub("", text):
        raise ValueError(
            f"{where} has a brace that opens or closes no field {{name}} or {{name:spec}}: {text!r}"
        )
    for field in FIELD.finditer(text):
        if field["spec"] is not None:
            check_spec(field["spec"], f"{where}, field '{field['name']}',")


def without(text: str, idle: Mapping[str, bool]) -> str:
    """`text` without the parts in brackets that name what is idle, and with those that name what might be.

    Other brackets stay, with what is in them.
    """

    def kept(part: re.Match) -> str:
        named = [name for name in names(part[1]) if name in idle]
        if not named:
            return part[0]
        return "" if any(idle[name] for name in named) else part[1]

    return BRACKETED.sub(kept, text)


def render(
    text: str, values: Mapping[str, Any], words: Mapping[str, Sequence[str]], formats: Mapping[str, str]
) -> str:
    """`text` with its fields written out.

    Args:
        values: a number for each name.
        words: texts for the names whose number is an index into them (a choice's options, a status's
            sentences).
        formats: the spec of a name that comes without one; integers fall back to ",d", other numbers to
            ".3~g".
    """

    def written(field: re.Match) -> str:
        name = field["name"]
        value = values[name]
        if name in words and field["spec"] is None and 0 <= int(value) < len(words[name]):
            return words[name][int(value)]
        integer = float(value).is_integer() and not isinstance(value, float)
        return number(value, field["spec"] or formats.get(name) or (INTEGER if integer else NUMBER))

    return FIELD.sub(written, text)


def number(value: float, spec: str) -> str:
    """One number as d3-format writes it.

    >>> number(1500, ".2e"), number(0.25, ".1%"), number(-1234.5, ",d"), number(100.0, ".3~g")
    ('1.50e+3', '25.0%', '−1,235', '100')
    """
    value = float(value)
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    part = SPEC.fullmatch(spec)
    precision = DEFAULT_PRECISION if part["precision"] is None else int(part["precision"])
    digits = _WRITERS[part["type"]](Decimal(abs(value)), precision)
    if part["trim"]:
        digits = re.sub(r"\.?0*(?=$|e|%)", "", digits, count=1) if "." in digits else digits
    if part["comma"]:
        whole = re.match(r"\d+", digits)[0]
        digits = f"{int(whole):,}" + digits[len(whole) :]
    negative = value < 0 and re.search(r"[1-9]", digits.partition("e")[0])  # what rounds to zero has no sign
    return ("−" if negative else "") + digits


def _fixed(value: Decimal, precision: int) -> str:
    """JavaScript's toFixed of a number that is not negative."""
    if value >= HUGE:
        return repr(float(value))
    precision = min(precision, 20)
    exact = Context(prec=400)
    return f"{value.quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP, exact):f}"


def _whole(value: Decimal, _: int) -> str:
    """A whole number in digits."""
    return f"{Decimal(repr(float(value))):f}" if value >= HUGE else _fixed(value, 0)


def _exponential(value: Decimal, precision: int) -> str:
    """JavaScript's toExponential: one digit, a point, `precision` digits, an exponent."""
    precision = min(precision, 20)
    rounded = Context(prec=precision + 1, rounding=ROUND_HALF_UP).plus(value)
    exponent = rounded.adjusted() if rounded else 0
    return f"{_fixed(rounded.scaleb(-exponent), precision)}e{exponent:+d}"


def _significant(value: Decimal, precision: int) -> str:
    """JavaScript's toPrecision: exponential below 1e-6 and from 10^precision on."""
    precision = max(1, min(precision, 21))
    rounded = Context(prec=precision, rounding=ROUND_HALF_UP).plus(value)
    exponent = rounded.adjusted() if rounded else 0
    if -6 <= exponent < precision:
        return f"{rounded.quantize(Decimal(1).scaleb(exponent - precision + 1), context=Context(prec=400)):f}"
    return _exponential(rounded, precision - 1)


def _rounded(value: Decimal, precision: int) -> str:
    """Significant digits in positional notation: 1230 for 1234 at three digits."""
    precision = max(1, min(precision, 21))
    rounded = Context(prec=precision, rounding=ROUND_HALF_UP).plus(value)
    exponent = rounded.adjusted() if rounded else 0
    unit = Decimal(1).scaleb(min(0, exponent - precision + 1))
    return f"{rounded.quantize(unit, context=Context(prec=400)):f}"


_WRITERS = {
    "d": _whole,
    "e": _exponential,
    "f": _fixed,
    "g": _significant,
    "r": _rounded,
    "%": lambda value, precision: _fixed(Decimal(float(value) * 100), precision) + "%",
}
