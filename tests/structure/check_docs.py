#!/usr/bin/env python3
"""Holds the documentation to its form: lines of at most 100 columns outside tables, code and links, no
paragraphs in tables, and links inside the repository that lead somewhere. usage: check_docs.py ROOT"""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1]).resolve()
WIDTH = 100
WIDEST_CELL = 140
# Where Markdown lies; build folders and what else stands beside them are not looked at.
FOLDERS = ("docs", "examples", "perf", "tests", "tools", "scripts")
LINK_TARGET = re.compile(r"\]\([^)]*\)|<https?://[^>]*>|https?://\S+")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")


def documents():
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md"))
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.md"))


def outside_code(text):
    """(number, line) of everything outside fenced code."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def check_width(number, line):
    # A line that is one piece of code cannot be broken.
    if line.startswith("    ") or re.fullmatch(r"\s*([-*] )?`[^`]+`[.,;:]?", line):
        return
    if len(LINK_TARGET.sub("]", line)) > WIDTH:
        yield f"{number}: {len(line)} columns, at most {WIDTH}"


def check_table_row(number, line):
    for cell in line.strip().strip("|").split("|"):
        if len(LINK_TARGET.sub("]", cell.strip())) > WIDEST_CELL:
            yield f"{number}: a cell of {len(cell.strip())} characters: a paragraph, not a figure"


def check_links(path, number, line):
    for target, _ in LINK.findall(line):
        if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists():
            yield f"{number}: no such file: {target}"


def problems_of(path):
    for number, line in outside_code(path.read_text()):
        yield from check_table_row(number, line) if line.lstrip().startswith("|") else check_width(number, line)
        yield from check_links(path, number, line)


def main():
    problems = []
    count = 0
    for path in documents():
        count += 1
        problems += [f"{path.relative_to(ROOT)}:{problem}" for problem in problems_of(path)]
    print("\n".join(problems) if problems else f"{count} documents keep their form")
    return 1 if problems or count == 0 else 0


sys.exit(main())
