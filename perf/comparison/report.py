"""Tables for people, JSON for programs."""

import json
import math
from dataclasses import asdict
from pathlib import Path

from . import candidates
from .analysis import best_peer, fractions, geometric_mean, ratios


def size_text(size: int) -> str:
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >= 1 << shift and size % (1 << shift) == 0:
            return f"{size >> shift} {unit}"
    return f"{size} B"


def time_text(us: float) -> str:
    """Three digits that count: 0.113, 12.4, 98304."""
    if us >= 100:
        return f"{us:.0f}"
    return f"{us:.1f}" if us >= 10 else f"{us:.2f}" if us >= 1 else f"{us:.3f}"


def markdown_row(columns) -> str:
    return "| " + " | ".join(columns) + " |\n"


def markdown_table(heads: list, rows: list) -> str:
    rule = ["---:" for _ in heads]
    return "".join(markdown_row(row) for row in [heads, rule, *rows])


def all_sizes(cells: dict, names: list) -> list:
    return sorted({size for name in names for size in cells.get(name, {})})


def times_table(cells: dict, names: list) -> str:
    """Medians with the spread of the rounds' medians."""
    rows = []
    for size in all_sizes(cells, names):
        row = [size_text(size)]
        for name in names:
            cell = cells.get(name, {}).get(size)
            row.append(f"{time_text(cell.median)} ±{spread(cell):.0f}%" if cell else "–")
        rows.append(row)
    return markdown_table(["size", *(candidates.title_of(name) for name in names)], rows)


def spread(cell) -> float:
    return 100 * cell.mad / cell.median if cell.median > 0 else math.nan


def ratios_table(cells: dict, weft: list, peers: list) -> str:
    """How many times as fast as the best peer, which share of the limit, how long the tail."""
    titles = [candidates.title_of(name) for name in weft]
    heads = ["size", "best peer", *titles]
    limited = bool(cells.get(candidates.LIMIT))
    heads += [f"{title}: of the limit" for title in titles] if limited else []
    heads += [f"{title}: p99/median" for title in titles]
    speed = {name: ratios(cells, name, peers) for name in weft}
    share = {name: fractions(cells, name, candidates.LIMIT) for name in weft}
    rows = []
    for size in all_sizes(cells, weft):
        best = best_peer(cells, peers, size)
        row = [size_text(size), candidates.title_of(best[0]) if best else "–"]
        row += [f"{speed[name][size]:.2f}x" if size in speed[name] else "–" for name in weft]
        if limited:
            row += [f"{100 * share[name][size]:.0f}%" if size in share[name] else "–" for name in weft]
        row += [f"{cells[name][size].tail:.1f}" if size in cells[name] else "–" for name in weft]
        rows.append(row)
    mean = ["geometric mean", ""]
    mean += [f"{geometric_mean(speed[name].values()):.2f}x" if speed[name] else "–" for name in weft]
    rows.append(mean + [""] * (len(heads) - len(mean)))
    return markdown_table(heads, rows)


def algorithms_table(cells: dict, algorithms: list) -> str:
    """How many times as fast each is as the best of the others."""
    speed = {name: ratios(cells, name, [other for other in algorithms if other != name]) for name in algorithms}
    rows = [
        [size_text(size), *(f"{speed[name][size]:.2f}x" if size in speed[name] else "–" for name in algorithms)]
        for size in all_sizes(cells, algorithms)
    ]
    rows.append(["geometric mean", *(f"{geometric_mean(speed[name].values()):.2f}x" for name in algorithms)])
    return markdown_table(["size", *map(candidates.title_of, algorithms)], rows)


def setting_text(setting: str) -> str:
    words = setting.split(",")
    before = {"mixed": "a small all-reduce", "fresh": "the inputs written anew", "sync": "a barrier"}
    found = [text for word, text in before.items() if word in words]
    if not found:
        return "Calls follow each other; rank 0's time counts.\n"
    return f"Before each call, outside of the time: {', '.join(found)}; the longest of the ranks' times counts.\n"


def markdown(comparison) -> str:
    machine = comparison.machine
    text = f"# {comparison.collective}, f32, out of place\n\n"
    text += f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}; "
    text += f"{comparison.rounds} rounds, candidates in turn; medians of the rounds' medians in µs "
    text += "± their median absolute deviation.\n"
    text += setting_text(comparison.setting)
    line = comparison.line_ns()
    if not math.isnan(line):
        text += f"One cache line between the two cores, one way: {line:.0f} ns"
        text += ".\n" if comparison.gate.open else f" (measured only while within {comparison.gate.option()} ns).\n"
    for ranks in comparison.rank_counts:
        cells = comparison.cells(ranks)
        weft = [name for name in comparison.weft if name in cells]
        peers = [name for name in comparison.peers if name in cells]
        names = [*weft, *peers] + ([candidates.LIMIT] if candidates.LIMIT in cells else [])
        text += f"\n## {ranks} ranks: time per call (µs)\n\n{times_table(cells, names)}"
        text += f"\n## {ranks} ranks: times as fast as the best peer\n\n{ratios_table(cells, weft, peers)}"
        algorithms = [name for name in comparison.algorithms if name in cells]
        if len(algorithms) > 1:
            text += f"\n## {ranks} ranks: times as fast as the best other algorithm\n\n{algorithms_table(cells, algorithms)}"
    notes = [f"- {note}" for note in comparison.notes]
    return text + ("\n## Notes\n\n" + "\n".join(notes) + "\n" if notes else "")


def summary_json(comparison) -> dict:
    ranks_part = {}
    for ranks in comparison.rank_counts:
        cells = comparison.cells(ranks)
        ranks_part[str(ranks)] = {
            "cells": {
                name: {str(size): asdict(cell) for size, cell in by_size.items()}
                for name, by_size in cells.items()
            },
            "ratio_to_best_peer": {name: ratios(cells, name, comparison.peers) for name in comparison.weft},
            "fraction_of_limit": {
                name: fractions(cells, name, candidates.LIMIT) for name in comparison.weft
            },
        }
    line = comparison.line_ns()
    return {
        "collective": comparison.collective,
        "setting": comparison.setting,
        "rounds": comparison.rounds,
        "machine": comparison.machine,
        "cache_line_one_way_ns": None if math.isnan(line) else line,
        "notes": comparison.notes,
        "ranks": ranks_part,
    }


def write(comparison, folder: Path) -> None:
    (folder / "table.md").write_text(markdown(comparison))
    (folder / "summary.json").write_text(json.dumps(summary_json(comparison), indent=1) + "\n")
