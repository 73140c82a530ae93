"""Who may see what, in one place. The only file that knows guardian.

Grants are guardian object permissions on `Partner` (a few thousand rows, never one per shipment). Every other model
states its way to a partner with `access = Access(...)`; `for_user` then answers both "which rows?" and "this row?".
The same method serves the console, the portal, the API and the exports.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from django.apps import apps
from django.contrib.auth import load_backend
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from guardian.models import GroupObjectPermissionBase as GroupGrantBase
from guardian.models import UserObjectPermissionBase as UserGrantBase
from guardian.shortcuts import assign_perm, get_objects_for_user, remove_perm

from core.errors import NotVisible
from partners.enums import Permission, UserKind

if TYPE_CHECKING:
    from django.contrib.auth.backends import ModelBackend

    from partners.models import Partner, User

ModelT = TypeVar("ModelT", bound=models.Model, covariant=True)
SEES_ALL = "partners.see_all_partners"
# The bases of the grant models, for partners.models.
__all__ = ["GroupGrantBase", "UserGrantBase"]


@dataclass(frozen=True, slots=True)
class Access:
    """How rows of a model belong to partners.

    `paths`: lookups from the row to a partner (OR-ed); empty means "of nobody": internal people only.
    `open_to_partners`: reference data that every signed-in person may read (places, vocabulary).
    `view`, `change`: the permission that a partner's person needs on the partner at the end of the path.
    """

    paths: tuple[str, ...] = ()
    view: str = Permission.VIEW_SHIPMENTS
    change: str = Permission.CHANGE_SHIPMENTS
    open_to_partners: bool = False

    def permission(self, action: str) -> str:
        """The codename behind an action: 'view', 'change', or a codename of partners.enums.Permission itself."""
        return {"view": self.view, "change": self.change}.get(action, action)


OPEN = Access(open_to_partners=True)
INTERNAL = Access()


def sees_all(user: User | AnonymousUser) -> bool:
    """Internal people with the named permission; nobody else, and nobody inactive."""
    if isinstance(user, AnonymousUser):
        return False
    return user.is_active and user.kind == UserKind.INTERNAL and user.has_perm(SEES_ALL)


def _everywhere(user: User | AnonymousUser, permission: str) -> bool:
    """Whether an internal person holds `permission` on every partner. Seeing all is not doing all."""
    return sees_all(user) and user.has_perm(f"partners.{permission}")


def granted_partners(user: User | AnonymousUser, permission: str) -> models.QuerySet[Partner]:
    """The partners on which `user` holds `permission`. Inactive people and strangers hold nothing."""
    partners = cast("models.QuerySet[Partner]", apps.get_model("partners", "Partner")._default_manager.all())
    if not user.is_authenticated or not user.is_active:
        return partners.none()
    if sees_all(user):
        return partners if _everywhere(user, permission) else partners.none()
    # Global permissions are not accepted: they would widen lists beyond what has_perm(object) answers.
    return cast(
        "models.QuerySet[Partner]",
        get_objects_for_user(
            user, f"partners.{permission}", klass=partners, accept_global_perms=False, with_superuser=False
        ),
    )


class ScopedQuerySet(models.QuerySet[ModelT]):
    """Base of every queryset of ours. `for_user` narrows by subquery, so no row doubles and no DISTINCT is needed."""

    def for_user(self, user: User | AnonymousUser, action: str = "view") -> Self:
        """The rows on which `user` may do `action` ('view', 'change' or a partner permission)."""
        access: Access = self.model.access  # type: ignore[attr-defined]
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if action == "view" and (access.open_to_partners or sees_all(user)):
            return self
        if sees_all(user):
            return self if _everywhere(user, access.permission(action)) else self.none()
        if not access.paths:
            return self.none()
        granted = granted_partners(user, access.permission(action)).values("pk")
        return self.filter(self._reaching(access.paths, granted))

    def _reaching(self, paths: Iterable[str], granted: Any) -> Q:
        condition = Q()
        for path in paths:
            condition |= Q(pk__in=granted) if path == "self" else self._along(path.split("__"), granted)
        return condition

    def _along(self, steps: Sequence[str], granted: Any) -> Q:
        """A step to many rows, wherever it stands on the path, is a subquery: a join would double the row that has two
        of them, as the documents of a shipment on which one partner plays two roles."""
        model: type[models.Model] = self.model
        for place, step in enumerate(steps):
            relation: Any = model._meta.get_field(step)
            model = relation.related_model
            if relation.one_to_many:
                rest = {"__".join((*steps[place + 1 :], "in")): granted}
                near = model._base_manager.filter(**rest).values(relation.field.attname)
                return Q(**{"__".join((*steps[:place], "in")) if place else "pk__in": near})
        return Q(**{"__".join((*steps, "in")): granted})

    def get_for_user(self, user: User | AnonymousUser, action: str = "view", **lookup: Any) -> ModelT:
        """One row or NotVisible, alike for a missing and for a foreign one."""
        row = self.for_user(user, action).filter(**lookup).first()
        if row is None:
            raise NotVisible(str(self.model._meta.verbose_name))
        return row


def may(user: User | AnonymousUser, action: str, row: models.Model) -> bool:
    """Whether `user` may do `action` on this one row; the same answer as `for_user`."""
    manager = cast("ScopedQuerySet[models.Model]", type(row)._default_manager.all())
    return manager.for_user(user, action).filter(pk=row.pk).exists()


def grant(user: User, partner: Partner, permissions: Iterable[str]) -> None:
    """Give exactly these permissions on the partner; what the person held before on it is taken away."""
    wanted = frozenset(permissions)
    for permission in Permission.values:
        change = assign_perm if permission in wanted else remove_perm
        change(f"partners.{permission}", user, partner)


def revoke(user: User, partner: Partner) -> None:
    """Take every permission on the partner away."""
    grant(user, partner, ())


def holders(permission: str, partner_ids: Collection[int]) -> set[tuple[int, int]]:
    """(user id, partner id) of the active people who hold `permission` on these partners by a grant. Two queries.

    People who see all are not among them: ask `all_seeing`.
    """
    of = {
        "permission__codename": permission,
        "permission__content_type__app_label": "partners",
        "content_object_id__in": partner_ids,
    }
    direct = apps.get_model("partners", "PartnerUserGrant")._default_manager.filter(user__is_active=True, **of)
    by_group = apps.get_model("partners", "PartnerGroupGrant")._default_manager.filter(
        group__user__is_active=True, **of
    )
    return {
        *direct.values_list("user_id", "content_object_id"),
        *by_group.values_list("group__user", "content_object_id"),
    }


def all_seeing(permission: str) -> set[int]:
    """Ids of the people who hold `permission` on every partner: what `granted_partners` answers with all of them."""
    # Loaded by name: importing it here would ask for the user model before it is there.
    backend = cast("ModelBackend", load_backend("django.contrib.auth.backends.ModelBackend"))
    seeing, holding = (
        backend.with_perm(name).filter(kind=UserKind.INTERNAL).values_list("pk", flat=True)
        for name in (SEES_ALL, f"partners.{permission}")
    )
    return set(seeing) & set(holding)
