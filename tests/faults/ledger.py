"""The clients' ledger: what was wanted and what was answered, written before and after each call."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

Outcome = Literal["ok", "fail", "unknown"]


@dataclass
class Intent:
    """One command of a client. `answers` holds (status, body) of each try that was answered at all, `copies` what the
    client saw of each that was done: bytes and headers that must not differ. `expected` is the version it names."""

    number: int
    kind: Literal["open", "count", "refuse"]
    tenant_id: UUID
    key: str
    path: str
    body: dict[str, Any]
    answers: list[tuple[int, Any]] = field(default_factory=list)
    tries: int = 0
    expected: int | None = None
    copies: list[tuple[bytes, str, str]] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """Three outcomes: done, refused with nothing stored, or unknown until a copy is answered."""
        if any(status < 300 for status, _ in self.answers):
            return "ok"
        return "fail" if any(is_refusal(*answer) for answer in self.answers) else "unknown"

    @property
    def reply(self) -> Any:
        return next(body for status, body in self.answers if status < 300)


def is_refusal(status: int, body: Any) -> bool:
    """425, 429 and a conflict of versions ask for another try."""
    return 400 <= status < 500 and status not in (408, 425, 429) and body.get("code") != "version-conflict"


class Ledger:
    def __init__(self, path: Path) -> None:
        self._file = path.open("a")
        self.intents: list[Intent] = []

    def wants(
        self, kind: Literal["open", "count", "refuse"], tenant_id: UUID, key: str, path: str, body: dict[str, Any]
    ) -> Intent:
        intent = Intent(len(self.intents), kind, tenant_id, key, path, body)
        self.intents.append(intent)
        self._write(n=intent.number, wants=kind, tenant=str(tenant_id), key=key, path=path, body=body)
        return intent

    def answered(self, intent: Intent, status: int, body: Any) -> None:
        intent.answers.append((status, body))
        self._write(n=intent.number, status=status, body=body)

    def lost(self, intent: Intent, error: str) -> None:
        """The answer never came: the outcome is unknown."""
        self._write(n=intent.number, lost=error)

    def with_outcome(self, outcome: Outcome) -> Iterator[Intent]:
        return (intent for intent in self.intents if intent.outcome == outcome)

    @property
    def tenants(self) -> set[UUID]:
        return {intent.tenant_id for intent in self.intents}

    def close(self) -> None:
        self._file.close()

    def _write(self, **facts: Any) -> None:
        self._file.write(json.dumps(facts) + "\n")
        self._file.flush()
