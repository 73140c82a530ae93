"""The OpenAPI description: complete, without a warning, and shown without anybody else's help."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from portal.api.urls import urlpatterns
from tests.portal.api_world import OPEN, SIGNED, USES


@pytest.fixture(scope="module")
def schema() -> dict[str, object]:
    with GENERATOR_STATS.silence():
        made = SchemaGenerator().get_schema(request=None, public=True)
    said = {**GENERATOR_STATS._warn_cache, **GENERATOR_STATS._error_cache}
    assert said == {}
    return made


def test_it_is_valid(schema):
    validate_schema(schema)
    assert schema["openapi"] == "3.1.0"


def test_it_names_every_route_and_method(schema):
    described = {
        (re.sub(r"\{\w+\}", "{}", path), method.upper())
        for path, methods in schema["paths"].items()
        for method in methods
    }
    uses = {**USES, **SIGNED}
    routes = {(re.sub(r"\{\w+\}", "{}", "/api/v1/" + one.path), method) for (_n, method), one in uses.items()}
    assert described == routes
    assert {p.name for p in urlpatterns} == {name for name, _method in uses} | OPEN


def test_every_operation_has_a_name_a_text_and_a_way_to_sign_in(schema):
    operations = [operation for methods in schema["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert [operation["operationId"] for operation in operations if not operation.get("description")] == []
    ways = {o["operationId"]: {name for way in o["security"] for name in way} for o in operations}
    assert ways.pop("inbound_call") == {"Signature"}
    assert list(ways.values()) == [{"ApiKey", "Session"}] * len(ways)


def test_every_operation_speaks_in_its_own_words_and_says_what_it_refuses(schema):
    operations = {o["operationId"]: o for methods in schema["paths"].values() for o in methods.values()}
    assert [name for name, o in operations.items() if "What all views share" in o["description"]] == []
    assert operations["clinic"]["description"].startswith("Say what would become of a payload")
    usual = {"400", "401", "403", "404", "429"}
    assert {name for name, o in operations.items() if not usual <= o["responses"].keys()} == set()
    refused = operations["messages_receive"]["responses"]["413"]["content"]
    assert refused == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_what_is_sent_and_answered_in_other_formats_has_an_example(schema):
    operations = {o["operationId"]: o for methods in schema["paths"].values() for o in methods.values()}
    for name in ("messages_receive", "clinic", "inbound_call"):
        assert [*operations[name]["requestBody"]["content"]["*/*"]["examples"]] == ["X12214"], name
    answered = (
        "messages_receive",
        "clinic",
        "inbound_call",
        "messages_acknowledgement",
        "shipments_dcsa",
        "shipments_epcis",
    )
    for name in (*answered, "messages_acknowledgement_take_over"):
        said = [o for status, o in operations[name]["responses"].items() if status in ("200", "202")]
        assert all(any("examples" in content for content in one["content"].values()) for one in said), name


def test_every_post_may_carry_a_key(schema):
    posts = [methods["post"] for methods in schema["paths"].values() if "post" in methods]
    # A signed call has an id of its own.
    posts = [post for post in posts if post["operationId"] != "inbound_call"]
    headers = [[p["name"] for p in post["parameters"] if p["in"] == "header"] for post in posts]
    assert headers == [["Idempotency-Key"]] * len(posts)


def test_lists_are_described_with_their_parameters(schema):
    described = {p["name"] for p in schema["paths"]["/api/v1/shipments/"]["get"]["parameters"]}
    assert described == {
        "cursor", "limit", "reference", "mode", "service", "status", "customer", "origin", "destination", "eta_after",
        "eta_before", "has_exception", "search", "updated_since",
    }  # fmt: skip


@pytest.mark.django_db
def test_the_description_is_open_to_all():
    answer = Client().get("/api/v1/schema/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["info"]["title"]) == (200, "Waymark")


def test_the_browsable_docs_need_no_inline_script_and_no_other_host():
    page = Client().get("/api/v1/docs/")
    text = page.content.decode()
    assert page.status_code == 200
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert [address for address in loaded if not address.startswith("/")] == []
    policy = dict(part.strip().split(" ", 1) for part in page["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == "'self'"
    script = next(address for address in loaded if address.startswith("/api/v1/docs/"))
    answer = Client().get(script)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/javascript")
    assert '"/api/v1/schema/"' in answer.content.decode()
