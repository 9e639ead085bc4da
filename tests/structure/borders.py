"""The table "The rooms" of ARCHITECTURE.md: which folder may include which. It is the only copy of the rules."""

import re

EVERYTHING = re.compile(r"^all of `src`(?: but (.*))?$")
ROW = re.compile(r"^\|(.+)\|(.+)\|(.+)\|$")


def names_in(text):
    return re.findall(r"`([^`]+)`", text)


class Borders:
    """`rooms` maps a folder ("src/executor", "transports") to the folders that it may include, as they are written in includes."""

    def __init__(self, architecture, src_folders):
        self.rooms = {}
        rows = self._rows(architecture)
        for folders, allowed in rows:
            for folder in names_in(folders):
                self.rooms[folder.removesuffix("/*")] = self._targets(allowed, set(src_folders))
        if not self.rooms:
            raise SystemExit('ARCHITECTURE.md has no table with "folder | what lives there | may include"')

    @staticmethod
    def _rows(text):
        inside = False
        for line in text.splitlines():
            row = ROW.match(line)
            if row is None:
                inside = False
                continue
            first, _, last = (cell.strip() for cell in row.groups())
            if first == "folder" and last == "may include":
                inside = True
            elif inside and not first.startswith("---"):
                yield first, last

    @staticmethod
    def _targets(cell, src_folders):
        everything = EVERYTHING.match(cell)
        if everything:
            return src_folders - set(names_in(everything[1] or ""))
        return {name.removeprefix("src/") for name in names_in(cell)}

    def room_of(self, name):
        """The folder with a rule that a file is in, the innermost where there are several; None without."""
        inside = [room for room in self.rooms if name.startswith(room + "/")]
        return max(inside, key=len, default=None)
