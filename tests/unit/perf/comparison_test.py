"""What perf/compare computes from records, and how it bounds a run."""

import argparse
import json
import math
import sys
import tempfile
import time
import unittest
from pathlib import Path

from comparison import analysis, candidates, plot, report, runner, targets
from comparison.comparison import Comparison, Measuring
from comparison.placement import Gate, gate_for, line_ns, split


def record(candidate, size, median, p99=None, **more):
    return {
        "record": "result",
        "candidate": candidate,
        "bytes": size,
        "in_place": False,
        "median_us": median,
        "p99_us": p99 or 2 * median,
        "wrong": 0,
        "line_ns": [100, 100],
        **more,
    }


def comparison_of(ranks=2, **medians):
    """medians: underscored candidate name -> {size: median}."""
    comparison = Comparison("all_reduce", 1, {"date": "2024-01-01", "processor": "a processor", "cores": 2, "kernel": "6"})
    comparison.records[ranks] = [
        record(name.replace("_", " "), size, median)
        for name, by_size in medians.items()
        for size, median in by_size.items()
    ]
    return comparison


class Analysis(unittest.TestCase):
    def test_cells_are_medians_of_the_rounds_medians(self):
        cells = analysis.cells_of([record("a", 8, us) for us in (1, 5, 2)], Gate())
        cell = cells["a"][8]
        self.assertEqual((cell.median, cell.low, cell.high, cell.mad, cell.rounds), (2, 1, 5, 1, 3))

    def test_in_place_results_and_other_records_are_left_out(self):
        records = [record("a", 8, 1, in_place=True), {"record": "run", "candidate": "a"}]
        self.assertEqual(analysis.cells_of(records, Gate()), {})

    def test_ratio_is_against_the_fastest_peer_of_each_size(self):
        cells = comparison_of(weft_plain={8: 1, 16: 2}, openmpi={8: 3, 16: 9}, mpich={8: 5, 16: 4}).cells(2)
        self.assertEqual(analysis.ratios(cells, "weft plain", ["openmpi", "mpich"]), {8: 3, 16: 2})

    def test_a_size_no_peer_managed_has_no_ratio(self):
        cells = comparison_of(weft_plain={8: 1, 16: 2}, openmpi={8: 3}).cells(2)
        self.assertEqual(list(analysis.ratios(cells, "weft plain", ["openmpi"])), [8])

    def test_geometric_mean(self):
        self.assertAlmostEqual(analysis.geometric_mean([1, 4]), 2)
        self.assertTrue(math.isnan(analysis.geometric_mean([])))

    def test_fraction_of_the_limit_is_one_at_the_limit(self):
        cells = comparison_of(weft_plain={8: 4}, limit={8: 2}).cells(2)
        self.assertEqual(analysis.fractions(cells, "weft plain", "limit"), {8: 0.5})


class Placement(unittest.TestCase):
    def test_one_placement_needs_no_gate(self):
        self.assertEqual(len(split([40, 42, 45, 41])), 1)
        self.assertTrue(gate_for([40, 42, 45, 41], "common").open)
        self.assertTrue(gate_for([], "common").open)

    def test_two_placements_are_parted_between_them(self):
        values = [40, 160, 42, 165, 45, 41]
        close = gate_for(values, "common")
        self.assertEqual((close.low, round(close.high)), (0, 85))
        far = gate_for(values, "far")
        self.assertEqual((round(far.low), far.high), (85, math.inf))
        self.assertTrue(gate_for(values, "any").open)
        self.assertEqual((close.option(), far.option()), ("0:85", "85:"))

    def test_a_placement_that_is_not_there_yet_is_waited_for(self):
        self.assertEqual(gate_for([40, 42, 50], "far"), Gate(low=80))
        self.assertEqual(gate_for([160, 176], "close"), Gate(high=100))
        self.assertEqual(gate_for([40, 50], "close"), Gate(high=80))
        self.assertEqual(gate_for([160, 176], "far"), Gate(low=100))

    def test_rounds_in_another_placement_do_not_count(self):
        records = [record("a", 8, 1), record("a", 8, 9, line_ns=[100, 300]), record("a", 16, 7, line_ns=[300, 300])]
        cells = analysis.cells_of(records, Gate(high=200))
        self.assertEqual((cells["a"][8].median, cells["a"][8].rounds), (1, 1))
        self.assertEqual(cells["a"][16].median, 7)
        self.assertEqual(analysis.misplaced(records, Gate(high=200)), [("a", 16)])

    def test_what_was_not_probed_counts(self):
        self.assertTrue(Gate(high=1).admits(record("a", 8, 1, line_ns=[None, None])))

    def test_times_are_put_in_cache_lines_round_by_round(self):
        records = [record("a", 8, 0.2), record("a", 8, 0.9, line_ns=[250, 350])]
        self.assertEqual(analysis.line_multiples(records, "a", 8, Gate()), [2, 3])
        self.assertEqual(line_ns(records, Gate()), 175)


class Targets(unittest.TestCase):
    def reached(self, comparison):
        return [verdict.reached for verdict in targets.verdicts(comparison)]

    def test_all_reached(self):
        comparison = comparison_of(
            weft_plain={8: 0.2, 65536: 5},
            weft_plain_plan={8: 0.2},
            weft_allocated_plan={8: 0.2, 65536: 2},
            openmpi={8: 0.5, 65536: 9},
            limit={8: 0.1, 65536: 1.7},
        )
        self.assertEqual(self.reached(comparison), [True] * 5)

    def test_none_reached(self):
        comparison = comparison_of(
            weft_plain={8: 0.5, 65536: 5},
            weft_plain_plan={8: 0.3},
            weft_allocated_plan={8: 0.3, 65536: 3},
            openmpi={8: 0.5, 65536: 9},
            limit={8: 0.1, 65536: 1.7},
        )
        self.assertEqual(self.reached(comparison), [False] * 5)

    def test_what_was_not_measured_is_not_judged(self):
        self.assertEqual(self.reached(comparison_of(openmpi={8: 1})), [None] * 5)

    def test_more_ranks_are_judged_by_speed_and_tail(self):
        good = comparison_of(4, weft_plain={8: 5}, openmpi={8: 5})
        self.assertEqual(self.reached(good), [True, True])
        slow = comparison_of(4, weft_plain={8: 6}, openmpi={8: 5})
        slow.records[4][0]["p99_us"] = 6 * 21
        self.assertEqual(self.reached(slow), [False, False])


class Report(unittest.TestCase):
    def setUp(self):
        self.comparison = comparison_of(weft_plain={8: 0.1, 1 << 20: 50}, openmpi={8: 0.3, 1 << 20: 300}, limit={8: 0.05})
        self.comparison.gate = Gate(high=200)

    def test_sizes_and_times_read_well(self):
        self.assertEqual([report.size_text(s) for s in (8, 1536, 65536, 1 << 27)], ["8 B", "1536 B", "64 KiB", "128 MiB"])
        self.assertEqual([report.time_text(t) for t in (0.1134, 1.234, 12.34, 98304.2)], ["0.113", "1.23", "12.3", "98304"])

    def test_tables_show_ratio_share_and_mean(self):
        text = report.markdown(self.comparison)
        self.assertIn("| 8 B | Open MPI | 3.00x | 50% | 2.0 |", text)
        self.assertIn("| 1 MiB | Open MPI | 6.00x | – | 2.0 |", text)
        self.assertIn("| geometric mean |  | 4.24x |", text)

    def test_algorithms_by_name_are_compared_with_each_other(self):
        comparison = comparison_of(4, weft_ring={8: 2}, weft_plain={8: 4}, openmpi_han={8: 6}, weft_bruck={8: 8})
        self.assertEqual(comparison.weft, ["weft ring", "weft plain", "weft bruck"])
        self.assertEqual((comparison.algorithms, comparison.peers), (["weft ring", "weft bruck"], ["openmpi han"]))
        text = report.markdown(comparison)
        self.assertIn("| size | weft ring | weft bruck |", text)
        self.assertIn("| 8 B | 4.00x | 0.25x |", text)
        self.assertIn("title 'weft ring'", plot.script(comparison.cells(4), ["weft ring"], "t", "svg", Path("x.svg")))

    def test_results_survive_saving(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.json"
            self.comparison.save(path)
            self.assertEqual(report.markdown(Comparison.load(path)), report.markdown(self.comparison))
            self.assertEqual(Comparison.load(path).gate, self.comparison.gate)
            report.write(self.comparison, Path(folder))
            summary = json.loads((Path(folder) / "summary.json").read_text())
            self.assertAlmostEqual(summary["ranks"]["2"]["ratio_to_best_peer"]["weft plain"]["8"], 3)

    def test_a_plot_names_every_candidate(self):
        cells = self.comparison.cells(2)
        text = plot.script(cells, ["openmpi", "weft plain"], "t", "svg", Path("x.svg"))
        self.assertIn("title 'Open MPI'", text)
        self.assertIn("title 'weft, plain'", text)
        self.assertIn("1048576 50", text)


class Commands(unittest.TestCase):
    def test_ranks_reach_launcher_and_options(self):
        command = candidates.by_name("openmpi").command(Path("/p"), "all_reduce", 4, ["-b", "8"])
        self.assertEqual(command[0], "mpirun.openmpi")
        self.assertEqual(command[command.index("-n") + 1], "4")
        self.assertEqual(command[-6:], ["/p/weft-peer-openmpi", "all_reduce", "--placement", "out", "-b", "8"])
        forked = candidates.by_name("weft plain").command(Path("/p"), "all_reduce", 4, [])
        self.assertEqual(forked[:4], ["/p/weft-perf", "all_reduce", "--ranks", "4"])

    def test_the_newest_peers_are_started_from_their_folder(self):
        intel = candidates.by_name("intelmpi")
        command = intel.command(Path("/p"), "broadcast", 2, ["-b", "8"])
        self.assertEqual((Path(command[0]).name, command[1], command[3:6]), ("peer_mpi", "intelmpi", ["-n", "2", "/p/weft-peer-mpich"]))
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "weft-peer-mpich").touch()
            there = (candidates.NEWEST / "intelmpi").exists()
            self.assertEqual("scripts/peers" in intel.missing(Path(folder)), not there)

    def test_programs_are_told_the_setting(self):
        comparison = Comparison("all_reduce", 1, {"cores": 2})
        comparison.setting = "fresh,sync"
        settings = argparse.Namespace(minbytes="8", maxbytes="64", factor=2, budget=0.1)
        with tempfile.TemporaryDirectory() as folder:
            options = Measuring(comparison, settings, Path(folder)).sweep_options(2, candidates.by_name("weft plain"), 0)
        self.assertIn("--fresh", options)
        self.assertIn("--sync", options)
        self.assertNotIn("--loop", options)

    def test_on_hosts_the_cluster_launches_and_peers_get_a_folder(self):
        hosts = {c.name: c.command(Path("/p"), "all_reduce", 8, ["-b", "8"], "/s") for c in candidates.on_hosts(("4x2",), ("ring",))}
        self.assertEqual(hosts["weft ring"][1:5], ["4x2", "--", "/p/weft-perf", "all_reduce"])
        self.assertEqual(hosts["weft ring"][-4:], ["--algorithm", "ring", "-b", "8"])
        self.assertEqual(hosts["openmpi"][1:5], ["4x2", "--mpirun", "--", "/p/weft-peer-openmpi"])
        self.assertEqual(hosts["gloo"][hosts["gloo"].index("--folder") + 1], "/s")

    def test_every_candidate_is_first_in_some_round(self):
        self.assertEqual({candidates.rotated(["a", "b", "c"], turn)[0] for turn in range(3)}, {"a", "b", "c"})


WRITER = """
import subprocess, sys, time
path = sys.argv[sys.argv.index("--json") + 1]
open(path, "w").write('{"record":"result","bytes":8}\\n{"record":"res')
if "hang" in sys.argv:
    subprocess.Popen(["sleep", "61.25"], process_group=0) if sys.version_info >= (3, 11) else None
    time.sleep(60)
sys.exit("a story" if "fail" in sys.argv else 0)
"""


def commands_of_all_processes():
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            yield (entry / "cmdline").read_bytes()
        except OSError:
            continue


class Runner(unittest.TestCase):
    def run_writer(self, *arguments, timeout=30):
        with tempfile.TemporaryDirectory() as folder:
            base = Path(folder)
            command = [sys.executable, "-c", WRITER, *arguments]
            return runner.run(command, base / "out.jsonl", base / "out.log", timeout)

    def test_complete_lines_are_read(self):
        outcome = self.run_writer()
        self.assertEqual(outcome.status, "ok")
        self.assertEqual(outcome.records, [{"record": "result", "bytes": 8}])

    def test_a_failure_is_told_with_its_last_words(self):
        self.assertEqual(self.run_writer("fail").status, "failed: exit 1, a story")

    def test_a_run_that_hangs_is_ended_with_all_its_processes_and_keeps_its_lines(self):
        start = time.monotonic()
        outcome = self.run_writer("hang", timeout=2)
        self.assertEqual(outcome.status, "timed out")
        self.assertEqual(len(outcome.records), 1)
        self.assertLess(time.monotonic() - start, 30)
        self.assertEqual([c for c in commands_of_all_processes() if c == b"sleep\x0061.25\x00"], [])


if __name__ == "__main__":
    unittest.main()
