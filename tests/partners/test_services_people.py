"""Partners, accounts and memberships: what the services make and what they refuse."""

import pytest

from core.errors import DomainError, NotVisible
from partners.enums import Permission, Role, UserKind
from partners.models import Membership, Partner, PartnerIdentifier, PartnerUserGrant, User
from partners.services import add_member, remove_member, save_partner, save_user
from tests.factories.partners import PartnerFactory, UserFactory, internal, member

pytestmark = pytest.mark.django_db


def refused(work, *args, **kwargs):
    with pytest.raises(DomainError) as refusal:
        work(*args, **kwargs)
    return refusal.value.code, refusal.value.field


def test_partner_is_made_and_brought_up_to_date_by_its_code():
    made = save_partner("MAERSK", name="Maersk", kinds=["carrier"], country="DK", identifiers=[("scac", "MAEU")])
    again = save_partner("MAERSK", name="Maersk A/S", kinds=["carrier", "terminal", "carrier"], payment_days=14)
    assert again.pk == made.pk
    row = Partner.objects.get()
    assert (row.name, row.kinds, row.country, row.payment_days) == ("Maersk A/S", ["carrier", "terminal"], "DK", 14)
    assert list(row.identifiers.values_list("scheme", "value")) == [("scac", "MAEU")]


def test_identifiers_are_added_once():
    for scac in ("MAEU", "MAEU", "SAFM"):
        save_partner("MAERSK", name="Maersk", kinds=["carrier"], identifiers=[("scac", scac)])
    values = PartnerIdentifier.objects.order_by("value").values_list("value", flat=True)
    assert list(values) == ["MAEU", "SAFM"]


def test_identifier_of_another_partner_is_refused_and_nothing_is_left():
    save_partner("ONE", name="One", kinds=["carrier"], identifiers=[("scac", "MAEU")])
    assert refused(
        save_partner, "TWO", name="Two", kinds=["carrier"], identifiers=[("iata", "TW"), ("scac", "MAEU")]
    ) == ("identifier_taken", "identifiers")
    assert list(Partner.objects.values_list("code", flat=True)) == ["ONE"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kinds": []}, "kinds"),
        ({"kinds": ["pirate"]}, "kinds"),
        ({"name": ""}, "name"),
        ({"code": "has space"}, ""),
        ({"country": "nl"}, ""),
        ({"identifiers": [("duns", "1")]}, "scheme"),
    ],
)
def test_partner_is_refused(values, field):
    given = {"code": "P", "name": "P", "kinds": ["carrier"]} | values
    assert refused(save_partner, given.pop("code"), **given) == ("invalid", field)


def test_person_of_a_partner():
    user = save_user("ann@Example.com", password="short", name="Ann", language="de", time_zone="Europe/Berlin")
    row = User.objects.get()
    assert row == user
    assert (row.email, row.name, row.kind, row.is_staff) == ("ann@example.com", "Ann", UserKind.PARTNER, False)
    assert (row.language, row.time_zone) == ("de", "Europe/Berlin")
    assert row.check_password("short")


def test_internal_person_uses_the_console_with_the_rights_of_the_group():
    user = save_user("ops@example.com", password="p", kind=UserKind.INTERNAL, groups=["operations", "customs"])
    user = User.objects.get(pk=user.pk)
    assert user.is_staff
    assert sorted(user.groups.values_list("name", flat=True)) == ["customs", "operations"]
    assert user.has_perm("partners.see_all_partners")


def test_person_is_brought_up_to_date_by_the_address_in_any_case():
    made = save_user("ann@example.com", password="first", name="Ann", kind=UserKind.INTERNAL, groups=["sales"])
    again = save_user("ANN@example.com", time_zone="Asia/Tokyo")
    assert again.pk == made.pk
    row = User.objects.get()
    assert (row.name, row.time_zone) == ("Ann", "Asia/Tokyo")
    assert row.check_password("first")
    assert [group.name for group in row.groups.all()] == ["sales"]


def test_groups_are_replaced():
    save_user("ann@example.com", password="p", kind=UserKind.INTERNAL, groups=["sales"])
    user = save_user("ann@example.com", groups=["finance"])
    assert [group.name for group in user.groups.all()] == ["finance"]


def test_who_leaves_the_house_leaves_console_and_groups():
    save_user("ann@example.com", password="p", kind=UserKind.INTERNAL, groups=["administrator"])
    user = save_user("ann@example.com", kind=UserKind.PARTNER)
    assert not user.is_staff
    assert not user.groups.exists()


def test_account_without_a_password_cannot_sign_in():
    assert not save_user("ann@example.com").has_usable_password()


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ({"email": "no address"}, ("invalid", "email")),
        ({"email": "a@example.com\nBcc: b@example.com"}, ("invalid", "email")),
        ({"language": "tlh"}, ("invalid", "language")),
        ({"time_zone": "Mars/Olympus"}, ("invalid", "time_zone")),
        ({"kind": "robot"}, ("invalid", "kind")),
        ({"groups": ["sales"]}, ("groups_are_internal", "groups")),
        ({"kind": "internal", "groups": ["pirates"]}, ("unknown_group", "groups")),
    ],
)
def test_person_is_refused(values, answer):
    given = {"email": "ann@example.com", "password": "p"} | values
    assert refused(save_user, given.pop("email"), **given) == answer
    assert not User.objects.exists()


def test_weak_password_is_refused_at_the_doors():
    administrator = internal("administrator")
    assert refused(save_user, "ann@example.com", password="short", by=administrator) == ("invalid", "password")
    save_user("ann@example.com", password="a sound long one", by=administrator)
    assert User.objects.get(email="ann@example.com").check_password("a sound long one")


def test_member_holds_the_grants_of_the_role():
    partner, user = PartnerFactory(), UserFactory()
    membership = add_member(user, partner, role=Role.EDITOR, by=None)
    assert Membership.objects.get() == membership
    grants = PartnerUserGrant.objects.filter(user=user, content_object=partner)
    assert set(grants.values_list("permission__codename", flat=True)) == {
        Permission.VIEW_PARTNER, Permission.VIEW_SHIPMENTS, Permission.REPORT_EVENTS, Permission.CHANGE_SHIPMENTS,
    }  # fmt: skip


def test_member_twice_is_once():
    partner, user = PartnerFactory(), UserFactory()
    add_member(user, partner, role=Role.VIEWER, by=None)
    add_member(user, partner, role=Role.VIEWER, by=None)
    assert Membership.objects.count() == 1
    assert PartnerUserGrant.objects.count() == 2


@pytest.mark.parametrize(
    ("user", "role", "answer"),
    [
        (lambda: UserFactory(), "owner", ("invalid", "role")),
        (lambda: internal("sales"), "viewer", ("internal_is_no_member", "user")),
    ],
)
def test_member_is_refused(user, role, answer):
    assert refused(add_member, user(), PartnerFactory(), role=role, by=None) == answer
    assert not Membership.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_only_administrators_change_the_members(role):
    partner = PartnerFactory()
    by, other = member(partner, role), member(partner)
    foreign = member(PartnerFactory(), Role.ADMINISTRATOR)
    for person in (by, foreign, internal("auditor")):
        with pytest.raises(NotVisible):
            add_member(UserFactory(), partner, role=Role.VIEWER, by=person)
        with pytest.raises(NotVisible):
            remove_member(other, partner, by=person)
    assert set(Membership.objects.filter(partner=partner).values_list("user_id", flat=True)) == {by.pk, other.pk}


@pytest.mark.parametrize("by", [lambda p: member(p, Role.ADMINISTRATOR), lambda p: internal("administrator")])
def test_administrators_change_the_members(by):
    partner, user = PartnerFactory(), UserFactory()
    person = by(partner)
    add_member(user, partner, role=Role.VIEWER, by=person)
    remove_member(user, partner, by=person)
    remove_member(user, partner, by=person)
    assert not Membership.objects.filter(user=user).exists()
