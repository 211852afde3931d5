"""The story of Rollbook: a school's first month, played and printed through the gateway like any client would."""

import asyncio
import sys
from datetime import UTC, date, datetime, timedelta

import aiohttp
from rich.console import Console

from infra.demo import demo_school
from infra.native.state import default_folder, write_private
from infra.story_client import Client, StoryBroken
from infra.story_lessons import look_back, plan_lessons, set_prices, take_attendance
from infra.story_money import correct, find_payer, issue_invoice, look_around, take_away
from infra.story_people import invite
from infra.story_school import Stage, register, take_in, try_out
from infra.story_teller import Teller
from shared.ids import uuid7

SCENES = (
    ("A school registers", register),
    ("Its people and classes are in a OneRoster file; a dry run comes first", try_out),
    ("The file is imported: the good rows, and a reason for each of the others", take_in),
    ("A teacher is invited, by mail", invite),
    ("Who was in the piano class? The roster has two clocks", look_back),
    ("What does it cost?", set_prices),
    ("Four lessons are planned", plan_lessons),
    ("The teacher marks them", take_attendance),
    ("Somebody pays", find_payer),
    ("The month is invoiced: every cent opens to the marks behind it", issue_invoice),
    ("A mark was wrong. It is corrected, and so is the invoice", correct),
    ("The attendance of the class, to take away", take_away),
    ("The school at a glance", look_around),
)
NEIGHBOUR = (
    ("Another school registers", register),
    ("Its file has the same ids, and other people", take_in),
)


async def play(base_url: str, inbox_url: str, console: Console) -> list[Stage]:
    """Plays the story on two new schools and prints it. The schools, or none when a step did not hold."""
    teller = Teller(console)
    begins = month_before(datetime.now(UTC).date())
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        client = Client(session, base_url, inbox_url)
        demos = (demo_school("Northlight Academy", begins, 1), demo_school("Riverside Music School", begins, 2))
        first = Stage(client, teller, demos[0], begins, "Vera Lindqvist")
        second = Stage(client.another(), teller, demos[1], begins, "Omar Castell")
        try:
            teller.title(f"{first.demo.name}: from the mark in the register to the cent on the invoice, and back")
            for title, scene in SCENES:
                teller.step(title)
                await scene(first)
            teller.title(f"{second.demo.name}: a wall between schools")
            for title, scene in NEIGHBOUR:
                teller.step(title)
                await scene(second)
            teller.step("It asks for a class of the first school")
            await knock(second, first.class_id)
        except StoryBroken as error:
            teller.broken(error)
            return []
        except (LookupError, TypeError, ValueError) as error:
            teller.broken(StoryBroken(f"An answer has another shape than a client expects: {error!r}"))
            return []
        except (aiohttp.ClientError, TimeoutError) as error:
            teller.broken(StoryBroken(f"{base_url} does not answer: {type(error).__name__}"))
            return []
        return [first, second]


async def knock(stage: Stage, class_id: str) -> None:
    """Another school's id and an unknown one get the same answer."""
    answers = [
        await stage.client.ask("GET", f"/academic/classes/{id}", params={}, refused=True)
        for id in (class_id, str(uuid7()))
    ]
    foreign, unknown = (answer.problem for answer in answers)
    stage.teller.holds(foreign[0] == 404 and foreign == unknown, f"404 {foreign[1]}, as for an id that does not exist")


def month_before(today: date) -> date:
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


def main(base_url: str, inbox_url: str) -> int:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)
    schools = asyncio.run(play(base_url, inbox_url, console))
    folder = default_folder()
    if schools and folder.is_dir():
        logins = "\n".join(f"{each.demo.name}: {each.email}, password {each.password}" for each in schools)
        write_private(folder / "logins.txt", logins)
    return 0 if schools else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
