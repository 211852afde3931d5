"""How the story is printed: numbered steps, what was checked, money and days as people write them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from rich.console import Console
from rich.markup import escape

from infra.story_client import StoryBroken


class Teller:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._step = 0

    def title(self, text: str) -> None:
        self._console.rule(f"[bold]{escape(text)}", align="left")

    def step(self, text: str) -> None:
        self._step += 1
        self._console.print(f"[bold cyan]{self._step:2}[/]  [bold]{escape(text)}", highlight=False)

    def say(self, text: str, style: str = "") -> None:
        self._console.print(f"    {escape(text)}", style=style, highlight=False)

    def headline(self, text: str) -> None:
        """A line of its own, from the first column on."""
        self._console.print(escape(text), style="bold green", highlight=False)

    def table(self, head: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
        """Aligned columns: texts to the left, numbers to the right."""
        rows = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in line] for line in lines]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        right = [all(cell.replace(",", "").isdigit() for cell in column) for column in zip(*rows, strict=True)]
        for number, line in enumerate([list(head), *rows]):
            cells = [
                cell.rjust(width) if to_right else cell.ljust(width)
                for cell, width, to_right in zip(line, widths, right, strict=True)
            ]
            self.say("  ".join(cells).rstrip(), style="dim" if number == 0 else "")

    def holds(self, condition: object, text: str) -> None:
        """Raises StoryBroken, with what should have held."""
        if not condition:
            raise StoryBroken(f"This does not hold: {text}")
        self._console.print(f"    [green]✓[/] {escape(text)}", highlight=False)

    def broken(self, error: StoryBroken) -> None:
        self._console.print(f"    [bold red]✗ {escape(str(error))}", highlight=False)


def money(value: dict[str, Any]) -> str:
    """Two decimals: the demo schools count in euros."""
    sign, amount = "-" if value["amount"] < 0 else "", abs(value["amount"])
    return f"{sign}{amount // 100}.{amount % 100:02} {value['currency']}"


def day(text: str) -> str:
    return f"{date.fromisoformat(text):%a %d %b}"


def brief(id: str) -> str:
    """Enough of an id to tell it from the others on the screen: the random end."""
    return f"…{id[-8:]}"
