"""weft-sim: its table, its CSV and JSON, its errors. argv[1]: the program."""

import csv
import io
import json
import math
import subprocess
import sys
import unittest
from pathlib import Path

PROGRAM = Path(sys.argv.pop(1)).resolve()


def sim(*options):
    return subprocess.run([PROGRAM, *options], capture_output=True, text=True, timeout=120)


def predicted(*options):
    result = sim(*options, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


class Table(unittest.TestCase):
    def test_has_a_row_for_each_size_and_names_a_winner(self):
        result = sim("all_reduce", "--hosts", "16", "--ranks-per-host", "2", "--fabric", "fat-tree:2:1:4", "-e", "2M")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        self.assertIn("all_reduce, 32 ranks: 16 hosts x 2 ranks, fat-tree:2:1:4", result.stdout)
        for size in ("8 B", "128 B", "32 KiB", "512 KiB", "2 MiB"):
            self.assertRegex(result.stdout, rf"(?m)^ +{size} .* (us|ms)  [a-z_]+ ")
        self.assertIn("two_shot_direct: needs every rank mapped by every other", result.stdout)

    def test_a_barrier_has_one_row(self):
        result = sim("barrier", "--hosts", "4")
        self.assertRegex(result.stdout, r"(?m)^ +0 B ")

    def test_says_what_takes_too_many_steps(self):
        result = sim("all_reduce", "--hosts", "64", "--max-steps", "10000", "-e", "8")
        self.assertRegex(result.stdout, r"ring: takes [0-9.e+-]+ million steps; --max-steps allows 0.01")

    def test_what_does_not_fit_the_shared_memory_is_left_out(self):
        result = sim("all_reduce", "--hosts", "700", "--shared-bytes", "1690K", "-e", "8", "-a", "halving_doubling")
        self.assertIn("halving_doubling: does not fit the shared memory", result.stdout)

    def test_every_fabric_and_collective_is_priced(self):
        for fabric in ("uniform", "fat-tree:3:1:2", "rails", "dragonfly:2", "two-sites:1"):
            for collective in ("all_reduce", "reduce_scatter", "all_gather", "broadcast", "reduce", "barrier"):
                rows = predicted(collective, "--hosts", "6", "--ranks-per-host", "2", "--fabric", fabric, "-e", "1M")
                for row in rows["sizes"]:
                    best = row["prices"][row["winner"]]["ns"]
                    self.assertGreaterEqual(best, 0.999 * row["bound_ns"], (fabric, collective))
                    self.assertEqual(best, min(price["ns"] for price in row["prices"].values()))


class Values(unittest.TestCase):
    def test_csv_and_json_agree(self):
        options = ("all_gather", "--hosts", "4", "-b", "4K", "-e", "64K")
        rows = list(csv.DictReader(io.StringIO(sim(*options, "--csv").stdout)))
        sizes = {row["bytes"]: row for row in predicted(*options)["sizes"]}
        self.assertEqual(sum(len(row["prices"]) for row in sizes.values()), len(rows))
        for row in rows:
            price = sizes[int(row["bytes"])]["prices"][row["algorithm"]]
            self.assertAlmostEqual(float(row["ns"]), price["ns"], places=2)
            self.assertEqual(row["winner"] == "1", sizes[int(row["bytes"])]["winner"] == row["algorithm"])

    def test_only_the_named_algorithms_are_priced(self):
        row = predicted("all_reduce", "--hosts", "4", "-a", "ring,two_shot", "-e", "8")["sizes"][0]
        self.assertEqual(set(row["prices"]), {"ring", "two_shot"})

    def test_rings_and_trees_cost_what_the_textbook_says(self):
        # The textbook's machines: processors take no time, one lane, and slots that hold all of the message.
        for hosts in (4, 16, 64):
            rows = predicted("all_reduce", "--hosts", str(hosts), "--latency", "2", "--message", "0", "--nic", "100",
                             "--ideal-processors", "--lanes", "1", "--shared-bytes", "8G", "-b", "16K", "-e", "64M",
                             "-a", "ring,binomial_tree,recursive_doubling")
            alpha, beta, levels = 2000, 8 / 100, math.log2(hosts)
            for row in rows["sizes"]:
                n = row["bytes"]
                formulas = {
                    "ring": 2 * (hosts - 1) * alpha + 2 * n * (hosts - 1) / hosts * beta,
                    "binomial_tree": 2 * levels * (alpha + n * beta),
                    "recursive_doubling": levels * (alpha + n * beta),
                }
                for name, formula in formulas.items():
                    price = row["prices"][name]
                    self.assertEqual(price["passes"], 1)
                    self.assertLess(abs(price["ns"] / formula - 1), 0.05, (hosts, n, name, price))

    def test_recursive_doubling_takes_a_latency_for_each_round(self):
        rows = predicted("all_reduce", "--hosts", "64", "--latency", "10", "--message", "0", "-a", "recursive_doubling",
                         "-e", "8")
        ns = rows["sizes"][0]["prices"]["recursive_doubling"]["ns"]
        self.assertLess(abs(ns / (math.log2(64) * 10_000) - 1), 0.05)

    def test_more_shared_memory_takes_fewer_passes(self):
        passes = []
        for shared in ("4M", "64M"):
            rows = predicted("all_reduce", "--hosts", "8", "-b", "64M", "-e", "64M", "-a", "ring", "--shared-bytes", shared)
            passes.append(rows["sizes"][0]["prices"]["ring"]["passes"])
        self.assertGreater(passes[0], passes[1])


class Mistakes(unittest.TestCase):
    def refused(self, *options):
        result = sim(*options)
        self.assertEqual(result.returncode, 2, (options, result.stdout, result.stderr))
        self.assertEqual(result.stdout, "")
        return result.stderr

    def test_wrong_input_is_named(self):
        self.assertIn("'all_redoce' is no collective; there are all_reduce,", self.refused("all_redoce"))
        self.assertIn("there are uniform, fat-tree:", self.refused("all_reduce", "--fabric", "torus"))
        self.assertIn("'ringg'", self.refused("all_reduce", "-a", "ringg"))
        self.assertIn("--hosts", self.refused("all_reduce", "--hosts", "0"))
        self.assertIn("above the largest", self.refused("all_reduce", "-b", "1M", "-e", "1K"))
        self.assertIn("is no size", self.refused("all_reduce", "-e", "lots"))
        self.assertIn("root 9", self.refused("broadcast", "--hosts", "8", "--root", "9"))
        self.assertIn("more than", self.refused("all_reduce", "--hosts", "1000000"))
        self.assertIn("shared memory", self.refused("all_reduce", "--hosts", "4096", "--shared-bytes", "1M"))
        self.assertIn("excludes", self.refused("all_reduce", "--csv", "--json"))
        self.assertIn("collective", self.refused())

    def test_help_is_no_mistake(self):
        result = sim("--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("Examples:", result.stdout)


if __name__ == "__main__":
    unittest.main()
