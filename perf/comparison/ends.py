"""Programs of two ends that meet over a TCP port: perftest's and UCX's."""

import os
import subprocess
import time
from pathlib import Path

LISTENING = "0A"  # the kernel's TCP_LISTEN


def run(command: list, environment: dict = {}, timeout: float = 120) -> str:
    """A command's output; RuntimeError with its last words where it fails."""
    result = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout
    )
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {result.returncode}: {result.stderr.strip()[-300:]}")
    return result.stdout


def listens(port: int) -> bool:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        lines = Path(table).read_text().splitlines()[1:] if Path(table).exists() else []
        for fields in map(str.split, lines):
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                return True
    return False


def await_listener(process: subprocess.Popen, port: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{' '.join(process.args)}: does not listen at port {port}")
        time.sleep(0.01)


def run_ends(command: list, port: int, environment: dict = {}, timeout: float = 120) -> str:
    """The command as a server, and with its address as a client, each on a core of its own; the client's output."""
    cores = sorted(os.sched_getaffinity(0))
    pin = lambda core: lambda: os.sched_setaffinity(0, {core})
    full = {**os.environ, **environment}
    server = subprocess.Popen(
        command, env=full, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin(cores[0])
    )
    try:
        await_listener(server, port, patience=20)
        client = [*command, "127.0.0.1"]
        result = subprocess.run(
            client, env=full, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, preexec_fn=pin(cores[-1])
        )
    finally:
        server.kill()
        server.wait()
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(client)}: exit {result.returncode}: {result.stdout.strip()[-300:]}")
    return result.stdout
