"""weft-info: its text, its JSON, its errors. argv[1]: the program; argv[2]: the folder of the loader tests' plugins."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PLUGINS = Path(sys.argv.pop(2)).resolve()
PROGRAM = Path(sys.argv.pop(1)).resolve()


def info(*options, **settings):
    """Runs it with these WEFT_... variables and no others."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WEFT_")}
    # Leak checks of a sanitized build are not the subject: plugins of vendors stay loaded.
    environment.setdefault("ASAN_OPTIONS", "detect_leaks=0")
    return subprocess.run(
        [PROGRAM, *options], capture_output=True, text=True, timeout=60, env={**environment, **settings}
    )


def report(**settings):
    return json.loads(info("--json", **settings).stdout)


def transport(found, name):
    return next(t for t in found["transports"] if t["name"] == name)


class Folder(unittest.TestCase):
    """A folder of plugins for WEFT_PLUGIN_PATH."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = folder.name

    def add(self, plugin):
        (Path(self.path) / f"libweft_{plugin}.so").symlink_to(PLUGINS / f"libweft_test_{plugin}.so")

    def add_broken(self):
        (Path(self.path) / "libweft_x.so").write_text("no shared object")


class Installed(Folder):
    def test_a_program_that_PATH_finds_finds_the_plugins_beside_it(self):
        beside = Path(self.path) / "bin/weft"
        beside.mkdir(parents=True)
        shutil.copy(PROGRAM, beside.parent / "weft-info")
        (beside / "libweft_good.so").symlink_to(PLUGINS / "libweft_test_good.so")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WEFT_")}
        environment |= {"PATH": f"{beside.parent}:/usr/bin:/bin", "ASAN_OPTIONS": "detect_leaks=0"}
        # A shell looks the name up and calls the program by it alone.
        result = subprocess.run(["sh", "-c", "cd / && exec weft-info --json"], capture_output=True, text=True, timeout=60,
                                env=environment)
        self.assertIn("good", [t["name"] for t in json.loads(result.stdout)["transports"]], result.stderr)


class Text(Folder):
    def info(self, *options, **settings):
        result = info(*options, WEFT_PLUGIN_PATH=self.path, **settings)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        return result.stdout

    def test_built_in_transports_are_shown_with_their_use(self):
        text = self.info()
        self.assertRegex(text, r"^weft \d+\.\d+\.\d+")
        self.assertIn("shm (built in)\n  ready: priority 100\n", text)
        self.assertIn("used only on request: WEFT_TRANSPORTS=sim", text)
        self.assertTrue(text.endswith("\nno warnings\n"), text)

    def test_settings_are_listed_and_a_transport_left_out_says_by_which(self):
        text = self.info(WEFT_TRANSPORTS="sim")
        self.assertIn("settings  WEFT_TRANSPORTS=sim\n", text)
        self.assertIn("left out by WEFT_TRANSPORTS=sim", text)
        self.assertIn("sim (built in)\n  ready: priority -1\n", text)

    def test_a_plugin_that_cannot_run_tells_what_it_found(self):
        self.add("telling")
        text = self.info()
        self.assertIn("cannot run here: ", text)
        self.assertIn("  device   card0         NUMA node 0\n           card0 port 1  active\n", text)
        self.assertIn("  CHOICE   card0\n", text)
        self.assertIn("  WARNING  card0 port 1: slow: `make it --fast`\n", text)
        self.assertTrue(text.endswith("\n1 warning\n"), text)

    def test_a_plugin_sees_its_settings(self):
        self.add("telling")
        self.assertIn("  CHOICE   card7\n", self.info(WEFT_TELLING_DEVICE="card7"))

    def test_refused_plugins_are_warnings_with_their_reasons(self):
        self.add("abi")
        self.add_broken()
        text = " ".join(self.info().split())
        self.assertIn(f"{self.path}/libweft_x.so: cannot be loaded: ", text)
        self.assertIn(f"{self.path}/libweft_abi.so: built for transport ABI version 999", text)
        self.assertIn("2 warnings", text)

    def test_no_plugin_is_no_news(self):
        self.assertNotIn("refused", self.info())


class Problems(unittest.TestCase):
    def test_a_plugin_path_that_does_not_exist_is_named_and_the_rest_is_shown(self):
        result = info(WEFT_PLUGIN_PATH="/nonexistent/libweft_x.so")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("PROBLEM   weft cannot start: plugin path: /nonexistent/libweft_x.so", result.stdout)
        self.assertIn("shm (built in)", result.stdout)

    def test_a_setting_that_cannot_be_read_is_named(self):
        found = report(WEFT_WAIT="soon")
        self.assertEqual(len(found["problems"]), 1)
        self.assertIn("WEFT_WAIT=soon", found["problems"][0])
        self.assertGreaterEqual(found["warnings"], 1)

    def test_a_transport_that_does_not_exist_is_named(self):
        found = report(WEFT_TRANSPORTS="shm,paper")
        self.assertEqual(found["problems"], ["WEFT_TRANSPORTS names paper, and there is no such transport"])

    def test_a_topology_that_cannot_be_read_is_named(self):
        problems = report(WEFT_TOPOLOGY_XML="/nonexistent.xml")["problems"]
        self.assertEqual(len(problems), 1)
        self.assertIn("topology /nonexistent.xml: cannot be opened", problems[0])

    def test_another_hosts_topology_is_the_one_that_is_shown(self):
        self.assertEqual(report(WEFT_TOPOLOGY_XML="synthetic:core:6 pu:2")["host"]["processors"], 12)

    def test_no_usable_transport_is_a_problem(self):
        problems = report(WEFT_TRANSPORTS="paper")["problems"]
        self.assertTrue(any("no transport can be used" in p for p in problems), problems)

    def test_a_wrong_option_is_one_line_and_exit_status_2(self):
        for options in (["--jason"], ["shm"], ["--json=maybe"]):
            with self.subTest(options):
                result = info(*options)
                self.assertEqual(result.returncode, 2)
                self.assertEqual(result.stdout, "")
                self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
                self.assertIn("weft-info --help", result.stderr)

    def test_help_has_examples(self):
        for option in ("-h", "--help"):
            result = info(option)
            self.assertEqual(result.returncode, 0)
            self.assertIn("Examples:", result.stdout)


class Json(Folder):
    def test_it_says_the_same(self):
        self.add("telling")
        self.add_broken()
        found = report(WEFT_PLUGIN_PATH=self.path, WEFT_TRANSPORTS="shm,telling")
        self.assertEqual(found["settings"], {"WEFT_PLUGIN_PATH": self.path, "WEFT_TRANSPORTS": "shm,telling"})
        self.assertEqual(transport(found, "shm")["use"], "ready")
        self.assertEqual(transport(found, "shm")["devices"], [{"name": "", "priority": 100, "numa_node": None}])
        self.assertEqual(transport(found, "sim")["use"], "left_out")
        telling = transport(found, "telling")
        self.assertEqual(telling["use"], "cannot_run")
        self.assertEqual([f["kind"] for f in telling["findings"]], ["device", "detail", "choice", "warning"])
        self.assertEqual(telling["findings"][1], {"kind": "detail", "about": "card0 port 1", "text": "active"})
        self.assertEqual([r["origin"] for r in found["refused"]], [f"{self.path}/libweft_x.so"])
        self.assertEqual(found["problems"], [])
        self.assertEqual(found["warnings"], 2)


class SharedMemory(unittest.TestCase):
    def findings(self, **settings):
        return transport(report(**settings), "shm")["findings"]

    def test_its_memory_is_chosen_by_the_setting(self):
        for backing, words in (("memfd", "memfd"), ("posix", "/dev/shm")):
            choice = next(f for f in self.findings(WEFT_SHM_BACKING=backing) if f["kind"] == "choice")
            self.assertIn(words, choice["text"])

    def test_dev_shm_is_too_small_only_where_it_is_used(self):
        space = os.statvfs("/dev/shm")
        small = space.f_bavail * space.f_frsize < 64 << 20
        for backing, warned in (("memfd", False), ("posix", small)):
            kinds = [f["kind"] for f in self.findings(WEFT_SHM_BACKING=backing)]
            self.assertEqual("warning" in kinds, warned, backing)

    def test_a_wrong_setting_is_a_warning(self):
        warning = next(f for f in self.findings(WEFT_SHM_BACKING="paper") if f["kind"] == "warning")
        self.assertIn("memfd or posix", warning["text"])


class Verbs(unittest.TestCase):
    """Where this machine has RDMA devices that can be used."""

    def setUp(self):
        found = {t["name"]: t for t in report()["transports"]}.get("verbs")
        if found is None or found["use"] != "ready":
            self.skipTest("no RDMA device can be used here")
        self.findings = found["findings"]
        self.devices = [f["about"] for f in self.findings if f["kind"] == "device"]

    def test_every_device_has_ports_and_some_are_chosen(self):
        for device in self.devices:
            self.assertTrue(any(f["about"].startswith(f"{device} port 1") for f in self.findings))
        choices = [f["text"] for f in self.findings if f["kind"] == "choice"]
        self.assertGreaterEqual(len(choices), 1)
        self.assertTrue(any(choices[0].startswith(f"{device} port ") for device in self.devices), choices)

    def test_as_many_devices_are_chosen_as_rails_are_wanted(self):
        findings = transport(report(WEFT_VERBS_RAILS="1"), "verbs")["findings"]
        self.assertEqual(len([f for f in findings if f["kind"] == "choice"]), 1)

    def test_a_device_by_name_is_the_choice(self):
        last = self.devices[-1]
        findings = transport(report(WEFT_VERBS_DEVICE=last), "verbs")["findings"]
        self.assertTrue(any(f["text"].startswith(f"{last} port ") for f in findings if f["kind"] == "choice"))

    def test_a_device_that_does_not_exist_is_a_warning(self):
        findings = transport(report(WEFT_VERBS_DEVICE="paper0"), "verbs")["findings"]
        self.assertTrue(any(f["kind"] == "warning" and f["about"] == "paper0" for f in findings), findings)
        self.assertFalse(any(f["kind"] == "choice" for f in findings))

    def test_locked_memory_with_a_limit_is_a_warning_with_the_remedy(self):
        limited = subprocess.run(
            ["sh", "-c", 'ulimit -l 64; "$0"', PROGRAM], capture_output=True, text=True, timeout=60
        )
        self.assertIn("locked memory: limited to 64 KiB", limited.stdout)
        self.assertIn("`ulimit -l unlimited`", limited.stdout)


if __name__ == "__main__":
    unittest.main()
