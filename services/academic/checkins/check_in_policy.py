"""What a check-in means in a class: from when on one is late, with which codes, and who marks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived

Marking = Literal["propose", "set"]
"""The teacher marks and sees what is proposed; or the check-in gives a mark to who has none."""


@dataclass(frozen=True)
class Policy:
    """`late_after`: minutes after the start that still are in time."""

    late_after: int = 10
    present_code: str = "P"
    late_code: str = "L"
    marking: Marking = "propose"

    def code(self, late: int) -> str:
        """`late`: minutes after the start."""
        return self.late_code if late > self.late_after else self.present_code


class CheckInPolicy(Aggregate):
    TOPIC = "academic.check_in_policy"

    class Created(Aggregate.Created):
        TOPIC = "academic.check_in_policy_created"  # never stored; the library asks for the name

    class PolicyStarted(Created):
        TOPIC = "academic.check_in_policy_started"
        class_id: UUID

    class PolicySet(Aggregate.Event):
        TOPIC = "academic.check_in_policy_set"
        late_after: int
        present_code: str
        late_code: str
        marking: str

    @event(PolicyStarted)
    def __init__(self, id: UUID, tenant_id: UUID, class_id: UUID, timestamp: datetime) -> None:
        self.policy = Policy()

    def set(self, policy: Policy, now: datetime) -> None:
        if policy != self.policy:
            self._policy_set(timestamp=now, **vars(policy))

    @event(PolicySet)
    def _policy_set(
        self, late_after: int, present_code: str, late_code: str, marking: Marking, timestamp: datetime
    ) -> None:
        self.policy = Policy(late_after, present_code, late_code, marking)


def policy_id(tenant_id: UUID, class_id: UUID) -> UUID:
    return derived(tenant_id, "check-in-policy", class_id)
