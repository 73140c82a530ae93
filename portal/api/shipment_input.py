"""What a caller sends to create or change a shipment: the shape is checked here, the business by the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from partners.access import sees_all
from partners.enums import PartnerKind, Permission
from partners.models import Partner, User
from portal.api.words import LowerChoiceField, ModeField, ReferenceTypeField, StrictSerializer
from shipments.drafts import LegDraft, ShipmentDraft
from shipments.enums import Mode, PartyRole, Service, ShipmentType, UnitKind
from shipments.models import Location

MANY = 200
# Who serves in the chain may be named by code; customers, shippers and consignees only by those who see them.
_LISTED_KINDS = [
    kind
    for kind in PartnerKind.values
    if kind not in {PartnerKind.CUSTOMER, PartnerKind.SHIPPER, PartnerKind.CONSIGNEE}
]


class PartyIn(StrictSerializer):
    partner = serializers.CharField(max_length=32, help_text="Code of the partner")
    role = LowerChoiceField(choices=PartyRole.choices)


class ReferenceIn(StrictSerializer):
    type = ReferenceTypeField(max_length=32)
    value = serializers.CharField(max_length=64)


class UnitIn(StrictSerializer):
    kind = LowerChoiceField(choices=UnitKind.choices, default=UnitKind.CONTAINER)
    number = serializers.CharField(max_length=35)
    iso_type = serializers.CharField(max_length=4, required=False, default="", allow_blank=True)


class LegIn(StrictSerializer):
    mode = ModeField(max_length=16)
    origin = serializers.CharField(max_length=5)
    destination = serializers.CharField(max_length=5)
    carrier = serializers.CharField(max_length=32, required=False, allow_null=True, default=None)
    vessel_name = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    vessel_imo = serializers.RegexField(r"^\d{7}$", required=False, default="")
    voyage = serializers.CharField(max_length=50, required=False, default="", allow_blank=True)
    flight = serializers.CharField(max_length=16, required=False, default="", allow_blank=True)
    vehicle = serializers.CharField(max_length=50, required=False, default="", allow_blank=True)
    etd = serializers.DateTimeField(required=False, allow_null=True, default=None)
    eta = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ShipmentChangeIn(StrictSerializer):
    """What may be said of a shipment at any time: dates and the service are replaced, the others are added."""

    service = LowerChoiceField(choices=Service.choices, required=False, allow_blank=True)
    parties = serializers.ListField(child=PartyIn(), required=False, max_length=MANY)
    references = serializers.ListField(child=ReferenceIn(), required=False, max_length=MANY)
    units = serializers.ListField(child=UnitIn(), required=False, max_length=MANY)
    booked_at = serializers.DateTimeField(required=False, allow_null=True)
    cargo_ready_at = serializers.DateTimeField(required=False, allow_null=True)
    cut_off_at = serializers.DateTimeField(required=False, allow_null=True)
    etd = serializers.DateTimeField(required=False, allow_null=True)
    eta = serializers.DateTimeField(required=False, allow_null=True)

    def refusal(self, name: str) -> str:
        known = name in ShipmentIn().fields
        return _("This does not change once the shipment exists.") if known else super().refusal(name)


class ShipmentIn(ShipmentChangeIn):
    """What makes a shipment. `reference`, `mode`, `origin`, `destination` and `customer` are required."""

    reference = serializers.CharField(max_length=64)
    type = LowerChoiceField(choices=ShipmentType.choices, required=False)
    mode = ModeField(max_length=16)
    origin = serializers.CharField(max_length=5, help_text="UN/LOCODE, such as CNSGH")
    destination = serializers.CharField(max_length=5, help_text="UN/LOCODE, such as NLRTM")
    customer = serializers.CharField(max_length=32, help_text="Code of the partner")
    legs = serializers.ListField(child=LegIn(), required=False, max_length=20)

    def to_internal_value(self, data: Any) -> Any:
        """A mode that says more than one, such as FCL or LTL, says the service too, unless that is given."""
        given = super().to_internal_value(data)
        said = str(data["mode"]).strip().lower()
        if said in Service.values and said not in Mode.values:
            given.setdefault("service", said)
        return given


_REPLACED = ("service", "booked_at", "cargo_ready_at", "cut_off_at", "etd", "eta")


def _places(given: Mapping[str, Any]) -> dict[str, Location]:
    """The places named in the request by UN/LOCODE; a missing one is refused with its field."""
    named = {"origin": given["origin"], "destination": given["destination"]}
    for number, leg in enumerate(given.get("legs", ())):
        named |= {f"legs.{number}.origin": leg["origin"], f"legs.{number}.destination": leg["destination"]}
    codes = {code.upper() for code in named.values()}
    known = {place.unlocode: place for place in Location.objects.places().filter(unlocode__in=codes)}
    missing = {field: _("No place has this UN/LOCODE.") for field, code in named.items() if code.upper() not in known}
    if missing:
        raise ValidationError(missing)
    return known


def partner_named(code: str, *, by: User, field: str, customer: bool = False) -> Partner:
    """The partner with this code as far as `by` may name it; a foreign code and a missing one read alike."""
    known = Partner.objects.active()
    if customer:
        known = Partner.objects.for_user(by, Permission.CHANGE_SHIPMENTS).filter(is_active=True)
    elif not sees_all(by):
        own = Partner.objects.for_user(by).values("pk")
        known = known.filter(pk__in=own) | known.filter(kinds__overlap=_LISTED_KINDS)
    found = known.filter(code=code.upper()).first()
    if found is None:
        raise ValidationError({field: _("No partner that you may name here has this code.")})
    return found


def _leg(given: Mapping[str, Any], places: dict[str, Location], number: int, by: User) -> LegDraft:
    facts = dict(given)
    carrier = facts.pop("carrier")
    origin, destination = places[facts.pop("origin").upper()], places[facts.pop("destination").upper()]
    named = partner_named(carrier, by=by, field=f"legs.{number}.carrier") if carrier else None
    return LegDraft(origin=origin, destination=destination, carrier=named, **facts)


def parties_of(given: Mapping[str, Any], *, by: User) -> tuple[tuple[Partner, str], ...]:
    return tuple(
        (partner_named(party["partner"], by=by, field=f"parties.{number}.partner"), party["role"])
        for number, party in enumerate(given.get("parties", ()))
    )


def lists_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """References and units as the services take them."""
    return {
        "references": tuple((r["type"], r["value"]) for r in given.get("references", ())),
        "units": tuple((u["kind"], u["number"], u["iso_type"]) for u in given.get("units", ())),
    }


def draft_of(given: Mapping[str, Any], *, by: User) -> ShipmentDraft:
    """The draft of a checked request. Raises ValidationError with the field for what `by` may not name."""
    places = _places(given)
    return ShipmentDraft(
        reference=given["reference"],
        mode=given["mode"],
        type=given.get("type", ""),
        service=given.get("service", ""),
        origin=places[given["origin"].upper()],
        destination=places[given["destination"].upper()],
        customer=partner_named(given["customer"], by=by, field="customer", customer=True),
        parties=parties_of(given, by=by),
        legs=tuple(_leg(leg, places, n, by) for n, leg in enumerate(given.get("legs", ()))),
        references=lists_of(given)["references"],
        units=lists_of(given)["units"],
        booked_at=given.get("booked_at"),
        cargo_ready_at=given.get("cargo_ready_at"),
        cut_off_at=given.get("cut_off_at"),
        etd=given.get("etd"),
        eta=given.get("eta"),
    )


def replaced_by(given: Mapping[str, Any]) -> dict[str, Any]:
    """The dates to change, and the service."""
    return {name: given[name] for name in _REPLACED if name in given}
