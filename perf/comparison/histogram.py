"""How often a message took how long, drawn by gnuplot from the records of runs between two ranks."""

import math
import subprocess
from pathlib import Path

from . import candidates, plot

BINS_PER_DOUBLING = 4  # the programs' bins are four times finer: finer than a processor's counter ticks


def shares(records: list, size: int) -> dict:
    """{candidate: {a bin's lower bound in us: share of the messages timed one by one}} of one size, over all rounds."""
    counts = {}
    for record in records:
        if record.get("record") != "result" or record.get("bytes") != size:
            continue
        bins = counts.setdefault(record["candidate"], {}) if record.get("histogram") else {}
        for lower, count in record.get("histogram", ()):
            # A bound was rounded: a little above it belongs to the same bin.
            index = math.floor(math.log2(lower) * BINS_PER_DOUBLING + 0.01)
            bins[index] = bins.get(index, 0) + count
    return {name: normalized(bins) for name, bins in counts.items()}


def normalized(bins: dict) -> dict:
    total = sum(bins.values())
    return {2 ** (index / BINS_PER_DOUBLING): count / total for index, count in sorted(bins.items())}


def steps(by_bound: dict, floor: float) -> str:
    """Corners of the bins, down to `floor` where there is nothing."""
    width = 2 ** (1 / BINS_PER_DOUBLING)
    points = []
    previous = 0.0
    for lower, share in by_bound.items():
        if lower > previous * 1.01:
            points += [(previous, floor)] if previous else []
            points.append((lower, floor))
        points += [(lower, share), (lower * width, share)]
        previous = lower * width
    points.append((previous, floor))
    return "\n".join(f"{x:.6g} {y:.6g}" for x, y in points)


def script(by_name: dict, title: str, terminal: str, output: Path) -> str:
    floor = min(share for bins in by_name.values() for share in bins.values()) / 2
    text = plot.canvas(title, terminal, output, "right")
    text += "set xlabel 'one way'\nset ylabel 'share of the messages'\n" + plot.time_tics("x")
    text += f"set yrange [{floor:.3g}:1]\nset format y '10^{{%L}}'\n"
    plots = []
    for index, (name, bins) in enumerate(by_name.items()):
        text += f"$data{index} << EOD\n{steps(bins, floor)}\nEOD\n"
        style = plot.STYLES.get(name, plot.OTHERS).partition(" pt")[0]
        plots.append(f"$data{index} using 1:2 with lines {style} title '{candidates.title_of(name)}'")
    return text + "plot " + ", \\\n  ".join(plots) + "\n"


def draw(by_name: dict, title: str, path: Path) -> None:
    """Writes a picture, whose kind (png, svg) is the path's ending."""
    text = script(by_name, title, plot.TERMINALS[path.suffix[1:]], path)
    subprocess.run(["gnuplot"], input=text, text=True, check=True)
