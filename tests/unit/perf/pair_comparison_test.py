"""What perf/compare_p2p, perf/ucx_pair and perf/histogram make of records and of ucx_perftest's output."""

import math
import socket
import unittest
from pathlib import Path

from comparison import analysis, candidates, ends, histogram, pairs, ucx
from comparison.comparison import Comparison
from comparison.placement import Gate
from comparison.sizes import parse_sizes

UCX_OUTPUT = """
+--------------+--------------+------------------------------+---------------------+-----------------------+
|              |              |        latency (usec)        |   bandwidth (MB/s)  |  message rate (msg/s) |
+--------------+--------------+----------+---------+---------+----------+----------+-----------+-----------+
|    Stage     | # iterations | 50.0%ile | average | overall |  average |  overall |  average  |  overall  |
+--------------+--------------+----------+---------+---------+----------+----------+-----------+-----------+
[thread 0]             10000      0.500     2.000     2.000        0.52       0.52       68007       68007
Final:                 20000      0.536    14.704    14.800        0.51       0.52       68006       68007
"""


def record(candidate, size, median_us, line=100, **more):
    return {
        "record": "result",
        "candidate": candidate,
        "mode": "send_lat",
        "bytes": size,
        "median_us": median_us,
        "p99_us": 2 * median_us,
        "wrong": 0,
        "line_ns": [line, line],
        **more,
    }


def comparison_of(records, gate=Gate()):
    comparison = Comparison("pairs", 1, {"date": "2024-01-01", "processor": "a processor", "cores": 2, "kernel": "6"}, gate)
    comparison.records[2] = records
    return comparison


def good():
    """Everything is reached."""
    records = [record(name, 8, us) for name, us in (("weft put", 0.12), ("weft channel", 0.13), ("weft send", 0.17))]
    records += [record(name, 8, us) for name, us in (("openmpi send", 0.2), ("mpich send", 0.3), ("ucx tag", 0.19))]
    records += [record("ucx put", 8, 0.14), record("openmpi put", 8, 0.15)]
    for size, peer in ((1024, 0.4), (4096, 1.6)):
        records += [record("weft send", size, peer / 1.4), record("weft send allocated", size, peer / 2)]
        records += [record("openmpi send", size, peer), record("ucx tag", size, 2 * peer), record("ucx put", size, peer / 9)]
    return records


class UcxOutput(unittest.TestCase):
    def test_the_final_line_counts(self):
        self.assertEqual(ucx.parse_latency(UCX_OUTPUT), ucx.Latency(20000, 0.536, 14.8))
        self.assertEqual(ucx.final_fields(UCX_OUTPUT)[4], 0.51)

    def test_without_one_its_words_are_told(self):
        with self.assertRaisesRegex(RuntimeError, "no such transport"):
            ucx.parse_latency("no such transport\n")

    def test_iterations_fit_the_budget(self):
        self.assertEqual(ucx.iterations_for(8, 0.06), 99469)
        self.assertEqual(ucx.iterations_for(64 << 20, 0.06), 10)

    def test_sizes_are_read_as_the_programs_read_them(self):
        self.assertEqual(parse_sizes("8,1K,64M"), [8, 1024, 64 << 20])
        with self.assertRaises(ValueError):
            parse_sizes("8,x")


class Ends(unittest.TestCase):
    def test_a_listener_is_seen(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            self.assertFalse(ends.listens(port))
            listener.listen()
            self.assertTrue(ends.listens(port))

    def test_a_server_that_ends_at_once_is_an_error(self):
        with self.assertRaisesRegex(RuntimeError, "does not listen"):
            ends.run_ends(["true"], 1)

    def test_a_failure_is_told_with_its_last_words(self):
        with self.assertRaisesRegex(RuntimeError, "exit 3: a story"):
            ends.run(["sh", "-c", "echo a story >&2; exit 3"])


class Verdicts(unittest.TestCase):
    def reached(self, records, gate=Gate()):
        return [verdict.reached for verdict in pairs.verdicts(comparison_of(records, gate))]

    def test_all_reached(self):
        self.assertEqual(self.reached(good()), [True] * 9)

    def test_what_was_not_measured_is_not_judged(self):
        self.assertEqual(self.reached([record("openmpi send", 8, 1)]), [None] * 9)

    def test_small_messages_are_judged_in_cache_lines_of_their_own_moment(self):
        # Slower than the peers in time, faster in cache lines: it ran while the cores were far from each other.
        records = [r for r in good() if r["candidate"] != "weft put"] + [record("weft put", 8, 0.48, line=400)]
        self.assertEqual(self.reached(records), [True] * 9)
        records[-1]["line_ns"] = [200, 200]
        self.assertEqual(self.reached(records)[:4], [False, True, True, False])

    def test_messages_are_not_held_against_puts(self):
        records = good() + [record("ucx put", 8, 0.1)] * 9
        reached = self.reached(records)
        self.assertEqual((reached[3], reached[4], reached[5]), (False, False, True))

    def test_one_slow_size_misses_the_sweep(self):
        records = good() + [record("weft send", 16384, 2), record("openmpi send", 16384, 1.9)]
        self.assertEqual(self.reached(records)[6:], [False, False, True])


class Tables(unittest.TestCase):
    def test_everything_is_in_them(self):
        text = pairs.markdown(comparison_of(good(), Gate(high=200)))
        self.assertIn("| 1 KiB | Open MPI send | 1.40x | 2.00x |", text)
        self.assertIn("| weft put | 1.20 | 1.20 to 1.20 | 1 |", text)
        self.assertIn("within 0:200 ns", text)

    def test_tails_are_those_of_programs_that_time_single_messages(self):
        tail = {"stdev_us": 0.3, "p999_us": 5, "max_us": 70}
        text = pairs.tails_table(comparison_of([record("weft send", 8, 0.1, **tail), record("ucx tag", 8, 0.2)]))
        self.assertIn("| weft send | 0.100 | 0.300 | 0.200 | 5.00 | 70.0 |", text)
        self.assertNotIn("UCX", text)

    def test_a_peer_without_percentiles_has_none(self):
        cells = analysis.cells_of([record("ucx tag", 8, 0.2, p99_us=None)], Gate())
        self.assertTrue(math.isnan(cells["ucx tag"][8].p99))


class Histogram(unittest.TestCase):
    def records(self):
        return [
            record("weft send", 8, 0.1, histogram=[[0.1, 90], [0.104, 9]]),
            record("weft send", 8, 0.1, histogram=[[50.0, 1]]),
            record("weft send", 64, 0.1, histogram=[[1.0, 7]]),
            record("ucx tag", 8, 0.2),
        ]

    def test_rounds_are_added_up(self):
        shares = histogram.shares(self.records(), 8)
        self.assertEqual(list(shares), ["weft send"])
        self.assertEqual(list(shares["weft send"].values()), [0.99, 0.01])
        first, last = shares["weft send"]
        self.assertTrue(0.08 < first <= 0.1 and 42 < last <= 50)

    def test_a_picture_names_every_candidate(self):
        text = histogram.script(histogram.shares(self.records(), 8), "t", "svg", Path("x.svg"))
        self.assertIn("title 'weft send'", text)

    def test_empty_bins_reach_the_floor(self):
        lines = histogram.steps({1.0: 0.5, 4.0: 0.5}, 0.1).splitlines()
        self.assertEqual((lines[0], lines[1], lines[-1].split()[1]), ("1 0.1", "1 0.5", "0.1"))
        self.assertIn("4 0.1", lines)


class Commands(unittest.TestCase):
    def test_each_measures_its_own_mode(self):
        by_name = {c.name: c.command(Path("/p"), "pairs", 2, ["--sizes", "8"], "/s") for c in candidates.PAIRS}
        self.assertEqual(by_name["weft put"], ["/p/weft-perf", "put_lat", "--ranks", "2", "--sizes", "8"])
        self.assertEqual(by_name["mpich send"][-4:], ["/p/weft-peer-mpich", "send_lat", "--sizes", "8"])
        tag = by_name["ucx tag"]
        self.assertTrue(tag[0].endswith("/perf/ucx_pair"))
        self.assertEqual(tag[1:4], ["tag_lat", "--limits", "/p/weft-limits"])

    def test_messages_are_compared_with_candidates_that_there_are(self):
        names = {candidate.name for candidate in candidates.PAIRS if candidate.peer}
        self.assertTrue(set(candidates.MESSAGE_PEERS) < names)


if __name__ == "__main__":
    unittest.main()
