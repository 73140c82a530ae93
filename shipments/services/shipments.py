"""Shipments are made, changed and cancelled here; what waits for them is taken up in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotVisible
from core.queue import nudge
from partners.access import may
from partners.enums import Permission, UserKind
from partners.models import Partner, User
from partners.services import withdraw_deliveries
from partners.services.checking import checked
from shipments.drafts import ShipmentDraft
from shipments.enums import Mode, PartyRole, ReferenceType, ShipmentType, UnitKind
from shipments.identifiers import problem_of, problem_of_unit
from shipments.matching import reference_key, unit_key
from shipments.models import Leg, Reference, Shipment, ShipmentParty, ShipmentStream, Unit
from shipments.references import reference_type
from shipments.services.giving_way import look_again
from shipments.services.intake import printable
from shipments.services.pairing import touch
from shipments.services.pasts import keep_past
from shipments.services.sources import is_internal
from shipments.services.taking_up import take_up

_CHANGEABLE = frozenset(
    {"type", "service", "origin", "destination", "booked_at", "cargo_ready_at", "cut_off_at", "etd", "eta"}
)
# The dates between which a container number means the shipment (shipments.matching).
_WINDOW = frozenset({"booked_at", "cargo_ready_at", "etd", "eta"})
_ONE_REFERENCE = "shipment_reference_is_unique_per_customer"
# Under which type matching finds a unit's number.
_UNIT_REFERENCES: Mapping[str, str] = {
    UnitKind.CONTAINER: ReferenceType.CONTAINER,
    UnitKind.ULD: ReferenceType.CONTAINER,
    UnitKind.PACKAGE: ReferenceType.TRACKING,
    UnitKind.PALLET: ReferenceType.SSCC,
}


@transaction.atomic
def create_shipment(draft: ShipmentDraft, *, by: User | None) -> Shipment:
    """Make the shipment with its parties, references, units and legs, and take up the events that wait for it.

    A partner's person or key may do so for a customer on which it holds `change_shipments`; otherwise NotVisible.
    Raises DomainError `reference_taken` (conflict) and `invalid`, `unknown_role`, `unknown_reference_type`,
    `unusable_reference`, `unit_twice` with the field; and `wrong_number` when a person typed it (`_must_be_right`).
    """
    if not is_internal(by) and not may(_known(by), Permission.CHANGE_SHIPMENTS, draft.customer):
        raise NotVisible(str(Partner._meta.verbose_name))
    _must_be_right(by, references=draft.references, units=draft.units, ships=[leg.vessel_imo for leg in draft.legs])
    shipment = _insert(draft, by)
    ShipmentStream.objects.create(shipment=shipment)
    ShipmentParty.objects.bulk_create(_parties(shipment, draft))
    units = _units(shipment, draft.units)
    Unit.objects.bulk_create(units)
    said = [
        (ReferenceType.SHIPMENT.value, draft.reference),
        *draft.references,
        *((_UNIT_REFERENCES[unit.kind], unit.number) for unit in units),
    ]
    Reference.objects.bulk_create(_references(shipment, said))
    Leg.objects.bulk_create(_legs(shipment, draft))
    take_up(shipment)
    look_again(shipment)
    nudge("advance")
    return shipment


@transaction.atomic
def change_shipment(shipment: Shipment, *, changes: Mapping[str, Any], by: User | None) -> None:
    """Change dates, places, the type or the service; what it was is kept (services.pasts) where something differs.

    The dates say which events with its container number are about it: those that wait are looked at again.
    Raises DomainError `not_changeable`, `invalid`, `shipment_cancelled`.
    """
    _must_change(shipment, by)
    for name in changes:
        if name not in _CHANGEABLE:
            raise DomainError("not_changeable", _("This cannot be changed: %s.") % name, field=name)
    stands = _must_stand(shipment)
    for name, value in changes.items():
        setattr(shipment, name, value)
    checked(shipment, exclude=("customer", "reference", "created_by"))
    if any(getattr(stands, name) != value for name, value in changes.items()):
        keep_past(shipment, by=by)
    Shipment.objects.filter(pk=shipment.pk).update(**changes)
    if _WINDOW & changes.keys():
        take_up(shipment, others_too=True)
        look_again(shipment)
    touch([shipment.pk])


@transaction.atomic
def add_references(shipment: Shipment, references: Sequence[tuple[str, str]], *, by: User | None) -> None:
    """Have the shipment known by more (type, value) pairs, and take up the events that wait for them.

    Raises DomainError as `create_shipment` does for references.
    """
    _must_change(shipment, by)
    _must_be_right(by, references=references)
    Reference.objects.bulk_create(_references(shipment, references), ignore_conflicts=True)
    take_up(shipment)
    look_again(shipment)
    touch([shipment.pk])


@transaction.atomic
def add_units(shipment: Shipment, units: Sequence[tuple[str, str, str]], *, by: User | None) -> None:
    """List units (kind, number, ISO type or '') that became known later; those listed already stay as they are.

    The shipment is known by their numbers from now on, and takes up the events that wait for them.
    Raises DomainError as `create_shipment` does for units.
    """
    _must_change(shipment, by)
    _must_be_right(by, units=units)
    rows = _units(shipment, units)
    if {unit.key for unit in rows} - set(shipment.units.values_list("key", flat=True)):
        keep_past(shipment, by=by)
    Unit.objects.bulk_create(rows, ignore_conflicts=True)
    known_by = [(_UNIT_REFERENCES[unit.kind], unit.number) for unit in rows]
    Reference.objects.bulk_create(_references(shipment, known_by), ignore_conflicts=True)
    take_up(shipment)
    look_again(shipment)
    touch([shipment.pk])


@transaction.atomic
def add_party(shipment: Shipment, partner: Partner, *, role: str, by: User | None) -> None:
    """Let `partner` play `role` on the shipment, and so see it. Events it reported before are looked at again."""
    _must_change(shipment, by)
    ShipmentParty.objects.get_or_create(shipment=shipment, partner=partner, role=_role(role))
    take_up(shipment)
    touch([shipment.pk])


@transaction.atomic
def remove_party(shipment: Shipment, partner: Partner, *, role: str, by: User | None) -> None:
    """End the role, and the sight of the shipment with the last one. DomainError `customer_stays` for the customer."""
    _must_change(shipment, by)
    if role == PartyRole.CUSTOMER and partner.pk == shipment.customer_id:
        raise DomainError("customer_stays", _("The customer of a shipment stays its customer."), field="role")
    parties = ShipmentParty.objects.filter(shipment=shipment, partner=partner)
    parties.filter(role=_role(role)).delete()
    if not parties.exists():
        withdraw_deliveries(f"shipment:{shipment.public_id}", partner)
    touch([shipment.pk])


@transaction.atomic
def cancel_shipment(shipment: Shipment, *, reason: str, by: User | None) -> None:
    """End the shipment before its time. Raises DomainError `reason_missing` and `shipment_cancelled` (conflict)."""
    _must_change(shipment, by)
    said = printable(reason).strip()[:300]
    if not said:
        raise DomainError("reason_missing", _("Say why, for those who read it later."), field="reason")
    _must_stand(shipment)
    keep_past(shipment, by=by)
    now = timezone.now()
    Shipment.objects.filter(pk=shipment.pk).update(cancelled_at=now, cancel_reason=said)
    shipment.cancelled_at, shipment.cancel_reason = now, said
    touch([shipment.pk])


def _insert(draft: ShipmentDraft, by: User | None) -> Shipment:
    shipment = Shipment(
        reference=_usable(draft.reference, "reference"),
        type=draft.type or _type_of(draft),
        mode=draft.mode,
        service=draft.service,
        customer=draft.customer,
        origin=draft.origin,
        destination=draft.destination,
        booked_at=draft.booked_at,
        cargo_ready_at=draft.cargo_ready_at,
        cut_off_at=draft.cut_off_at,
        etd=draft.etd,
        eta=draft.eta,
        created_by=by,
    )
    # What was just looked up is not looked up again; the unique reference is the database's to decide.
    checked(shipment, exclude=("customer", "origin", "destination", "created_by", "reference"))
    try:
        with transaction.atomic():
            shipment.save(force_insert=True)
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") != _ONE_REFERENCE:
            raise
        text = _("This customer already has a shipment with this reference.")
        raise DomainError("reference_taken", text, field="reference", conflict=True) from error
    return shipment


def _type_of(draft: ShipmentDraft) -> str:
    if draft.mode == Mode.PARCEL:
        return ShipmentType.ECOMMERCE
    return ShipmentType.DOMESTIC if draft.origin.country == draft.destination.country else ShipmentType.EXPORT


def _parties(shipment: Shipment, draft: ShipmentDraft) -> list[ShipmentParty]:
    named = {(draft.customer.pk, PartyRole.CUSTOMER.value): None}
    named.update({(partner.pk, _role(role)): None for partner, role in draft.parties})
    return [ShipmentParty(shipment=shipment, partner_id=partner_id, role=role) for partner_id, role in named]


def _role(role: str) -> str:
    if role not in PartyRole.values:
        raise DomainError("unknown_role", _("The role is one of %s.") % ", ".join(PartyRole.values), field="role")
    return role


def _references(shipment: Shipment, said: Iterable[tuple[str, str]]) -> list[Reference]:
    rows: dict[tuple[str, str], Reference] = {}
    for name, value in said:
        kind = reference_type(name)
        if kind is None:
            known = ", ".join(ReferenceType.values)
            raise DomainError("unknown_reference_type", _("A reference is one of %s.") % known, field="references")
        usable = _usable(value, "references")
        rows.setdefault(
            (kind.value, reference_key(usable)),
            Reference(shipment=shipment, type=kind.value, value=usable, key=reference_key(usable)),
        )
    return list(rows.values())


def _units(shipment: Shipment, said: Iterable[tuple[str, str, str]]) -> list[Unit]:
    rows: dict[str, Unit] = {}
    for kind, number, iso_type in said:
        unit = Unit(shipment=shipment, kind=kind, number=number.strip(), key=unit_key(number), iso_type=iso_type)
        checked(unit, exclude=("shipment",))
        if rows.setdefault(unit.key, unit) is not unit:
            raise DomainError("unit_twice", _("The unit %s is listed twice.") % unit.number, field="units")
    return list(rows.values())


def _must_be_right(
    by: User | None,
    *,
    references: Sequence[tuple[str, str]] = (),
    units: Sequence[tuple[str, str, str]] = (),
    ships: Sequence[str] = (),
) -> None:
    """A person who types a number with a wrong check digit looks again. A system passes on what others gave it."""
    if by is None or by.kind == UserKind.SERVICE:
        return
    said = [("references", problem_of(reference_type(name) or "", value)) for name, value in references]
    said += [("units", problem_of_unit(kind, number)) for kind, number, _iso_type in units]
    said += [("legs", problem_of("vessel_imo", number)) for number in ships if number]
    for field, problem in said:
        if problem:
            raise DomainError("wrong_number", problem, field=field)


def _legs(shipment: Shipment, draft: ShipmentDraft) -> list[Leg]:
    rows = []
    for sequence, leg in enumerate(draft.legs, start=1):
        row = Leg(
            shipment=shipment,
            sequence=sequence,
            mode=leg.mode,
            carrier=leg.carrier,
            origin=leg.origin,
            destination=leg.destination,
            vessel_name=leg.vessel_name,
            vessel_imo=leg.vessel_imo,
            voyage=leg.voyage,
            flight=leg.flight,
            vehicle=leg.vehicle,
            etd=leg.etd,
            eta=leg.eta,
        )
        checked(row, exclude=("shipment", "carrier", "origin", "destination"))
        rows.append(row)
    return rows


def _usable(value: str, field: str) -> str:
    usable = printable(value).strip()
    if not reference_key(usable):
        raise DomainError("unusable_reference", _("A reference needs a letter from A to Z or a digit."), field=field)
    if len(usable) > 64:
        raise DomainError("unusable_reference", _("A reference has 64 characters at most."), field=field)
    return usable


def _must_change(shipment: Shipment, by: User | None) -> None:
    if is_internal(by):
        return
    if not may(_known(by), "view", shipment):
        raise NotVisible(str(Shipment._meta.verbose_name))
    if not may(_known(by), Permission.CHANGE_SHIPMENTS, shipment.customer):
        raise DomainError("not_allowed", _("Only the customer's own people may change this shipment."))


def _must_stand(shipment: Shipment) -> Shipment:
    """The row as it stands, locked; not against the events that are matched to it meanwhile, which only refer to it."""
    standing = Shipment.objects.select_for_update(no_key=True).filter(pk=shipment.pk, cancelled_at=None).first()
    if standing is None:
        raise DomainError("shipment_cancelled", _("This shipment was cancelled."), conflict=True)
    return standing


def _known(by: User | None) -> User:
    if by is None:
        raise ValueError("a command of ours needs no permission")
    return by
