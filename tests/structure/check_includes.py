#!/usr/bin/env python3
"""Holds the code against the borders of ARCHITECTURE.md: who may include whom, who may read the environment."""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()

# Folder -> folders of src it may include, besides itself. Public headers (<weft/...>) are open to all.
MAY_INCLUDE = {
    "src/base": set(),
    "src/schedule": {"base"},
    "src/algorithms": {"base", "schedule", "topology"},
    "src/topology": {"base"},
    "src/tuner": {"base", "schedule", "algorithms", "topology"},
    "src/reduce": {"base"},
    "src/memory": {"base"},
    "src/transport": {"base", "topology"},
    "src/executor": {"base", "schedule", "reduce", "memory"},
    "src/p2p": {"base", "reduce"},
    "src/bootstrap": {"base"},
    "src/communicator": {"base", "schedule", "algorithms", "topology", "tuner", "reduce", "memory",
                         "transport", "executor", "p2p", "bootstrap"},
    "src/engine": {"base", "topology", "memory", "transport", "p2p"},
    "transports": {"base"},
    "examples": set(),
    # These two measure what lies below the public headers, and keep it.
    "perf/transport": {"base", "bootstrap", "communicator", "tuner"},
    "perf/weft_tune": {"base", "topology", "tuner"},
    "perf": set(),
    "include": set(),
}
SRC_FOLDERS = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
GETENV_HOME = "src/base/config.cc"
HWLOC_HOME = "src/topology"
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
TRANSPORT_NAMES = re.compile(r'"(shm|sim|verbs|ucx)"')


def sources():
    for top in ("include", "src", "transports", "examples", "perf", "tools"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".h", ".cc", ".hpp", ".cpp"):
                yield path.relative_to(ROOT).as_posix(), path.read_text()


def rule_of(name):
    return next((rule for rule in MAY_INCLUDE if name.startswith(rule + "/")), None)


def check_includes(name, text):
    if name.startswith("perf/micro/") or name.startswith("tools/"):
        return
    rule = rule_of(name)
    if rule is None:
        yield f"{name}: no rule for this folder; add one here and in ARCHITECTURE.md"
        return
    for quote, target in INCLUDE.findall(text):
        first = target.split("/")[0]
        if quote == "<" and first == "hwloc" or target.startswith("hwloc"):
            if not name.startswith((HWLOC_HOME, "perf/")):
                yield f"{name}: includes {target}; only {HWLOC_HOME} may"
        if quote == "<" or "/" not in target or first not in SRC_FOLDERS:
            if quote == '"' and target.startswith(("weft/", "../")):
                yield f'{name}: includes "{target}"; write <weft/...> and no relative paths'
            continue
        own = rule.split("/")[-1] == first
        if not own and first not in MAY_INCLUDE[rule]:
            yield f"{name}: includes {target}; {rule} may not include {first}"


def check_environment(name, text):
    if name.startswith(("perf/", "examples/")) or name == GETENV_HOME:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\b(secure_)?getenv\s*\(|\benviron\b", line.split("//")[0]):
            yield f"{name}:{number}: reads the environment; only {GETENV_HOME} may"


def check_names(name, text):
    if not name.startswith("src/"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if TRANSPORT_NAMES.search(line.split("//")[0]):
            yield f"{name}:{number}: names a transport; read its capabilities"


def main():
    problems = []
    count = 0
    for name, text in sources():
        count += 1
        for check in (check_includes, check_environment, check_names):
            problems.extend(check(name, text))
    print("\n".join(problems) if problems else f"{count} files keep the borders")
    return 1 if problems else 0


sys.exit(main())
