"""Runs one program within a time bound and reads the JSON lines it managed to write."""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Outcome:
    status: str  # "ok", "timed out", or "failed: ..."
    records: list
    seconds: float


def read_records(path: Path) -> list:
    """The complete lines of a JSON lines file; none where there is no file."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text().splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break  # cut off in the middle of a line
    return records


def session_members(session: int) -> list:
    """Live process ids of a session: launchers give their children process groups of their own."""
    members = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # gone meanwhile
        if int(fields[3]) == session and fields[0] != "Z":
            members.append(int(entry.name))
    return members


def end_session(process: subprocess.Popen, grace: float = 3.0) -> None:
    """Asks the launcher to stop, and kills what is left of its session."""
    process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and session_members(process.pid):
        time.sleep(0.05)
        process.poll()
    while members := session_members(process.pid):
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)
    process.wait()


def run(command: list, json_path: Path, log_path: Path, timeout: float) -> Outcome:
    json_path.unlink(missing_ok=True)
    start = time.monotonic()
    with log_path.open("w") as log:
        process = subprocess.Popen(
            [*command, "--json", str(json_path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout)
            status = "ok" if code == 0 else f"failed: exit {code}"
        except subprocess.TimeoutExpired:
            end_session(process)
            status = "timed out"
        except BaseException:
            end_session(process)
            raise
    if status.startswith("failed"):
        text = log_path.read_text().strip()
        if text:
            status += ", " + text.splitlines()[-1][:160]
    return Outcome(status, read_records(json_path), time.monotonic() - start)
