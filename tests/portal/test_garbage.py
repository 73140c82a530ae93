"""Nonsense in all that plans, cases, papers and notices take in: refused in words, never an error of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from milestones.models import ExceptionRule, MilestoneTemplate, ShipmentException, WorkTask
from milestones.services.templates import new_version
from partners.enums import Role
from partners.models import User
from tests.factories.partners import internal, member
from tests.portal.api_world import ROOT, World, ask, make_world, template, undone

pytestmark = pytest.mark.django_db

DEEP: Any = {"not": {"field": "shipment.mode", "op": "is", "value": "air"}}
for _level in range(60):
    DEEP = {"not": DEEP}
# What JSON can say instead of what is asked for.
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    10**9,
    2**31,
    2**63,
    10**40,
    1.5,
    1e308,
    -1e308,
    "",
    " ",
    "x",
    "0",
    "-1",
    "é" * 300,
    "x" * 5000,
    "\x00",
    "a\x00b",
    "\u202e",
    "\ud800",
    "1e999",
    "NaN",
    "now-9999999999d",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-01-01T00:00:00+23:59",
    "2026-01-01T00:00:00+00:00:30",
    "2026-01-01T00:00:00+00:00:00.000001",
    "2026-02-30T00:00:00Z",
    "25:61",
    [],
    [[]],
    [None],
    ["x"] * 200,
    {},
    {"": ""},
    {"all": []},
    DEEP,
    {"$ne": 1},
]
TEXTS = [value for value in VALUES if isinstance(value, str)] + [
    "[]",
    "{}",
    "null",
    "NaN",
    json.dumps(DEEP),
    "9" * 5000,
    "{" * 5000,
]
TREES: list[Any] = [
    *VALUES,
    *[{"all": value} for value in VALUES],
    *[{"not": value} for value in VALUES],
    *[{"field": value, "op": "is", "value": 1} for value in VALUES],
    *[{"field": "shipment.mode", "op": value, "value": "air"} for value in VALUES],
    *[
        {"field": name, "op": op, "value": value}
        for value in VALUES
        for name, op in [
            ("shipment.mode", "is"),
            ("shipment.mode", "in"),
            ("shipment.reference", "starts_with"),
            ("shipment.units", "more"),
            ("money.cost", "more"),
            ("shipment.eta", "less"),
            ("milestone.is_inferred", "is"),
            ("partner.codes", "contains"),
            ("shipment.eta", "is_empty"),
            ("milestone.minutes_late", "in"),
        ]
    ],
    {"all": [{"field": "shipment.mode", "op": "is", "value": "air"}] * 101},
    *[
        {"field": "money.cost", "op": "less", "value": said}
        for said in ("1E-999999", "0E+99999", "sNaN", "-Infinity", "1_000", "１２")
    ],
    *[{"field": "shipment.units", "op": "in", "value": [said]} for said in (1e-320, 10**9, -0.0)],
    *[
        {"field": "shipment.reference", "op": op, "value": said}
        for op in ("starts_with", "contains", "is")
        for said in ("%", "_", "\\", "'", ".*(", "%s")
    ],
]


def status(answer: Any) -> int:
    return int(answer.status_code)


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


@pytest.fixture
def world() -> World:
    cache.clear()
    return make_world()


@pytest.fixture
def boss() -> User:
    return internal("administrator")


def swapped(body: Any) -> Iterator[Any]:
    """The body with one value at a time replaced by each nonsense, and with one that nobody knows."""
    for name in body:
        for value in VALUES:
            yield {**body, name: value}
        yield {other: value for other, value in body.items() if other != name}
    yield {**body, "nobody": 1}
    yield from VALUES


def refused(path: str, bodies: Iterator[Any], boss: User, method: str = "POST") -> None:
    for body in bodies:
        with undone():
            cache.clear()
            assert status(ask(path, method, user=boss, body=dumped(body))) < 500, body


def test_what_the_api_is_sent(world: World, boss: User) -> None:
    here = world.alpha.places
    paper = {"shipment": here["shipment"], "type": "pod", "audience": "internal", "name": "a.txt", "content": "cG9k"}
    refused("documents/", swapped(paper), boss)
    refused(f"documents/{here['document']}/withdraw/", swapped({"reason": "x"}), boss)
    refused(f"exceptions/{here['case']}/resolve/", swapped({"reason": "x"}), boss)
    snooze = {"until": "2099-01-01T00:00:00Z", "wake": "news", "condition": {"not": {}}}
    refused(f"exceptions/{here['case']}/snooze/", swapped(snooze), boss)
    refused(f"exceptions/{here['case']}/snooze/", ({"condition": tree} for tree in TREES), boss)
    refused(f"tasks/{here['task']}/assign/", swapped({"to": None}), boss)


def test_templates_that_are_none(world: World, boss: User) -> None:
    whole = template()
    line = {
        **whole["lines"][0],
        "place_role": "pol",
        "scope": "unit",
        "unit_rule": "all",
        "requirement": "conditional",
        "condition": {"field": "shipment.mode", "op": "is", "value": "air"},
        "after_line": None,
        "anchor_line": None,
        "offset_minutes": 0,
        "day_basis": "calendar",
        "roll": "",
        "time_of_day": "08:00",
        "early_tolerance_minutes": 0,
        "late_tolerance_minutes": 0,
        "responsible": "operations",
        "audience": "customer",
        "weight": 1,
        "task": "",
        "documents": [],
        "charges": [],
    }
    head = {
        "version": 1,
        "mode": "",
        "shipment_type": "",
        "service": "",
        "customer": "",
        "origin_country": "",
        "destination_country": "",
        "origin_place": "",
        "destination_place": "",
        "note": "",
    }
    refused("milestone-templates/import/", swapped({**whole, **head}), boss)
    refused("milestone-templates/import/", ({**whole, "lines": [each]} for each in swapped(line)), boss)
    refused("milestone-templates/import/", ({**whole, "lines": [{**line, "condition": tree}]} for tree in TREES), boss)
    ring = [{**line, "position": at, "anchor": "line", "anchor_line": 3 - at, "after_line": 3 - at} for at in (1, 2)]
    many = [{**line, "position": at} for at in range(1, 1500)]
    refused("milestone-templates/import/", ({**whole, "lines": lines} for lines in (ring, many, [line, line])), boss)


def test_what_lists_and_instants_are_asked_for(world: World, boss: User) -> None:
    here = world.alpha.places
    lists = {
        "documents/": ("shipment", "type", "updated_since", "cursor", "limit"),
        "exceptions/": ("shipment", "state", "kind", "severity", "stage", "group", "updated_since", "cursor", "limit"),
        "tasks/": ("shipment", "role", "state", "severity", "assignee", "updated_since", "cursor"),
        "milestone-templates/": ("code", "state", "cursor"),
        f"shipments/{here['shipment']}/timeline/": ("as_of",),
        f"shipments/{here['shipment']}/dcsa/": ("as_of",),
    }
    client = Client()
    client.force_login(boss)
    for path, names in lists.items():
        for name in names:
            for text in TEXTS:
                cache.clear()
                # What the database refuses is refused in words, and the transaction is over.
                with undone():
                    said = client.get(f"{ROOT}{path}", {name: text.encode("utf-8", "surrogatepass")})
                assert status(said) < 500, (path, name, text)
    for code in ("%00", "x" * 300, "..%2f", "%F0%9F%9A%A2", "AIR"):
        for version in ("0", "-1", "9" * 30, "x", "%00", "१"):
            with undone():
                cache.clear()
                assert status(client.get(f"{ROOT}milestone-templates/{code}/{version}/")) < 500


# Of each sort one, for pages that take longer.
TYPED = [
    "",
    "x" * 5000,
    "\x00",
    "\u202e",
    "-1",
    "9" * 5000,
    "1e999",
    "now-9999999999d",
    "9999-12-31T23:59",
    "2026-02-30",
    "[]",
    "{" * 5000,
    "%s'",
]


def posts(client: Client, address: str, filled: dict[str, Any]) -> None:
    for name in filled:
        for text in TYPED:
            with undone():
                cache.clear()
                said = {**filled, name: text.encode("utf-8", "replace").decode()}
                assert status(client.post(address, said)) < 500, (address, name, text[:100])
    with undone():
        assert status(client.post(address, {})) < 500


def test_what_is_typed_in_the_console(world: World, boss: User) -> None:
    client = Client()
    client.force_login(boss)
    case = ShipmentException.objects.first()
    rule = ExceptionRule.objects.first()
    room = "admin:milestones_shipmentexception"
    posts(
        client,
        reverse(f"{room}_do_row", args=[case.pk, "snooze"]),
        {"until": "2099-01-01T00:00", "wake": "", "condition": ""},
    )
    posts(client, reverse(f"{room}_do_row", args=[case.pk, "assign"]), {"to": "x"})
    posts(client, reverse(f"{room}_do_row", args=[case.pk, "resolve"]), {"reason": "x"})
    posts(
        client, reverse("admin:milestones_worktask_do_row", args=[WorkTask.objects.first().pk, "assign"]), {"to": "x"}
    )
    filled = {
        "code": "slow",
        "name": "Slow ones",
        "kind": "overdue",
        "severity": "high",
        "owner": "operations",
        "mode": "ocean",
        "type": "departed",
        "condition": "",
        "warn_minutes": "-2h",
        "minimum_minutes": "",
        "escalate_minutes": "1d",
        "escalate_to": "sales",
        "minimum_percent": "",
        "due_minutes": "4h",
        "task": "Call",
        "group_by": "place",
        "closes_itself": "on",
        "note": "",
        "version": "0",
        "save": "1",
    }
    posts(client, reverse("admin:milestones_exceptionrule_new"), filled)
    posts(client, reverse("admin:milestones_exceptionrule_edit", args=[rule.pk]), {**filled, "code": rule.code})
    posts(client, reverse("admin:milestones_exceptionrule_new"), {**filled, "backtest": "1"})
    posts(client, reverse("admin:milestones_exceptionrule_count"), {"condition": "", "mode": "", "type": ""})
    posts(
        client,
        reverse("admin:milestones_exceptionrule_do_row", args=[rule.pk, "restore"]),
        {"version": "1", "note": ""},
    )
    posts(
        client,
        reverse("admin:partners_webhookendpoint_do", args=["create"]),
        {"url": "https://a.example", "email": "a@b.example", "partner": ""},
    )
    posts(client, reverse("admin:clock"), {"clock": "x", "zone": "x"})
    posts(
        client,
        reverse("admin:preferences"),
        {"part": "clock", "quiet_from": "22:00", "quiet_until": "22:00", "digest_at": "07:00"},
    )
    posts(
        client,
        reverse("admin:preferences"),
        {
            "part": "topics",
            "for": "all",
            "eta_changed-threshold": "1",
            "milestone_reached-kinds": "x",
            "exception_opened-threshold": "0",
            "exception_opened-kinds": "x",
            "eta_changed-mail": "daily",
        },
    )
    posts(client, reverse("admin:notices"), {"read": "x", "open": "x"})


def test_conditions_that_are_counted(world: World, boss: User) -> None:
    client = Client()
    client.force_login(boss)
    address = reverse("admin:milestones_exceptionrule_count")
    for tree in TREES:
        with undone():
            cache.clear()
            said = {"condition": json.dumps(tree), "mode": "", "type": ""}
            assert status(client.post(address, said)) < 500, tree


def test_the_editor_of_templates(world: World, boss: User) -> None:
    client = Client()
    client.force_login(boss)
    draft = new_version(MilestoneTemplate.objects.first(), by=boss)
    filled: dict[str, Any] = {
        "name": "X",
        "mode": "ocean",
        "shipment_type": "",
        "service": "",
        "customer": "",
        "origin_country": "",
        "destination_country": "",
        "origin_place": "",
        "destination_place": "",
        "note": "",
        "line": "n1",
        "step": "save",
        "seen": "",
        "origin": "NLRTM",
        "destination": "CNSGH",
        "etd": "2026-11-01T08:00",
        "eta": "2026-12-01T08:00",
        "units": "2",
        "via": "",
        **{
            f"n1-{name}": ""
            for name in (
                "name",
                "condition",
                "after",
                "task",
                "charges",
                "documents",
                "time_of_day",
                "roll",
                "position",
            )
        },
        "n1-type": "DEPARTED",
        "n1-place_role": "pol",
        "n1-scope": "unit",
        "n1-unit_rule": "all",
        "n1-requirement": "conditional",
        "n1-anchor": "etd",
        "n1-offset": "1h",
        "n1-direction": "after",
        "n1-day_basis": "calendar",
        "n1-early": "1d",
        "n1-late": "1d",
        "n1-responsible": "operations",
        "n1-audience": "customer",
        "n1-weight": "1",
    }
    for name in ("edit", "plan"):
        posts(client, reverse(f"admin:milestones_milestonetemplate_{name}", args=[draft.pk]), filled)
    for text in TEXTS:
        asked = {
            "etd": text.encode("utf-8", "replace").decode(),
            "units": text[:50].encode("utf-8", "replace").decode(),
        }
        assert status(client.get(reverse("admin:milestones_milestonetemplate_edit", args=[draft.pk]), asked)) < 500


def test_the_pages_of_partners(world: World) -> None:
    person = member(world.alpha.partner, Role.ADMINISTRATOR)
    client = Client()
    client.force_login(person)
    here = world.alpha.places
    posts(
        client, reverse("pages:webhooks"), {"partner": str(world.alpha.partner.public_id), "url": "https://a.example/"}
    )
    posts(client, reverse("pages:preferences"), {"part": "topics", "for": "x", "eta_changed-threshold": "1"})
    posts(
        client,
        reverse("pages:file_document", args=[here["shipment"]]),
        {"type": "pod", "audience": "partner", "file": "x"},
    )
    posts(client, reverse("pages:follow", args=[here["shipment"]]), {"follow": "x"})
    posts(client, reverse("pages:notices"), {"read": "x", "open": "x", "after": "x"})
    for text in TEXTS:
        for page in ("notices", "preferences", "webhooks"):
            assert (
                status(
                    client.get(
                        reverse(f"pages:{page}"),
                        {"after": text.encode("utf-8", "replace").decode(), "for": "x", "show": "x"},
                    )
                )
                < 500
            )
