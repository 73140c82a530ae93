"""People: their accounts and what they may do for which partner."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import time
from typing import TypedDict, Unpack
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners import access
from partners.enums import ROLE_PERMISSIONS, UserKind
from partners.models import Membership, Partner, User
from partners.services.checking import checked, must_manage


class Profile(TypedDict, total=False):
    kind: str
    name: str
    language: str
    time_zone: str
    is_active: bool
    clock: str
    quiet_from: time | None
    quiet_until: time | None
    hears_critical: bool
    digest_at: time


@transaction.atomic
def save_user(
    email: str,
    *,
    password: str | None = None,
    groups: Iterable[str] | None = None,
    by: User | None = None,
    **profile: Unpack[Profile],
) -> User:
    """Make the account, or bring the one with this address (in any case) up to date; what is not given stays.

    Without a password a new account cannot sign in. `groups` are names of internal groups and replace those held. An
    internal person may use the console. The rules for passwords hold for whoever sets one through a door (`by`); at the
    command line the operator decides. Raises DomainError `invalid`, `unknown_group`, `groups_are_internal`.
    """
    user = User.objects.select_for_update().filter(email__iexact=email).first()
    user = user or User(email=User.objects.normalize_email(email))
    for field, value in profile.items():
        setattr(user, field, value)
    user.is_staff = user.kind == UserKind.INTERNAL
    user.is_superuser = user.is_superuser and user.is_staff
    _set_password(user, password, by)
    _must_be_settings(user)
    checked(user)
    user.save()
    if groups is not None or not user.is_staff:
        _join(user, frozenset(groups or ()))
    return user


def _set_password(user: User, password: str | None, by: User | None) -> None:
    if password is None:
        if user._state.adding:
            user.set_unusable_password()
        return
    if by is not None:
        try:
            validate_password(password, user)
        except ValidationError as refusal:
            raise DomainError("invalid", " ".join(refusal.messages), field="password") from refusal
    user.set_password(password)


def _must_be_settings(user: User) -> None:
    if user.language not in dict(settings.LANGUAGES):
        raise DomainError("invalid", _("There is no such language here."), field="language")
    if user.time_zone not in available_timezones():
        raise DomainError("invalid", _("A time zone has an IANA name, such as Europe/Berlin."), field="time_zone")


def _join(user: User, names: Collection[str]) -> None:
    # A permission of a group holds on every partner, so it is for the house only.
    if names and user.kind != UserKind.INTERNAL:
        raise DomainError("groups_are_internal", _("Only internal people belong to a group."), field="groups")
    groups = {group.name: group for group in Group.objects.filter(name__in=names)}
    if missing := sorted(set(names) - set(groups)):
        raise DomainError(
            "unknown_group", _("There is no group %(name)s.") % {"name": ", ".join(missing)}, field="groups"
        )
    user.groups.set(groups.values())


@transaction.atomic
def add_member(user: User, partner: Partner, *, role: str, by: User | None) -> Membership:
    """Let `user` act for `partner` in `role`, instead of the role held before. The grants follow.

    Raises NotVisible when `by` does not manage the partner's people, DomainError `internal_is_no_member` for people of
    the house, `invalid` for an unknown role.
    """
    must_manage(by, partner)
    if user.kind != UserKind.PARTNER:
        raise DomainError("internal_is_no_member", _("Only people of a partner act for one."), field="user")
    membership = Membership.objects.select_for_update().filter(user=user, partner=partner).first()
    membership = membership or Membership(user=user, partner=partner)
    membership.role = role
    checked(membership)
    membership.save()
    access.grant(user, partner, ROLE_PERMISSIONS[role])
    return membership


@transaction.atomic
def remove_member(user: User, partner: Partner, *, by: User | None) -> None:
    """End the membership; the grants go with it. Nothing happens when there is none."""
    must_manage(by, partner)
    Membership.objects.filter(user=user, partner=partner).delete()
    access.revoke(user, partner)
