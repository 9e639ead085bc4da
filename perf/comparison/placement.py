"""Where the two cores stand to each other while something is measured.

On a virtual machine they move between physical cores: a cache line takes 40 ns at one moment and 160 ns at another, and every
short message with it. Like is compared with like: all candidates are measured in the same of these placements, which
the programs probe before, while and after they measure ("line_ns" of a record).
"""

import math
import sys
import time
from dataclasses import dataclass
from statistics import median

from . import candidates
from .runner import run


FAR_NS = 80  # a line that takes longer, on machines of today, came from a core that shares no cache


@dataclass(frozen=True)
class Gate:
    low: float = 0.0
    high: float = math.inf

    @property
    def open(self) -> bool:
        return self.low == 0 and self.high == math.inf

    def option(self) -> str:
        return f"{self.low:.0f}:" + ("" if self.high == math.inf else f"{self.high:.0f}")

    def admits(self, record: dict) -> bool:
        """Whether it was measured in this placement, as far as it was probed."""
        lines = [ns for ns in record.get("line_ns", ()) if ns is not None]
        return all(self.low <= ns <= self.high for ns in lines)


def split(values: list) -> list:
    """The probes in one group, or in two where a wide gap parts them."""
    ordered = sorted(values)
    gaps = [(after / before, index + 1) for index, (before, after) in enumerate(zip(ordered, ordered[1:]))]
    widest, index = max(gaps, default=(1, 0))
    return [ordered[:index], ordered[index:]] if widest > 1.6 else [ordered]


def gate_for(values: list, wanted: str) -> Gate:
    """A gate for 'close', 'far', or the more 'common' placement; open for 'any', and where only one is seen and none was named."""
    groups = split(values)
    if wanted == "any" or not values:
        return Gate()
    if len(groups) < 2:
        return alone(groups[0], wanted)
    close, far = groups
    threshold = math.sqrt(close[-1] * far[0])
    choose_close = wanted == "close" or (wanted == "common" and len(close) >= len(far))
    return Gate(high=threshold) if choose_close else Gate(low=threshold)


def alone(group: list, wanted: str) -> Gate:
    """Where one placement alone was seen: by what lines take on machines of today, it is the wanted one or the other."""
    step = 1.6
    if wanted == "common":
        return Gate()
    border = step * group[-1] if median(group) < FAR_NS else group[0] / step
    return Gate(high=border) if wanted == "close" else Gate(low=border)


def probe(programs, raw, count: int = 20) -> list:
    """One-way times of a cache line in nanoseconds, over a few seconds."""
    values = []
    for _ in range(count):
        values += probe_once(programs / candidates.LIMITS.program, raw)
        time.sleep(0.2)
    return values


def probe_once(limits, raw) -> list:
    """The same at this moment; empty where it failed."""
    command = [str(limits), *candidates.LIMITS.options, "-b", "8", "-e", "8", "--budget", "0.001"]
    outcome = run(command, raw / "probe.jsonl", raw / "probe.log", 30)
    return [record["median_ns"] for record in outcome.records if record.get("record") == "cache_line"]


def add_option(parser) -> None:
    parser.add_argument(
        "--patience",
        type=float,
        default=5,
        help="seconds that a measurement waits for its placement, before it is made anyway and left out (default: 5)",
    )
    parser.add_argument(
        "--cores",
        choices=("common", "close", "far", "any"),
        default="common",
        help="which placement of the two cores to measure in, where a virtual machine moves them: the more "
        "common one (default), or any (quicker, noisier)",
    )


def find(programs, raw, wanted: str) -> Gate:
    """Looks which placements there are; the gate for the wanted one."""
    if wanted == "any" or candidates.LIMITS.missing(programs):
        return Gate()
    raw.mkdir(parents=True, exist_ok=True)
    values = probe(programs, raw)
    gate = gate_for(values, wanted)
    seen = " and ".join(f"{group[0]:.0f} to {group[-1]:.0f} ns" for group in split(values))
    where = "" if gate.open else f"; measuring where it takes {gate.option()} ns"
    print(f"compare: a cache line takes {seen} between the cores{where}", file=sys.stderr)
    return gate


def line_ns(records: list, gate: Gate) -> float:
    """A cache line's one-way time while small sizes were measured: the median; NaN where it was not probed."""
    values = [
        ns
        for record in records
        if record.get("record") == "result" and record["bytes"] <= 64 and gate.admits(record)
        for ns in record.get("line_ns", ())
        if ns is not None
    ]
    return median(values) if values else math.nan
