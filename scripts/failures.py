"""Prints what failed in a run of `meson test`, for who sees the end of a log only: python3 scripts/failures.py FOLDER.
With --names: the tests' names alone, a line each."""

import json
import pathlib
import sys

GOOD = {"OK", "SKIP", "EXPECTEDFAIL"}
LINES = 25  # of the end of each output


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    with open(folder / "meson-logs" / "testlog.json", encoding="utf-8") as log:
        tests = [json.loads(line) for line in log]
    for test in tests:
        if test["result"] in GOOD:
            continue
        if "--names" in sys.argv:
            print(test["name"])
            continue
        print(f"{folder}: {test['name']}: {test['result']} after {test['duration']:.0f} s")
        for stream in ("stdout", "stderr"):
            for line in test.get(stream, "").splitlines()[-LINES:]:
                print(f"  {line[:300]}")


if __name__ == "__main__":
    main()
