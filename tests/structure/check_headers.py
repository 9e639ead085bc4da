#!/usr/bin/env python3
"""Compiles every header by itself: usage check_headers.py ROOT COMPILER [FLAGS...]"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1]).resolve()
COMPILER = sys.argv[2:]


def headers():
    for top in ("include", "src", "transports", "perf", "tools", "tests"):
        for path in sorted((ROOT / top).rglob("*.h")):
            # "-inl" headers are compiled once for each instruction set, mpi.h needs an MPI compiler.
            if not path.name.endswith("-inl.h") and path.name != "mpi.h":
                yield path


def compile_alone(path):
    # Included twice, so that a missing guard shows too.
    name = path.as_posix()
    source = f'#include "{name}"\n#include "{name}"\n'
    command = COMPILER + [f"-I{path.parent}", "-fsyntax-only", "-x", "c++", "-"]
    result = subprocess.run(command, input=source, text=True, capture_output=True)
    return path.relative_to(ROOT), result.returncode, result.stderr


def main():
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compile_alone, headers()))
    for name, code, errors in results:
        if code != 0:
            failed += 1
            print(f"{name} does not compile alone:\n{errors}")
    print(f"{len(results)} headers, {failed} failed")
    return 1 if failed or not results else 0


sys.exit(main())
