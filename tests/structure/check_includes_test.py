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
    ("src/p2p/pages/pages.cc", '#include "p2p/messages/wire.h"\n', "may not include p2p/messages"),
    ("src/p2p/post.cc", '#include "p2p/rings/slots.h"\n', "may not include p2p/rings"),
    ("transports/shm/plugin.cc", '#include "executor/world.h"\n', "may not include executor"),
    ("src/tuner/cost.cc", "#include <hwloc.h>\n", "only src/topology/, "),
    ("src/communicator/impl.cc", '#include "../executor/lane.h"\n', "no relative paths"),
    ("src/executor/lane.cc", 'auto x = getenv("HOME");\n', "reads the environment"),
    ("src/communicator/setup/situation.cc", '#include "communicator/impl.h"\n', "may not include communicator"),
    ("src/communicator/impl.cc", 'bool b = name == "shm";\n', "names a transport"),
    ("src/bootstrap/socket.cc", "int x = socket(AF_INET, SOCK_STREAM, 0);\n", "opens a descriptor"),
    ("transports/shm/segment.cc", 'int y = open("/x",\n  O_RDONLY);\n', "opens a descriptor"),
    ("include/weft/types.h", '#include "base/log.h"\n', "may not include base"),
    ("src/engine/impl.cc", '#include "executor/lane.h"\n', "may not include executor"),
    ("examples/01_all_reduce.cc", '#include "base/log.h"\n', "may not include base"),
    ("perf/weft_perf/main.cc", '#include "base/log.h"\n', "may not include base"),
    ("transports/verbs/plugin.cc", '#include "shm/segment.h"\n', "through their plugins alone"),
    ("src/transport/loader.cc", '#include "shm/segment.h"\n', "through their plugins alone"),
    ("transports/verbs/plugin.cc", '#include "segment.h"\n', "no such file beside it"),
    ("src/p2p/wait.cc", "#include <immintrin.h>\n", "only src/base/cpu., "),
    ("include/weft/types.h", "#include <fmt/format.h>\n", "only src/, "),
    ("src/unheard_of/new.cc", "", "no row for this folder"),
    ("src/executor/world.h", "#include <weft/communicator.h>\n", "the subjects that it needs"),
    ("include/weft/plan.h", "#include <weft/engine.h>\n", "the subjects that it needs"),
]


def run(root):
    result = subprocess.run([sys.executable, CHECK, root], text=True, capture_output=True)
    return result.returncode, result.stdout


with tempfile.TemporaryDirectory() as folder:
    copy = pathlib.Path(folder)
    for top in ("include", "src", "transports", "examples", "perf", "tools"):
        shutil.copytree(ROOT / top, copy / top)
    shutil.copy(ROOT / "ARCHITECTURE.md", copy)
    code, output = run(copy)
    assert code == 0, output
    for name, line, complaint in TRESPASSES:
        path = copy / name
        original = path.read_text() if path.exists() else None
        path.parent.mkdir(exist_ok=True)
        path.write_text(line + (original or ""))
        code, output = run(copy)
        assert code == 1 and complaint in output, f"{name}: {line} was not noticed: {output}"
        if original is None:
            shutil.rmtree(path.parent)
        else:
            path.write_text(original)
    (copy / "include/weft/forgotten.h").write_text("#pragma once\n")
    code, output = run(copy)
    assert code == 1 and "does not include forgotten.h" in output, output
print(f"{len(TRESPASSES) + 1} trespasses noticed")
