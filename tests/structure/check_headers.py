#!/usr/bin/env python3
"""Whether every header compiles by itself: check_headers.py ROOT COMPILER [FLAGS...]

One that a source includes before anything else was compiled by itself when the source was, if it is no public one; the others are compiled here.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1]).resolve()
COMPILER = sys.argv[2:]
TOPS = ("include", "src", "transports", "perf", "tools", "tests")
FIRST_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def included_first():
    """Headers that a source begins with, after comments."""
    for top in TOPS:
        for path in (ROOT / top).rglob("*.cc"):
            lines = path.read_text().splitlines()
            code = next((line for line in lines if line.strip() and not line.startswith("//")), "")
            found = FIRST_INCLUDE.match(code)
            if found:
                places = (path.parent, ROOT, ROOT / "src", ROOT / "transports", ROOT / "tests")
                yield from [place / found[1] for place in places if (place / found[1]).is_file()][:1]


def headers():
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*.h")):
            # "-inl" headers are compiled once for each instruction set, mpi.h needs an MPI compiler.
            if not path.name.endswith("-inl.h") and path.name != "mpi.h":
                yield path


def compile_alone(path):
    source = f'#include "{path.as_posix()}"\n'
    command = COMPILER + [f"-I{path.parent}", "-fsyntax-only", "-x", "c++", "-"]
    result = subprocess.run(command, input=source, text=True, capture_output=True)
    return path.relative_to(ROOT), result.returncode, result.stderr


def main():
    failed = 0
    known = {path.resolve() for path in included_first()}
    alone = [path for path in headers() if "include" in path.relative_to(ROOT).parts or path not in known]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compile_alone, alone))
    for path in headers():
        if "#pragma once" not in path.read_text().splitlines():
            failed += 1
            print(f"{path.relative_to(ROOT)} has no #pragma once")
    for name, code, errors in results:
        if code != 0:
            failed += 1
            print(f"{name} does not compile alone:\n{errors}")
    print(f"{len(results)} headers compiled, {len(known)} known to, {failed} failed")
    return 1 if failed or not results else 0


sys.exit(main())
