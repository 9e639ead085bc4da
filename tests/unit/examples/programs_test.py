#!/usr/bin/env python3
"""Runs the example's programs on real ranks: every form gives the tokens of one process, and mistakes
are explained. programs_test.py NAME=PROGRAM... : `weft`, and those over MPI there are."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAMS = dict(argument.split("=", 1) for argument in sys.argv[1:])
FORMS = {"tensor": (1, 2, 4), "pipeline": (1, 2, 3, 4), "disaggregated": (2, 4)}
TOKENS = ["--tokens", "24", "--prompt", "A prompt that takes more than one page, and not a whole number"]


def run(command):
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def launch(library, ranks):
    launcher = shutil.which("mpirun.mpich" if library == "mpich" else "mpirun.openmpi")
    if launcher is None:
        return None
    flags = [] if library == "mpich" else ["--allow-run-as-root", "--oversubscribe"]
    return [launcher, *flags, "-n", str(ranks)]


class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.model = os.path.join(cls.folder.name, "model.safetensors")
        program = next(iter(PROGRAMS.values()))
        run([program, "--make-model", cls.model, "--dim", "128", "--hidden", "352", "--dtype", "bf16"])
        cls.hashes = {}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def check(self, command, form, ranks):
        done = run([*command, "--form", form, "--model", self.model, *TOKENS, "--check", "--json"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        record = json.loads([line for line in done.stdout.splitlines() if line.startswith("{")][-1])
        self.assertTrue(record["identical"])
        self.assertEqual((record["form"], record["ranks"], record["tokens"]), (form, ranks, 24))
        self.hashes[record["hash"]] = (form, ranks)
        self.assertEqual(len(self.hashes), 1, self.hashes)

    @unittest.skipUnless("weft" in PROGRAMS, "no program over weft")
    def test_every_form_gives_the_tokens_of_one_process(self):
        self.check([PROGRAMS["weft"]], "single", 1)
        for form, counts in FORMS.items():
            for ranks in counts:
                with self.subTest(form=form, ranks=ranks):
                    self.check([PROGRAMS["weft"], "--ranks", str(ranks)], form, ranks)

    def test_and_so_it_does_under_a_launcher(self):
        for library, program in PROGRAMS.items():
            for form in FORMS if library == "openmpi" else ("disaggregated",):
                launcher = launch(library, 2)
                if launcher is not None:
                    with self.subTest(library=library, form=form):
                        self.check([*launcher, program], form, 2)

    def test_the_same_seed_makes_the_same_model(self):
        program = next(iter(PROGRAMS.values()))
        other = os.path.join(self.folder.name, "other")

        def make(seed):
            run([program, "--make-model", other, "--dim", "64", "--hidden", "64", "--seed", seed])
            with open(other, "rb") as file:
                return file.read()
        self.assertEqual(make("5"), make("5"))
        self.assertNotEqual(make("5"), make("6"))

    def test_mistakes_are_explained(self):
        broken = os.path.join(self.folder.name, "broken")
        with open(self.model, "rb") as whole, open(broken, "wb") as cut:
            cut.write(whole.read()[:-1])
        for expected, flags in {
                "--model is missing": [],
                "no such file": ["--model", "/nowhere"],
                "lies outside": ["--model", broken],
                "were not expected": ["--model", self.model, "--colour", "red"],
                "--form": ["--form", "round", "--model", self.model],
                "--prompt is empty": ["--model", self.model, "--prompt", ""],
                "do not fit --context": ["--model", self.model, "--tokens", "600"],
                "is beyond the model's": ["--model", self.model, "--context", "4096"],
                "query heads do not share": ["--make-model", broken, "--heads", "8", "--kv-heads", "3"],
        }.items():
            with self.subTest(expected=expected):
                done = run([next(iter(PROGRAMS.values())), *flags])
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn(expected, done.stderr)

    @unittest.skipUnless("weft" in PROGRAMS, "no program over weft")
    def test_ranks_that_cannot_be_are_explained_once(self):
        for expected, form, ranks in (("do not divide the model's 4 KV heads", "tensor", 3),
                                      ("more than the model's 4 layers", "pipeline", 5),
                                      ("not two halves", "disaggregated", 3),
                                      ("runs in one process", "single", 2)):
            with self.subTest(expected=expected):
                done = run([PROGRAMS["weft"], "--form", form, "--ranks", str(ranks), "--model",
                            self.model])
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertEqual(done.stderr.count(expected), 1, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
