"""The dialog in which one event of a shipment is recorded, of the whole of it, of one unit or of one leg."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import User
from portal.console.fields import ActionForm, MilestoneTypeField, PlaceField, WallTimeField
from shipments.enums import Classifier
from shipments.models import Leg, Shipment
from shipments.services import record_event


class RecordEvent(ActionForm):
    code = MilestoneTypeField(label=gettext_lazy("What happened"))
    classifier = forms.ChoiceField(
        label=gettext_lazy("How sure"),
        choices=[(c.value, c.label) for c in (Classifier.ACTUAL, Classifier.ESTIMATED, Classifier.PLANNED)],
    )
    location = PlaceField(label=gettext_lazy("Place (UN/LOCODE)"))
    wall_time = WallTimeField(
        label=gettext_lazy("Time at the place"), help_text=gettext_lazy("As the clock there shows it.")
    )
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), required=False)
    leg = forms.ChoiceField(label=gettext_lazy("Leg"), required=False)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=500)
    # Pressed twice is still one entry.
    entry_id = forms.UUIDField(initial=uuid4, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = [(str(unit.pk), unit.number) for unit in self.row.units.all()] if self.row else []
        legs = [(str(leg.pk), _leg_words(leg)) for leg in _legs(self.row)] if self.row else []
        for name, choices, whole in (("unit", units, _("All of it")), ("leg", legs, _("Told from the place"))):
            self.fields[name].choices = [("", whole), *choices]  # type: ignore[attr-defined]
            if not choices:
                del self.fields[name]

    def starting_values(self) -> Mapping[str, Any]:
        return {"location": self.row.destination} if self.row else {}


def _legs(shipment: Shipment) -> list[Leg]:
    return list(shipment.legs.select_related("origin", "destination"))


def _leg_words(leg: Leg) -> str:
    carried = " ".join(filter(None, (leg.vessel_name, leg.voyage, leg.flight, leg.vehicle)))
    return f"{leg.sequence}: {leg.origin.unlocode} → {leg.destination.unlocode}" + (f" · {carried}" if carried else "")


def record(shipment: Shipment, values: Mapping[str, Any], by: User) -> Any:
    unit, leg = values.get("unit"), values.get("leg")
    return record_event(
        shipment,
        code=values["code"].pk,
        classifier=values["classifier"],
        wall_time=values["wall_time"],
        location=values["location"],
        unit=shipment.units.get(pk=unit) if unit else None,
        leg=shipment.legs.get(pk=leg) if leg else None,
        note=values["note"],
        entry_id=str(values["entry_id"] or ""),
        by=by,
    )
