"""People and their accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.enums import (
    InternalGroup,
    UserKind,
)
from partners.models import User
from partners.services import (
    save_user,
)
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin, View
from portal.console.fields import ActionForm
from portal.console.filters import Many
from portal.console.listing import Column, Found
from portal.console.partners import ACTIVE
from portal.console.record import Section

# --- users ---------------------------------------------------------------------------------------------------------


class EditUser(ActionForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=150, required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"), max_length=64, initial="UTC", help_text=gettext_lazy("Such as Europe/Berlin.")
    )
    is_active = forms.BooleanField(label=gettext_lazy("May sign in"), required=False, initial=True)

    def starting_values(self) -> Mapping[str, Any]:
        return {name: getattr(self.row, name) for name in self.base_fields if self.row and hasattr(self.row, name)}


class NewUser(EditUser):
    email = forms.EmailField(label=gettext_lazy("E-mail"))
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[(k.value, k.label) for k in (UserKind.PARTNER, UserKind.INTERNAL)]
    )
    password = forms.CharField(
        label=gettext_lazy("First password"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    field_order = ("email", "kind", "name", "password")


class SetGroups(ActionForm):
    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Groups"), choices=InternalGroup.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    def starting_values(self) -> Mapping[str, Any]:
        return {"groups": [g.name for g in self.row.groups.all()]} if self.row else {}


def _save_user(user: User, values: Mapping[str, Any], by: User) -> User:
    return save_user(user.email, by=by, **values)


def _new_user(row: Any, values: Mapping[str, Any], by: User) -> User:
    return save_user(by=by, **values)


class UserRoom(ConsoleAdmin):
    search_hint = gettext_lazy("Name or e-mail")
    order = ("email",)
    columns = (
        Column("user", gettext_lazy("Person"), lambda u: cells.strong(u.name or u.email, u.email), "email"),
        Column("kind", gettext_lazy("Kind"), lambda u: u.get_kind_display(), "kind", "c-pair"),
        Column(
            "active", gettext_lazy("May sign in"), lambda u: _("yes") if u.is_active else _("no"), "is_active", "c-pair"
        ),
        Column("seen", gettext_lazy("Last sign-in"), lambda u: cells.ago(u.last_login), "last_login", "c-pair"),
    )
    filters = (ACTIVE, Many("kind", gettext_lazy("Kind"), "kind", UserKind.choices))
    views = (
        View(gettext_lazy("Internal"), "kind=internal"),
        View(gettext_lazy("Of partners"), "kind=partner"),
        View(gettext_lazy("Everybody"), ""),
    )
    operations = (
        Action(
            name="edit",
            label=gettext_lazy("Edit…"),
            permission="partners.change_user",
            form=EditUser,
            is_main=True,
            perform=_save_user,
            done=gettext_lazy("Saved."),
            submit=gettext_lazy("Save"),
            icon="edit",
        ),
        Action(
            name="groups",
            label=gettext_lazy("Groups…"),
            permission="partners.change_user",
            form=SetGroups,
            fits=lambda user: user.kind == UserKind.INTERNAL,
            done=gettext_lazy("Groups saved."),
            perform=_save_user,
            submit=gettext_lazy("Save"),
        ),
        Action(
            name="create",
            label=gettext_lazy("New user…"),
            permission="partners.add_user",
            form=NewUser,
            on_list=True,
            is_main=True,
            icon="add",
            perform=_new_user,
            done=gettext_lazy("User created."),
            submit=gettext_lazy("Create"),
            then=lambda made: reverse("admin:partners_user_change", args=[made.pk]),
        ),
    )
    facts = ("email", "name", "kind", "language", "time_zone", "is_active", "is_superuser", "joined_at", "last_login")

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        clean = text.replace("\x00", "")
        return Found(rows.filter(Q(email__icontains=clean) | Q(name__icontains=clean)))

    def suggestions(self, rows: QuerySet[Any], text: str) -> list[tuple[str, str]]:
        found = rows.people().filter(Q(email__istartswith=text) | Q(name__istartswith=text), is_active=True)  # type: ignore[attr-defined]
        return [(u.email, f"{u} ({u.email})") for u in found.order_by("email")[:10]]

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        members = row.memberships.select_related("partner").order_by("partner__name")
        groups = [
            [InternalGroup(g.name).label if g.name in InternalGroup.values else g.name]
            for g in row.groups.order_by("name")
        ]
        return [
            Section(_("Groups"), [_("Group")], groups, empty=_("In no group.")),
            Section(
                _("Acts for"),
                [_("Partner"), _("Role")],
                [[cells.partner(m.partner), m.get_role_display()] for m in members],
                empty=_("For no partner."),
            ),
        ]
