"""Refusing a row that the model itself would refuse, in words for a person."""

from __future__ import annotations

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from core.errors import DomainError, NotVisible
from partners.access import may
from partners.enums import Permission
from partners.models import Partner, User


def checked(row: models.Model, *, exclude: tuple[str, ...] = ()) -> None:
    """Raise DomainError `invalid` with the first complaint of the row's fields and constraints."""
    try:
        row.full_clean(exclude=exclude)
    except ValidationError as refusal:
        field, messages = next(iter(refusal.message_dict.items()))
        raise DomainError("invalid", " ".join(messages), field="" if field == NON_FIELD_ERRORS else field) from refusal


def must_manage(by: User | None, partner: Partner) -> None:
    """Raise NotVisible unless `by` manages the partner's people and keys; None is the house itself (a command)."""
    if by is not None and not may(by, Permission.MANAGE_MEMBERS, partner):
        raise NotVisible(str(partner._meta.verbose_name))
