"""What holds for every request: repeating it, too many of them, and nonsense."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from django.test import Client, RequestFactory

from billing.models import Invoice
from partners.enums import InternalGroup, Scope
from portal.api.shipments import Shipments
from portal.models import IdempotentRequest, RequestCount
from shipments.models import Message, Shipment, Source
from tests.factories.partners import PartnerFactory, api_key, internal
from tests.factories.shipments import LocationFactory, SourceFactory
from tests.portal.api_world import SCOPES, USES, Own, World, ask, bearer, make_world, shipment, undone, use

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret() -> str:
    LocationFactory()
    return api_key(PartnerFactory(code="ALPHA"), *SCOPES)[1]


# --- Repeating -------------------------------------------------------------------------------------------------------


def test_the_same_request_with_the_same_key_takes_effect_once(secret):
    first = ask("shipments/", "POST", secret=secret, body=shipment("ALPHA"), Idempotency_Key="k-1")
    again = ask("shipments/", "POST", secret=secret, body=shipment("ALPHA"), Idempotency_Key="k-1")
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert Shipment.objects.count() == 1


def test_without_a_key_the_second_is_a_conflict(secret):
    statuses = [ask("shipments/", "POST", secret=secret, body=shipment("ALPHA")).status_code for _time in range(2)]
    assert statuses == [201, 409]


@pytest.mark.parametrize("query", ["", "?source=FEED"])
def test_the_same_key_with_another_body_is_a_conflict(secret, query):
    SourceFactory(code="FEED", partner__code="OTHER")
    assert ask("shipments/", "POST", secret=secret, body=shipment("ALPHA"), Idempotency_Key="k").status_code == 201
    other = shipment("ALPHA", "NEW-2") if not query else shipment("ALPHA")
    answer = ask("shipments/" + query, "POST", secret=secret, body=other, Idempotency_Key="k")
    # A parameter that the address does not know is refused before the key is looked at.
    assert (answer.status_code, answer.json()["code"]) == (
        (400, "invalid") if query else (409, "idempotency_key_reused")
    )
    assert Shipment.objects.count() == 1


def test_a_message_under_the_same_key_for_another_source_is_a_conflict(secret):
    partner = api_key(PartnerFactory(), Scope.INGEST)[0].partner
    key = api_key(partner, Scope.INGEST, name="Feed")[1]
    for code in ("ONE", "TWO"):
        SourceFactory(code=code, partner=partner)
    statuses = [
        ask(f"messages/?source={code}", "POST", secret=key, body=b"same", Idempotency_Key="k").status_code
        for code in ("ONE", "TWO")
    ]
    assert statuses == [202, 409]


def test_a_refusal_leaves_the_key_free_for_the_corrected_request(secret):
    wrong = ask("shipments/", "POST", secret=secret, body=shipment("BETA"), Idempotency_Key="k")
    assert (wrong.status_code, IdempotentRequest.objects.count()) == (400, 0)
    assert ask("shipments/", "POST", secret=secret, body=shipment("ALPHA"), Idempotency_Key="k").status_code == 201


def test_a_crash_leaves_nothing_behind(secret, monkeypatch):
    # The effect is done, and the process dies before the answer is kept.
    def dies(*_args: object, **_fields: object) -> None:
        raise SystemExit

    monkeypatch.setattr("portal.api.base.remember_answer", dies)
    with pytest.raises(SystemExit):
        ask("shipments/", "POST", secret=secret, body=shipment("ALPHA"), Idempotency_Key="k")
    assert (Shipment.objects.count(), IdempotentRequest.objects.count()) == (0, 0)
    monkeypatch.undo()
    assert ask("shipments/", "POST", secret=secret, body=shipment("ALPHA"), Idempotency_Key="k").status_code == 201


def test_every_post_can_be_repeated():
    world, administrator = make_world(), internal(InternalGroup.ADMINISTRATOR)
    posts = [name for name in USES if name[1] == "POST"]
    repeated = {}
    for name in posts:
        with undone():
            first = use(world.alpha, name, user=administrator, Idempotency_Key="k")
            again = use(world.alpha, name, user=administrator, Idempotency_Key="k")
            repeated[name] = first.status_code, again.content == first.content, again.get("Idempotent-Replayed")
    assert repeated == {name: (USES[name].status, True, "true") for name in posts}


@pytest.mark.parametrize("key", ["x" * 201, "tab\there", "nul\x00"])
def test_a_key_that_cannot_be_kept_is_refused(secret, key):
    answer = ask("shipments/", "POST", secret=secret, body=shipment("ALPHA"), Idempotency_Key=key)
    assert (answer.status_code, Shipment.objects.count()) == (400, 0)


# --- Too many --------------------------------------------------------------------------------------------------------


def test_who_asks_too_often_is_told_when_to_come_back(secret, settings):
    settings.WAYMARK_RATE_LIMIT = 3
    answers = [ask("shipments/", secret=secret) for _time in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    last = answers[-1]
    assert (last["RateLimit-Limit"], last.json()["code"]) == ("3", "throttled")
    assert last["Retry-After"] == last["RateLimit-Reset"]
    assert 1 <= int(last["Retry-After"]) <= 60


def test_refusals_count_and_strangers_do_not(secret, settings):
    settings.WAYMARK_RATE_LIMIT = 2
    statuses = [ask("tasks/", secret=secret).status_code for _time in range(3)]
    assert statuses == [403, 403, 429]
    assert [ask("tasks/").status_code for _time in range(3)] == [401, 401, 401]
    assert RequestCount.objects.count() == 1


def test_one_callers_haste_does_not_slow_another(secret, settings):
    settings.WAYMARK_RATE_LIMIT = 1
    other = api_key(PartnerFactory(), Scope.READ)[1]
    assert [ask("shipments/", secret=s).status_code for s in (secret, secret, other)] == [200, 429, 200]


# --- Nonsense --------------------------------------------------------------------------------------------------------

DEEP = "[" * 100_000 + "]" * 100_000
BODIES: dict[str, str | bytes] = {
    "nothing": "",
    "blanks": "   ",
    "no JSON": "{",
    "a number": "1",
    "a text": '"x"',
    "null": "null",
    "true": "true",
    "an empty list": "[]",
    "an empty object": "{}",
    "a list of numbers": "[1, 2]",
    "a list of lists": "[[[]]]",
    "NUL": '{"reference": "a\\u0000b", "reason": "\\u0000", "customer": "\\u0000", "until": "\\u0000"}',
    "NUL in a name": '{"a\\u0000": 1}',
    "half a surrogate pair": '{"reference": "\\ud800", "reason": "\\ud800"}',
    "not UTF-8": b'{"reference": "\xff\xfe"}',
    "deep": DEEP,
    "deep members": '{"a":' * 5000 + "1" + "}" * 5000,
    "deep inside": '{"references":' + "[" * 40 + "]" * 40 + "}",
    "NaN": '{"reference": NaN}',
    "infinity": "[Infinity]",
    "a huge number": '{"reference": 1e400, "until": ' + "9" * 400 + "}",
    "numbers for texts": json.dumps(
        dict.fromkeys(("reference", "mode", "origin", "customer", "reason", "until"), 10**18)
    ),
    "lists for texts": json.dumps(
        {name: [] for name in ("reference", "mode", "origin", "customer", "reason", "until")}
    ),
    "objects for texts": json.dumps({name: {"a": 1} for name in ("reference", "mode", "origin", "customer", "reason")}),
    "objects for lists": json.dumps({name: {"a": 1} for name in ("references", "parties", "units", "legs")}),
    "texts for lists": json.dumps(dict.fromkeys(("references", "parties", "units", "legs"), "x")),
    "empty in lists": json.dumps({name: [{}] for name in ("references", "parties", "units", "legs")}),
    "null in lists": json.dumps({name: [None] for name in ("references", "parties", "units", "legs")}),
    "years": json.dumps({"until": "0001-01-01T00:00:00+23:59", "eta": "9999-12-31T23:59:59-23:59", "etd": "0000"}),
    "a leap day": json.dumps({"until": "2027-02-29T00:00:00Z", "eta": "2027-02-29T00:00:00Z"}),
    "prototype": '{"__proto__": {"is_staff": true}, "is_staff": true}',
    "long": json.dumps({"reference": "x" * 1_000_000, "reason": "x" * 1_000_000}),
}


@pytest.fixture
def world() -> World:
    return make_world()


def sent(own: Own, name: tuple[str, str], **said: object) -> int:
    with undone():
        caller = {"secret": own.secret} if USES[name].scope else {"user": ADMINISTRATORS[0]}
        return ask(own.address(USES[name]), name[1], **caller, **said).status_code


ADMINISTRATORS: list[object] = []


@pytest.fixture(autouse=True)
def administrator() -> None:
    ADMINISTRATORS[:] = [internal(InternalGroup.ADMINISTRATOR)]


# What needs no body does its work whatever comes with it; a message is anything; an empty change changes nothing.
BODILESS = {name for name, one in USES.items() if one.status in (200, 202) and not one.body and name[1] == "POST"}
WRITES = {name for name in USES if name[1] in ("POST", "PATCH")}


@pytest.mark.parametrize("body", sorted(BODIES))
def test_no_body_breaks_anything(world, body):
    found = {name: sent(world.alpha, name, body=BODIES[body]) for name in WRITES}
    assert {name: status for name, status in found.items() if status >= 500} == {}
    taken = {name for name, status in found.items() if status < 400}
    harmless = BODILESS | {("messages", "POST"), ("clinic", "POST"), ("exports", "POST"), ("shipment", "PATCH")}
    harmless |= {("events", "POST")}
    assert taken - harmless == set()


@pytest.mark.parametrize("body", sorted(set(BODIES) - {"nothing", "an empty object"}))
def test_nonsense_changes_no_shipment(world, body):
    assert sent(world.alpha, ("shipment", "PATCH"), body=BODIES[body]) == 400


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 415),
        ("application/xml", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/x-www-form-urlencoded", 415),
        ("nonsense", 415),
        ("application/json; charset=utf-16", 201),
    ],
)
def test_only_json_is_read(secret, content_type, status):
    answer = ask("shipments/", "POST", secret=secret, body=json.dumps(shipment("ALPHA")), Content_Type=content_type)
    assert answer.status_code == status


QUERIES = (
    "limit=0", "limit=-1", "limit=201", "limit=x", "limit=%00", "limit=" + "9" * 500, "limit=", "limit=1.5",
    "limit=%C2%B2", "cursor=x", "cursor=%00", "cursor=cD1hYmM%3D", "cursor=cD0lQzIlQjI%3D", "cursor=bz0tNQ%3D%3D",
    "cursor=" + "A" * 5000, "cursor=", "no_such=1", "limit=1&limit=2", "%00=1", "ordering=-pk", "fields=a",
    "include=customer", "format=xlsx", "updated_since=x", "updated_since=%00", "updated_since=2027-02-29",
    "search=%00", "customer=%00",
    "customer__name=x", "shipment=x", "shipment=%00", "state=x", "kind=%00", "code=%00", "code=" + "x" * 500,
    "mode=x", "status=x", "eta_after=99999-01-01", "has_exception=perhaps&no=1", "classifier=%27",
    "reference=" + "x" * 500,
)  # fmt: skip
# Each of these is right, and finds what it finds.
HARMLESS = {
    "updated_since=0001-01-01T00:00:00Z", "updated_since=9999-12-31T23:59:59Z",
    "updated_since=0001-01-01T00:00:00%2B14:00", "limit=200",
}  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_parameter_that_makes_no_sense_is_refused(world, query):
    lists = [(name, one) for name, one in USES.items() if name[1] == "GET" and "{" not in one.path]
    found = {name: ask(one.path + "?" + query, user=ADMINISTRATORS[0]).status_code for name, one in lists}
    assert found == dict.fromkeys(found, 404 if query.startswith("format") else 400)


@pytest.mark.parametrize("query", sorted(HARMLESS))
def test_a_parameter_at_the_edge_is_taken(world, query):
    for name in ("shipments", "events", "messages"):
        assert ask(f"{name}/?{query}", secret=world.alpha.secret).status_code == 200


def test_a_cursor_far_out_is_followed(world):
    ids = {position: b64encode(f"p={position}".encode()).decode() for position in (0, 10**40)}
    found = {p: len(ask(f"messages/?cursor={c}", secret=world.alpha.secret).json()["results"]) for p, c in ids.items()}
    assert found == {0: 0, 10**40: 1}


@pytest.mark.parametrize(
    "path",
    [
        "shipments/x/", "shipments/%00/", "shipments/1/", "shipments", "no/such/", "", "invoices/x/pdf/",
        "partners/%00/", "partners/" + "x" * 500 + "/", "partners/%ED%A0%80/", "../admin/", "shipments/%2e%2e/",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_a_problem_like_others(secret, path):
    answer = ask(path, secret=secret)
    assert (answer.status_code, answer["Content-Type"]) in [
        (404, "application/problem+json"), (400, "application/problem+json")
    ]  # fmt: skip
    assert set(answer.json()) >= {"type", "title", "status", "detail", "code"}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png"])
def test_only_json_is_spoken(secret, accept):
    answer = ask("shipments/", secret=secret, Accept=accept)
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_a_file_comes_whatever_is_preferred(world):
    for accept in ("application/pdf", "text/html", "*/*"):
        answer = use(world.alpha, ("invoice-pdf", "GET"), secret=world.alpha.secret, Accept=accept)
        assert (answer.status_code, answer["Content-Type"], answer.content[:5]) == (200, "application/pdf", b"%PDF-")
        missing = use(world.beta, ("invoice-pdf", "GET"), secret=world.alpha.secret, Accept=accept)
        assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json")
    number = Invoice.objects.get(pk=world.alpha.rows["invoice"].pk).number
    answer = use(world.alpha, ("invoice-csv", "GET"), secret=world.alpha.secret)
    assert answer["Content-Disposition"] == f'attachment; filename="{number}.csv"'
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "private, no-store")


def test_a_large_body_is_refused_with_its_own_status(secret, settings):
    large = json.dumps({"reference": "x" * (9 << 20)})
    answer = ask("shipments/", "POST", secret=secret, body=large)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = settings.WAYMARK_MESSAGE_LIMIT = 1000
    Source.objects.create(code="FEED", partner=PartnerFactory(), format="native")
    key = api_key(Source.objects.get().partner, Scope.INGEST)[1]
    for headers in ({}, {"Idempotency_Key": "k"}):
        answer = ask("messages/?source=FEED", "POST", secret=key, body="x" * 1001, **headers)
        assert (answer.status_code, Message.objects.count()) == (413, 0)


def test_a_body_in_chunks_is_refused_rather_than_taken_for_an_empty_one(secret):
    request = RequestFactory().generic("POST", "/api/v1/shipments/", "x", headers=bearer(secret))
    del request.META["CONTENT_LENGTH"]
    request.META["HTTP_TRANSFER_ENCODING"] = "chunked"
    refused = Shipments.as_view()(request)
    assert (refused.status_code, refused.data["code"]) == (411, "length_required")


def test_a_problem_names_the_fields():
    LocationFactory()
    key = api_key(PartnerFactory(code="ALPHA"), Scope.WRITE)[1]
    body = shipment("ALPHA", mode="rocket", references=[{"type": "po", "value": ""}], legs=[{"mode": "sea", "x": 1}])
    answer = ask("shipments/", "POST", secret=key, body=body)
    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert {name: problem[name] for name in ("type", "title", "status", "code")} == {
        "type": "about:blank", "title": "Bad request", "status": 400, "code": "invalid",
    }  # fmt: skip
    assert sorted((error["field"], error["code"]) for error in problem["errors"]) == [
        ("legs.0.x", "invalid"), ("mode", "invalid"), ("references.0.value", "blank"),
    ]  # fmt: skip


def test_answers_are_kept_by_nobody(secret):
    answers = [ask("shipments/", secret=secret), ask("shipments/"), ask("tasks/", secret=secret)]
    assert [answer["Cache-Control"] for answer in answers] == ["private, no-store"] * 3


def test_the_address_in_forwarding_headers_does_not_escape_the_limit(secret, settings):
    settings.WAYMARK_RATE_LIMIT = 1
    client = Client(headers=bearer(secret))
    statuses = [
        client.get("/api/v1/shipments/", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in (1, 2)
    ]
    assert statuses == [200, 429]
