"""Which place is meant: the dialogs that give a place another name, and show first what would move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy

from partners.models import User
from portal.console import cells
from portal.console.actions import Action
from portal.console.effects import arrow
from portal.console.fields import ActionForm, PlaceField, SourceField
from shipments.enums import AliasKind, WaitReason
from shipments.models import Location, LocationAlias, WaitingEvent
from shipments.services import preview_alias, save_alias
from shipments.services.places import Naming, naming_of

_MODES = [
    ("", gettext_lazy("Any")),
    ("VESSEL", gettext_lazy("By ship")),
    ("AIR", gettext_lazy("By air")),
    ("RAIL", gettext_lazy("By rail")),
    ("ROAD", gettext_lazy("By road")),
    ("BARGE", gettext_lazy("By barge")),
]


def what_moves(place: Location, naming: Naming) -> str:
    """The events that would move, as HTML: how many, and the first with their old and new place and time."""
    found = preview_alias(place, **naming)
    names = dict(
        Location.objects.filter(pk__in={move.new_place_id for move in found.moves if move.new_place_id}).values_list(
            "pk", "name"
        )
    )
    lines = [
        [
            cells.two(move.event.code.name, move.event.get_classifier_display()),
            arrow(move.old_place or move.event.location_text or "–", names.get(move.new_place_id or 0, "–")),
            arrow(
                cells.at_place(move.old_at, move.event.time_zone) or "–",
                cells.at_place(move.new_at, move.new_zone) or "–",
            ),
        ]
        for move in found.moves
    ]
    return render_to_string("console/place_preview.html", {"preview": found, "lines": lines})


class WhichPlace(ActionForm):
    """Of an event that waits: under which of its codes or names the place is known from now on."""

    has_preview = True

    place = PlaceField(label=gettext_lazy("Place"), help_text=gettext_lazy("By UN/LOCODE or name, such as NLRTM."))
    key = forms.ChoiceField(label=gettext_lazy("What they write"))
    mode = forms.ChoiceField(label=gettext_lazy("Means of transport"), choices=_MODES, required=False)
    only_source = forms.BooleanField(
        label=gettext_lazy("Only for this source"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Otherwise for everybody who writes this."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keys = self.row.keys if self.row else []
        key = self.fields["key"]
        if isinstance(key, forms.ChoiceField):
            key.choices = [(each, spoken(each)) for each in keys if naming_of(each)]

    def naming(self) -> Naming:
        said = naming_of(self.cleaned_data["key"]) or Naming(kind="", value="")
        source = self.row.source if self.cleaned_data["only_source"] else None
        return Naming(**{**said, "mode": self.cleaned_data["mode"], "source": source})

    def preview(self) -> Any:
        return what_moves(self.cleaned_data["place"], self.naming())


def spoken(key: str) -> str:
    """'Name or text: SPRINGFIELD (US-IL)' of 'place:name:US-IL|SPRINGFIELD'."""
    said = naming_of(key)
    return key if said is None else f"{AliasKind(said['kind']).label}: {written(said['kind'], key.split(':', 2)[2])}"


def written(kind: str, value: str) -> str:
    """'SPRINGFIELD (US-IL)' of the name 'US-IL|SPRINGFIELD': what an alias says, as people write it."""
    said = naming_of(f"place:{kind}:{value}")
    if said is None:
        return value
    within = "-".join(part for part in (said.get("country", ""), said.get("state", "")) if part)
    return f"{said['value']} ({within})" if within else said["value"]


class AlsoKnown(ActionForm):
    """Of a place: another code or name for it."""

    has_preview = True

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=AliasKind.choices, initial=AliasKind.NAME)
    value = forms.CharField(
        label=gettext_lazy("Code or text"), max_length=110, help_text=gettext_lazy("As they write it.")
    )
    country = forms.CharField(
        label=gettext_lazy("Country"),
        max_length=2,
        required=False,
        help_text=gettext_lazy("Of a name: as they say it."),
    )
    mode = forms.ChoiceField(label=gettext_lazy("Means of transport"), choices=_MODES, required=False)
    source = SourceField(
        label=gettext_lazy("Only for source"), required=False, help_text=gettext_lazy("Empty: for everybody.")
    )

    def naming(self) -> Naming:
        said = self.cleaned_data
        return Naming(
            kind=said["kind"], value=said["value"], country=said["country"], mode=said["mode"], source=said["source"]
        )

    def place(self) -> Location:
        return self.row if isinstance(self.row, Location) else self.row.location

    def preview(self) -> Any:
        return what_moves(self.place(), self.naming())


class NewAlias(AlsoKnown):
    meant = PlaceField(label=gettext_lazy("Place"))
    field_order = ("kind", "value", "country", "meant")

    def place(self) -> Location:
        meant: Location = self.cleaned_data["meant"]
        return meant


class Redirected(ActionForm):
    """Of an alias: the place that it leads to from now on."""

    has_preview = True

    meant = PlaceField(label=gettext_lazy("Place"))

    def preview(self) -> Any:
        return what_moves(self.cleaned_data["meant"], stated(self.row))


def stated(alias: LocationAlias) -> Naming:
    """An alias that stands, as it was said."""
    said = naming_of(f"place:{alias.kind}:{alias.value}") or Naming(kind=alias.kind, value=alias.value)
    return Naming(**{**said, "mode": alias.mode, "source": alias.source})


def _is_said(waiting: WaitingEvent, values: Mapping[str, Any], by: User) -> LocationAlias:
    said = naming_of(values["key"]) or Naming(kind="", value="")
    source = waiting.source if values["only_source"] else None
    return save_alias(values["place"], by=by, **Naming(**{**said, "mode": values["mode"], "source": source}))


def named(place: Location, values: Mapping[str, Any], by: User) -> LocationAlias:
    """Save what `AlsoKnown` says of a place."""
    said = {name: values[name] for name in ("kind", "value", "country", "mode", "source")}
    return save_alias(place, by=by, **said)


PLACE = Action(
    name="place",
    label=gettext_lazy("Which place is it?…"),
    permission="shipments.add_locationalias",
    form=WhichPlace,
    in_row=True,
    is_main=True,
    explain=gettext_lazy("All events that wait for this place are read again; local times move with it."),
    fits=lambda waiting: waiting.closed_at is None and waiting.reason == WaitReason.UNPLACED,
    perform=_is_said,
    done=gettext_lazy("Saved; the events were read again."),
    submit=gettext_lazy("Save place"),
)
