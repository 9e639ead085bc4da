"""weft-info topology: its text, JSON, pictures and errors. argv[1]: the program; argv[2]: the machines of unit/topology."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

FIXTURES = Path(sys.argv.pop(2)).resolve()
PROGRAM = Path(sys.argv.pop(1)).resolve()
SVG = "{http://www.w3.org/2000/svg}"


def topology(*options, **settings):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WEFT_")}
    environment.setdefault("ASAN_OPTIONS", "detect_leaks=0")  # as in info_test.py
    return subprocess.run(
        [PROGRAM, "topology", *map(str, options)],
        capture_output=True, text=True, timeout=60, env={**environment, **settings},
    )


def text(*options, **settings):
    result = topology(*options, **settings)
    assert result.returncode == 0 and result.stderr == "", result.stderr
    return result.stdout


def report(*options, **settings):
    return json.loads(text("--json", *options, **settings))


def xml(name):
    return "--xml", FIXTURES / f"{name}.xml"


def devices(found):
    return [[nic["name"] for nic in rank["nics"]] for rank in found["ranks"]]


class Text(unittest.TestCase):
    def test_this_host_is_shown(self):
        shown = text()
        self.assertTrue(shown.startswith("this host: "), shown)
        self.assertIn("NUMA node 0", shown)
        self.assertIn("\nranks\n", shown)

    def test_devices_cores_and_reasons_are_shown(self):
        shown = text(*xml("two_sockets_8_nics"), "--ranks", 4)
        self.assertIn("32 cores, 32 processors, 2 NUMA nodes\n", shown)
        self.assertIn("mlx5_4      0000:97:00.0  ib4  bus 63.0 GB/s\n", shown)
        self.assertIn("eno1        0000:04:00.0  bus 7.9 GB/s  no RDMA\n", shown)
        self.assertRegex(shown, r"1 +0 +0 +0  8-15 +mlx5_2,mlx5_3 +4 of 8 devices nearest \(distance 10\), "
                                r"spread over 2 ranks\n")
        self.assertIn("from  1   21  10\n", shown)
        self.assertIn("package  {0-1} {2-3}\n", shown)

    def test_a_container_tells_what_it_may_use(self):
        shown = text(*xml("container_2_of_100"))
        self.assertIn("100 cores, 100 processors, 2 NUMA nodes; 2 cores allowed here\n", shown)
        self.assertIn("cores 0-49, not allowed\n", shown)
        self.assertIn("cores 50-99, allowed 52-53\n", shown)
        self.assertIn("(its memory is not allowed)", shown)

    def test_a_virtual_machine_has_no_rdma_device(self):
        shown = text(*xml("virtual_machine"), "-n", 2)
        self.assertIn("no package is known\n", shown)
        self.assertIn("there is no RDMA device\n", shown)
        self.assertIn("all ranks are equally far from each other\n", shown)

    def test_cores_that_are_numbered_apart_are_written_shortly(self):
        self.assertIn("cores 0-14:2\n", text("--synthetic", "package:2 l3:1 core:8 pu:2"))

    def test_a_fallback_is_said(self):
        with tempfile.TemporaryDirectory() as folder:
            machine = Path(folder) / "odd.xml"
            whole = (FIXTURES / "two_sockets_8_nics.xml").read_text()
            self.assertIn(">10 21 21 10<", whole)
            machine.write_text(whole.replace(">10 21 21 10<", ">21 10 10 21<"))
            self.assertIn("NOTE  the table of NUMA distances is ignored", text("--xml", machine))

    def test_the_variable_names_a_machine_and_an_option_goes_before_it(self):
        path = str(FIXTURES / "amd_ccx.xml")
        self.assertIn("64 cores", text(WEFT_TOPOLOGY_XML=path))
        self.assertIn("6 cores", text(WEFT_TOPOLOGY_XML="synthetic:core:6 pu:1"))
        self.assertIn("2 cores", text(*xml("virtual_machine"), WEFT_TOPOLOGY_XML=path))


class Json(unittest.TestCase):
    def test_a_rank_has_a_place(self):
        found = report(*xml("amd_ccx"), "--ranks", 16, "--hosts", 2)
        self.assertEqual(len(found["hosts"]), 2)
        self.assertEqual(len(found["ranks"]), 32)
        rank = found["ranks"][25]
        self.assertEqual([rank[key] for key in ("rank", "host", "package", "numa_node", "l3", "cores")],
                         [25, 1, 1, 1, 36, [36, 37, 38, 39]])
        self.assertEqual(rank["nics"], [{"name": "mlx5_1", "distance": 10}])
        self.assertEqual([level["name"] for level in found["levels"]], ["package", "host"])

    def test_what_is_unknown_is_null(self):
        found = report(*xml("virtual_machine"), "-n", 2)
        core = found["hosts"][0]["cores"][1]
        self.assertIsNone(core["package"])
        self.assertIsNone(core["l3"])
        self.assertIsNone(found["hosts"][0]["nics"][0]["name"])
        self.assertIsNone(found["hosts"][0]["quota"])

    def test_ranks_are_spread_over_the_nearest_devices(self):
        nics = [f"mlx5_{i}" for i in range(8)]
        for ranks, expected in (
            (1, [nics]),
            (2, [nics[:4], nics[4:]]),
            (4, [nics[0:2], nics[2:4], nics[4:6], nics[6:8]]),
            (8, [[nic] for nic in nics]),
            (16, [[nics[i // 2]] for i in range(16)]),
        ):
            with self.subTest(ranks):
                self.assertEqual(devices(report(*xml("two_sockets_8_nics"), "--ranks", ranks)), expected)


class Picture(unittest.TestCase):
    """What is drawn, and that it can be read: boxes lie inside their host and no two of a kind overlap."""

    def draw(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture.svg"
            self.assertEqual(text("--svg", path, *options), f"wrote {path}\n")
            return ElementTree.parse(path).getroot()

    def texts(self, picture, kind):
        return [t.text for t in picture.iter(f"{SVG}text") if t.get("class") == kind]

    def boxes(self, group):
        return [tuple(float(rect.get(key)) for key in ("x", "y", "width", "height"))
                for rect in group.iter(f"{SVG}rect")]

    def assert_tidy(self, picture):
        for host in picture.findall(f"{SVG}g"):
            frame, *boxes = self.boxes(host)
            for x, y, width, height in boxes:
                self.assertGreaterEqual(min(x, y), 0)
                self.assertLessEqual(x + width, frame[2])
                self.assertLessEqual(y + height, frame[3])
            # Every pair is apart, or one holds the other.
            for i, (x, y, w, h) in enumerate(boxes):
                for u, v, p, q in boxes[i + 1:]:
                    apart = x + w <= u or u + p <= x or y + h <= v or v + q <= y
                    inside = x <= u and u + p <= x + w and y <= v and v + q <= y + h
                    self.assertTrue(apart or inside, ((x, y, w, h), (u, v, p, q)))

    def test_hosts_packages_nodes_devices_ranks_and_links_are_drawn(self):
        picture = self.draw(*xml("two_sockets_8_nics"), "--ranks", 4, "--hosts", 4)
        self.assertEqual(self.texts(picture, "host"), [f"host {i}" for i in range(4)])
        self.assertEqual(self.texts(picture, "package"), ["package 0", "package 1"] * 4)
        self.assertEqual(self.texts(picture, "rank"), [f"rank {i}" for i in range(16)])
        self.assertEqual(len(self.texts(picture, "nic")), 4 * 9)
        links = [path for path in picture.iter(f"{SVG}path") if path.get("class") == "link"]
        self.assertEqual(len(links), 16 * 2)
        self.assertEqual(self.texts(picture, "far"), [])

    def test_nothing_overlaps(self):
        for options in ((*xml("two_sockets_8_nics"),), (*xml("two_sockets_8_nics"), "-n", 8),
                        (*xml("two_sockets_8_nics"), "-n", 32), (*xml("amd_ccx"), "-n", 16),
                        (*xml("virtual_machine"), "-n", 2), (*xml("container_2_of_100"), "-n", 2),
                        (*xml("amd_ccx"), "-n", 3, "--hosts", 4), ("--synthetic", "core:64 pu:1", "-n", 64),
                        ("--synthetic", "package:2 numa:4 l3:3 core:8 pu:2", "-n", 16)):
            with self.subTest(options):
                self.assert_tidy(self.draw(*options))

    def test_many_ranks_that_use_the_same_devices_are_drawn_as_one(self):
        picture = self.draw(*xml("two_sockets_8_nics"), "--ranks", 32)
        self.assertEqual(self.texts(picture, "rank")[:2], ["ranks 0-3", "ranks 4-7"])

    def test_a_far_device_is_drawn_with_its_distance(self):
        with tempfile.TemporaryDirectory() as folder:
            machine = Path(folder) / "far.xml"
            whole = (FIXTURES / "amd_ccx.xml").read_text()
            machine.write_text(whole.replace('name="mlx5_1" osdev_type="3"', 'name="sda" osdev_type="0"'))
            self.assertEqual(self.texts(self.draw("--xml", machine, "-n", 2), "far"), ["32"])

    def test_names_cannot_break_the_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            machine = Path(folder) / "a&b<c.xml"
            whole = (FIXTURES / "amd_ccx.xml").read_text()
            machine.write_text(whole.replace('name="mlx5_1"', 'name="&lt;&amp;&quot;"'))
            picture = self.draw("--xml", machine, "-n", 2)
            self.assertIn('<&"', self.texts(picture, "nic"))


class Wrong(unittest.TestCase):
    def refused(self, *options, **settings):
        result = topology(*options, **settings)
        self.assertEqual(result.returncode, 2, result)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        return result.stderr

    def test_a_wrong_option_is_one_line_and_exit_status_2(self):
        for options in (["--rank", 2], ["--ranks", 0], ["--ranks", "two"], ["--ranks", 1025], ["--hosts", 0],
                        ["--hosts", 65], ["--xml"], ["more"], ["--xml", "a", "--synthetic", "core:2 pu:1"]):
            with self.subTest(options):
                self.assertIn("weft-info --help", self.refused(*options))

    def test_a_machine_that_cannot_be_read_is_named_with_the_reason(self):
        self.assertIn("/nonexistent.xml: cannot be opened", self.refused("--xml", "/nonexistent.xml"))
        self.assertIn("/dev/zero: is not a regular file", self.refused("--xml", "/dev/zero"))
        self.assertIn("synthetic:cores: ", self.refused("--synthetic", "cores"))
        self.assertIn("/nonexistent.xml", self.refused(WEFT_TOPOLOGY_XML="/nonexistent.xml"))

    def test_a_picture_that_cannot_be_written_is_named(self):
        self.assertIn("cannot write '/nonexistent/p.svg'", self.refused("--svg", "/nonexistent/p.svg"))

    def test_help_has_examples(self):
        result = topology("--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("--synthetic", result.stdout)
        self.assertIn("Examples:", result.stdout)


if __name__ == "__main__":
    unittest.main()
