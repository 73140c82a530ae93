"""Rows of every kind that conditions ask about, with values that are often equal, often empty and sometimes strange."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from milestones.condition_facts import Ground, row_facts
from milestones.condition_fields import FIELDS
from milestones.enums import (
    Audience,
    Deviation,
    Evidence,
    Health,
    JourneyStatus,
    MilestoneState,
    PlaceRole,
    Requirement,
    WorkRole,
)
from milestones.facts import MilestoneValue, Plan, Summary
from milestones.models import Journey, Milestone, ShipmentMoney
from milestones.services import loading
from partners.enums import PartnerKind
from partners.models import Partner
from shipments.enums import Classifier, Mode, PartyRole, Service, ShipmentType, Transport, UnitKind
from shipments.models import Event, Leg, Location, Shipment, Unit
from tests.factories.milestones import JourneyFactory, LineFactory, MilestoneFactory, TemplateFactory
from tests.factories.partners import PartnerFactory
from tests.factories.shipments import (
    EventFactory,
    LocationFactory,
    MessageFactory,
    MilestoneTypeFactory,
    ShipmentFactory,
    SourceFactory,
)
from tests.milestones.condition_trees import NOW

_PARTS = ("actual", "estimated", "planned")


class World:
    """`size` shipments with up to four milestones each, the same for the same seed."""

    def __init__(self, size: int = 40, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.partners = [self._partner(code) for code in ("ACME", "A_B", "A-B", "A.B", "MSC", "M")]
        self.places = self._places()
        self.types = [MilestoneTypeFactory(code=code) for code in ("DEPARTED", "ARRIVED", "DELIVERED")]
        template = TemplateFactory()
        self.lines = [
            LineFactory(template=template, position=10 * (n + 1), type=self.types[n], requirement=requirement)
            for n, requirement in enumerate((Requirement.MANDATORY, Requirement.OPTIONAL))
        ]
        self.template_id = template.pk
        self.messages = [
            MessageFactory(source=SourceFactory(code=code, transport=self.pick(Transport.values)))
            for code in ("MSC", "a_b", "a-b")
        ]
        for number in range(size):
            self._shipment(number)

    def pick(self, values: Any) -> Any:
        return self.random.choice(list(values))

    def maybe(self, value: Any) -> Any:
        return value if self.random.random() < 0.7 else None

    def at(self) -> datetime | None:
        """Close to NOW and to each other, on the minute or just beside it; or nothing."""
        around = timedelta(minutes=self.random.randint(-5000, 5000), microseconds=self.pick((0, 0, -1, 1)))
        return self.maybe(NOW + self.pick((around, timedelta(0), timedelta(days=self.random.randint(-4, 4)))))

    def _partner(self, code: str) -> Partner:
        kinds = self.random.sample(PartnerKind.values, self.random.randint(1, 3))
        return PartnerFactory(code=code, kinds=kinds, country=self.pick(("", "NL", "CN")))

    def _places(self) -> list[Location]:
        rotterdam, shanghai = LocationFactory(), LocationFactory(unlocode="CNSGH", name="Shanghai", country="CN")
        alias = LocationFactory(unlocode="CNSHA", name="Shanghai", country="CN", same_as=shanghai)
        return [rotterdam, shanghai, alias, LocationFactory(unlocode="SGSIN", name="Singapore", country="SG")]

    def _shipment(self, number: int) -> None:
        etd = self.at()
        parties = {(self.pick(self.partners[1:]), self.pick(PartyRole.values[1:])) for _ in range(number % 3)}
        cancelled_at = self.pick((None, None, NOW))
        shipment = ShipmentFactory(
            reference=self.pick(("S%", "s_", "ß", "MSCU", "Ä")) + str(number),
            mode=self.pick(Mode.values),
            type=self.pick(ShipmentType.values),
            service=self.pick(["", *Service.values]),
            customer=self.pick(self.partners),
            origin=self.pick(self.places),
            destination=self.pick(self.places),
            booked_at=self.at(),
            cargo_ready_at=self.at(),
            cut_off_at=self.at(),
            etd=etd,
            eta=etd + timedelta(days=self.random.randint(0, 5)) if etd else self.at(),
            cancelled_at=cancelled_at,
            cancel_reason="Sold" if cancelled_at else "",
            parties=parties,
        )
        if number % 5 == 0:
            shipment.parties.all().delete()
        self._way(shipment)
        self._money(shipment)
        JourneyFactory(
            shipment=shipment,
            template_id=self.template_id,
            status=self.pick(JourneyStatus.values),
            health=self.pick(Health.values),
            progress=self.random.randint(0, 100),
            completeness=self.pick((0, 50, 100)),
            expected_arrival_at=self.at(),
            last_event_at=self.at(),
        )
        events = [self._event(shipment) for _ in range(self.random.randint(0, 3))]
        for slot in range(self.random.randint(0, 4)):
            self._milestone(shipment, slot, events)

    def _way(self, shipment: Shipment) -> None:
        for sequence in range(self.random.randint(0, 3)):
            Leg.objects.create(
                shipment=shipment, sequence=sequence, mode=shipment.mode, carrier=self.maybe(self.pick(self.partners)),
                origin=self.pick(self.places), destination=self.pick(self.places), voyage=self.pick(("", "023W")),
            )  # fmt: skip
        for unit in range(self.random.randint(0, 3)):
            Unit.objects.create(shipment=shipment, kind=UnitKind.CONTAINER, number=f"U{unit}", key=f"U{unit}")

    def _money(self, shipment: Shipment) -> None:
        def amount() -> Decimal | None:
            cents = self.pick((0, 1, 99, 100_00, 100_01, 33_33, -5, 99_999_999_999_999_99))
            return self.maybe(Decimal(cents) / 100)

        if self.random.random() < 0.7:
            currency = self.pick(("EUR", "USD"))
            ShipmentMoney.objects.create(
                shipment=shipment, currency=currency, expected_cost=amount(), cost=amount(), revenue=amount(),
                updated_at=NOW,
            )  # fmt: skip

    def _event(self, shipment: Shipment) -> Event:
        return EventFactory(
            message=self.pick(self.messages), shipments=[shipment], trust=self.pick((0, 50, 51, 100)),
            classifier=self.pick(Classifier.values), received_at=self.at() or NOW, code=self.pick(self.types),
            location=self.maybe(self.pick(self.places)),
        )  # fmt: skip

    def _milestone(self, shipment: Shipment, slot: int, events: list[Event]) -> None:
        state = self.pick(MilestoneState.values)
        decided: list[Any] = [*(str(event.public_id) for event in events), None, ""]
        ways = [shipment.origin, shipment.destination, *(e.location for e in events if e.location)]
        MilestoneFactory(
            shipment=shipment, slot=f"L{slot}", line=self.maybe(self.pick(self.lines)), type=self.pick(self.types),
            place_role=self.pick(PlaceRole.values), location=self.maybe(self.pick(ways)),
            unit_number=self.pick(("", "U0", "U_")), audience=self.pick(Audience.values),
            responsible=self.pick(WorkRole.values), state=state, deviation=self.pick(["", *Deviation.values]),
            evidence=self.pick(["", *Evidence.values]), is_inferred=self.pick((True, False)), baseline_at=self.at(),
            planned_at=self.at(), estimated_at=self.at(),
            actual_at=(self.at() or NOW) if state == MilestoneState.REACHED else None,
            decisions={part: {"event": self.pick(decided)} for part in _PARTS if self.random.random() < 0.6},
        )  # fmt: skip


def python_rows(now: datetime) -> dict[int, Mapping[str, Any]]:
    """The row of each stored milestone as evaluation makes it, with every field, by the milestone's id."""
    ids = list(Shipment.objects.values_list("pk", flat=True))
    policy = loading.load_policy()
    templates = loading.load_templates(Journey.objects.values_list("template_id", flat=True))
    shipments = loading.load_shipments(ids)
    for pk, named in loading.load_named(ids, FIELDS).items():
        shipments[pk].fact.named = named
    events = loading.load_events(ids)
    rows: dict[int, Mapping[str, Any]] = {}
    for journey in Journey.objects.all():
        plan = Plan(shipments[journey.pk].fact, templates.by_id[journey.template_id or 0])
        ground = Ground(plan, _summary(journey), events.get(journey.pk, ()), policy, now)
        for milestone in Milestone.objects.filter(shipment=journey.pk):
            rows[milestone.pk] = row_facts(ground, _value(milestone), FIELDS)
    return rows


def _summary(journey: Journey) -> Summary:
    names = ("status", "health", "progress", "completeness", "expected_arrival_at", "last_event_at")
    return _filled(Summary, {name: getattr(journey, name) for name in names})


def _value(milestone: Milestone) -> MilestoneValue:
    names = (
        "line_id", "place_role", "location_id", "unit_number", "audience", "responsible", "state", "deviation",
        "evidence", "is_inferred", "baseline_at", "planned_at", "estimated_at", "actual_at", "decisions",
    )  # fmt: skip
    return _filled(MilestoneValue, {"code": milestone.type_id, **{name: getattr(milestone, name) for name in names}})


def _filled(kind: type[Any], values: dict[str, Any]) -> Any:
    """An object of `kind` of which only these fields are asked for."""
    made = object.__new__(kind)
    for name, value in values.items():
        setattr(made, name, value)
    return made
