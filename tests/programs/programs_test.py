"""What every program of the build does alike: help, wrong options, output that cannot be written, a
reader that leaves, standard descriptors that are closed. argv[1]: the sources' folder, argv[2]: the
build's.

A new program needs a line in PROGRAMS; the walk over the build says so.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCES, BUILD = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
FILE = "{file}"
BROKEN_PIPE = (-signal.SIGPIPE, 128 + signal.SIGPIPE)
SWEEP = ["all_reduce", "--ranks", "2", "--sizes", "64,128", "-n", "5", "-w", "1", "--placement", "out"]
MPI = ["all_reduce", "--sizes", "64", "-n", "5", "-w", "1"]


def mpirun(name, *options):
    launcher = shutil.which(name)
    return [launcher, *options] if launcher else None


class Program:
    """`run`: arguments of a short run that prints. `writes`: likewise, with the FILE that each writes.
    `launcher`: what starts it where it does not start by itself."""

    def __init__(self, run, writes=(), launcher=()):
        self.run, self.writes, self.launcher = run, writes, launcher


PROGRAMS = {
    "weft-info": Program(["topology"], [["topology", "--svg", FILE]]),
    "weft-limits": Program(
        ["-e", "8", "--budget", "0.001", "--skip-copies"],
        [["-e", "8", "--budget", "0.001", "--skip-copies", "--json", FILE]],
    ),
    "weft-perf": Program(SWEEP, [[*SWEEP, "--json", FILE], ["send_lat", *SWEEP[1:7], "--json", FILE]]),
    "weft-schedule": Program(["list"], [["show", "ring", "--svg", FILE]]),
    "weft-sim": Program(["all_reduce", "--hosts", "2", "-b", "1K", "-e", "1K"]),
    "weft-tune": Program(
        ["explain", "all_reduce", "64K", "--ranks", "2"],
        [["probe", "--ranks", "2", "--save", "--file", FILE]],
    ),
    "weft-peer-gloo": Program(SWEEP, [[*SWEEP, "--json", FILE]]),
    "weft-peer-openmpi": Program(
        MPI, [[*MPI, "--json", FILE]], mpirun("mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "-n", "2")
    ),
    "weft-peer-mpich": Program(MPI, [[*MPI, "--json", FILE]], mpirun("mpiexec.mpich", "-n", "2")),
}
# Programs to read, which take no options of their own: their output counts all the same.
EXAMPLES = ("01_all_reduce", "02_decode_loop", "03_engine")
# Programs with a test of their own, and those whose main() is Google Benchmark's.
ELSEWHERE = (
    *("sharded_inference", "sharded_inference_openmpi", "sharded_inference_mpich"),
    *("reduce-benchmark", "cost-benchmark", "executor-benchmark"),
)


def targets():
    """The programs of the build outside tests/, by name."""
    found = {}
    for target in json.loads((BUILD / "meson-info/intro-targets.json").read_text()):
        within = Path(target["defined_in"]).relative_to(SOURCES)
        if target["type"] == "executable" and within.parts[0] != "tests":
            found[target["name"]] = Path(target["filename"][0])
    return found


TARGETS = targets()
BUILT = {name: TARGETS[name] for name in PROGRAMS if name in TARGETS and TARGETS[name].exists()}


def run(command, stdout=subprocess.PIPE, **settings):
    return subprocess.run(
        [str(part) for part in command],
        stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=120, **settings,
    )


def by_itself(program):
    return not PROGRAMS[program].launcher


class Walk(unittest.TestCase):
    def test_every_program_of_the_build_is_known_here(self):
        self.assertEqual(set(TARGETS) - set(PROGRAMS) - set(EXAMPLES) - set(ELSEWHERE), set())

    def test_help_and_version_go_to_standard_output(self):
        for name, path in BUILT.items():
            for option, words in (("--help", name), ("--version", "weft ")):
                with self.subTest(program=name, option=option):
                    result = run([path, option])
                    self.assertEqual((result.returncode, result.stderr), (0, ""))
                    self.assertIn(words, result.stdout)

    def test_a_wrong_option_is_named_in_one_line(self):
        for name, path in BUILT.items():
            with self.subTest(program=name):
                result = run([path, *PROGRAMS[name].run, "--no-such-option"])
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertTrue(result.stderr.startswith(f"{name}: "), result.stderr)
                self.assertIn("--no-such-option", result.stderr)
                self.assertIn(f"{name} --help", result.stderr)
                self.assertEqual(len(result.stderr.splitlines()), 1)


class FullDisk(unittest.TestCase):
    """/dev/full refuses every byte, as a file system without room does."""

    def assert_refused(self, result, *words):
        self.assertNotIn(result.returncode, (0, *BROKEN_PIPE), result.stderr)
        for word in ("No space left on device", *words):
            self.assertIn(word, result.stderr)

    def test_standard_output(self):
        for name, path in BUILT.items():
            for arguments in (PROGRAMS[name].run, ["--help"]):
                if arguments == PROGRAMS[name].run and not by_itself(name):
                    continue  # the launcher prints what its ranks do
                with self.subTest(program=name, arguments=arguments), open("/dev/full", "w") as full:
                    self.assert_refused(run([path, *arguments], stdout=full))

    def test_standard_output_of_examples(self):
        for name in EXAMPLES:
            if TARGETS.get(name, Path()).is_file():
                with self.subTest(program=name), open("/dev/full", "w") as full:
                    self.assert_refused(run([TARGETS[name]], stdout=full))

    def test_every_file(self):
        for name, path in BUILT.items():
            for arguments in PROGRAMS[name].writes:
                with self.subTest(program=name, arguments=arguments):
                    if PROGRAMS[name].launcher is None:
                        self.skipTest(f"no launcher for {name}")
                    command = [*PROGRAMS[name].launcher, path, *(a.format(file="/dev/full") for a in arguments)]
                    self.assert_refused(run(command), "/dev/full")


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_path_that_cannot_be_written_is_named(self):
        (self.folder / "file").write_text("")
        unwritable = self.folder / "file" / "below"
        for name, path in BUILT.items():
            if not by_itself(name):
                continue
            for arguments in PROGRAMS[name].writes:
                with self.subTest(program=name, arguments=arguments):
                    result = run([path, *(a.format(file=unwritable) for a in arguments)])
                    self.assertEqual(result.returncode, 2, result.stderr)
                    self.assertIn(str(self.folder / "file"), result.stderr)
                    self.assertIn("Not a directory", result.stderr)

    def test_an_earlier_file_is_replaced_whole(self):
        path = self.folder / "ring.svg"
        path.write_text("earlier")
        link = self.folder / "link.svg"
        link.symlink_to(path)
        result = run([TARGETS["weft-schedule"], "show", "ring", "--svg", link])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(link.is_symlink())
        self.assertIn("</svg>", path.read_text())
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["link.svg", "ring.svg"])


class Reader(unittest.TestCase):
    def test_a_closed_pipe_ends_all_quietly(self):
        for name, path in BUILT.items():
            if not by_itself(name):
                continue
            with self.subTest(program=name):
                reading, writing = os.pipe()
                os.close(reading)
                try:
                    result = run([path, *PROGRAMS[name].run], stdout=writing)
                finally:
                    os.close(writing)
                self.assertIn(result.returncode, BROKEN_PIPE, result.stderr)
                self.assertEqual(result.stderr, "")


class ClosedDescriptors(unittest.TestCase):
    def run_without(self, descriptor, command):
        closing = {0: "<&-", 1: ">&-", 2: "2>&-"}[descriptor]
        return run(["sh", "-c", f'exec "$@" {closing}', "sh", *command])

    def test_standard_input_and_error_are_not_needed(self):
        for name, path in BUILT.items():
            for descriptor in (0, 2):
                if by_itself(name):
                    with self.subTest(program=name, descriptor=descriptor):
                        result = self.run_without(descriptor, [path, *PROGRAMS[name].run])
                        self.assertEqual((result.returncode, result.stderr), (0, ""))
                        self.assertTrue(result.stdout)

    def test_standard_output_is_missed(self):
        for name, path in BUILT.items():
            if by_itself(name):
                with self.subTest(program=name):
                    result = self.run_without(1, [path, *PROGRAMS[name].run])
                    self.assertNotIn(result.returncode, (0, *BROKEN_PIPE))
                    self.assertIn("Bad file descriptor", result.stderr)


if __name__ == "__main__":
    unittest.main()
