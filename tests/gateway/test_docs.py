"""The document and its page: local files under a strict policy."""

import json
import re
from html.parser import HTMLParser
from typing import Any

from gateway import docs
from gateway.catalogue import Catalogue, read_catalogue
from infra import openapi
from tests.gateway.conftest import Door

POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


async def test_E1_A29_R4_53_the_document_is_served(door: Door) -> None:
    answer = await door.client.get("/api/schema/")
    assert answer.json() == json.loads(openapi.FILE.read_bytes())
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["openapi"] == "3.1.0"


async def test_A29_R4_51_the_page_and_all_it_needs_come_from_here_under_its_policy(door: Door) -> None:
    page = await door.client.get("/api/docs/")
    assert page.status_code == 200
    found = Links(page.text)
    assert found.inline == []
    assert {"swagger-ui.css", "swagger-ui-bundle.js", "docs.js"} <= set(found.links)
    for link in found.links:
        if not link.startswith("data:"):
            file = await door.client.get(f"/api/docs/{link}")
            assert (file.status_code, file.headers["content-security-policy"]) == (200, POLICY)
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["x-content-type-options"] == "nosniff"


class Links(HTMLParser):
    """What a page loads, and what it holds inline."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [value for name in ("src", "href") if (value := given.get(name))]
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)


async def test_the_page_asks_nobody_else_for_files(door: Door) -> None:
    for name in ("docs.js", "index.html"):
        text = (await door.client.get(f"/api/docs/{name}")).text
        assert re.findall(r"https?://", text) == []


async def test_the_page_can_be_switched_off(door: Door) -> None:
    paths = [getattr(route, "path", "") for route in docs.routes(page=False)]
    assert paths == ["/api/schema/"]


def test_E1_the_catalogue_prefers_literal_parts() -> None:
    secured: dict[str, Any] = {"get": {"security": [{}]}}
    paths = {"/api/academic/{kind}/x": secured, "/api/academic/classes/{id}": {"get": {}}}
    catalogue = Catalogue({"paths": paths | {"/api/academic/classes/x": secured}})
    found = [catalogue.find("GET", f"/api/academic/{path}") for path in ("a/x", "classes/7", "classes/x", "a/b", "a")]
    templates = [None if operation is None else operation.template for operation in found]
    assert templates == [
        "/api/academic/{kind}/x",
        "/api/academic/classes/{id}",
        "/api/academic/classes/x",
        None,
        None,
    ]
    assert [operation is not None and operation.public for operation in found[:2]] == [False, True]
    assert catalogue.find("POST", "/api/academic/a/x") is None


def test_the_packaged_catalogue_knows_the_dashboard_and_the_key_set() -> None:
    catalogue = read_catalogue()
    keys = catalogue.find("GET", "/api/auth/.well-known/jwks.json")
    dashboard = catalogue.find("GET", "/api/dashboards/school")
    assert keys is not None
    assert keys.public
    assert dashboard is not None
    assert not dashboard.public
