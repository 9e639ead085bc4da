#!/usr/bin/env python3
"""Runs sharded_inference over weft and over MPI in turn, under the same launcher, and prints a table.

Every number is the median of the rounds' values. `per token` is the median time from one token to the
next. `in communication` is what communication adds to a token:
- tensor: the medians of its all-reduces times their number, averaged over the ranks. That includes the
  time in which a rank waits for one that still computes;
- pipeline and disaggregated: stages compute one after the other, so a stage mostly waits for others to
  compute. The time per token, minus the medians of what the stages compute for a token.
`--quiet LOAD` waits before a run until at most LOAD other threads run: where there are more, ranks wait
for processors and not for each other.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAMS = {"weft": "sharded_inference", "openmpi": "sharded_inference_openmpi",
            "mpich": "sharded_inference_mpich"}
LAUNCHERS = {"weft": ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe"],
             "openmpi": ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe"],
             "mpich": ["mpirun.mpich"]}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="the build folder")
    parser.add_argument("--libraries", default="weft,openmpi", help="of " + ", ".join(PROGRAMS))
    parser.add_argument("--forms", default="tensor,pipeline,disaggregated")
    parser.add_argument("--ranks", default="2", help="comma-separated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=400)
    parser.add_argument("--model", help="a safetensors file; by default a small random one")
    parser.add_argument("--quiet", type=float, metavar="LOAD")
    parser.add_argument("--records", help="append every run's line of JSON to this file")
    return parser.parse_args()


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return json.loads(lines[-1])


def wait_until_quiet(load):
    """Running threads of the whole machine: the one-minute load average is too slow for this."""
    calm = 0
    while calm < 10:
        with open("/proc/loadavg") as file:
            running = int(file.read().split()[3].split("/")[0]) - 1
        calm = calm + 1 if running <= load else 0
        time.sleep(0.02)


def communication(record):
    """Microseconds per generated token, as the module's text says."""
    tokens = record["tokens"] - 1
    first = record["ranks"] // 2 if record["form"] == "disaggregated" else 0
    ranks = range(first, record["ranks"])
    paths = [path for path in record["paths"]
             if path["phase"] == "decode" and path["rank"] in ranks]
    if record["form"] == "tensor":
        return sum(path["median_us"] * path["calls"] for path in paths) / tokens / len(ranks)
    if len(ranks) == 1:
        return None
    return record["token_median_us"] - sum(path["median_us"] for path in paths
                                           if path["path"] == "compute")


def kv_write(record):
    """Microseconds of the median call that writes a page."""
    times = [path["median_us"] for path in record["paths"] if path["path"] == "KV write"]
    return statistics.median(times) if times else None


def row(case, records):
    def middle(value):
        values = [value(record) for record in records]
        return statistics.median(values) if None not in values else None

    def text(value, digits=1):
        return "" if value is None else f"{value:.{digits}f}"

    per_token = middle(lambda r: r["token_median_us"])
    form, ranks, library = case
    return [form, str(ranks), library, text(1e6 / per_token, 0), text(per_token),
            text(middle(communication)),
            text(middle(lambda r: r["first_token_us"]) / 1e3, 2), text(middle(kv_write))]


def main():
    options = arguments()
    folder = pathlib.Path(options.build) / "examples" / "sharded_inference"
    libraries = [name for name in options.libraries.split(",") if (folder / PROGRAMS[name]).exists()]
    with tempfile.TemporaryDirectory() as temporary:
        model = options.model
        if model is None:
            model = os.path.join(temporary, "model.safetensors")
            subprocess.run([folder / PROGRAMS["weft"], "--make-model", model], check=True)
        common = ["--model", model, "--tokens", str(options.tokens), "--json"]
        cases = [("single", 1, "weft")]
        for form in options.forms.split(","):
            for ranks in map(int, options.ranks.split(",")):
                cases += [(form, ranks, library) for library in libraries]
        records = {case: [] for case in cases}
        for number in range(options.rounds):
            for case in cases:
                form, ranks, library = case
                if options.quiet is not None:
                    wait_until_quiet(options.quiet)
                record = run([*LAUNCHERS[library], "-n", str(ranks), str(folder / PROGRAMS[library]),
                              "--form", form, *common])
                records[case].append(record)
                if options.records:
                    with open(options.records, "a") as file:
                        file.write(json.dumps({"round": number, **record}) + "\n")
    hashes = {record["hash"] for case in cases for record in records[case]}
    print("| form | ranks | over | tokens/s | per token, us | in communication, us | first token, ms |"
          " KV page written, us |\n|---|---:|---|---:|---:|---:|---:|---:|")
    for case in cases:
        print("| " + " | ".join(row(case, records[case])) + " |")
    print(f"\nMedians of {options.rounds} interleaved rounds of {options.tokens} tokens; "
          + ("all tokens identical." if len(hashes) == 1 else "TOKENS DIFFER."))
    return 0 if len(hashes) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
