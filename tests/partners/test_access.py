"""The list and the single row give one answer, and nothing widens it."""

from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.auth.models import Permission as ModelPermission

from core.errors import NotVisible
from milestones.models import ExceptionRule
from partners import access
from partners.enums import InternalGroup, Permission, Role, UserKind
from partners.models import Membership, Notification, Partner, PartnerGroupGrant, PartnerUserGrant, User
from partners.services import add_member, remove_member
from tests.factories.partners import NotificationFactory, PartnerFactory, UserFactory, heard_by, internal, member

pytestmark = pytest.mark.django_db


def model_permission(codename):
    return ModelPermission.objects.get(codename=codename, content_type__app_label="partners")


def answers(user, permission):
    """(what the list says, what one row at a time says)."""
    listed = set(Partner.objects.for_user(user, permission).values_list("pk", flat=True))
    single = {partner.pk for partner in Partner.objects.all() if access.may(user, permission, partner)}
    return listed, single


@pytest.mark.parametrize(("role", "permission"), list(product(Role.values, Permission.values)))
def test_list_and_row_agree_with_the_grant(role, permission):
    mine, theirs = PartnerFactory(), PartnerFactory()
    user = member(mine, role)
    listed, single = answers(user, permission)
    granted = {partner.pk for partner in (mine, theirs) if user.has_perm(f"partners.{permission}", partner)}
    assert listed == single == granted
    assert granted == ({mine.pk} if permission in access_of(role) else set())


def access_of(role):
    return {
        Role.VIEWER: {"view_partner", "view_shipments"},
        Role.EDITOR: {"view_partner", "view_shipments", "report_events", "change_shipments"},
        Role.ADMINISTRATOR: set(Permission.values),
    }[role]


@pytest.mark.parametrize("permission", Permission.values)
def test_grant_of_a_group_counts(permission):
    mine, _theirs = PartnerFactory(), PartnerFactory()
    user = UserFactory()
    group = Group.objects.create(name="Rotterdam office")
    user.groups.add(group)
    PartnerGroupGrant.objects.create(group=group, permission=model_permission(permission), content_object=mine)
    assert answers(user, permission) == ({mine.pk}, {mine.pk})


@pytest.mark.parametrize("permission", Permission.values)
def test_global_permission_does_not_widen(permission):
    mine, _theirs = PartnerFactory(), PartnerFactory()
    user = member(mine, Role.VIEWER)
    before = answers(user, permission)
    user.user_permissions.add(model_permission(permission))
    assert answers(User.objects.get(pk=user.pk), permission) == before


def test_see_all_is_for_internal_people_only():
    PartnerFactory()
    user = UserFactory()
    user.user_permissions.add(model_permission("see_all_partners"))
    user = User.objects.get(pk=user.pk)
    assert not access.sees_all(user)
    assert answers(user, "view_partner") == (set(), set())


def test_internal_person_without_a_group_sees_nothing():
    PartnerFactory()
    assert answers(internal(), "view") == (set(), set())


@pytest.mark.parametrize("group", InternalGroup.values)
def test_every_internal_group_sees_all_partners(group):
    partners = {PartnerFactory().pk, PartnerFactory().pk}
    user = internal(group)
    assert answers(user, "view") == (partners, partners)


@pytest.mark.parametrize(
    ("group", "permission", "allowed"),
    [
        ("operations", Permission.CHANGE_SHIPMENTS, True),
        ("operations", Permission.REPORT_EVENTS, True),
        ("operations", Permission.VIEW_INVOICES, False),
        ("operations", Permission.MANAGE_MEMBERS, False),
        ("customs", Permission.REPORT_EVENTS, True),
        ("sales", Permission.CHANGE_SHIPMENTS, False),
        ("sales", Permission.VIEW_INVOICES, False),
        ("finance", Permission.VIEW_INVOICES, True),
        ("finance", Permission.CHANGE_SHIPMENTS, False),
        ("auditor", Permission.VIEW_INVOICES, True),
        ("auditor", Permission.CHANGE_SHIPMENTS, False),
        ("auditor", Permission.REPORT_EVENTS, False),
        ("auditor", Permission.MANAGE_MEMBERS, False),
        ("administrator", Permission.MANAGE_MEMBERS, True),
    ],
)
def test_seeing_all_is_not_doing_all(group, permission, allowed):
    partner = PartnerFactory()
    user = internal(group)
    expected = {partner.pk} if allowed else set()
    assert answers(user, permission) == (expected, expected)
    assert set(access.granted_partners(user, permission).values_list("pk", flat=True)) == expected


@pytest.mark.parametrize("user", [lambda p: member(p, Role.ADMINISTRATOR), lambda p: internal("administrator")])
def test_inactive_people_see_and_do_nothing(user):
    partner = PartnerFactory()
    person = user(partner)
    person.is_active = False
    person.save()
    person = User.objects.get(pk=person.pk)
    for action in ("view", "change", *Permission.values):
        assert answers(person, action) == (set(), set())
        assert not access.granted_partners(person, action).exists()


def test_strangers_see_nothing():
    PartnerFactory()
    assert answers(AnonymousUser(), "view") == (set(), set())
    assert not access.granted_partners(AnonymousUser(), "view_partner").exists()
    assert not access.sees_all(AnonymousUser())


def test_removed_member_holds_no_grant():
    mine, other = PartnerFactory(), PartnerFactory()
    user = member(mine, Role.ADMINISTRATOR)
    add_member(user, other, role=Role.VIEWER, by=None)
    remove_member(user, mine, by=None)
    assert answers(user, "view") == ({other.pk}, {other.pk})
    assert not PartnerUserGrant.objects.filter(user=user, content_object=mine).exists()
    assert not Membership.objects.filter(user=user, partner=mine).exists()


def test_smaller_role_takes_grants_away():
    partner = PartnerFactory()
    user = member(partner, Role.ADMINISTRATOR)
    add_member(user, partner, role=Role.VIEWER, by=None)
    assert Membership.objects.get(user=user).role == Role.VIEWER
    assert {p for p in Permission.values if access.may(user, p, partner)} == {"view_partner", "view_shipments"}


def test_missing_and_foreign_row_are_told_alike():
    mine, theirs = PartnerFactory(), PartnerFactory()
    user = member(mine)
    with pytest.raises(NotVisible) as foreign:
        Partner.objects.get_for_user(user, code=theirs.code)
    with pytest.raises(NotVisible) as missing:
        Partner.objects.get_for_user(user, code="NOBODY")
    assert foreign.value.message == missing.value.message == "No such partner."
    assert Partner.objects.get_for_user(user, code=mine.code) == mine


def test_path_over_many_rows_lists_a_row_once():
    first, second = PartnerFactory(), PartnerFactory()
    user = member(first, Role.ADMINISTRATOR)
    add_member(user, second, role=Role.ADMINISTRATOR, by=None)
    notification = heard_by(NotificationFactory(), first, second)
    hidden = heard_by(NotificationFactory(), PartnerFactory())
    assert list(Notification.objects.for_user(user)) == [notification]
    assert not access.may(user, "view", hidden)


def test_what_was_told_is_for_the_administrators_of_the_partner():
    partner = PartnerFactory()
    heard_by(NotificationFactory(topic="invoice_issued"), partner)
    seen = {role: Notification.objects.for_user(member(partner, role)).count() for role in Role.values}
    assert seen == {"viewer": 0, "editor": 0, "administrator": 1}


def test_row_next_to_its_partner_follows_it():
    mine, theirs = PartnerFactory(), PartnerFactory()
    user, stranger = member(mine, Role.ADMINISTRATOR), member(theirs)
    assert [row.user for row in Membership.objects.for_user(user)] == [user]
    assert not Membership.objects.for_user(stranger).exists()


def test_model_without_a_way_to_a_partner_is_for_internal_people():
    user = member(PartnerFactory(), Role.ADMINISTRATOR)
    assert not ExceptionRule.objects.for_user(user).exists()
    assert ExceptionRule.objects.for_user(internal("sales")).count() == ExceptionRule.objects.count() > 0
    assert not ExceptionRule.objects.for_user(internal("sales"), "change").exists()


def test_row_of_nobody_is_for_internal_people():
    user = member(PartnerFactory(), Role.ADMINISTRATOR)
    notification = NotificationFactory()
    assert not access.may(user, "view", notification)
    assert access.may(internal("operations"), "view", notification)


def test_holders_are_those_whom_granted_partners_answers():
    partners = [PartnerFactory(), PartnerFactory()]
    people = [member(partners[0]), member(partners[1], Role.ADMINISTRATOR), member(partners[0], is_active=False)]
    group = Group.objects.create(name="Antwerp office")
    people[1].groups.add(group)
    PartnerGroupGrant.objects.create(
        group=group, permission=model_permission("view_shipments"), content_object=partners[0]
    )
    expected = {
        (user.pk, partner.pk)
        for user, partner in product(people, partners)
        if access.granted_partners(user, "view_shipments").filter(pk=partner.pk).exists()
    }
    assert access.holders("view_shipments", [partner.pk for partner in partners]) == expected
    assert expected == {(people[0].pk, partners[0].pk), (people[1].pk, partners[0].pk), (people[1].pk, partners[1].pk)}


def test_all_seeing_are_those_whom_granted_partners_answers_with_all():
    partner = PartnerFactory()
    people = [internal(group) for group in InternalGroup.values]
    people += [internal(), internal("finance", is_active=False), member(partner, Role.ADMINISTRATOR)]
    people.append(UserFactory(kind=UserKind.INTERNAL, is_staff=True, is_superuser=True))
    for permission in ("view_shipments", "view_invoices"):
        expected = {
            user.pk
            for user in people
            if access.sees_all(user) and access.granted_partners(user, permission).filter(pk=partner.pk).exists()
        }
        assert access.all_seeing(permission) == expected
    assert len(access.all_seeing("view_invoices")) == 4
