"""A whole comparison: the rounds, and what they came to."""

import json
import math
import os
import platform
import sys
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from . import candidates
from .analysis import cells_of, misplaced
from .placement import Gate, line_ns
from .report import size_text
from .runner import run


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
        "load_at_start": os.getloadavg()[0],
    }


class Comparison:
    """Records by rank count, and who they are from."""

    def __init__(self, collective: str, rounds: int, machine: dict, gate: Gate = Gate()):
        self.gate = gate  # where two ranks are measured
        self.collective = collective
        self.rounds = rounds
        self.machine = machine
        self.notes = []
        self.records = {}  # ranks -> all records of all rounds

    @property
    def rank_counts(self) -> list:
        return sorted(self.records)

    def cells(self, ranks: int) -> dict:
        return cells_of(self.records[ranks], self.gate if ranks == 2 else Gate())

    def _names(self, peer: bool) -> list:
        seen = {record.get("candidate") for group in self.records.values() for record in group}
        return [c.name for c in candidates.CANDIDATES if c.peer == peer and c.name in seen]

    @property
    def peers(self) -> list:
        return self._names(peer=True)

    @property
    def weft(self) -> list:
        return self._names(peer=False)

    def line_ns(self) -> float:
        return line_ns(self.records.get(2, []), self.gate)

    def note_misplaced(self) -> None:
        """Says which results come from another placement than the others."""
        for name, size in misplaced(self.records.get(2, []), self.gate):
            title = candidates.by_name(name).title
            self.notes.append(f"{title}, {size_text(size)}: never measured in the wanted placement of the cores")

    def wrong(self) -> int:
        cells = (self.cells(ranks) for ranks in self.rank_counts)
        return sum(cell.wrong for table in cells for by_size in table.values() for cell in by_size.values())

    def save(self, path: Path) -> None:
        content = {key: getattr(self, key) for key in ("collective", "rounds", "machine", "notes", "records")}
        content["gate"] = [self.gate.low, None if self.gate.open or self.gate.low else self.gate.high]
        path.write_text(json.dumps(content) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Comparison":
        content = json.loads(path.read_text())
        low, high = content["gate"]
        gate = Gate(low, math.inf if high is None else high)
        comparison = cls(content["collective"], content["rounds"], content["machine"], gate)
        comparison.notes = content["notes"]
        comparison.records = {int(ranks): group for ranks, group in content["records"].items()}
        return comparison


class Measuring:
    """Runs the rounds of one rank count. A candidate that timed out is not asked again for the sizes it did not reach."""

    def __init__(self, comparison: Comparison, settings, folder: Path):
        self.comparison = comparison
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
        if candidate.name == candidates.LIMIT:
            return options
        return [*options, "-f", str(s.crowded_factor if crowded else s.factor), "-c", "1" if turn == 0 else "0"]

    def measure_one(self, ranks: int, candidate, turn: int) -> None:
        if self.reachable.get((ranks, candidate.name)) == 0:
            return
        s = self.settings
        name = f"ranks{ranks}-round{turn + 1}-{candidate.name.replace(' ', '-')}"
        sweep = self.sweep_options(ranks, candidate, turn)
        with TemporaryDirectory(prefix="weft-compare-", dir="/dev/shm") as scratch:
            command = candidate.command(s.build / "perf", s.collective, ranks, sweep, scratch)
            outcome = run(command, self.raw / f"{name}.jsonl", self.raw / f"{name}.log", s.timeout)
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
