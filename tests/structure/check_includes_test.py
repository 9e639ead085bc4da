#!/usr/bin/env python3
"""The border check must see each kind of trespass: plants one at a time in a copy of the sources."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1]).resolve()
CHECK = ROOT / "tests/structure/check_includes.py"
TRESPASSES = [
    ("src/executor/lane.cc", '#include "tuner/rules.h"\n', "may not include tuner"),
    ("src/algorithms/registry.cc", '#include "executor/lane.h"\n', "may not include executor"),
    ("transports/shm/plugin.cc", '#include "executor/world.h"\n', "may not include executor"),
    ("src/tuner/cost.cc", "#include <hwloc.h>\n", "only src/topology may"),
    ("src/communicator/impl.cc", '#include "../executor/lane.h"\n', "no relative paths"),
    ("src/executor/lane.cc", 'auto x = getenv("HOME");\n', "reads the environment"),
    ("src/communicator/setup.cc", 'bool b = name == "shm";\n', "names a transport"),
    ("include/weft/types.h", '#include "base/log.h"\n', "may not include base"),
]


def run(root):
    result = subprocess.run([sys.executable, CHECK, root], text=True, capture_output=True)
    return result.returncode, result.stdout


with tempfile.TemporaryDirectory() as folder:
    copy = pathlib.Path(folder)
    for top in ("include", "src", "transports", "examples", "perf", "tools"):
        shutil.copytree(ROOT / top, copy / top)
    code, output = run(copy)
    assert code == 0, output
    for name, line, complaint in TRESPASSES:
        path = copy / name
        original = path.read_text()
        path.write_text(line + original)
        code, output = run(copy)
        assert code == 1 and complaint in output, f"{name}: {line} was not noticed: {output}"
        path.write_text(original)
print(f"{len(TRESPASSES)} trespasses noticed")
