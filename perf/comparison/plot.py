"""Time over size on logarithmic axes, drawn by gnuplot."""

import subprocess
from pathlib import Path
from shutil import which

from . import candidates
from .report import size_text

# weft in strong colours and thick lines, peers in quiet ones, the limit dashed.
STYLES = {
    candidates.PLAIN: "lc rgb '#f4a261' lw 2.5 pt 7 ps 0.6",
    candidates.PLAIN_PLAN: "lc rgb '#e76f00' lw 3 pt 7 ps 0.8",
    candidates.ALLOCATED_PLAN: "lc rgb '#c1121f' lw 3.5 pt 7 ps 0.9",
    "openmpi han": "lc rgb '#457b9d' lw 2 dt 3 pt 5 ps 0.8",
    "openmpi": "lc rgb '#457b9d' lw 2 pt 4 ps 0.8",
    "mpich": "lc rgb '#8d99ae' lw 2 pt 6 ps 0.8",
    "gloo": "lc rgb '#6a994e' lw 2 pt 8 ps 0.8",
    candidates.SEND: "lc rgb '#e76f00' lw 3 pt 7 ps 0.8",
    candidates.SEND_ALLOCATED: "lc rgb '#c1121f' lw 3.5 pt 7 ps 0.9",
    candidates.CHANNEL: "lc rgb '#f4a261' lw 3 pt 7 ps 0.7",
    candidates.PUT: "lc rgb '#9d0208' lw 3 dt 2 pt 7 ps 0.7",
    "openmpi send": "lc rgb '#457b9d' lw 2 pt 4 ps 0.8",
    "openmpi put": "lc rgb '#457b9d' lw 2 dt 3 pt 4 ps 0.8",
    "mpich send": "lc rgb '#8d99ae' lw 2 pt 6 ps 0.8",
    "ucx tag": "lc rgb '#2a9d8f' lw 2 pt 8 ps 0.8",
    "ucx am": "lc rgb '#6a994e' lw 2 pt 10 ps 0.8",
    "ucx put": "lc rgb '#2a9d8f' lw 2 dt 3 pt 8 ps 0.8",
    candidates.LIMIT: "lc rgb '#222222' lw 1.5 dt 2 pt 0 ps 0",
}

OTHERS = "lw 2 pt 7 ps 0.6"  # gnuplot's own colours, for weft's algorithms by name

TERMINALS = {
    "png": "pngcairo size 1280,860 font 'sans,13' background rgb 'white'",
    "svg": "svg size 1280,860 dynamic font 'sans,15' background rgb 'white'",
}


def data_block(name: str, by_size: dict) -> str:
    lines = "\n".join(f"{size} {cell.median}" for size, cell in by_size.items())
    return f"${name} << EOD\n{lines}\nEOD\n"


def x_tics(sizes: list) -> str:
    """A label for every third power of two."""
    labels = [f"'{size_text(size)}' {size}" for size in sorted(sizes)]
    step = max(1, -(-len(labels) // 9))
    return "set xtics (" + ", ".join(labels[::step]) + ")\n"


def time_tics(axis: str) -> str:
    times = ("0.01 µs", "0.1 µs", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s")
    tics = ", ".join(f"'{text}' 1e{power}" for power, text in enumerate(times, start=-2))
    return f"set {axis}tics ({tics})\n"


def canvas(title: str, terminal: str, output: Path, key: str) -> str:
    """The looks that all pictures share; `key`: the side where the curves are named."""
    text = f"set terminal {terminal}\nset output '{output}'\n"
    text += "set logscale xy\nset grid xtics ytics lc rgb '#dddddd' lw 0.6\nset border 3 lc rgb '#444444'\n"
    text += f"set tics nomirror\nset key {key} top Left reverse spacing 1.25\n"
    return text + f"set title \"{title}\" noenhanced\n"


def script(cells: dict, names: list, title: str, terminal: str, output: Path) -> str:
    text = canvas(title, terminal, output, "left")
    text += "set xlabel 'size'\nset ylabel 'time per call, median'\n"
    text += time_tics("y")
    text += x_tics({size for name in names for size in cells[name]})
    plots = []
    for index, name in enumerate(names):
        block = f"data{index}"
        text += data_block(block, cells[name])
        label = candidates.title_of(name)
        plots.append(f"${block} using 1:2 with linespoints {STYLES.get(name, OTHERS)} title '{label}'")
    return text + "plot " + ", \\\n  ".join(plots) + "\n"


def draw(comparison, folder: Path, what: str = "") -> list:
    """Writes a PNG and an SVG per rank count; returns their paths. Empty where gnuplot is missing."""
    what = what or f"{comparison.collective}, f32"
    if which("gnuplot") is None:
        return []
    written = []
    for ranks in comparison.rank_counts:
        cells = comparison.cells(ranks)
        # weft last, on top.
        order = [candidates.LIMIT, *comparison.peers, *comparison.weft]
        names = [name for name in order if cells.get(name)]
        if not names:
            continue
        title = f"{what}, {ranks} ranks on {comparison.machine['cores']} cores"
        for kind, terminal in TERMINALS.items():
            path = folder / f"{comparison.collective}-{ranks}-ranks.{kind}"
            gnuplot = script(cells, names, title, terminal, path)
            subprocess.run(["gnuplot"], input=gnuplot, text=True, check=True)
            written.append(path)
    return written
