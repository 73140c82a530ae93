"""Plans and events as the rules take them, and rows of the milestones app. Fixed values."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import factory

from milestones.enums import (
    AnchorKind,
    Audience,
    CaseState,
    EtaKind,
    ExceptionKind,
    PlaceRole,
    Severity,
    ValueField,
    WorkRole,
)
from milestones.facts import (
    Criteria,
    EventFact,
    LegFact,
    LineFact,
    PlaceFact,
    Plan,
    Policy,
    RuleFact,
    ShipmentFact,
    TemplateFact,
    TypeFact,
)
from milestones.models import (
    CaseGroup,
    ConflictPolicy,
    EtaScore,
    EtaVersion,
    ExceptionRule,
    Journey,
    Milestone,
    MilestoneTemplate,
    RuleVersion,
    ShipmentException,
    TemplateLine,
    TransitTime,
    WorkTask,
)
from milestones.planning import compile_template, route
from shipments.enums import Classifier, Mode, ShipmentType
from tests.factories.partners import PartnerFactory
from tests.factories.shipments import LocationFactory, MilestoneTypeFactory, ShipmentFactory

ETD = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
ETA = datetime(2026, 12, 3, 8, 0, tzinfo=UTC)
BOOKED = datetime(2026, 10, 20, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

ROTTERDAM = PlaceFact(1, "NLRTM", "NL", "Europe/Amsterdam")
SHANGHAI = PlaceFact(2, "CNSGH", "CN", "Asia/Shanghai")
SINGAPORE = PlaceFact(3, "SGSIN", "SG", "Asia/Singapore")
DUISBURG = PlaceFact(4, "DEDUI", "DE", "Europe/Berlin")

_numbers = itertools.count(1)


def line(code: str, position: int = 10, role: str = PlaceRole.ANY, **changes: Any) -> LineFact:
    """A mandatory line at ETD with a day of tolerance either way; `after=<index>` makes it count from another line."""
    after = changes.pop("after", None)
    fields: dict[str, Any] = {
        "id": position,
        "slot": f"L{position}",
        "position": position,
        "code": code,
        "name": code.capitalize(),
        "place_role": str(role),
        "is_mandatory": True,
        "anchor": AnchorKind.ETD.value if after is None else AnchorKind.LINE.value,
        "anchor_index": after,
        "offset_minutes": 0,
        "is_working": False,
        "time_of_day": None,
        "early": DAY,
        "late": DAY,
        "responsible": WorkRole.OPERATIONS.value,
        "audience": Audience.CUSTOMER.value,
        "weight": 1,
        "task": "",
    }
    return LineFact(**{**fields, **changes})


def template(*lines: LineFact, id: int = 1, code: str = "T", **criteria: Any) -> TemplateFact:
    return compile_template((id, code, 1, code.capitalize()), Criteria(**criteria), lines)


def shipment_fact(legs: tuple[LegFact, ...] = (), **changes: Any) -> ShipmentFact:
    """Rotterdam to Shanghai by sea, booked on 20 October, ETD 3 November, ETA 3 December 2026."""
    fields: dict[str, Any] = {
        "mode": Mode.OCEAN.value,
        "type": ShipmentType.EXPORT.value,
        "customer_id": 7,
        "route": route(ROTTERDAM, SHANGHAI, legs),
        "dates": {
            AnchorKind.BOOKED.value: BOOKED,
            AnchorKind.ETD.value: ETD,
            AnchorKind.ETA.value: ETA,
            AnchorKind.CARGO_READY.value: None,
            AnchorKind.CUT_OFF.value: None,
        },
    }
    return ShipmentFact(**{**fields, **changes})


def plan(*lines: LineFact, baselines: Mapping[str, datetime] | None = None, **shipment: Any) -> Plan:
    return Plan(shipment_fact(**shipment), template(*lines), baselines or {})


def voyage(**shipment: Any) -> Plan:
    """Gate in, loaded, departed in Rotterdam; arrived, discharged in Shanghai; delivered anywhere. All mandatory."""
    return plan(
        line("GATE_IN", 10, PlaceRole.POL, after=2, offset_minutes=-2 * 1440),
        line("LOADED", 20, PlaceRole.POL, after=2, offset_minutes=-480),
        line("DEPARTED", 30, PlaceRole.POL),
        line("ARRIVED", 40, PlaceRole.POD, anchor=AnchorKind.ETA.value),
        line("DISCHARGED", 50, PlaceRole.POD, after=3, offset_minutes=1440),
        line("DELIVERED", 60, after=4, offset_minutes=3 * 1440),
        **shipment,
    )


def event(code: str, at: datetime | None, place: PlaceFact | None = None, **changes: Any) -> EventFact:
    """An actual of source 1 (trust 50), told at once."""
    number = next(_numbers)
    told = changes.pop("told_at", at or ETD)
    fields: dict[str, Any] = {
        "id": f"event-{number:06d}",
        "row": number,
        "fingerprint": hashlib.sha256(b"%d" % number).hexdigest(),
        "source": 1,
        "trust": 50,
        "code": code,
        "classifier": Classifier.ACTUAL.value,
        "occurred_at": at,
        "told_at": told,
        "received_at": told,
        "position": 0,
        "place": place.code if place else "",
        "location_id": place.id if place else None,
    }
    return EventFact(**{**fields, **changes})


def planned(code: str, at: datetime, place: PlaceFact | None = None, **changes: Any) -> EventFact:
    return event(code, at, place, classifier=Classifier.PLANNED.value, **changes)


def estimated(code: str, at: datetime, place: PlaceFact | None = None, **changes: Any) -> EventFact:
    return event(code, at, place, classifier=Classifier.ESTIMATED.value, **changes)


def rule(kind: str = ExceptionKind.OVERDUE, **changes: Any) -> RuleFact:
    fields: dict[str, Any] = {
        "id": next(_numbers),
        "name": f"{kind}",
        "kind": str(kind),
        "severity": Severity.MEDIUM.value,
        "owner": WorkRole.OPERATIONS.value,
        "mode": "",
        "code": "",
        "minimum": timedelta(0),
        "due_in": 4 * HOUR,
        "task": "",
    }
    return RuleFact(**{**fields, **changes})


def policy(*rules: RuleFact, **changes: Any) -> Policy:
    return Policy(rules=rules, vocabulary={"IN_TRANSIT": TypeFact("In transit", 66)}, **changes)


class TemplateFactory(factory.django.DjangoModelFactory):
    """For one customer only, so that it is no rival of the default templates."""

    class Meta:
        model = MilestoneTemplate

    code = factory.Sequence(lambda n: f"TEMPLATE-{n}")
    name = factory.Sequence(lambda n: f"Template {n}")
    customer = factory.SubFactory(PartnerFactory)
    state = "active"


class LineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TemplateLine

    template = factory.SubFactory(TemplateFactory)
    position = factory.Sequence(lambda n: n + 1)
    type = factory.SubFactory(MilestoneTypeFactory)
    name = "Departed"
    anchor = AnchorKind.ETD


class JourneyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Journey

    shipment = factory.SubFactory(ShipmentFactory)


class MilestoneFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Milestone

    shipment = factory.SubFactory(ShipmentFactory)
    slot = factory.Sequence(lambda n: f"L{n}")
    position = 10
    type = factory.SubFactory(MilestoneTypeFactory)
    name = "Departed"
    place_role = PlaceRole.POL
    audience = Audience.CUSTOMER
    responsible = WorkRole.OPERATIONS


class RuleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ExceptionRule

    code = factory.Sequence(lambda n: f"rule-{n}")
    kind = ExceptionKind.OVERDUE
    severity = Severity.MEDIUM


class RuleVersionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RuleVersion

    rule = factory.SubFactory(RuleFactory)
    version = 1
    definition = factory.LazyFunction(dict)


class GroupFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CaseGroup

    rule = factory.SubFactory(RuleFactory)
    key = factory.Sequence(lambda n: f"place:{n}")
    opened_at = ETD


class CaseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ShipmentException

    shipment = factory.SubFactory(ShipmentFactory)
    rule = factory.SubFactory(RuleFactory)
    slot = "L10"
    kind = factory.SelfAttribute("rule.kind")
    severity = factory.SelfAttribute("rule.severity")
    summary = "Departed: overdue, nothing reported"
    owner = WorkRole.OPERATIONS
    state = CaseState.OPEN
    opened_at = ETD
    due_at = ETD + 4 * HOUR


class TaskFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WorkTask

    shipment = factory.SubFactory(ShipmentFactory)
    key = factory.Sequence(lambda n: f"line:L{n}")
    title = "Send the arrival notice"
    role = WorkRole.OPERATIONS


class PolicyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ConflictPolicy

    type = factory.SubFactory(MilestoneTypeFactory)
    field = ValueField.ACTUAL
    order = ("trust", "recency")


class EtaVersionFactory(factory.django.DjangoModelFactory):
    """What a source told; without one, what we worked out ourselves."""

    class Meta:
        model = EtaVersion

    shipment = factory.SubFactory(ShipmentFactory)
    kind = EtaKind.CARRIER
    told_at = ETD
    expected_at = ETA


class TransitTimeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TransitTime

    origin = factory.SubFactory(LocationFactory, unlocode="NLRTM")
    destination = factory.SubFactory(LocationFactory, unlocode="CNSGH")
    mode = Mode.OCEAN
    samples = 5
    p10, p50, p80, p90 = 28 * 1440, 30 * 1440, 32 * 1440, 34 * 1440


class EtaScoreFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EtaScore

    origin = factory.SubFactory(LocationFactory, unlocode="NLRTM")
    destination = factory.SubFactory(LocationFactory, unlocode="CNSGH")
    mode = Mode.OCEAN
    horizon = 7
    samples = 20
