"""What a process of the town says of itself at /metrics."""

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.town.town import Town


async def metric(town: Town, process: str, name: str, **labels: str) -> float:
    """The sum of all samples of this name with these labels."""
    async with aiohttp.ClientSession() as session, session.get(f"{town.ports.url(process)}/metrics") as answer:
        text = await answer.text()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
