"""Every route and method: who may, who may not, and that what is another's does not exist."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import URLPattern

from partners.enums import InternalGroup, Role
from partners.services import revoke_api_key
from portal.api.urls import urlpatterns
from tests.factories.partners import UserFactory, api_key, internal, member
from tests.portal.api_world import (
    EVERYBODY,
    MISSING,
    OPEN,
    SCOPES,
    SIGNED,
    USES,
    Own,
    World,
    ask,
    bearer,
    make_world,
    shipment,
    undone,
    use,
)

pytestmark = pytest.mark.django_db
# What a GET of one thing takes its id from.
OF_ONE = {name: one for name, one in USES.items() if "{" in one.path}


@pytest.fixture
def world() -> World:
    return make_world()


def methods_of(pattern: URLPattern) -> set[str]:
    view = pattern.callback.view_class
    return {method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)}


def test_the_table_names_every_route_and_method():
    routes = {(p.name, method) for p in urlpatterns if p.name not in OPEN for method in methods_of(p)}
    assert routes == set(USES) | set(SIGNED)


def test_a_stranger_gets_in_nowhere(world):
    answers = {}
    for name in USES:
        answer = use(world.alpha, name)
        answers[name] = (answer.status_code, answer["WWW-Authenticate"], answer.json()["code"])
    assert answers == dict.fromkeys(USES, (401, 'Bearer realm="waymark"', "not_authenticated"))


@pytest.mark.parametrize("secret", ["", "x", "wm_abcdefgh_" + "A" * 43, "\xff\xfe", "wm_" + "x" * 5000])
def test_a_key_that_is_none_is_refused(world, secret):
    answer = ask("shipments/", Authorization=f"Bearer {secret}")
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_a_revoked_key_ends_at_once(world):
    key, secret = api_key(world.alpha.partner, name="Old")
    assert ask("shipments/", secret=secret).status_code == 200
    revoke_api_key(key, by=None)
    assert ask("shipments/", secret=secret).status_code == 401


def test_a_session_beside_a_bad_key_is_not_used(world):
    client = Client()
    client.force_login(internal(InternalGroup.OPERATIONS))
    assert client.get("/api/v1/shipments/", headers=bearer("nonsense")).status_code == 401


def outcomes(own: Own, **caller: object) -> dict[tuple[str, str], int]:
    found = {}
    for name in USES:
        with undone():
            found[name] = use(own, name, **caller).status_code
    return found


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_does_what_its_scope_says(world, scope):
    # What a read shows depends on the grants of the other scopes; here it is about the door only.
    _key, secret = api_key(world.alpha.partner, scope, name=scope)
    refused = {name for name, status in outcomes(world.alpha, secret=secret).items() if status == 403}
    assert refused == {name for name, one in USES.items() if one.scope != scope}


def test_a_key_of_all_scopes_does_what_keys_may(world):
    expected = {name: one.status if one.scope else 403 for name, one in USES.items()}
    assert outcomes(world.alpha, secret=world.alpha.secret) == expected


@pytest.mark.parametrize("group", sorted(EVERYBODY))
def test_people_of_the_house_do_what_their_group_may(world, group):
    expected = {name: one.status if group in one.groups else 403 for name, one in USES.items()}
    assert outcomes(world.alpha, user=internal(group)) == expected


def test_a_person_of_the_house_without_a_group_sees_nothing(world):
    assert outcomes(world.alpha, user=internal()) == dict.fromkeys(USES, 403)


HOUSE_ONLY = {name for name, one in USES.items() if not one.scope}
NOT_FOR_VIEWERS = {
    ("messages", "POST"): 404, ("message", "GET"): 404, ("message-reprocess", "POST"): 404, ("events", "POST"): 404,
    ("clinic", "POST"): 404,
    ("shipments", "POST"): 400, ("shipment", "PATCH"): 403,
    ("message-acknowledgement", "GET"): 404, ("message-acknowledgement", "POST"): 404,
    ("documents", "POST"): 403,
}  # fmt: skip
WITHOUT_INVOICES = dict.fromkeys([("invoice", "GET"), ("invoice-pdf", "GET"), ("invoice-csv", "GET")], 404)

# Filed by the key, and nobody else's to withdraw.
NOT_MINE = {("document-withdraw", "POST"): 404}


@pytest.mark.parametrize(
    ("role", "refused"),
    [
        (Role.VIEWER, NOT_FOR_VIEWERS | WITHOUT_INVOICES | NOT_MINE),
        (Role.EDITOR, WITHOUT_INVOICES | NOT_MINE),
        (Role.ADMINISTRATOR, NOT_MINE),
    ],
)
def test_people_of_a_partner_do_what_their_role_may(world, role, refused):
    expected = {name: one.status for name, one in USES.items()} | dict.fromkeys(HOUSE_ONLY, 403) | refused
    assert outcomes(world.alpha, user=member(world.alpha.partner, role)) == expected


def test_somebody_without_any_grant_sees_nothing(world):
    nobody = UserFactory()
    lists = {name for name, one in USES.items() if name[1] == "GET" and "{" not in one.path and one.scope}
    assert {name: use(world.alpha, name, user=nobody).json()["results"] for name in lists} == {n: [] for n in lists}
    statuses = {name: use(world.alpha, name, user=nobody).status_code for name in OF_ONE if name[1] == "GET"}
    expected = dict.fromkeys(statuses, 404) | {("export-file", "GET"): 403, ("milestone-template", "GET"): 403}
    assert statuses == expected


def seen_from_outside(answer) -> tuple[object, ...]:
    passing = {"RateLimit-Remaining", "RateLimit-Reset"}
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k not in passing}


@pytest.mark.parametrize("name", sorted(OF_ONE))
def test_what_is_anothers_answers_exactly_as_what_is_missing(world, name):
    one = USES[name]
    nothing = ask(
        "/api/v1/" + one.path.format(**dict.fromkeys(world.beta.places, MISSING)),
        name[1],
        secret=world.alpha.secret,
        body=world.beta.payload(one),
    )
    foreign = use(world.beta, name, secret=world.alpha.secret)
    assert seen_from_outside(foreign) == seen_from_outside(nothing)
    assert foreign.status_code == (404 if one.scope else 403)


def test_a_head_request_is_judged_like_a_get(world):
    sales = internal(InternalGroup.SALES)
    gets = {name: one for name, one in USES.items() if name[1] == "GET"}
    heads = {name: ask(world.alpha.address(one), "HEAD", user=sales).status_code for name, one in gets.items()}
    assert heads == {name: one.status if "sales" in one.groups else 403 for name, one in gets.items()}
    foreign = ask(world.beta.address(USES["shipment", "GET"]), "HEAD", secret=world.alpha.secret)
    assert (foreign.status_code, foreign.content) == (404, b"")


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "TRACE", "FOO"])
def test_other_methods_are_not_there(world, method):
    answer = ask("shipments/", method, secret=world.alpha.secret)
    assert (answer.status_code, answer["Allow"], answer.json()["code"]) == (
        405,
        "GET, HEAD, POST",
        "method_not_allowed",
    )


def test_a_method_is_not_overridden_by_a_header(world):
    one = world.alpha.address(USES["shipment", "GET"])
    answer = ask(one, "POST", secret=world.alpha.secret, body={"eta": None}, X_HTTP_Method_Override="PATCH")
    assert answer.status_code == 405


def test_a_session_needs_the_token_of_the_form_and_a_key_does_not(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member(world.alpha.partner, Role.EDITOR))
    new = shipment("ALPHA")
    refused = client.post("/api/v1/shipments/", new, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    # Neither does an Authorization header turn the session into a way round the check.
    beside = client.post(
        "/api/v1/shipments/", new, content_type="application/json", headers={"Authorization": "Basic eDp5"}
    )
    assert beside.status_code == 401
    keyed = client.post("/api/v1/shipments/", new, content_type="application/json", headers=bearer(world.alpha.secret))
    assert keyed.status_code == 201


def test_lists_hold_only_what_is_ones_own(world):
    secret = world.alpha.secret
    lists = {name: one for name, one in USES.items() if name[1] == "GET" and "{" not in one.path and one.scope}
    texts = {name: use(world.alpha, name, secret=secret).content.decode() for name in lists}
    assert {name for name, text in texts.items() if '"results":[]' in text} == set()
    foreign = [value for value in world.beta.places.values() if value not in world.alpha.places.values()]
    assert {name: [v for v in foreign if v in text] for name, text in texts.items()} == {name: [] for name in texts}


def test_another_partners_growth_changes_nothing(world):
    lists = [name for name, one in USES.items() if name[1] == "GET" and "{" not in one.path and one.scope]
    before = {name: use(world.alpha, name, secret=world.alpha.secret).content for name in lists}
    other = world.beta
    assert use(other, ("shipments", "POST"), secret=other.secret).status_code == 201
    assert use(other, ("messages", "POST"), secret=other.secret).status_code == 202
    assert use(other, ("events", "POST"), secret=other.secret).status_code == 200
    assert {name: use(world.alpha, name, secret=world.alpha.secret).content for name in lists} == before
