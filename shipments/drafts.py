"""What a caller hands in to have a shipment made. Plain values; the service decides whether it may stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from partners.models import Partner
from shipments.models import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class LegDraft:
    """One movement. Times are aware."""

    mode: str
    origin: Location
    destination: Location
    carrier: Partner | None = None
    vessel_name: str = ""
    vessel_imo: str = ""
    voyage: str = ""
    flight: str = ""
    vehicle: str = ""
    etd: datetime | None = None
    eta: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentDraft:
    """A shipment to be. `type` empty: told from the countries and the mode. `service`: of `Service`, or empty.

    `parties`: (partner, PartyRole), the customer need not be among them. `references`: (ReferenceType, value).
    `units`: (UnitKind, number, ISO 6346 type or ''). Times are aware.
    """

    reference: str
    mode: str
    origin: Location
    destination: Location
    customer: Partner
    type: str = ""
    service: str = ""
    parties: tuple[tuple[Partner, str], ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    units: tuple[tuple[str, str, str], ...] = ()
    legs: tuple[LegDraft, ...] = ()
    booked_at: datetime | None = None
    cargo_ready_at: datetime | None = None
    cut_off_at: datetime | None = None
    etd: datetime | None = None
    eta: datetime | None = None
