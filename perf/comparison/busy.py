"""Weft and its peers while another program keeps the cores busy: who runs, and the tables."""

import os
import subprocess
import sys

from . import candidates, report
from .candidates import Candidate
from .comparison import Comparison

MODES = {"all_reduce": "all_reduce between 2 ranks", "put_lat": "put between 2 ranks, one way"}
STRATEGIES = ("spin", "yield", "block")
PEERS = {"all_reduce": ("openmpi", "mpich", "gloo"), "put_lat": ("openmpi put",)}
IDLE, BUSY = "idle", "busy"
# It ends with the program that started it, however that ends.
LOOP = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    for _ in range(1000000): pass"


class BusyProgram:
    """As many processes as asked for, each of which wants a core for itself, while it is entered."""

    def __init__(self, count: int):
        self.count = count
        self.processes = []

    def __enter__(self) -> "BusyProgram":
        self.processes = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(self.count)]
        return self

    def __exit__(self, *_) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def processors() -> int:
    return len(os.sched_getaffinity(0))


def weft(mode: str, strategy: str) -> Candidate:
    options = ("--ranks", "{ranks}", "--wait", strategy)
    options += ("--placement", "out") if mode == "all_reduce" else ()
    return Candidate(f"weft {strategy}", f"weft, {strategy}", "weft-perf", options=options, mode=mode)


def chosen(mode: str, strategies: list) -> list:
    return [*(weft(mode, strategy) for strategy in strategies), *(candidates.by_name(name) for name in PEERS[mode])]


def title_of(name: str) -> str:
    return name.replace("weft ", "weft, ") if name.startswith("weft ") else candidates.title_of(name)


def table(comparison: Comparison, value) -> str:
    """A row for each size, a column for each candidate."""
    cells = comparison.cells(2)
    names = [name for name in (*comparison.weft, *comparison.peers) if name in cells]
    rows = [
        [report.size_text(size), *(value(cells[name].get(size)) for name in names)]
        for size in report.all_sizes(cells, names)
    ]
    return report.markdown_table(["size", *map(title_of, names)], rows)


def median_and_p99(cell) -> str:
    return f"{report.time_text(cell.median)} / {report.time_text(cell.p99)}" if cell else "–"


def markdown(comparisons: dict, busy: int) -> str:
    """`comparisons`: by (mode, IDLE or BUSY)."""
    machine = next(iter(comparisons.values())).machine
    rounds = next(iter(comparisons.values())).rounds
    text = "# Beside other work\n\n"
    text += f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}; "
    text += f"{rounds} rounds, candidates in turn; median / p99 in µs, medians over the rounds.\n"
    for (mode, load), comparison in comparisons.items():
        beside = f"beside {busy} busy processes of another program" if load == BUSY else "on idle cores"
        text += f"\n## {MODES[mode]}, {beside}\n\n{table(comparison, median_and_p99)}"
    notes = dict.fromkeys(note for comparison in comparisons.values() for note in comparison.notes)
    return text + ("\n## Notes\n\n" + "".join(f"- {note}\n" for note in notes) if notes else "")
