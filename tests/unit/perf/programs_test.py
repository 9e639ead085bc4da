"""The measuring programs on real ranks: their tables, their exit status, their errors. argv[1]: the build's perf folder."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from shutil import which

PROGRAMS = Path(sys.argv.pop(1))
COMPARE = Path(__file__).resolve().parents[3] / "perf" / "compare"
# Launchers ask for this where tests run as root.
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
PACE = ["-b", "8", "-f", "8", "-n", "20", "-w", "1"]
QUICK = [*PACE, "-e", "4K"]


def run(*command, timeout=600):
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=timeout, env=ENVIRONMENT
    )


def rows(text):
    return [line.split() for line in text.splitlines() if line and not line.lstrip().startswith("#")]


class Table(unittest.TestCase):
    def assert_right(self, result, in_place=True):
        self.assertEqual(result.returncode, 0, result.stderr + result.stdout)
        table = rows(result.stdout)
        self.assertTrue(table, result.stdout)
        for row in table:
            self.assertEqual(len(row), 15, row)
            self.assertEqual(row[8], "0", row)
            if in_place:
                self.assertEqual(row[12], "0", row)
        self.assertIn("# Out of bounds values : 0 OK", result.stdout)


class WeftPerf(Table):
    program = PROGRAMS / "weft-perf"

    def test_every_collective_is_right_on_forked_ranks(self):
        for collective in ("all_reduce", "reduce_scatter", "all_gather", "broadcast", "reduce"):
            with self.subTest(collective):
                self.assert_right(run(self.program, collective, "--ranks", 3, *QUICK))

    def test_barrier_has_one_row(self):
        result = run(self.program, "barrier", "--ranks", 2, "-n", 20)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(rows(result.stdout)), 1)

    def test_plans_and_allocated_memory_are_right(self):
        for options in (["--plan"], ["--memory", "allocated"], ["--plan", "--memory", "allocated"]):
            with self.subTest(options):
                self.assert_right(run(self.program, "all_reduce", "--ranks", 2, *QUICK, *options))

    def test_decode_plans_are_right(self):
        for options in (["--memory", "allocated"], ["-d", "bf16", "--hidden", 512]):
            with self.subTest(options):
                result = run(self.program, "decode", "--ranks", 2, "-b", "8K", "-e", "16K", "-n", 40, *options)
                self.assertEqual(result.returncode, 0, result.stderr + result.stdout)
                table = [row for row in rows(result.stdout) if row[0] != "#bytes"]
                ways = ["all_reduce", "measured", "norm_apart", "norm_fused", "int8", "fp8_e4m3"]
                self.assertEqual([row[1] for row in table], 2 * ways)
                self.assertEqual({row[7] for row in table}, {"0"})

    def test_pages_are_right(self):
        result = run(self.program, "pages", "--ranks", 2, "-b", "1K", "-e", "4K", "-n", 2)
        self.assertEqual(result.returncode, 0, result.stderr + result.stdout)
        ways = [line.split()[2] for line in result.stdout.splitlines() if not line.startswith("#")]
        self.assertEqual(ways, 2 * ["one", "order", "random"])

    def test_all_types_and_operators_are_right(self):
        result = run(self.program, "all_reduce", "--ranks", 2, *PACE, "-e", 64, "-d", "all", "-o", "all")
        self.assert_right(result)
        self.assertEqual(len(rows(result.stdout)), 100)

    def test_a_single_process_is_a_job_of_one(self):
        self.assert_right(run(self.program, "all_reduce", *QUICK))

    @unittest.skipUnless(which("mpirun.openmpi"), "Open MPI's mpirun is not installed")
    def test_ranks_come_from_a_launcher_and_only_one_prints(self):
        result = run("mpirun.openmpi", "--oversubscribe", "-n", 2, self.program, "all_reduce", *QUICK)
        self.assert_right(result)
        self.assertEqual(result.stdout.count("#  Rank "), 2)
        self.assertEqual(len(rows(result.stdout)), 4)

    def test_an_unknown_collective_is_answered_with_the_known_ones(self):
        result = run(self.program, "all_redcue", "--ranks", 2)
        self.assertEqual(result.returncode, 2)
        self.assertIn("all_reduce, reduce_scatter, all_gather, broadcast, reduce, barrier", result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1)

    def test_bad_options_are_named(self):
        for options, words in (
            (["-b", "8X"], "8X"),
            (["-d", "f99"], "f99"),
            (["-o", "xor"], "xor"),
            (["-r", "7"], "from 0 to 1"),
            (["-f", "1"], "-f"),
            (["--limits", "/nonexistent"], "/nonexistent"),
        ):
            with self.subTest(options):
                result = run(self.program, "broadcast", "--ranks", 2, *options)
                self.assertEqual(result.returncode, 2)
                self.assertIn(words, result.stderr)

    def test_json_has_a_record_per_size_and_placement(self):
        result = run(self.program, "all_reduce", "--ranks", 2, *QUICK, "--json", "-")
        records = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([r["record"] for r in records], ["run"] + ["result"] * 8)
        self.assertEqual(records[1]["candidate"], "weft plain")


class PairTable(unittest.TestCase):
    pace = ["--sizes", "8,100,5000", "-n", 20, "-w", 1]

    def assert_right(self, result, lines=True):
        self.assertEqual(result.returncode, 0, result.stderr + result.stdout)
        table = rows(result.stdout)
        self.assertEqual([row[0] for row in table], ["8", "100", "5000"], result.stdout)
        for row in table:
            self.assertIn(len(row), (8, 12), row)
            self.assertEqual(row[-1], "0", row)
            self.assertEqual(row[-2] != "-", lines, row)
        self.assertIn("# Wrong bytes: 0 OK", result.stdout)


class WeftPairs(PairTable):
    program = PROGRAMS / "weft-perf"

    def test_every_mode_is_right_on_forked_ranks(self):
        for way in ("send", "channel", "put", "get"):
            for what in ("lat", "bw"):
                with self.subTest(f"{way}_{what}"):
                    self.assert_right(run(self.program, f"{way}_{what}", "--ranks", 2, *self.pace))

    def test_allocated_memory_is_right(self):
        self.assert_right(run(self.program, "send_lat", "--ranks", 2, "--memory", "allocated", *self.pace))

    def test_further_ranks_look_on(self):
        self.assert_right(run(self.program, "put_lat", "--ranks", 3, *self.pace), lines=False)

    def test_a_single_rank_is_told_what_is_missing(self):
        result = run(self.program, "send_lat", "--ranks", 1, *self.pace)
        self.assertEqual(result.returncode, 2)
        self.assertIn("at least 2 ranks", result.stderr)

    def test_the_transport_alone_is_measured_too(self):
        result = run(self.program, "transport_put_lat", "--ranks", 2, "-e", 64, "-n", 100)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([len(row) for row in rows(result.stdout)], [9] * 4)

    def test_a_histogram_is_drawn_from_json(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "send.jsonl"
            run(self.program, "send_lat", "--ranks", 2, *self.pace, "--json", path)
            records = [json.loads(line) for line in path.read_text().splitlines()]
            self.assertEqual([r["record"] for r in records], ["run"] + ["result"] * 3)
            self.assertEqual(records[1]["mode"], "send_lat")
            if which("gnuplot"):
                picture = Path(folder) / "send.svg"
                result = run(COMPARE.parent / "histogram", path, "-o", picture)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertTrue("weft plain send_lat" in picture.read_text())


class MpiPairs(PairTable):
    def assert_modes_right(self, program, launcher, modes):
        if not program.exists():
            self.skipTest(f"{program.name} was not built")
        for mode in modes:
            with self.subTest(mode):
                self.assert_right(run(*launcher, program, mode, *self.pace))

    def test_open_mpi_is_right(self):
        launcher = ("mpirun.openmpi", "--oversubscribe", "-n", 2, "--mca", "btl", "self,vader")
        modes = ("send_lat", "send_bw", "put_lat", "put_bw")
        self.assert_modes_right(PROGRAMS / "weft-peer-openmpi", launcher, modes)

    def test_mpich_is_right(self):
        launcher = ("mpiexec.mpich", "-n", 2)
        self.assert_modes_right(PROGRAMS / "weft-peer-mpich", launcher, ("send_lat", "send_bw"))


class Limits(unittest.TestCase):
    def test_limits_become_a_column(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "limits.jsonl"
            result = run(PROGRAMS / "weft-limits", "-e", 256, "--budget", 0.001, "--skip-copies", "--json", path)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("cache line, one way", result.stdout)
            table = run(PROGRAMS / "weft-perf", "all_reduce", "--ranks", 2, *PACE, "-e", 64, "--limits", path)
            self.assertEqual(table.returncode, 0, table.stderr)
            for row in rows(table.stdout):
                self.assertRegex(row[15], r"^\d+%$")


class Peers(Table):
    def peer(self, name):
        program = PROGRAMS / f"weft-peer-{name}"
        if not program.exists():
            self.skipTest(f"{program.name} was not built")
        return program

    def test_open_mpi_is_right(self):
        program = self.peer("openmpi")
        for collective in ("all_reduce", "all_gather", "broadcast", "reduce"):
            self.assert_right(run("mpirun.openmpi", "--oversubscribe", "-n", 2, program, collective, *QUICK))
        self.assert_right(
            run("mpirun.openmpi", "--oversubscribe", "-n", 2, program, "reduce_scatter", *QUICK), in_place=False
        )

    def test_mpich_is_right(self):
        program = self.peer("mpich")
        self.assert_right(run("mpiexec.mpich", "-n", 2, program, "all_reduce", *QUICK))

    def test_gloo_is_right(self):
        program = self.peer("gloo")
        for collective in ("all_reduce", "all_gather", "broadcast", "reduce"):
            self.assert_right(run(program, collective, "--ranks", 2, *QUICK))


class Compare(unittest.TestCase):
    def test_a_short_comparison_writes_tables_and_plots(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run(
                *(COMPARE, "--build", PROGRAMS.parent, "--output", folder, "--rounds", 1),
                *("--maxbytes", "64", "--budget", 0.001, "--candidates", "weft plain,gloo"),
            )
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("| 64 B |", (Path(folder) / "table.md").read_text())
            self.assertTrue((Path(folder) / "results.json").exists())
            if which("gnuplot"):
                self.assertTrue((Path(folder) / "all_reduce-2-ranks.png").stat().st_size > 0)

    def test_a_short_run_beside_other_work(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run(
                *(COMPARE.parent / "busy", "--build", PROGRAMS.parent, "--output", folder, "--rounds", 1),
                *("--sizes", "8,1K", "--budget", 0.001, "--busy", 1, "--no-idle", "--no-peers"),
            )
            self.assertEqual(result.returncode, 0, result.stderr)
            table = (Path(folder) / "table.md").read_text()
            for words in ("put between 2 ranks, one way, beside 1 busy", "weft, spin", "weft, block", "| 1 KiB |"):
                self.assertIn(words, table)
            again = run(COMPARE.parent / "busy", "--output", folder, "--from", Path(folder) / "results.json")
            self.assertEqual((again.returncode, (Path(folder) / "table.md").read_text()), (0, table))

    def test_a_short_comparison_between_two_ranks(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run(
                *(COMPARE.parent / "compare_p2p", "--build", PROGRAMS.parent, "--output", folder, "--rounds", 1),
                *("--sizes", "8,1K", "--budget", 0.001, "--cores", "any", "--candidates", "weft send,weft put,ucx tag"),
            )
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("| 1 KiB |", (Path(folder) / "table.md").read_text())


if __name__ == "__main__":
    unittest.main()
