"""Results that are kept, and what moved since: JSON lines, one per placement, setting, collective, rank count, candidate, size.

Only like is held against like: the same processor and number of cores, and cores as far apart. A machine that is slower today
than it was then is slower for everybody, so what moved is told beside how much the peers moved.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from . import candidates, report
from .analysis import misplaced
from .placement import FAR_NS

KEY = ("processor", "cores", "placement", "setting", "collective", "ranks", "candidate", "bytes")
LEAST = 1.05  # what moved by less is not told


class BaselineError(RuntimeError):
    """A baseline that cannot be read; the message names the file and the line."""


@dataclass(frozen=True)
class Moved:
    key: tuple
    before: dict
    now: dict

    @property
    def ratio(self) -> float:
        """The time now over the time then."""
        return self.now["median_us"] / self.before["median_us"]

    @property
    def beyond_noise(self) -> bool:
        """No round of one was as quick, or as slow, as a round of the other."""
        apart = self.now["low_us"] > self.before["high_us"] or self.now["high_us"] < self.before["low_us"]
        return apart and max(self.ratio, 1 / self.ratio) >= LEAST


def placement_of(comparison, ranks: int) -> str:
    """Where two ranks were measured; '' where it was not probed, or with other rank counts."""
    records = comparison.records[ranks] if ranks == 2 else []
    probed = [ns for record in records if comparison.gate.admits(record) for ns in record.get("line_ns", ()) if ns is not None]
    return "" if not probed else "far" if median(probed) > FAR_NS else "close"


def rows_of(comparison) -> list:
    """Every cell of a comparison as one row, but those that were never measured in the wanted placement."""
    rows = []
    machine = comparison.machine
    left_out = set(misplaced(comparison.records.get(2, []), comparison.gate))
    for ranks in comparison.rank_counts:
        where = placement_of(comparison, ranks)
        for name, by_size in comparison.cells(ranks).items():
            for size, cell in by_size.items():
                if ranks == 2 and (name, size) in left_out:
                    continue
                called = (comparison.setting, comparison.collective, ranks, name, size)
                key = (machine["processor"], machine["cores"], where, *called)
                times = {"median_us": cell.median, "low_us": cell.low, "high_us": cell.high, "rounds": cell.rounds}
                rows.append({**dict(zip(KEY, key)), **times, "date": machine["date"], "commit": machine.get("commit", "")})
    return rows


def key_of(row: dict) -> tuple:
    return tuple(row[name] for name in KEY)


def read(path: Path) -> dict:
    """{key: row}; of several rows with one key the last counts. Empty where there is no file."""
    found = {}
    lines = path.read_text().splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            found[key_of(row)] = row
            if not 0 < row["low_us"] <= row["median_us"] <= row["high_us"]:
                raise ValueError("times that are not in order")
        except (KeyError, TypeError, ValueError) as error:
            raise BaselineError(f"{path}:{number}: not a result of a baseline ({error})") from error
    return found


def save(path: Path, rows: list) -> None:
    """Adds rows to a file; they replace those with the same key."""
    merged = read(path)
    merged.update({key_of(row): row for row in rows})
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    ordered = sorted(merged.values(), key=lambda row: [str(part).rjust(12) for part in key_of(row)])
    beside.write_text("".join(json.dumps(row) + "\n" for row in ordered))
    beside.replace(path)


def compare(before: dict, rows: list) -> list:
    """A Moved for each row that the baseline has, too."""
    return [Moved(key_of(row), before[key_of(row)], row) for row in rows if key_of(row) in before]


def drift(found: list) -> float:
    """How the peers moved, which nobody here changed: the median of their ratios; NaN without one."""
    ratios = [moved.ratio for moved in found if candidates.is_peer(moved.now["candidate"])]
    return median(ratios) if ratios else math.nan


def slower(found: list) -> list:
    """weft's cells that are slower beyond the noise, and by more than the machine is."""
    bound = LEAST * max(1, 0 if math.isnan(drift(found)) else drift(found))
    own = [moved for moved in found if not candidates.is_peer(moved.now["candidate"])]
    return [moved for moved in own if moved.beyond_noise and moved.ratio >= bound]


def times_text(row: dict) -> str:
    median_us, low, high = (report.time_text(row[name]) for name in ("median_us", "low_us", "high_us"))
    return f"{median_us} ({low}–{high})"


def moved_row(moved: Moved) -> list:
    now, before = moved.now, moved.before
    what = ", ".join(filter(None, (now["collective"], f"{now['ranks']} ranks", now["setting"], now["placement"])))
    who = [candidates.title_of(now["candidate"]), report.size_text(now["bytes"])]
    since = " ".join(filter(None, (before["date"], before["commit"])))
    return [what, *who, times_text(before), times_text(now), f"{moved.ratio:.2f}", since]


def markdown(found: list, rows: int) -> str:
    """What moved beyond the noise, the most first."""
    text = f"## Against the baseline\n\n{len(found)} of {rows} results have one like them in it; "
    moved = sorted((m for m in found if m.beyond_noise), key=lambda m: -abs(math.log(m.ratio)))
    text += f"{len(moved)} moved beyond the noise: no round of one among the rounds of the other, {LEAST:.2f} times or more.\n"
    if not math.isnan(drift(found)):
        text += f"The peers take {drift(found):.2f} times what they took then.\n"
    heads = ["what", "who", "size", "then, µs", "now, µs", "now / then", "since"]
    return text + ("\n" + report.markdown_table(heads, [moved_row(m) for m in moved]) if moved else "")
