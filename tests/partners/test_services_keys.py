"""API keys: shown once, kept as a digest, found in constant work, ended for good."""

import hashlib
import re

import pytest

from core.errors import DomainError, NotVisible
from partners import access
from partners.enums import Permission, Role, Scope, UserKind
from partners.models import ApiKey, Partner, User
from partners.services import create_api_key, find_api_key, revoke_api_key
from tests.factories.partners import PartnerFactory, api_key, internal, member

pytestmark = pytest.mark.django_db


def test_key_has_the_documented_form_and_only_its_digest_is_kept():
    key, secret = api_key(PartnerFactory())
    assert re.fullmatch(rf"wm_{key.prefix}_[A-Za-z0-9_-]{{43}}", secret)
    assert len(key.prefix) == 8
    assert key.digest == hashlib.sha256(secret.encode()).hexdigest()
    row = ApiKey.objects.filter(pk=key.pk).values().get()
    assert secret not in str(row)


def test_key_acts_as_its_own_service_user():
    key, _secret = api_key(PartnerFactory(), name="TMS")
    user = User.objects.get(api_key=key)
    assert (user.email, user.kind, user.is_staff) == (f"key-{key.prefix}@keys.invalid", UserKind.SERVICE, False)
    assert not user.has_usable_password()


@pytest.mark.parametrize(
    ("scopes", "permissions"),
    [
        ([Scope.READ], {"view_partner", "view_shipments"}),
        ([Scope.INGEST], {"report_events"}),
        ([Scope.WRITE], {"view_partner", "view_shipments", "change_shipments"}),
        ([Scope.FINANCE], {"view_partner", "view_invoices"}),
        ([Scope.READ, Scope.INGEST], {"view_partner", "view_shipments", "report_events"}),
    ],
)
def test_scopes_become_grants_on_the_partner_alone(scopes, permissions):
    partner, other = PartnerFactory(), PartnerFactory()
    key, _secret = api_key(partner, *scopes)
    assert {p for p in Permission.values if access.may(key.user, p, partner)} == permissions
    assert {p for p in Permission.values if access.may(key.user, p, other)} == set()


def test_secret_finds_its_key():
    key, secret = api_key(PartnerFactory())
    api_key(PartnerFactory())
    assert find_api_key(secret) == key


def test_finding_costs_one_query_whatever_is_sent(django_assert_num_queries):
    key, secret = api_key(PartnerFactory())
    for sent in (secret, f"wm_{key.prefix}_{'x' * 43}", f"wm_{'0' * 8}_{'x' * 43}", "", "nonsense"):
        with django_assert_num_queries(1):
            found = find_api_key(sent)
            shown = found and (found.user.kind, found.partner.code)
        assert shown == (("service", key.partner.code) if sent == secret else None)


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda s: s[:-1],
        lambda s: s + "x",
        lambda s: s[:-1] + ("a" if s[-1] != "a" else "b"),
        lambda s: s.upper(),
        lambda s: s + "\n",
        lambda s: " " + s,
        lambda s: s.replace("_", "-", 1),
        lambda s: s + "\x00",
        lambda s: s[:-1] + "\ud800",
        lambda s: "",
        lambda s: "wm__",
    ],
)
def test_anything_else_finds_nothing(spoiled):
    _key, secret = api_key(PartnerFactory())
    assert find_api_key(spoiled(secret)) is None


def test_key_of_an_inactive_partner_finds_nothing():
    _key, secret = api_key(PartnerFactory())
    Partner.objects.update(is_active=False)
    assert find_api_key(secret) is None


def test_revoked_key_is_ended_with_its_user_and_grants():
    partner = PartnerFactory()
    key, secret = api_key(partner, *Scope.values)
    revoke_api_key(key, by=None)
    first = ApiKey.objects.get().revoked_at
    revoke_api_key(key, by=None)
    assert find_api_key(secret) is None
    assert ApiKey.objects.get().revoked_at == first == key.revoked_at
    user = User.objects.get(pk=key.user_id)
    assert not user.is_active
    assert not access.holders(Permission.VIEW_SHIPMENTS, [partner.pk])
    user.is_active = True
    assert {p for p in Permission.values if access.may(user, p, partner)} == set()


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "root"]])
def test_unknown_scope_is_refused(scopes):
    with pytest.raises(DomainError) as refusal:
        create_api_key(PartnerFactory(), name="TMS", scopes=scopes)
    assert (refusal.value.code, refusal.value.field) == ("unknown_scope", "scopes")
    assert not User.objects.exists()


def test_name_is_used_once_per_partner():
    partner = PartnerFactory()
    api_key(partner, name="TMS")
    api_key(PartnerFactory(), name="TMS")
    with pytest.raises(DomainError) as refusal:
        api_key(partner, name="TMS")
    assert refusal.value.code == "invalid"
    assert (ApiKey.objects.count(), User.objects.count()) == (2, 2)


def test_only_who_manages_the_partner_makes_and_ends_keys():
    partner = PartnerFactory()
    key, secret = api_key(partner)
    for by in (member(partner, Role.EDITOR), member(PartnerFactory(), Role.ADMINISTRATOR), internal("operations")):
        with pytest.raises(NotVisible):
            create_api_key(partner, name="Mine", scopes=["read"], by=by)
        with pytest.raises(NotVisible):
            revoke_api_key(key, by=by)
    assert find_api_key(secret) == key
    administrator = member(partner, Role.ADMINISTRATOR)
    create_api_key(partner, name="Mine", scopes=["read"], by=administrator)
    revoke_api_key(key, by=administrator)
    assert find_api_key(secret) is None
