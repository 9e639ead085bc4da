"""A whole comparison: the rounds, and what they came to."""

import json
import math
import os
import platform
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from . import candidates, plot, report
from .analysis import cells_of, misplaced
from .placement import Gate, line_ns
from .runner import run


def commit_of(folder: Path) -> str:
    """The commit of the sources in a folder, with a + where they were changed; '' outside of a repository."""
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=10", "--exclude=*", "--dirty=+"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ""


def describe_machine() -> dict:
    processor = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "commit": commit_of(Path(__file__).parent),
        "load_at_start": os.getloadavg()[0],
    }


def note_load(comparison: "Comparison") -> None:
    load = comparison.machine["load_at_start"]
    if load > 0.5:
        comparison.notes.append(f"the machine was busy: load {load:.1f} at the start")
        print(f"compare: {comparison.notes[-1]}; results will be noisy", file=sys.stderr)


class Comparison:
    """Records by rank count, and who they are from."""

    def __init__(self, collective: str, rounds: int, machine: dict, gate: Gate = Gate()):
        self.gate = gate  # where two ranks are measured
        self.collective = collective
        self.rounds = rounds
        self.machine = machine
        self.setting = "loop"  # what was before each call
        self.notes = []
        self.records = {}  # ranks -> all records of all rounds

    @property
    def rank_counts(self) -> list:
        return sorted(self.records)

    def cells(self, ranks: int) -> dict:
        return cells_of(self.records[ranks], self.gate if ranks == 2 else Gate())

    def _names(self) -> list:
        results = (r for group in self.records.values() for r in group if r.get("record") == "result")
        return list(dict.fromkeys(record["candidate"] for record in results))

    @property
    def peers(self) -> list:
        return [name for name in self._names() if candidates.is_peer(name)]

    @property
    def weft(self) -> list:
        return [name for name in self._names() if name != candidates.LIMIT and not candidates.is_peer(name)]

    @property
    def algorithms(self) -> list:
        """Of weft, those that ran by name."""
        return [name for name in self.weft if name not in candidates.ALL]

    def line_ns(self) -> float:
        return line_ns(self.records.get(2, []), self.gate)

    def note_misplaced(self) -> None:
        """Says which results come from another placement than the others."""
        for name, size in misplaced(self.records.get(2, []), self.gate):
            title = candidates.title_of(name)
            self.notes.append(f"{title}, {report.size_text(size)}: never measured in the wanted placement of the cores")

    def wrong(self) -> int:
        cells = (self.cells(ranks) for ranks in self.rank_counts)
        return sum(cell.wrong for table in cells for by_size in table.values() for cell in by_size.values())

    def save(self, path: Path) -> None:
        content = {key: getattr(self, key) for key in ("collective", "setting", "rounds", "machine", "notes", "records")}
        content["gate"] = [self.gate.low, None if self.gate.open or self.gate.low else self.gate.high]
        path.write_text(json.dumps(content) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Comparison":
        content = json.loads(path.read_text())
        low, high = content["gate"]
        gate = Gate(low, math.inf if high is None else high)
        comparison = cls(content["collective"], content["rounds"], content["machine"], gate)
        comparison.setting = content.get("setting", "loop")
        comparison.notes = content["notes"]
        comparison.records = {int(ranks): group for ranks, group in content["records"].items()}
        return comparison


def runnable(chosen: list, programs: Path, comparison: Comparison) -> list:
    """Those that can run here; the others are noted."""
    found = []
    for candidate in chosen:
        reason = candidate.missing(programs)
        if reason:
            comparison.notes.append(f"{candidate.title} left out: {reason}")
            print(f"compare: {comparison.notes[-1]}", file=sys.stderr)
        else:
            found.append(candidate)
    if not found:
        sys.exit("compare: nothing to run; build first: meson setup build && ninja -C build")
    return found


def conclude(comparison: Comparison, folder: Path) -> int:
    """Writes and prints the tables; the exit status."""
    report.write(comparison, folder)
    plots = plot.draw(comparison, folder)
    print(report.markdown(comparison))
    for path in [folder / "table.md", *plots]:
        print(os.path.relpath(path))
    if comparison.wrong():
        print(f"compare: {comparison.wrong()} wrong elements", file=sys.stderr)
        return 1
    return 0


class Measuring:
    """Runs the rounds of one rank count. A candidate that timed out is not asked again for the sizes it did not reach."""

    def __init__(self, comparison: Comparison, settings, folder: Path, scratch: str = "/dev/shm"):
        self.comparison = comparison
        self.scratch = scratch  # where a run gets a folder of its own, which all its ranks see
        self.settings = settings
        self.raw = folder / "raw"
        self.raw.mkdir(parents=True, exist_ok=True)
        self.reachable = {}  # (ranks, candidate) -> largest size within the time bound

    def measure(self, ranks: int, chosen: list) -> None:
        self.comparison.records.setdefault(ranks, [])
        for turn in range(self.settings.rounds):
            for candidate in candidates.rotated(chosen, turn):
                self.measure_one(ranks, candidate, turn)

    def sweep_options(self, ranks: int, candidate, turn: int) -> list:
        s = self.settings
        crowded = ranks > self.comparison.machine["cores"]
        largest = self.reachable.get((ranks, candidate.name), s.crowded_maxbytes if crowded else s.maxbytes)
        options = ["-b", s.minbytes, "-e", str(largest), "--budget", str(s.budget)]
        if ranks == 2:
            options += ["--line-ns", self.comparison.gate.option()]
            options += ["--line-patience", str(getattr(s, "patience", 5))]
        if candidate.name == candidates.LIMIT:
            return options
        options += [f"--{word}" for word in self.comparison.setting.split(",") if word != "loop"]
        return [*options, "-f", str(s.crowded_factor if crowded else s.factor), "-c", "1" if turn == 0 else "0"]

    def measure_one(self, ranks: int, candidate, turn: int) -> None:
        if self.reachable.get((ranks, candidate.name)) == 0:
            return
        s = self.settings
        name = f"ranks{ranks}-round{turn + 1}-{candidate.name.replace(' ', '-')}"
        sweep = self.sweep_options(ranks, candidate, turn)
        with TemporaryDirectory(prefix="weft-compare-", dir=self.scratch) as scratch:
            command = candidate.command(s.build / "perf", s.collective, ranks, sweep, scratch)
            outcome = run(command, self.raw / f"{name}.jsonl", self.raw / f"{name}.log", s.timeout)
        for record in outcome.records:
            record["candidate"] = candidate.name  # a program may serve several
        self.comparison.records[ranks] += outcome.records
        print(
            f"{ranks} ranks, round {turn + 1}/{s.rounds}, {candidate.title}: "
            f"{outcome.status} ({outcome.seconds:.0f} s)",
            file=sys.stderr,
            flush=True,
        )
        if outcome.status != "ok":
            self.note(ranks, candidate, outcome)

    def note(self, ranks: int, candidate, outcome) -> None:
        """What it managed, in this round or an earlier one, is what later rounds ask it for."""
        earlier = [r for r in self.comparison.records[ranks] if r.get("candidate") == candidate.name]
        sizes = [record["bytes"] for record in earlier if record.get("record") == "result"]
        self.reachable[(ranks, candidate.name)] = max(sizes, default=0)
        managed = [record["bytes"] for record in outcome.records if record.get("record") == "result"]
        reached = f"up to {max(managed)} B" if managed else "without a result"
        self.comparison.notes.append(f"{candidate.title}, {ranks} ranks: {outcome.status} {reached}")
