"""The scripts of perf/, each by what needs no measurement: help, wrong options, a full disk, a reader that leaves. argv[1]: the
sources' folder."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCES = Path(sys.argv.pop(1)).resolve()


def run(command, stdout=subprocess.PIPE):
    return subprocess.run(
        [str(part) for part in command],
        stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=120,
    )


class Scripts(unittest.TestCase):
    def scripts(self):
        for path in sorted((SOURCES / "perf").iterdir()):
            if path.is_file() and os.access(path, os.X_OK):
                yield path

    def test_help_goes_to_standard_output_and_a_wrong_option_is_named(self):
        for path in self.scripts():
            with self.subTest(script=path.name):
                result = run([path, "--help"])
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertIn(path.name, result.stdout)
                result = run([path, "--no-such-option"])
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertIn("usage: " + path.name, result.stderr)

    def test_a_full_disk_and_a_reader_that_leaves(self):
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder) / "results.json"
            part = {"mode": "put_lat", "load": "busy", "rounds": 1, "notes": [], "records": []}
            machine = {"date": "2024-01-01", "processor": "a processor", "cores": 2, "kernel": "6"}
            results.write_text(json.dumps({"busy": 2, "comparisons": [{**part, "machine": machine}]}))
            command = [SOURCES / "perf" / "busy", "--output", folder, "--from", results]
            self.assertEqual(run(command).returncode, 0)
            with open("/dev/full", "w") as full:
                result = run(command, stdout=full)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertEqual(result.stderr, "busy: [Errno 28] No space left on device\n")
            reading, writing = os.pipe()
            os.close(reading)
            result = run(command, stdout=writing)
            os.close(writing)
            self.assertEqual((result.returncode, result.stderr), (-signal.SIGPIPE, ""))


if __name__ == "__main__":
    unittest.main()
