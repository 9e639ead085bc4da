"""The figures weft set out to reach, held against a comparison."""

from dataclasses import dataclass
from statistics import median

from . import candidates, report
from .analysis import fractions, geometric_mean, line_multiples, ratios

KIB = 1024
LARGE = 64 * KIB  # where allocated buffers have to show their worth


@dataclass
class Verdict:
    target: str
    measured: str
    reached: bool | None  # None: could not be judged


def worst(values: dict) -> str:
    size = min(values, key=values.get)
    return f"lowest {values[size]:.2f}x at {report.size_text(size)}"


def at_least(target: str, values: dict, bound: float, strict: bool = False) -> Verdict:
    """Every size's value must reach the bound."""
    if not values:
        return Verdict(target, "not measured", None)
    missed = [size for size, value in values.items() if value < bound or (strict and value == bound)]
    text = worst(values)
    if missed:
        text += f"; missed at {len(missed)} of {len(values)} sizes: "
        text += ", ".join(report.size_text(size) for size in missed)
    return Verdict(target, text, not missed)


def large(values: dict) -> dict:
    return {size: value for size, value in values.items() if size >= LARGE}


def two_rank_verdicts(comparison) -> list:
    cells = comparison.cells(2)
    peers = comparison.peers
    plain = ratios(cells, candidates.PLAIN, peers)
    allocated = ratios(cells, candidates.ALLOCATED_PLAN, peers)
    fraction = fractions(cells, candidates.ALLOCATED_PLAN, candidates.LIMIT)
    mean = geometric_mean(plain.values())
    verdicts = [
        at_least("2 ranks, plain: faster than the best peer at every size", plain, 1, strict=True),
        Verdict(
            "2 ranks, plain: at least 1.5x over the sweep (geometric mean)",
            f"{mean:.2f}x" if plain else "not measured",
            mean >= 1.5 if plain else None,
        ),
        at_least("2 ranks, allocated: at least 4x the best peer from 64 KiB", large(allocated), 4),
        at_least("2 ranks, allocated: at least 80% of the limit from 64 KiB", large(fraction), 0.8),
    ]
    return verdicts + [small_plan_verdict(comparison)]


def small_plan_verdict(comparison) -> Verdict:
    target = "2 ranks, 8 B with a plan: at most 2.5 cache-line one-way times"
    medians = {}
    for name in (candidates.PLAIN_PLAN, candidates.ALLOCATED_PLAN):
        multiples = line_multiples(comparison.records[2], name, 8, comparison.gate)
        if multiples:
            medians[name] = median(multiples)
    if not medians:
        return Verdict(target, "not measured", None)
    text = ", ".join(f"{name} {value:.2f}" for name, value in medians.items())
    line = comparison.line_ns()
    return Verdict(target, f"{text} (one way: {line:.0f} ns)", min(medians.values()) <= 2.5)


def crowded_verdicts(cells: dict, peers: list, ranks: int) -> list:
    speed = ratios(cells, candidates.PLAIN, peers)
    tails = {size: cell.tail for size, cell in cells.get(candidates.PLAIN, {}).items()}
    collapsed = [size for size, tail in tails.items() if tail > 20]
    text = "not measured"
    if tails:
        size = max(tails, key=tails.get)
        text = f"highest {tails[size]:.1f}x at {report.size_text(size)}"
    return [
        at_least(f"{ranks} ranks, plain: no size slower than the best peer", speed, 1),
        Verdict(
            f"{ranks} ranks, plain: p99 within 20x of the median",
            text,
            not collapsed if tails else None,
        ),
    ]


def verdicts(comparison) -> list:
    found = []
    for ranks in comparison.rank_counts:
        if ranks == 2:
            found += two_rank_verdicts(comparison)
        else:
            found += crowded_verdicts(comparison.cells(ranks), comparison.peers, ranks)
    return found


def print_verdicts(found: list) -> None:
    words = {True: "reached", False: "NOT REACHED", None: "not judged"}
    for verdict in found:
        print(f"{words[verdict.reached]:>12}  {verdict.target}\n{'':>12}  {verdict.measured}")
