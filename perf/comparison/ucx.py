"""ucx_perftest: its command line, and what its output says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Latency:
    """Microseconds one way, as ucx_perftest counts (half a round trip)."""

    iterations: int
    median: float
    mean: float


def command(test: str, size: int, iterations: int, port: int) -> list:
    warmup = max(2, min(iterations // 10, 10000))
    return ["ucx_perftest", "-t", test, "-s", str(size), "-n", str(iterations), "-w", str(warmup), "-p", str(port)]


def final_fields(text: str) -> list:
    """The numbers behind "Final:": iterations; latency: median, average, overall; bandwidth: average, overall (MiB/s); messages a second.

    Throws RuntimeError where there are none."""
    for line in text.splitlines():
        fields = line.split()
        if fields and fields[0] == "Final:":
            return [float(field) for field in fields[1:]]
    raise RuntimeError(f"ucx_perftest gave no result: {text.strip()[-300:]}")


def parse_latency(text: str) -> Latency:
    fields = final_fields(text)
    return Latency(int(fields[0]), fields[1], fields[3])


def iterations_for(size: int, budget: float) -> int:
    """Round trips that take about `budget` seconds, at 0.3 us and 5 GB/s one way."""
    seconds = 2 * (0.3e-6 + size / 5e9)
    return max(10, min(int(budget / seconds), 1000000))
