"""Where the lines of the child processes go: a file each, and the terminal with a prefix."""

import sys
from pathlib import Path
from typing import TextIO

LARGEST_FILE = 10_000_000
COLOURS = (36, 33, 32, 35, 34, 31)


class Output:
    """Lines held back from the terminal (while the story is told) are in the files all the same."""

    def __init__(self, folder: Path, names: tuple[str, ...], to_terminal: bool) -> None:
        self._folder = folder
        self._files: dict[str, TextIO] = {}
        self._width = max(map(len, names))
        self._colours = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(names)}
        self._coloured = sys.stdout.isatty()
        self.to_terminal = to_terminal

    def write(self, name: str, line: str) -> None:
        out = self._file(name)
        out.write(f"{line}\n")
        out.flush()
        if self.to_terminal:
            prefix = f"{name:<{self._width}} |"
            if self._coloured:
                prefix = f"\x1b[{self._colours.get(name, 0)}m{prefix}\x1b[0m"
            sys.stdout.write(f"{prefix} {line}\n")
            sys.stdout.flush()

    def close(self) -> None:
        for out in self._files.values():
            out.close()
        self._files.clear()

    def _file(self, name: str) -> TextIO:
        path = self._folder / f"{name}.log"
        known = self._files.get(name)
        if known is not None and known.tell() < LARGEST_FILE:
            return known
        if known is not None:
            known.close()
            path.replace(path.with_suffix(".log.1"))
        self._files[name] = path.open("a", encoding="utf-8")
        return self._files[name]
