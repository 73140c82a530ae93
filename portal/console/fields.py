"""Form fields that name a row by what people call it, found only within what the person may see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import Partner, User
from shipments.models import Location, MilestoneType, Shipment, Source


class ActionForm(forms.Form):
    """The base of every dialog: it knows who asks (`by`) and about which row (`row`, None for a whole list).

    `answers_for`: what a service calls a value → the field in which a person typed it, where the names differ.
    `has_preview`: what it would do is shown before it is done.
    """

    answers_for: ClassVar[Mapping[str, str]] = {}
    has_preview = False

    def __init__(self, *args: Any, by: User, row: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.row = row
        for name, value in self.starting_values().items():
            self.fields[name].initial = value
        for bound in self.fields.values():
            if isinstance(bound, RowField):
                bound.by = by

    def starting_values(self) -> Mapping[str, Any]:
        """What the fields hold at first, by field name."""
        return {}

    def advice(self) -> Any:
        """What helps to fill the form in, as HTML; "" for none."""
        return ""

    def preview(self) -> Any:
        """What the filled-in form would do, as HTML; asked only where `has_preview` says so."""
        return ""

    def stamp(self) -> str:
        """Of what is filled in: what is done is what was looked at."""
        said = [(name, self[name].data) for name in sorted(self.fields)]
        return sha256(repr(said).encode("utf-8", "replace")).hexdigest()[:32]


class RowField(forms.CharField):
    """One row of `model` by its code or reference. The browser offers matches; only what is in scope is taken."""

    model: type[Any]
    lookups: tuple[str, ...]
    room: str

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 200, **kwargs})
        self.by: User | None = None

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "data-suggest": self.room, "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        return getattr(value, self.lookups[0]) if isinstance(value, self.model) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        rows = self.model._default_manager.for_user(self.by)
        for lookup in self.lookups:
            found = list(rows.filter(**{f"{lookup}__iexact": text})[:2])
            if len(found) == 1:
                return found[0]
            if found:
                raise forms.ValidationError(_("More than one matches; use the internal number."), code="ambiguous")
        raise forms.ValidationError(_("Nothing with this name was found."), code="not_found")

    def bound_suggestions(self) -> str:
        return reverse(f"admin:{self.room}_suggest")


class PartnerField(RowField):
    model, lookups, room = Partner, ("code", "name"), "partners_partner"


class PlaceField(RowField):
    model, lookups, room = Location, ("unlocode",), "shipments_location"

    def clean(self, value: Any) -> Any:
        """'NLRTM', or 'NLRTM/APM2' for a facility."""
        text = forms.CharField.clean(self, value)
        if not text:
            return None
        code, _slash, facility = text.partition("/")
        found = Location.objects.filter(unlocode__iexact=code, facility_code__iexact=facility).first()
        if found is None:
            raise forms.ValidationError(_("No place has this code. Write a UN/LOCODE such as NLRTM."), code="not_found")
        return found


class ShipmentField(RowField):
    model, lookups, room = Shipment, ("reference",), "shipments_shipment"


class SourceField(RowField):
    model, lookups, room = Source, ("code",), "shipments_source"


class UserField(RowField):
    model, lookups, room = User, ("email",), "partners_user"


class MilestoneTypeField(RowField):
    model, lookups, room = MilestoneType, ("code", "name"), "shipments_milestonetype"


class LocalTimeInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class LocalTimeField(forms.DateTimeField):
    """A moment written in the person's own time zone."""

    widget = LocalTimeInput


class WallTimeField(forms.CharField):
    """A clock reading at a place, without a zone: the service finds the zone. Cleaned to 'YYYY-MM-DDTHH:MM'."""

    widget = LocalTimeInput

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return datetime.fromisoformat(text).replace(tzinfo=None).isoformat(timespec="minutes")
        except ValueError as error:
            raise forms.ValidationError(_("Write a day and a time."), code="invalid") from error


class Reason(ActionForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept with the record; colleagues see it."),
    )
