"""What a comparison between two ranks came to: its tables, and the figures weft set out to reach."""

import math
from statistics import median

from . import candidates, report
from .analysis import geometric_mean, line_multiples, ratios
from .targets import Verdict, at_least

SMALL = 8  # bytes: judged in one-way times of a cache line
KIB = 1024
RANKS = 2


def multiples(comparison, size: int = SMALL) -> dict:
    """{candidate: its rounds' times at a size, each in one-way times of a cache line as probed around it}."""
    names = dict.fromkeys((*comparison.weft, *comparison.peers))
    found = {name: line_multiples(comparison.records[RANKS], name, size, comparison.gate) for name in names}
    return {name: values for name, values in found.items() if values}


def lines_table(comparison) -> str:
    rows = [
        [candidates.title_of(name), f"{median(values):.2f}", f"{min(values):.2f} to {max(values):.2f}", str(len(values))]
        for name, values in multiples(comparison).items()
    ]
    return report.markdown_table([f"{SMALL} B, one way", "cache lines", "rounds' range", "rounds"], rows)


def tails_table(comparison) -> str:
    """What single messages of the small size took: rounds' medians of percentiles."""
    rows = []
    for name in (*comparison.weft, *comparison.peers):
        records = [
            record
            for record in comparison.records[RANKS]
            if record.get("record") == "result" and record["candidate"] == name and record["bytes"] == SMALL
        ]
        middle = lambda key: median(record[key] for record in records)
        if records and all("p999_us" in record for record in records):
            keys = ("median_us", "stdev_us", "p99_us", "p999_us", "max_us")
            rows.append([candidates.title_of(name), *(report.time_text(middle(key)) for key in keys)])
    return report.markdown_table([f"{SMALL} B (µs)", "median", "deviation", "p99", "p99.9", "highest"], rows)


def markdown(comparison) -> str:
    machine = comparison.machine
    cells = comparison.cells(RANKS)
    names = [name for name in (*comparison.weft, *comparison.peers) if name in cells]
    sends = [name for name in (candidates.SEND, candidates.SEND_ALLOCATED) if name in cells]
    peers = [name for name in candidates.MESSAGE_PEERS if name in cells]
    line = comparison.line_ns()
    text = "# One way between two ranks of a host\n\n"
    text += f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}; {comparison.rounds} rounds, "
    text += "candidates in turn; medians of the rounds' medians in µs ± their median absolute deviation. "
    text += "" if math.isnan(line) else f"One cache line between the two cores, one way: {line:.0f} ns"
    text += "." if comparison.gate.open else f" (measured only while within {comparison.gate.option()} ns)."
    text += f"\n\n{report.times_table(cells, names)}\n## send/recv: times as fast as the best peer's messages\n\n"
    text += f"{report.ratios_table(cells, sends, peers)}\n## {SMALL} B\n\n{lines_table(comparison)}\n{tails_table(comparison)}"
    notes = [f"- {note}" for note in comparison.notes]
    return text + ("\n## Notes\n\n" + "\n".join(notes) + "\n" if notes else "")


def at_most_lines(comparison, name: str, bound: float) -> Verdict:
    values = multiples(comparison).get(name)
    target = f"{name}, {SMALL} B: at most {bound} cache-line one-way times"
    if not values:
        return Verdict(target, "not measured", None)
    return Verdict(target, f"{median(values):.2f} (one way: {comparison.line_ns():.0f} ns)", median(values) <= bound)


def fastest(comparison, name: str, peers: tuple) -> Verdict:
    """In cache lines, because programs run while the cores stand in different places."""
    found = {key: median(values) for key, values in multiples(comparison).items()}
    target = f"{name}, {SMALL} B: faster than every peer's " + ("message" if peers == candidates.MESSAGE_PEERS else "message and put")
    others = {peer: found[peer] for peer in peers if peer in found}
    if name not in found or not others:
        return Verdict(target, "not measured", None)
    best = min(others, key=others.get)
    return Verdict(target, f"{found[name]:.2f} against {others[best]:.2f} ({candidates.title_of(best)})", found[name] < others[best])


def over_the_sweep(target: str, values: dict, bound: float) -> Verdict:
    if not values:
        return Verdict(target, "not measured", None)
    mean = geometric_mean(values.values())
    return Verdict(target, f"{mean:.2f}x, lowest {min(values.values()):.2f}x", mean >= bound)


def verdicts(comparison) -> list:
    cells = comparison.cells(RANKS)
    everybody = tuple(comparison.peers)
    large = lambda name: {size: r for size, r in ratios(cells, name, candidates.MESSAGE_PEERS).items() if size >= KIB}
    plain, allocated = large(candidates.SEND), large(candidates.SEND_ALLOCATED)
    return [
        at_most_lines(comparison, candidates.PUT, 1.5),
        at_most_lines(comparison, candidates.CHANNEL, 1.5),
        at_most_lines(comparison, candidates.SEND, 2.0),
        fastest(comparison, candidates.PUT, everybody),
        fastest(comparison, candidates.CHANNEL, everybody),
        fastest(comparison, candidates.SEND, candidates.MESSAGE_PEERS),
        at_least("send/recv, 1 KiB and above: at least as fast as the best peer at every size", plain, 1),
        over_the_sweep("send/recv, 1 KiB and above: at least 1.3x over the sweep (geometric mean)", plain, 1.3),
        over_the_sweep("the same with allocated buffers: at least 1.5x", allocated, 1.5),
    ]
