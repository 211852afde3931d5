"""What a row or a tooth found: one line, an id, figures and a word."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Figure = int | float | str


class Skip(Exception):
    """This machine cannot do it. The message is the reason."""


@dataclass
class Found:
    """Figures for the line; `wrong` holds what broke the promise, in sentences."""

    figures: dict[str, Figure] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def add(self, **figures: Figure) -> None:
        self.figures |= figures

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.wrong.append(otherwise)


def line(name: str, trials: int, figures: Mapping[str, Figure], verdict: str) -> str:
    pairs = {"trials": trials, **figures}
    return " ".join([name, *(f"{key}={shown(value)}" for key, value in pairs.items()), verdict])


def shown(value: Figure) -> str:
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    return text.replace(" ", "_")
