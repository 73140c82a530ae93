"""Partners: what they are called, who acts for them, what they send."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.enums import (
    IdentifierScheme,
    PartnerKind,
    Role,
)
from partners.models import Membership, Partner, User
from partners.services import (
    add_member,
    remove_member,
    save_partner,
)
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin
from portal.console.fields import ActionForm, UserField
from portal.console.filters import Choice
from portal.console.listing import Column, Found
from portal.console.record import Section

ACTIVE = Choice(
    "active",
    gettext_lazy("Active"),
    [
        ("yes", gettext_lazy("Active"), lambda: Q(is_active=True)),
        ("no", gettext_lazy("Not active"), lambda: Q(is_active=False)),
    ],
)


# --- partners ------------------------------------------------------------------------------------------------------


class EditPartner(ActionForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Kinds"), choices=PartnerKind.choices, widget=forms.CheckboxSelectMultiple
    )
    country = forms.CharField(label=gettext_lazy("Country (two letters)"), max_length=2, required=False)
    billing_currency = forms.CharField(
        label=gettext_lazy("Billing currency"), max_length=3, min_length=3, initial="EUR"
    )
    payment_days = forms.IntegerField(label=gettext_lazy("Payment days"), min_value=0, max_value=365, initial=30)
    billing_address = forms.CharField(
        label=gettext_lazy("Billing address"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    is_active = forms.BooleanField(label=gettext_lazy("Active"), required=False, initial=True)

    def starting_values(self) -> Mapping[str, Any]:
        return {name: getattr(self.row, name) for name in self.base_fields if self.row and hasattr(self.row, name)}


class NewPartner(EditPartner):
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=32, help_text=gettext_lazy("Capital letters and digits.")
    )
    field_order = ("code", "name")


class AddIdentifier(ActionForm):
    scheme = forms.ChoiceField(label=gettext_lazy("Scheme"), choices=IdentifierScheme.choices)
    value = forms.CharField(label=gettext_lazy("Value"), max_length=64)


class AddMember(ActionForm):
    user = UserField(label=gettext_lazy("Person (e-mail)"))
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)


class RemoveMember(ActionForm):
    user = UserField(label=gettext_lazy("Person (e-mail)"))


def _edit(partner: Partner, values: Mapping[str, Any], by: User) -> Partner:
    return save_partner(partner.code, by=by, **values)


def _new_partner(row: Any, values: Mapping[str, Any], by: User) -> Partner:
    return save_partner(by=by, **values)


def _identify(partner: Partner, values: Mapping[str, Any], by: User) -> Partner:
    added = [(values["scheme"], values["value"])]
    return save_partner(partner.code, name=partner.name, kinds=partner.kinds, identifiers=added, by=by)


def _kinds(partner: Partner) -> str:
    labels = dict(PartnerKind.choices)
    return ", ".join(str(labels[kind]) for kind in partner.kinds)


def suggest_partners(rows: QuerySet[Partner], text: str) -> list[tuple[str, str]]:
    """Partners whose code or name begins with `text`."""
    found = rows.filter(Q(code__istartswith=text) | Q(name__istartswith=text)).order_by("name")[:10]
    return [(p.code, f"{p.name} ({p.code})") for p in found]


def _is_a(kind: str) -> Q:
    return Q(kinds__contains=[kind])


class PartnerRoom(ConsoleAdmin):
    search_hint = gettext_lazy("Name, code or identifier")
    order = ("name",)
    columns = (
        Column("name", gettext_lazy("Partner"), lambda p: cells.strong(p.name, p.code), "name"),
        Column("kinds", gettext_lazy("Kinds"), _kinds, "", "c-pair"),
        Column("country", gettext_lazy("Country"), lambda p: p.country or cells.nothing(), "country", "c-pair"),
        Column("active", gettext_lazy("Active"), lambda p: _("yes") if p.is_active else _("no"), "is_active", "c-pair"),
    )
    filters = (
        ACTIVE,
        Choice(
            "kind",
            gettext_lazy("Kind"),
            [(kind.value, kind.label, partial(_is_a, kind.value)) for kind in PartnerKind],
        ),
    )
    operations = (
        Action(
            name="edit",
            label=gettext_lazy("Edit…"),
            permission="partners.change_partner",
            form=EditPartner,
            icon="edit",
            perform=_edit,
            done=gettext_lazy("Saved."),
            submit=gettext_lazy("Save"),
            is_main=True,
        ),
        Action(
            name="identify",
            label=gettext_lazy("Add identifier…"),
            permission="partners.change_partner",
            form=AddIdentifier,
            perform=_identify,
            done=gettext_lazy("Identifier added."),
        ),
        Action(
            name="member",
            label=gettext_lazy("Add person…"),
            permission="partners.add_membership",
            form=AddMember,
            explain=gettext_lazy("The person sees what the partner sees, as the role allows."),
            perform=lambda row, values, by: add_member(values["user"], row, role=values["role"], by=by),
            done=gettext_lazy("Person added."),
        ),
        Action(
            name="drop_member",
            label=gettext_lazy("Remove person…"),
            permission="partners.change_membership",
            form=RemoveMember,
            is_danger=True,
            done=gettext_lazy("Person removed."),
            perform=lambda row, values, by: remove_member(values["user"], row, by=by),
        ),
        Action(
            name="create",
            label=gettext_lazy("New partner…"),
            permission="partners.add_partner",
            form=NewPartner,
            on_list=True,
            is_main=True,
            icon="add",
            perform=_new_partner,
            done=gettext_lazy("Partner created."),
            then=lambda made: reverse("admin:partners_partner_change", args=[made.pk]),
            submit=gettext_lazy("Create"),
        ),
    )
    facts = (
        "code",
        "country",
        "time_zone",
        "language",
        "billing_currency",
        "payment_days",
        "billing_address",
        "is_active",
        "created_at",
    )

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        clean = text.replace("\x00", "")
        named = Q(name__icontains=clean) | Q(code__istartswith=clean) | Q(identifiers__value__iexact=clean)
        return Found(rows.filter(pk__in=rows.filter(named).order_by().values("pk")))

    def suggestions(self, rows: QuerySet[Any], text: str) -> list[tuple[str, str]]:
        return suggest_partners(rows, text)

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        found = [
            Section(
                _("Identifiers"),
                [_("Scheme"), _("Value")],
                [[i.get_scheme_display(), i.value] for i in row.identifiers.order_by("scheme")],
                empty=_("None is known."),
            ),
            Section(
                _("Sources"),
                [_("Source"), _("Format"), _("Trust")],
                [
                    [cells.row_link("shipments_source", s.pk, s.code), s.get_format_display(), s.trust]
                    for s in row.sources.order_by("code")
                ],
                empty=_("This partner sends nothing yet."),
            ),
        ]
        if request.user.has_perm("partners.view_membership"):
            members = Membership.objects.filter(partner=row).select_related("user").order_by("user__email")[:100]
            lines = [
                [cells.row_link("partners_user", m.user_id, m.user), m.user.email, m.get_role_display()]
                for m in members
            ]
            found.append(
                Section(
                    _("People"),
                    [_("Person"), _("E-mail"), _("Role")],
                    lines,
                    empty=_("Nobody of this partner can sign in."),
                )
            )
        return found
