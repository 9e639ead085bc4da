"""From rounds of records to medians, spreads and ratios. Pure functions."""

import math
from dataclasses import dataclass
from statistics import median


@dataclass
class Cell:
    """One candidate at one size, over all rounds. Times in microseconds."""

    median: float  # of the rounds' medians
    low: float
    high: float
    mad: float  # median absolute deviation of the rounds' medians
    p99: float  # median of the rounds' p99; NaN where nobody measured it
    rounds: int
    wrong: int

    @property
    def tail(self) -> float:
        return self.p99 / self.median if self.median > 0 else math.inf


def cell_of(records: list) -> Cell:
    medians = [record["median_us"] for record in records]
    middle = median(medians)
    tails = [record["p99_us"] for record in records if record["p99_us"] is not None]
    return Cell(
        median=middle,
        low=min(medians),
        high=max(medians),
        mad=median(abs(value - middle) for value in medians),
        p99=median(tails) if tails else math.nan,
        rounds=len(medians),
        wrong=sum(record.get("wrong") or 0 for record in records),
    )


def results_by_cell(records: list) -> dict:
    """{candidate: {bytes: [record, ...]}} of the result records, in-place ones left out."""
    groups = {}
    for record in records:
        if record.get("record") == "result" and not record.get("in_place"):
            by_size = groups.setdefault(record["candidate"], {})
            by_size.setdefault(record["bytes"], []).append(record)
    return groups


def in_placement(group: list, gate) -> list:
    """The rounds measured in the wanted placement; all of them where there is none."""
    return [record for record in group if gate.admits(record)] or group


def cells_of(records: list, gate) -> dict:
    """{candidate: {bytes: Cell}} of one rank count's records."""
    return {
        name: {size: cell_of(in_placement(group, gate)) for size, group in sorted(by_size.items())}
        for name, by_size in results_by_cell(records).items()
    }


def misplaced(records: list, gate) -> list:
    """(candidate, bytes) of the cells without any round in the wanted placement."""
    return [
        (name, size)
        for name, by_size in results_by_cell(records).items()
        for size, group in sorted(by_size.items())
        if not any(gate.admits(record) for record in group)
    ]


def line_multiples(records: list, candidate: str, size: int, gate) -> list:
    """Each round's time in one-way times of a cache line, as probed around that very measurement."""
    group = results_by_cell(records).get(candidate, {}).get(size, [])
    multiples = []
    for record in group:
        lines = [ns for ns in record.get("line_ns", ()) if ns is not None]
        if lines and gate.admits(record):
            multiples.append(record["median_us"] * 1000 / (sum(lines) / len(lines)))
    return multiples


def best_peer(cells: dict, peers: list, size: int):
    """(name, Cell) of the fastest peer at a size, or None."""
    found = [(name, cells[name][size]) for name in peers if size in cells.get(name, {})]
    return min(found, key=lambda pair: pair[1].median, default=None)


def ratios(cells: dict, candidate: str, peers: list) -> dict:
    """{bytes: how many times as fast as the best peer}."""
    result = {}
    for size, cell in cells.get(candidate, {}).items():
        best = best_peer(cells, peers, size)
        if best is not None:
            result[size] = best[1].median / cell.median
    return result


def fractions(cells: dict, candidate: str, limit: str) -> dict:
    """{bytes: the limit's time over the candidate's}: 1 is as fast as the machine."""
    limits = cells.get(limit, {})
    return {
        size: limits[size].median / cell.median
        for size, cell in cells.get(candidate, {}).items()
        if size in limits
    }


def geometric_mean(values) -> float:
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan
