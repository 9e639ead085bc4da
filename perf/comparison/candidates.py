"""Who is compared, and the command line of each."""

import os
from dataclasses import dataclass
from pathlib import Path
from shutil import which

PERF = Path(__file__).resolve().parent.parent
# Where scripts/peers installed the newest MPI libraries.
NEWEST = Path(os.environ.get("WEFT_PEERS") or PERF.parent / "build" / "peers")
CLUSTER = str(PERF.parent / "tests" / "netns" / "cluster")
LIMIT = "limit"
PLAIN = "weft plain"
PLAIN_PLAN = "weft plain plan"
ALLOCATED = "weft allocated"
ALLOCATED_PLAN = "weft allocated plan"


@dataclass(frozen=True)
class Candidate:
    name: str  # as the JSON lines and the tables call it
    title: str
    program: str  # in the build's perf folder, or an absolute path
    launcher: tuple = ()  # before the program; "{ranks}", "{scratch}" and "{programs}" (that folder) are replaced
    options: tuple = ()  # behind the collective; the same are replaced
    peer: bool = False
    mode: str = ""  # what it measures, where that is not the collective of the comparison
    needs: str = ""  # a folder of scripts/peers

    def command(self, programs: Path, collective: str, ranks: int, sweep: list, scratch: str = "/dev/shm") -> list:
        places = {"ranks": ranks, "scratch": scratch, "programs": programs}
        fill = [part.format(**places) for part in self.launcher]
        options = [part.format(**places) for part in self.options]
        head = [] if self.name == LIMIT else [self.mode or collective]
        return [*fill, str(programs / self.program), *head, *options, *sweep]

    def missing(self, programs: Path) -> str:
        """Why it cannot run, or an empty string."""
        if not (programs / self.program).exists():
            return f"{programs / self.program} was not built"
        if self.needs and not (NEWEST / self.needs).exists():
            return f"{NEWEST / self.needs} is not there; scripts/peers installs it"
        if self.launcher and which(self.launcher[0]) is None:
            return f"{self.launcher[0]} is not installed"
        return ""


OPENMPI_LAUNCHER = (
    *("mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "-n", "{ranks}"),
    # No InfiniBand and libfabric here: their probing only prints warnings.
    *("--mca", "btl_base_warn_component_unused", "0", "--mca", "btl", "self,vader"),
    # A run that is ended in the middle leaves its segments behind: in a folder of ours.
    *("--mca", "btl_vader_backing_directory", "{scratch}"),
)
MPICH_LAUNCHER = ("mpiexec.mpich", "-n", "{ranks}")


def _newest(name: str, title: str, program: str) -> Candidate:
    launcher = (str(PERF / "peer_mpi"), name, str(NEWEST), "-n", "{ranks}")
    return Candidate(name, title, program, launcher, ("--placement", "out"), peer=True, needs=name)


WEFT_OPTIONS = ("--ranks", "{ranks}", "--placement", "out")

CANDIDATES = (
    Candidate(PLAIN, "weft, plain", "weft-perf", options=WEFT_OPTIONS),
    Candidate(PLAIN_PLAN, "weft, plain, plan", "weft-perf", options=(*WEFT_OPTIONS, "--plan")),
    Candidate(ALLOCATED, "weft, allocated", "weft-perf", options=(*WEFT_OPTIONS, "--memory", "allocated")),
    Candidate(
        ALLOCATED_PLAN,
        "weft, allocated, plan",
        "weft-perf",
        options=(*WEFT_OPTIONS, "--memory", "allocated", "--plan"),
    ),
    Candidate(
        "openmpi",
        "Open MPI",
        "weft-peer-openmpi",
        launcher=OPENMPI_LAUNCHER,
        options=("--placement", "out"),
        peer=True,
    ),
    Candidate(
        "mpich",
        "MPICH",
        "weft-peer-mpich",
        launcher=MPICH_LAUNCHER,
        options=("--placement", "out"),
        peer=True,
    ),
    _newest("intelmpi", "Intel MPI", "weft-peer-mpich"),
    _newest("openmpi5", "Open MPI 5", "weft-peer-openmpi"),
    _newest("mpich5", "MPICH 5", "weft-peer-mpich"),
    Candidate(
        "gloo",
        "Gloo",
        "weft-peer-gloo",
        options=("--ranks", "{ranks}", "--placement", "out"),
        peer=True,
    ),
)

LIMITS = Candidate(LIMIT, "limit", "weft-limits", options=("--skip-copies", "--pin"))


def _pair(name: str, mode: str, *options: str) -> Candidate:
    return Candidate(name, name, "weft-perf", options=("--ranks", "{ranks}", *options), mode=mode)


def _ucx(name: str, title: str, test: str) -> Candidate:
    options = ("--limits", "{programs}/" + LIMITS.program)
    return Candidate(name, title, str(PERF / "ucx_pair"), options=options, peer=True, mode=test)


SEND, SEND_ALLOCATED, CHANNEL, PUT = "weft send", "weft send allocated", "weft channel", "weft put"

# Between two ranks; the messages first.
PAIRS = (
    _pair(SEND, "send_lat"),
    _pair(SEND_ALLOCATED, "send_lat", "--memory", "allocated"),
    _pair(CHANNEL, "channel_lat"),
    _pair(PUT, "put_lat"),
    Candidate("openmpi send", "Open MPI send", "weft-peer-openmpi", OPENMPI_LAUNCHER, peer=True, mode="send_lat"),
    Candidate("mpich send", "MPICH send", "weft-peer-mpich", MPICH_LAUNCHER, peer=True, mode="send_lat"),
    _ucx("ucx tag", "UCX tag", "tag_lat"),
    _ucx("ucx am", "UCX am", "ucp_am_lat"),
    Candidate("openmpi put", "Open MPI put", "weft-peer-openmpi", OPENMPI_LAUNCHER, peer=True, mode="put_lat"),
    _ucx("ucx put", "UCX put", "ucp_put_lat"),
)
MESSAGE_PEERS = ("openmpi send", "mpich send", "ucx tag", "ucx am")


def on_hosts(cluster: tuple, algorithms: tuple = ()) -> tuple:
    """Ranks on hosts made of network namespaces, which meet over TCP; weft's choice of algorithm, and each of `algorithms`.

    `cluster`: options of tests/netns/cluster, the shape first."""
    launched = (CLUSTER, *cluster, "--")
    mpirun = (CLUSTER, *cluster, "--mpirun", "--")
    out = ("--placement", "out")
    by_algorithm = [
        Candidate(f"weft {name}", f"weft, {name}", "weft-perf", launched, (*out, "--algorithm", name)) for name in algorithms
    ]
    han = ("--mca", "coll_han_priority", "100")
    gloo = ("--interface", "eth0", "--folder", "{scratch}")
    return (
        Candidate(PLAIN, "weft, plain", "weft-perf", launched, out),
        *by_algorithm,
        Candidate("openmpi", "Open MPI", "weft-peer-openmpi", mpirun, out, peer=True),
        Candidate("openmpi han", "Open MPI, hierarchical (han)", "weft-peer-openmpi", (*mpirun, *han), out, peer=True),
        Candidate("gloo", "Gloo", "weft-peer-gloo", launched, (*out, *gloo), peer=True),
    )


ALL = {candidate.name: candidate for candidate in (*on_hosts(()), *CANDIDATES, *PAIRS, LIMITS)}


def by_name(name: str) -> Candidate:
    return ALL[name]


def title_of(name: str) -> str:
    """Of any candidate; those that run one algorithm of weft are not in the list."""
    return ALL[name].title if name in ALL else name


def is_peer(name: str) -> bool:
    return name in ALL and ALL[name].peer


def rotated(candidates: list, turn: int) -> list:
    """The same candidates, another one first in every round."""
    start = turn % len(candidates) if candidates else 0
    return candidates[start:] + candidates[:start]
