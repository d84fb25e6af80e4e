"""Each verdict is tested against its numbers: those that the chapter's committed table says were measured.

For each claim stand here the verdict's word, a pattern that finds numbers in the text of what was measured,
what these have to be for the verdict to be right, and a change of one of them by which it would not be.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tools.chapters import Claim, chapters
from tools.gather import ledger, word

CLAIMS = {1: 5, 2: 3, 3: 6, 4: 6, 5: 8, 6: 5, 7: 3, 8: 6, 9: 8, 10: 5}  # of the article, by its sections
EXPECTED = {f"C{section}.{i}" for section, count in CLAIMS.items() for i in range(1, count + 1)}


class Check(NamedTuple):
    """What a verdict stands on.

    Attributes:
        verdict: its word.
        pattern: finds the numbers; ◇ in it stands for one, such as "1,060" or "−0.2", ◆ for digits that are
            raised. Words in it are demanded too.
        supports: whether such numbers support the verdict.
        contrary: which of the numbers, put in its place, would not.
    """

    verdict: str
    pattern: str
    supports: Callable[..., Any]
    contrary: tuple[int, str]


NUMBER = r"((?<![\d.])[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?)"
COSTS = r"cost \$n^\{◇\}\$ apart from the data, memory \$n^\{◇\}\$"


def near(value: float, target: float, share: float) -> bool:
    """Whether it is the target up to a share of it."""
    return abs(value - target) <= share * abs(target)


CHECKS = {
    "C1.1": Check(
        "holds",
        "◇ steps at κ = 100, ◇ at κ = 10⁴. Momentum: ◇ and ◇, like √κ",
        lambda a, b, c, d: near(b / a, 100, 0.05) and 8 < d / c < 14 and c < a,
        (1, "7,000"),
    ),
    "C1.2": Check(
        "holds when",
        "κ = ◇ it is ◇ and ◇ in the flat and the steep direction at η = 1/ℓₘₐₓ, up to where nothing flips, "
        "and ◇ and ◇ at the best step",
        lambda kappa, flat, steep, best, worst: (
            near(flat, 1 - 1 / kappa, 1e-3) and abs(steep) < 1e-3 and worst < 0 and near(-worst, best, 1e-3)
        ),
        (4, "0.9355"),
    ),
    "C1.3": Check(
        "holds when",
        r"◇ step at every κ up to 10⁴.* about \$10^\{◇\}\$ at κ = 10¹⁰",
        lambda steps, power: steps == 1 and -9 <= power <= -5,
        (0, "3"),
    ),
    "C1.4": Check(
        "misleading",
        "straight ◇ and ◇, turned by 45° ◇ and ◇; in ten, .* straight ◇ and ◇, turned at random ◇ and ◇",
        lambda a, b, c, d, e, f, g, h: b < 1.2 * a and f < 1.2 * e and d > 5 * c and h > 5 * g,
        (3, "140"),
    ),
    "C1.5": Check(
        "holds",
        "in a gap is ◇ against ◇ .* with the mean it is ◇ and ◇. .* ways to ◇; for a coin with ◇ data ◇ % "
        ".*: ◇ hyperparameters .* of ◇ rounds, relative error < ◇; through ◇ unrolled steps ◇.",
        lambda gap, end, wide, wider, exact, data, misplaced, hypers, rounds, error, steps, unrolled: (
            gap > 2 * end
            and wide > 3 * gap
            and wider > 2 * end
            and exact <= 1e-10
            and 1 < misplaced < 10
            and rounds < hypers
            and error < 1e-3 * unrolled
        ),
        (2, "0.50"),
    ),
    "C2.1": Check(
        "holds when",
        r"Order ◇ at a minimum of the double well, .* = ◇ that the formula gives; ◇ where .* ◇ at a "
        r"symmetric",
        lambda order, constant, quartic, root: (
            near(order, 2, 0.05) and constant > 0 and near(quartic, 1, 0.05) and near(root, 3, 0.05)
        ),
        (0, "1.20"),
    ),
    "C2.2": Check(
        "holds",
        r"n = ◇: ◇ entries of ◇ bytes, ◇ mult.* parameters ◇ TB.* to ◇ the solve's time grows like "
        r"\$n^\{◇\}\$",
        lambda n, entries, size, solve, terabytes, clocked, power: (
            entries == n**2
            and near(solve, n**3 / 3, 0.03)
            and near(terabytes, size, 0.01)
            and clocked == n
            and 1.5 < power < 3
        ),
        (1, "500,000"),
    ),
    "C2.3": Check(
        "holds",
        "starts ◇ % end in a minimum with the plain step, ◇ % with .* on each of ◇ landscapes",
        lambda plain, trusted, landscapes: plain < 80 and trusted > 99 and landscapes >= 5,
        (0, "100"),
    ),
    "C3.1": Check(
        "holds",
        "at least ◇, that of H falls to ◇. .* solves ◇ of ◇, Gauss–Newton ◇; .* ◇ and ◇. .* trust region: ◇",
        lambda least, lowest, newton, runs, gauss, searched, gauss_searched, trusted: (
            least > 0 > lowest and newton < gauss < runs and searched < gauss_searched <= trusted + 1
        ),
        (4, "12"),
    ),
    "C3.2": Check(
        "holds",
        r"J and r suffice, .*\(◇ of ◇\); .* takes ◇ times the time of the full Hessian at n = ◇, ◇ "
        r"times at n = ◇",
        lambda solved, runs, small, n, large, m: solved > 0.9 * runs and large < 0.5 < small and n < m,
        (4, "1.3"),
    ),
    "C3.3": Check(
        "holds when",
        r"median draw: ◇ with little noise and ◇ with much; it falls like m^◇ .* by d = 0.1: ◇",
        lambda little, much, power, bent: little < much / 2 and near(power, -0.5, 0.3) and bent < 0.2,
        (2, "−0.0"),
    ),
    "C3.4": Check(
        "holds when",
        "within ◇ % of predicted in ◇ draws. .* ends in a cycle .* errors have the order ◇",
        lambda gap, draws, order: gap <= 5 and draws >= 20 and near(order, 2, 0.1),
        (2, "1.0"),
    ),
    "C3.5": Check(
        "holds when",
        r"plain ◇ of ◇ \(D = I: ◇\), accelerated ◇. .* about ◇ % of the first λ, D = I from all. "
        "Both limits: within 10⁻⁴. .* λ near ◇",
        lambda plain, runs, levenberg, bent, share, damping: (
            min(plain, levenberg, bent) > 0.9 * runs and share < 90 and damping > 0.1
        ),
        (5, "0.00"),
    ),
    "C3.6": Check(
        "holds when",
        "Newton's step is the reweighted one, to rounding. Probit: .* G is ◇ % away",
        lambda apart: apart > 5,
        (0, "0"),
    ),
    "C4.1": Check(
        "holds",
        "not negative beyond rounding. Ranks counted: at most NC .*; ◇ of ◇ and ◇ of ◇ parameters",
        lambda rank, n, other, m: rank < n and other < m,
        (0, "12"),
    ),
    "C4.2": Check(
        "holds when",
        r"fall like M^◇ .* E\[s²\] = ◇ and −E\[∇² log p\] = ◇ at θ = 1; Laplace: ◇ and ◇",
        lambda power, score, hessian, other_score, other_hessian: (
            near(power, -0.5, 0.3) and score != hessian and other_score != other_hessian
        ),
        (2, "1"),
    ),
    "C4.3": Check(
        "holds",
        r"(\w+) families: largest difference below 10⁻◆, relative",
        lambda families, digits: families == "Six" and digits >= 8,
        (1, "²"),
    ),
    "C4.4": Check(
        "holds when",
        "order ◇ in the step; .* holds to ◇ digits. .*: KL ◇; .*: 10^◇. .* has ◇ times the bound, "
        ".* = 2 ◇ times",
        lambda order, digits, close, far, unbiased, biased: (
            near(order, 3, 0.1) and digits >= 10 and 10**far < close / 1000 and biased < 1 <= unbiased
        ),
        (0, "2.0"),
    ),
    "C4.5": Check(
        "misleading",
        "it is ◇ times .* is right, ◇ times at σ = 3, ◇ times .* rate: ◇ against natural gradient's ◇ with",
        lambda right, noisy, quiet, steps, natural: (
            near(right, 1, 0.2) and noisy > 5 and quiet < 0.05 and steps > 10 * natural
        ),
        (1, "1.1"),
    ),
    "C4.6": Check(
        "holds when",
        r"equal to ◇ digits. .*: ◇% apart with N = ◇ .*, ◇% with ◇; .* has a negative eigenvalue",
        lambda digits, apart, few, less_apart, many: digits >= 12 and less_apart < apart / 3 and few < many,
        (0, "3"),
    ),
    "C5.1": Check(
        "holds when",
        r": ◇° away at ε = 0.1, ◇° at 10⁻⁴, like ε^◇; its length ◇ and ◇ times the natural",
        lambda wide, narrow, power, long, right: (
            narrow < 1 < wide and near(power, 0.5, 0.2) and abs(right - 1) < 0.01 < abs(long - 1)
        ),
        (1, "6"),
    ),
    "C5.2": Check(
        "holds",
        "they are up to ◇ apart on the map; the distance falls like η to the power ◇",
        lambda apart, power: apart > 0.1 and abs(power) < 0.2,
        (1, "1.0"),
    ),
    "C5.3": Check(
        "holds when",
        "equal to ◇ digits. Orders: ◇ after a step, ◇ at a fixed time. .* agree to ◇ digits; .* by "
        "◇, order ◇",
        lambda flows, step, time, affine, damped, order: (
            flows >= 6
            and near(step, 2, 0.1)
            and near(time, 1, 0.2)
            and affine >= 8
            and damped > 0.01
            and order < 0.2
        ),
        (1, "0.9"),
    ),
    "C5.4": Check(
        "holds when",
        "holds to ◇ digits for ◇ of the five .* break it by ◇%, ◇%, ◇%. .* orders ◇ and ◇ too",
        lambda digits, kept, a, b, c, step, time: (
            digits >= 8 and kept == 2 and min(a, b, c) > 10 and near(step, 2, 0.1) and near(time, 1, 0.1)
        ),
        (1, "1"),
    ),
    "C5.5": Check(
        "misleading",
        "B = 16 to the natural one: ◇°, ◇°, ◇° on .* power ◇ for Adam's step, ◇ for natural gradient's",
        lambda first, second, third, adam, natural: min(first, second, third) > 30 and adam == 0 < natural,
        (0, "3"),
    ),
    "C5.6": Check(
        "holds when",
        "KL from ◇ down to ◇. .* between ◇ and ◇",
        lambda first, last, least, most: first > 100 * last and most < 1.5 * least,
        (2, "0.0001"),
    ),
    "C5.7": Check(
        "misleading",
        "◇ pairs .* ◇ work for Adam, ◇ for natural gradient, ◇ for .*, ◇ for signs; .* serves ◇, "
        "◇, ◇ and ◇ of ◇",
        lambda pairs, adam, natural, diagonal, signs, serves, natural_serves, *rest: (
            signs < natural <= adam < pairs and natural_serves <= serves
        ),
        (2, "60"),
    ),
    "C5.8": Check(
        "misleading",
        "leave the domain in ◇% of .* and ◇% in .* factor up to ◇. .* needs ◇ steps where gradient "
        "descent needs ◇",
        lambda precision, natural, factor, steps, descent: (
            min(precision, natural) > 10 and factor > 1 and steps < descent / 2
        ),
        (2, "0.5"),
    ),
    "C6.1": Check(
        "holds",
        "loses ◇ % of the norm, the products ◇ % .* exact to ◇ digits for one datum, .*; ◇ % off for softmax",
        lambda between, within, digits, softmax: min(between, within, softmax) > 5 and digits >= 10,
        (1, "0"),
    ),
    "C6.2": Check(
        "holds",
        r"p = q = ◇ storage falls by \$10^\{◇\}\$ and inversion by \$10^\{◇\}\$",
        lambda d, stored, inverted: (
            near(10**stored, d**4 / (2 * d**2), 0.15) and near(10**inverted, d**6 / (2 * d**3), 0.15)
        ),
        (2, "5.7"),
    ),
    "C6.3": Check(
        "holds when",
        "◇ days against ◇ ms, the first extrapolated; ◇ ms more to apply them, and ◇ ms for the statistics",
        lambda days, inverted, applied, gathered: (
            days * 86400e3 > 1e6 * inverted and applied + gathered > 0.2 * inverted
        ),
        (0, "0"),
    ),
    "C6.4": Check(
        "holds when",
        "Steps to .*: ◇ with .*, ◇ at every twentieth; ◇ without averages, ◇ with. .* takes ◇ for "
        "◇, .* than ◇",
        lambda each, rare, bare, averaged, fixed, model, unmoved: (
            each < rare and bare < averaged and model < fixed < unmoved
        ),
        (4, "50"),
    ),
    "C6.5": Check(
        "holds",
        r"◇ steps for ◇ of the tuned Adam .* of ◇ times its time: ◇ s for ◇ s, and for ◇ s of Adam "
        r"on batches",
        lambda steps, adam, dearer, seconds, adams, batches: (
            steps < adam / 5 and dearer > 1 and seconds < adams and seconds < batches
        ),
        (0, "2000"),
    ),
    "C7.1": Check(
        "holds when",
        "counting ◇ to ◇ gradients, ◇ to ◇ with .* saved; ◇ to ◇ by the clock, .* product: ◇ to ◇. "
        "Memory grows",
        lambda a, b, c, d, e, f, g, h: 1.5 < a <= b < 2.75 and d < b and f < 2.75 and g <= h < 1.5,
        (1, "6.0"),
    ),
    "C7.2": Check(
        "holds when",
        "Up to ◇ distinct .* to ◇ digits .* after ten. .* ◇ rounds a step, for ◇ parameters, take "
        "◇ gradients",
        lambda distinct, digits, rounds, parameters, gradients: (
            distinct >= 5 and digits >= 10 and rounds < parameters / 100 and gradients < parameters / 10
        ),
        (4, "90,000"),
    ),
    "C7.3": Check(
        "holds",
        r"in ◇ gradients, and .*; with the Hessian ◇; tuned Adam takes ◇ to the first. Without the warm "
        r"start ◇ of ◇ starts arrive, without the preconditioner ◇ of ◇, without the line search ◇ of ◇",
        lambda ours, hessian, adam, warm, starts, bare, _, free, __: (
            ours < adam < hessian and warm < bare < starts and free < starts
        ),
        (3, "5"),
    ),
    "C8.1": Check(
        "holds when",
        COSTS + ". .* falls by ◇ a step .*, by ◇ on the network; .* is ◇ and ◇",
        lambda cost, memory, first, second, predicted, other: (
            near(cost, 1, 0.05)
            and near(memory, 1, 0.05)
            and near(1 - first, 1 - predicted, 0.15)
            and near(1 - second, 1 - other, 0.15)
        ),
        (2, "0.5"),
    ),
    "C8.2": Check(
        "holds when",
        COSTS + r". .* method's, ◇ a step; .* bursts to above \$10^\{◇\}\$ in ◇ of ◇ settings",
        lambda cost, memory, factor, height, bursts, settings: (
            near(cost, 1, 0.05)
            and near(memory, 1, 0.05)
            and 0.5 < factor < 1
            and height > -10
            and bursts > settings / 2
        ),
        (4, "0"),
    ),
    "C8.3": Check(
        "misleading",
        COSTS + r", and ◇ \$n\$ operations and ◇ \$n\$ .* is ◇ and ◇ in the first .*, ◇ and ◇ on the network",
        lambda cost, memory, *rest: (
            near(cost, 1, 0.05)
            and near(memory, 1, 0.05)
            and rest[3] > 0.7 * rest[2]
            and rest[5] > 0.7 * rest[4]
        ),
        (5, "0.05"),
    ),
    "C8.4": Check(
        "holds when",
        COSTS + ", at fixed depth. .*: ◇ and ◇; ◇ and ◇; .* rate fixed, ◇ and ◇.",
        lambda cost, memory, a, b, c, d, fixed, later: (
            near(cost, 1.5, 0.05)
            and near(memory, 1, 0.05)
            and b > 0.5 * a
            and d > 0.9 * c
            and near(later, fixed, 0.03)
        ),
        (7, "0.30"),
    ),
    "C8.5": Check(
        "holds when",
        COSTS + ". .* is superlinear: each quotient is about ◇ of the one before, .* by ◇/◇. .* ◇ a step",
        lambda cost, memory, quotient, above, below, factor: (
            near(cost, 1, 0.05)
            and near(memory, 1, 0.05)
            and near(quotient, above / below, 0.15)
            and 0.3 < factor < 1
        ),
        (2, "1.00"),
    ),
    "C8.6": Check(
        "holds when",
        COSTS + "; .* are ◇ and ◇. .* in ◇ % of the cases .* and in ◇ %",
        lambda cost, memory, first, second, rough, fine: (
            near(cost, 3, 0.05)
            and near(memory, 2, 0.05)
            and near(first, 2, 0.1)
            and near(second, 2, 0.1)
            and rough < fine
        ),
        (2, "1.10"),
    ),
    "C9.4": Check(
        "holds when",
        "after ◇ products and known to four digits after ◇. .*: ◇ of ◇ at the start, ◇ after .* goes from ◇ "
        "to ◇. .* hold ◇ to ◇ % .* is ◇ and ◇ times 2/η .*, and ◇ times at",
        lambda seen, known, bent, n, left, least, last, low, high, edge, other, far: (
            seen < known < n / 10
            and left < bent / 2
            and least < 50 * last < 0
            and low > 50
            and near(edge, 1, 0.05)
            and near(other, 1, 0.05)
            and far < 0.5
        ),
        (9, "0.50"),
    ),
    "C9.1": Check(
        "holds when",
        r"Of ◇ networks of ◇ to ◇ parameters, .* L-BFGS takes fewer .* on ◇ \(at most ◇ times fewer\), K-FAC "
        r"on ◇ \(at most ◇\)",
        lambda networks, small, large, lbfgs, most, kfac, gain: (
            small < 1000
            and large > 50_000
            and networks > lbfgs > 0.7 * networks
            and networks > kfac > 0.7 * networks
            and most > 1.5
            and gain > 1.5
        ),
        (3, "5"),
    ),
    "C9.2": Check(
        "holds when",
        "on ◇ of ◇ classifiers and ◇ of ◇ regressions. .* takes ◇ passes .* Adam ◇, at ◇ times the price",
        lambda some, classifiers, others, regressions, kfac, adam, price: (
            some > 0.7 * classifiers and others > 0.7 * regressions and kfac < adam < price * kfac
        ),
        (4, "20"),
    ),
    "C9.3": Check(
        "holds when",
        "start: L-BFGS ◇, K-FAC ◇, Newton-CG ◇; from a farther one: ◇, ◇, ◇. To .* from there: ◇, ◇, ◇",
        lambda lbfgs, kfac, newton, *others: (
            min(lbfgs, kfac, newton, *others[:3]) > 1.4
            and all(
                near(far, close, 0.25) for far, close in zip(others[:3], (lbfgs, kfac, newton), strict=True)
            )
            and all(rough < fine for rough, fine in zip(others[3:], others[:3], strict=True))
        ),
        (0, "8.0"),
    ),
    "C9.5": Check(
        "holds when",
        r"worth ◇ of Adam's for K-FAC \(◇ with its matrices divided\), ◇ for .* do ◇ times the work of one",
        lambda kfac, divided, hessian_free, work: (
            kfac > divided > 1.4 and hessian_free > 1.4 and 1 < work < 8
        ),
        (1, "1.1"),
    ),
    "C9.6": Check(
        "misleading",
        "quadratics the largest rate .* falls from ◇ to ◇ as .* wrong points from ◇ % .* matrix from ◇ %",
        lambda still, turning, newton, damped: turning < still / 10 and damped < 5 < 20 < newton,
        (2, "1"),
    ),
    "C9.7": Check(
        "holds when",
        "as good as the fresh one; .* an age of ◇° at κ = ◇ and from ◇° at κ = ◇. .* excess of ◇, Adam ◇",
        lambda age, kappa, less, larger, stale, adam: 0 < less < age < 90 and kappa < larger and stale < adam,
        (4, "0.05"),
    ),
    "C9.8": Check(
        "holds",
        "costs ◇ to ◇ gradients .* worth ◇ of Adam's on one device and ◇ on a thousand, K-FAC's ◇ and ◇",
        lambda least, most, one, thousand, kfac, kfac_thousand: (
            1 < least < most and thousand < one and kfac_thousand > kfac
        ),
        (3, "25"),
    ),
    "C10.2": Check(
        "holds when",
        "costs ◇ to ◇ gradients, up to ◇ parameters, .* Adam's on ◇ of ◇ networks",
        lambda least, most, parameters, fewer, networks: (
            least < most < 20 and parameters > 50_000 and fewer > 0.7 * networks
        ),
        (1, "300"),
    ),
    "C10.1": Check(
        "misleading",
        "C5.5: .*: ◇°, ◇°, ◇° .* C5.7: Of ◇ pairs .* size ◇ work for Adam, ◇ for natural gradient",
        lambda first, second, third, pairs, adam, natural: (
            min(first, second, third) > 30 and natural <= adam < pairs
        ),
        (5, "60"),
    ),
    "C10.3": Check(
        "holds when",
        "◇ parameterizations .* from ◇ to ◇ steps .* apart by ◇ at most. .* the Fisher is ◇",
        lambda count, quick, slow, apart, likeness: (
            count >= 5 and slow > 10 * quick and apart < 1e-10 and 0.5 < likeness < 0.99
        ),
        (3, "0.1"),
    ),
    "C10.4": Check(
        "holds",
        "costs ◇ gradients .* and ◇ on one of ◇ parameters. There ◇ products, ◇ gradients, .* below ◇ and",
        lambda small, large, n, products, gradients, residual: (
            small < 3 and large < 3 and gradients < n / 100 and products < n / 100 and residual < 1e-3
        ),
        (4, "260,000"),
    ),
    "C10.5": Check(
        "holds when",
        "C3.6: .* Newton's step is the reweighted one, to rounding. Probit: .* G is ◇ % away",
        lambda apart: apart > 5,
        (0, "0"),
    ),
}


def found(check: Check, text: str) -> re.Match[str] | None:
    """Where the numbers are. Full stops, parentheses and the like in a pattern stand for themselves."""
    escaped = re.sub(r"\^|\.(?!\*)", r"\\\g<0>", check.pattern)
    return re.search(escaped.replace("◇", NUMBER).replace("◆", "([⁰¹²³⁴⁵⁶⁷⁸⁹]+)"), text)


def value(text: str) -> float | str:
    """The number that a text is, or the text."""
    plain = text.translate(str.maketrans("−⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", ","))
    try:
        return float(plain)
    except ValueError:
        return text


def supported(check: Check, text: str) -> bool:
    """Whether what was measured supports the verdict."""
    match = found(check, text)
    return bool(match) and bool(check.supports(*map(value, match.groups())))


JUDGED = {claim.number: claim for claim in ledger()}


def test_no_claim_is_missing_and_none_is_there_twice() -> None:
    assert len(EXPECTED) == 55
    own = [claim.number for chapter in chapters() for claim in chapter.claims]
    assert len(own) == len(set(own)), "a claim is judged by one chapter"
    assert set(JUDGED) == EXPECTED


def test_each_verdict_has_its_check() -> None:
    assert set(CHECKS) == set(JUDGED)


@pytest.mark.parametrize("claim", JUDGED.values(), ids=lambda claim: claim.number)
def test_the_numbers_support_the_verdict(claim: Claim) -> None:
    check = CHECKS[claim.number]
    assert word(claim.verdict) == check.verdict, "a verdict that changes needs another check"
    assert found(check, claim.measured), f"no such numbers in: {claim.measured}"
    assert supported(check, claim.measured), f"{claim.verdict!r}, but {claim.measured}"


@pytest.mark.parametrize("claim", JUDGED.values(), ids=lambda claim: claim.number)
def test_another_number_would_not_support_it(claim: Claim) -> None:
    """So that each check can fail."""
    check = CHECKS[claim.number]
    place, other = check.contrary
    start, end = found(check, claim.measured).span(place + 1)
    changed = claim.measured[:start] + other + claim.measured[end:]
    assert found(check, changed) and not supported(check, changed)
