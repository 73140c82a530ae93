"""Keys of other systems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.enums import Scope
from partners.models import ApiKey, User
from partners.services import create_api_key, revoke_api_key
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin
from portal.console.fields import ActionForm, PartnerField
from portal.console.filters import Choice, Text
from portal.console.listing import Column


class NewKey(ActionForm):
    partner = PartnerField(label=gettext_lazy("Partner"))
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Which system will use it.")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )


def _new_key(row: Any, values: Mapping[str, Any], by: User) -> tuple[ApiKey, str]:
    return create_api_key(values["partner"], name=values["name"], scopes=values["scopes"], by=by)


class ApiKeyRoom(ConsoleAdmin):
    related = ("partner",)
    has_page = False
    empty = gettext_lazy("No system has a key yet.")
    columns = (
        Column("name", gettext_lazy("Key"), lambda k: cells.strong(k.name, f"{k.prefix}…")),
        Column("partner", gettext_lazy("Partner"), lambda k: cells.partner(k.partner), "partner__name", "c-pair"),
        Column("scopes", gettext_lazy("Scopes"), lambda k: ", ".join(k.scopes), "", "c-pair"),
        Column("used", gettext_lazy("Last used"), lambda k: cells.ago(k.last_used_at), "last_used_at", "c-pair"),
        Column(
            "revoked",
            gettext_lazy("Revoked"),
            lambda k: cells.moment(k.revoked_at) if k.revoked_at else cells.nothing(_("no")),
            "revoked_at",
            "c-pair",
        ),
    )
    filters = (
        Choice(
            "usable",
            gettext_lazy("Usable"),
            [
                ("yes", gettext_lazy("Usable"), lambda: Q(revoked_at=None)),
                ("no", gettext_lazy("Revoked"), lambda: Q(revoked_at__isnull=False)),
            ],
        ),
        Text("partner", gettext_lazy("Partner"), ("partner__code", "partner__name"), "partners_partner"),
    )
    operations = (
        Action(
            name="revoke",
            label=gettext_lazy("Revoke…"),
            permission="partners.change_apikey",
            in_row=True,
            is_danger=True,
            explain=gettext_lazy("It stops working at once. A new key has to be made for the system."),
            fits=lambda key: key.revoked_at is None,
            perform=lambda key, values, by: revoke_api_key(key, by=by),
            done=gettext_lazy("Key revoked."),
        ),
        Action(
            name="create",
            label=gettext_lazy("New key…"),
            permission="partners.add_apikey",
            form=NewKey,
            on_list=True,
            is_main=True,
            icon="add",
            perform=_new_key,
            reveal=lambda made: str(made[1]),
            done=gettext_lazy("The new key"),
            submit=gettext_lazy("Create key"),
        ),
    )
