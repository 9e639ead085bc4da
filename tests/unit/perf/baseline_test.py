"""What perf/compare keeps of its results, and how it tells what moved."""

import json
import tempfile
import unittest
from pathlib import Path

from comparison import baseline
from comparison.comparison import Comparison
from comparison.placement import Gate

MACHINE = {"date": "2024-01-01", "processor": "a processor", "cores": 2, "kernel": "6", "commit": "abc"}


def comparison_of(medians, ranks=2, setting="loop", line=40, gate=Gate()):
    """medians: candidate -> {size: each round's median}."""
    comparison = Comparison("all_reduce", 1, MACHINE, gate)
    comparison.setting = setting
    comparison.records[ranks] = [
        {"record": "result", "candidate": name, "bytes": size, "median_us": us, "p99_us": us, "line_ns": [line, line]}
        for name, by_size in medians.items()
        for size, rounds in by_size.items()
        for us in rounds
    ]
    return comparison


def moved(then, now, **more):
    rows = baseline.rows_of(comparison_of(then))
    before = {baseline.key_of(row): row for row in rows}
    return baseline.compare(before, baseline.rows_of(comparison_of(now, **more)))


class Rows(unittest.TestCase):
    def test_a_row_says_what_was_measured_where_and_when(self):
        (row,) = baseline.rows_of(comparison_of({"weft plain": {65536: [1, 3, 2]}}, line=150))
        expected = ("a processor", 2, "far", "loop", "all_reduce", 2, "weft plain", 65536)
        self.assertEqual(baseline.key_of(row), expected)
        self.assertEqual([row[name] for name in ("low_us", "median_us", "high_us")], [1, 2, 3])
        self.assertEqual((row["date"], row["commit"], row["rounds"]), ("2024-01-01", "abc", 3))

    def test_more_than_two_ranks_have_no_placement(self):
        (row,) = baseline.rows_of(comparison_of({"weft plain": {8: [1]}}, ranks=4))
        self.assertEqual((row["placement"], row["ranks"]), ("", 4))

    def test_what_was_measured_in_another_placement_is_left_out(self):
        self.assertEqual(baseline.rows_of(comparison_of({"weft plain": {8: [1]}}, line=40, gate=Gate(low=80))), [])


class Moved(unittest.TestCase):
    def test_rounds_apart_have_moved(self):
        (found,) = moved({"weft plain": {8: [1.0, 1.1]}}, {"weft plain": {8: [2.0, 2.2]}})
        self.assertTrue(found.beyond_noise)
        self.assertAlmostEqual(found.ratio, 2)

    def test_rounds_among_each_other_have_not(self):
        (found,) = moved({"weft plain": {8: [1.0, 1.5]}}, {"weft plain": {8: [1.4, 2.0]}})
        self.assertFalse(found.beyond_noise)

    def test_a_little_is_not_told(self):
        (found,) = moved({"weft plain": {8: [1.0]}}, {"weft plain": {8: [1.04]}})
        self.assertFalse(found.beyond_noise)

    def test_only_like_is_held_against_like(self):
        then = {"weft plain": {8: [1.0]}}
        self.assertEqual(moved(then, then, setting="sync"), [])
        self.assertEqual(moved(then, then, line=150), [])
        self.assertEqual(moved(then, {"weft plain": {16: [1.0]}}), [])

    def test_slower_are_those_of_weft_beyond_what_the_peers_show_of_the_machine(self):
        then = {"weft plain": {8: [1.0], 16: [1.0]}, "openmpi": {8: [1.0], 16: [1.0]}}
        now = {"weft plain": {8: [1.2], 16: [1.5]}, "openmpi": {8: [1.3], 16: [1.3]}}
        self.assertEqual([row.now["bytes"] for row in baseline.slower(moved(then, now))], [16])

    def test_who_got_faster_is_not_slower(self):
        self.assertEqual(baseline.slower(moved({"weft plain": {8: [2.0]}}, {"weft plain": {8: [1.0]}})), [])

    def test_the_table_names_what_moved_and_the_peers_drift(self):
        then = {"weft plain": {8: [1.0], 16: [1.0]}, "openmpi": {8: [1.0]}}
        text = baseline.markdown(moved(then, {"weft plain": {8: [1.0], 16: [3.0]}, "openmpi": {8: [1.0]}}), 3)
        self.assertIn("3 of 3 results have one like them", text)
        self.assertIn("1 moved", text)
        self.assertIn("1.00 times what they took then", text)
        row = "| all_reduce, 2 ranks, loop, close | weft, plain | 16 B | 1.00 (1.00–1.00) | 3.00 (3.00–3.00) | 3.00 | 2024-01-01 abc |"
        self.assertIn(row, text)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "some" / "baseline.jsonl"

    def test_rows_survive_and_the_newest_replaces(self):
        baseline.save(self.path, baseline.rows_of(comparison_of({"weft plain": {8: [1.0], 16: [2.0]}})))
        baseline.save(self.path, baseline.rows_of(comparison_of({"weft plain": {8: [5.0]}})))
        rows = baseline.read(self.path).values()
        self.assertEqual({row["bytes"]: row["median_us"] for row in rows}, {8: 5.0, 16: 2.0})
        sizes = [json.loads(line)["bytes"] for line in self.path.read_text().splitlines()]
        self.assertEqual(sizes, [8, 16])

    def test_what_is_no_result_is_an_error_with_its_line(self):
        baseline.save(self.path, baseline.rows_of(comparison_of({"weft plain": {8: [1.0]}})))
        good = self.path.read_text()
        for bad in ("{", "[]", "{}", good.strip().replace('"low_us": 1.0', '"low_us": 2.0')):
            self.path.write_text(good + bad + "\n")
            with self.assertRaisesRegex(baseline.BaselineError, "baseline.jsonl:2: not a result"):
                baseline.read(self.path)


if __name__ == "__main__":
    unittest.main()
