"""Many who list people at the same time."""

import asyncio

from infra.testing.school import School


async def test_more_lists_at_once_than_the_pool_has_connections_are_all_answered(school: School) -> None:
    await school.person()
    await school.got("/people")
    answers = await asyncio.gather(
        *[
            school.it.client.get("/people", headers=school.it.headers(school.tenant_id, school.permissions))
            for _ in range(24)
        ]
    )
    assert {answer.status_code for answer in answers} == {200}
