"""A teacher comes in: invited by the owner, by mail, and linked to the person that the school knows."""

import secrets

from infra.story_school import PASSWORD_BYTES, Stage


async def invite(stage: Stage) -> None:
    person = stage.people[stage.demo.teacher]
    email = f"{person['given_name'].lower()}.{secrets.token_hex(4)}@teachers.example"
    names = {"given_name": person["given_name"], "family_name": person["family_name"]}
    body = {"email": email, "roles": ["teacher"], "person_id": person["id"], "language": "es", **names}
    await stage.client.post("/auth/invitations", body)
    token = await stage.client.mailed(email, "accept-invitation")
    stage.teller.holds(token, f"{stage.name(stage.demo.teacher)} has a mail from {stage.demo.name}, in Spanish")
    password = f"lesson {secrets.token_urlsafe(PASSWORD_BYTES)}"
    teacher = stage.client.another()
    await teacher.post("/auth/invitations/accept", {"token": token, "account": {"password": password, **names}})
    tenant_id = await teacher.sign_in(email, password)
    me = (await teacher.get("/auth/me")).data
    stage.teller.holds(
        (tenant_id, me["roles"]) == (stage.tenant_id, ["teacher"]), "who follows its link, chooses a password, signs in"
    )
    accounts = await stage.client.until(
        "/academic/user-accounts", lambda answer: bool(answer.data), "the account is linked to a person"
    )
    stage.teller.holds(
        [(line["user_id"], line["person_id"]) for line in accounts.data] == [(me["user_id"], person["id"])],
        "and is the teacher whom the file named",
    )
    stage.teacher = teacher
