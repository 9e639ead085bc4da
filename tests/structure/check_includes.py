#!/usr/bin/env python3
"""Holds the code against the borders of ARCHITECTURE.md: who may include whom, who may read the
environment, and that public headers stay apart by subject."""

import pathlib
import re
import sys

from borders import Borders

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
SRC_FOLDERS = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
TRANSPORTS = {path.name for path in (ROOT / "transports").iterdir() if path.is_dir()}
BORDERS = Borders((ROOT / "ARCHITECTURE.md").read_text(), SRC_FOLDERS)

# Libraries and what a processor brings, by the folders that may know of them.
HOMES = {
    "hwloc": ("src/topology/", "perf/"),
    "hwy": ("src/reduce/",),
    "infiniband": ("transports/verbs/",),
    "ucp": ("transports/ucx/",),
    "pmix": ("src/bootstrap/",),
    "immintrin": ("src/base/cpu.", "perf/"),
    "x86intrin": ("perf/",),
    "fmt": ("src/", "transports/", "tools/", "perf/", "examples/"),
    "mpi": ("include/weft/mpi.h", "perf/", "examples/"),
}
GETENV_HOME = "src/base/config.cc"
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
# The public headers that bring a whole side of weft with them, and who may include them besides
# programs. All others take the headers of the subjects that they need.
WHOLE_SIDES = {
    "weft/weft.h": (),
    "weft/communicator.h": ("include/weft/weft.h", "src/communicator/", "src/c_api/"),
    "weft/engine.h": ("include/weft/weft.h", "src/engine/", "src/c_api/"),
}
PROGRAMS = ("examples/", "perf/", "tools/")
EVERYTHING = "include/weft/weft.h"
# Not for every application: a contract for plugins, what needs MPI's headers, and itself.
NOT_IN_EVERYTHING = {"weft.h", "transport.h", "mpi.h"}
DESCRIPTOR_HOME = "src/base/descriptor.cc"
OPENS_DESCRIPTOR = re.compile(r"(?<![\w.>])(socket|accept4|epoll_create1|eventfd|timerfd_create|memfd_create|shm_open|pipe2?|socketpair)\("
                              r"|\bopen\([^;{}]*\bO_[A-Z]|\bSYS_pidfd_open\b")
TRANSPORT_NAMES = re.compile(r'"(shm|sim|verbs|ucx)"')


def sources():
    for top in ("include", "src", "transports", "examples", "perf", "tools"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".h", ".cc", ".hpp", ".cpp"):
                yield path.relative_to(ROOT).as_posix(), path.read_text()


def transport_of(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "transports" else None


def complaint(name, room, quote, target):
    """What is wrong with an include, or nothing."""
    first = target.split("/")[0]
    home = HOMES.get(first.removesuffix(".h"))
    if home and not name.startswith(home) and (quote == "<" or first not in SRC_FOLDERS):
        return f"only {', '.join(home)} may"
    if quote == "<":
        return None
    if target.startswith(("weft/", "../")) or "/../" in target:
        return "write <weft/...> and no relative paths"
    if "/" not in target:
        beside = (ROOT / name).parent / target
        return None if beside.exists() else "there is no such file beside it"
    if first in TRANSPORTS and first != transport_of(name):
        return "transports are reached through their plugins alone"
    if first in SRC_FOLDERS:
        own, entered = room.removeprefix("src/"), BORDERS.room_of(f"src/{target}").removeprefix("src/")
        # Who may enter a house may enter all of its rooms; from room to room, each door has its own rule.
        keys = {entered} if own.startswith(f"{first}/") else {first, entered}
        if own != entered and not keys & BORDERS.rooms[room]:
            return f"{room} may not include {entered}"
    return None


def check_includes(name, text):
    room = BORDERS.room_of(name)
    if room is None:
        yield f"{name}: ARCHITECTURE.md's table has no row for this folder"
        return
    for quote, target in INCLUDE.findall(text):
        wrong = complaint(name, room, quote, target)
        if wrong:
            yield f"{name}: includes {target}: {wrong}"


def check_whole_sides(name, text):
    if name.startswith(PROGRAMS):
        return
    for _, target in INCLUDE.findall(text):
        if target in WHOLE_SIDES and not name.startswith(WHOLE_SIDES[target]):
            yield f"{name}: includes {target}; take the headers of the subjects that it needs"


def check_everything(name, text):
    if name != EVERYTHING:
        return
    included = {target.removeprefix("weft/") for _, target in INCLUDE.findall(text)}
    there = {path.name for path in (ROOT / "include/weft").glob("*.h")} | {"version.h"}
    for missing in sorted(there - included - NOT_IN_EVERYTHING):
        yield f"{name}: does not include {missing}"


def check_environment(name, text):
    if name.startswith(("perf/", "examples/")) or name == GETENV_HOME:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\b(secure_)?getenv\s*\(|\benviron\b", line.split("//")[0]):
            yield f"{name}:{number}: reads the environment; only {GETENV_HOME} may"


def check_descriptors(name, text):
    if not name.startswith(("src/", "transports/")) or name == DESCRIPTOR_HOME:
        return
    code = re.sub(r"//[^\n]*", "", text)
    for call in OPENS_DESCRIPTOR.finditer(code):
        start = max(code.rfind(end, 0, call.start()) for end in ";}")
        before = code[start + 1:call.start()]
        if "above_standard(" not in before and "open_descriptor(" not in before:
            number = code.count("\n", 0, call.start()) + 1
            yield f"{name}:{number}: opens a descriptor that may be one of 0 to 2; see base/descriptor.h"


def check_names(name, text):
    if not name.startswith("src/"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if TRANSPORT_NAMES.search(line.split("//")[0]):
            yield f"{name}:{number}: names a transport; read its capabilities"


def check_rooms():
    for folder in sorted(SRC_FOLDERS):
        if f"src/{folder}" not in BORDERS.rooms and folder != "library":
            yield f"src/{folder}: ARCHITECTURE.md's table has no row for this folder"
    for room in BORDERS.rooms:
        if not (ROOT / room).is_dir():
            yield f"{room}: ARCHITECTURE.md's table names it, and there is no such folder"


def main():
    problems = list(check_rooms())
    count = 0
    for name, text in sources():
        count += 1
        for check in (check_includes, check_whole_sides, check_everything, check_environment,
                      check_descriptors, check_names):
            problems.extend(check(name, text))
    print("\n".join(problems) if problems else f"{count} files keep the borders")
    return 1 if problems else 0


sys.exit(main())
