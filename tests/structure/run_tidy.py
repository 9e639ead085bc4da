#!/usr/bin/env python3
"""Runs clang-tidy 19 over the sources of a build folder: run_tidy.py ROOT BUILD [--all] [FILE...]

Without --all: the library and its transports, with the checks of .clang-tidy. With it: every source, and the slower checks below.
A source that was clean is not looked at again until it, a header of this repository that it includes, or the checks change; what was clean
is noted in $XDG_CACHE_HOME/weft-tidy. Ends with 77 where clang-tidy-19 is missing.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

TIDY = "clang-tidy-19"
SLOW_CHECKS = "clang-analyzer-*,concurrency-*,-concurrency-mt-unsafe"
CORE = ("src/", "transports/")
INCLUDE = re.compile(rb'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


class Sources:
    """The sources of a compile database, and what each depends on within the repository."""

    def __init__(self, root, build):
        self.root = root
        self.build = build
        self.commands = {}
        for entry in json.loads((build / "compile_commands.json").read_text()):
            path = pathlib.Path(os.path.normpath(build / entry["file"]))
            if path.is_relative_to(root) and not path.is_relative_to(build):
                self.commands.setdefault(path.relative_to(root).as_posix(), entry["command"])
        self._includes = {}

    def _included(self, path):
        if path not in self._includes:
            found = []
            for target in INCLUDE.findall((self.root / path).read_bytes()):
                target = target.decode()
                beside = (pathlib.PurePosixPath(path).parent / target).as_posix()
                places = [beside] + [f"{top}{target}" for top in ("", "src/", "include/", "transports/", "tests/")]
                found += [place for place in places if (self.root / place).is_file()][:1]
            self._includes[path] = found
        return self._includes[path]

    def everything_behind(self, name):
        seen, ahead = set(), [name]
        while ahead:
            path = ahead.pop()
            if path not in seen:
                seen.add(path)
                ahead += self._included(path)
        return sorted(seen)

    def fingerprint(self, name, checks):
        digest = hashlib.sha256(checks)
        # Where the repository and its build folder are does not matter.
        command = self.commands[name].replace(str(self.root), "").split(" -MD ")[0]
        digest.update(command.encode())
        for path in self.everything_behind(name):
            digest.update(path.encode() + b"\0" + (self.root / path).read_bytes() + b"\0")
        return digest.hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("build", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--all", action="store_true")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    if shutil.which(TIDY) is None:
        print(f"{TIDY} is missing: apt-get install {TIDY}")
        return 77

    sources = Sources(options.root, options.build)
    chosen = options.files or [name for name in sorted(sources.commands) if options.all or name.startswith(CORE)]
    command = [TIDY, "-p", str(options.build), "--quiet"] + ([f"--checks={SLOW_CHECKS}"] if options.all else [])
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    checks = version + (options.root / ".clang-tidy").read_bytes() + " ".join(command[3:]).encode()
    clean = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "weft-tidy"
    clean.mkdir(parents=True, exist_ok=True)

    def look_at(name):
        note = clean / sources.fingerprint(name, checks)
        if note.exists():
            note.touch()
            return None
        # Whether the compiler's own warnings are errors is a matter of the build; clang finds others here than GCC.
        result = subprocess.run(command + ["--extra-arg=-Wno-error", str(options.root / name)],
                                text=True, capture_output=True)
        if result.returncode == 0:
            note.touch()
            return None
        return f"{name}:\n{result.stdout}{result.stderr}"

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        complaints = [text for text in pool.map(look_at, chosen) if text]
    print("\n".join(complaints))
    print(f"{len(chosen)} sources, {len(complaints)} with complaints")
    return 1 if complaints or not chosen else 0


sys.exit(main())
