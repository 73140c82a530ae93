"""Runs the simulated world through the product itself: partners, sources, shipments, messages, money."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.utils import timezone

from billing.enums import ChargeState, Side
from billing.models import Charge
from billing.services import create_drafts, issue_invoice, rate_due
from milestones.models import ExceptionRule
from milestones.services import evaluate_due
from milestones.services.money import MoneyRow, record_money
from milestones.services.rules import enable_rule
from partners.enums import IdentifierScheme
from partners.models import Partner, User
from partners.services import save_partner
from portal.simulation.chaos import Sent, disturb
from portal.simulation.messages import FEEDS, letter_of, render, strays
from portal.simulation.scoring import score
from portal.simulation.truth import KINDS, Moment, Score
from portal.simulation.world import CUSTOMERS, Journey, journeys
from shipments.drafts import LegDraft, ShipmentDraft
from shipments.enums import DocumentAudience, Format, PartyRole, Transport
from shipments.models import Location, Shipment, Source
from shipments.services import create_shipment, ingest_waiting, receive, save_source
from shipments.services.documents import file_document

Say = Callable[[str], None]
HOUSE = "WAYMARK"
_MOST_NAMED = 40
_ROLES = {
    "carrier": PartyRole.CARRIER,
    "airline": PartyRole.CARRIER,
    "trucker": PartyRole.CARRIER,
    "parcel": PartyRole.LAST_MILE_CARRIER,
    "broker": PartyRole.CUSTOMS_BROKER,
    "consolidator": PartyRole.WAREHOUSE,
    "haulier": PartyRole.CARRIER,
    "terminal": PartyRole.TERMINAL,
    "watch": PartyRole.THIRD_PARTY_LOGISTICS,
}
_NAMES = {
    "KESTREL": ("Kestrel Medical", "NL"),
    "LUMEN": ("Lumen Lighting BV", "NL"),
    "PAMPA": ("Pampa Foods SA", "BR"),
    "OSTRAVA": ("Ostrava Motors a.s.", "CZ"),
    "BLUEFIN": ("Bluefin Electronics Inc.", "US"),
    "ISAR": ("Isar Optik GmbH", "DE"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate: `count` shipments over `days` days before `now`, with or without chaos.

    `all_rules`: switch on every rule of the kinds that are judged. `later`: judge the exceptions so long after the
    messages were heard, as if nothing more had come.
    """

    count: int
    seed: int
    days: int
    chaos: bool
    now: datetime
    all_rules: bool = False
    later: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Outcome:
    shipments: int
    messages: int
    invoices: int
    scores: tuple[Score, ...] = ()
    wrong: tuple[str, ...] = ()


def make_partners(*, by: User | None = None) -> dict[str, Partner]:
    """The customers, the reporters and their feeds; running it again changes nothing."""
    partners = {
        code: save_partner(code, name=name, kinds=["customer"], country=country, by=by)
        for code, (name, country) in _NAMES.items()
    }
    partners[HOUSE] = save_partner(HOUSE, name="Waymark Forwarding", kinds=["forwarder"], country="NL", by=by)
    for feed in FEEDS.values():
        scac = ((IdentifierScheme.SCAC, feed.identifier),) if feed.identifier else ()
        partners[feed.partner] = save_partner(feed.partner, name=feed.name, kinds=[feed.kind], identifiers=scac, by=by)
        save_source(
            feed.source, partner=partners[feed.partner], format=feed.format, transport=Transport.SIMULATED,
            trust=feed.trust, by=by,
        )  # fmt: skip
    return partners


def _draft(journey: Journey, places: dict[str, Location], partners: dict[str, Partner]) -> ShipmentDraft:
    reporters = {happening.reporter for happening in journey.happenings}
    parties = tuple((partners[FEEDS[name].partner], _ROLES[name]) for name in sorted(reporters))
    return ShipmentDraft(
        reference=journey.reference,
        mode=journey.mode,
        type=journey.type,
        service=journey.service,
        origin=places[journey.origin],
        destination=places[journey.destination],
        customer=partners[journey.customer],
        parties=parties,
        references=journey.references,
        units=journey.units,
        legs=tuple(
            LegDraft(
                mode=journey.mode,
                origin=places[leg.origin],
                destination=places[leg.destination],
                etd=leg.etd,
                eta=leg.eta,
            )
            for leg in journey.legs
        ),
        booked_at=journey.booked_at,
        etd=journey.etd,
        eta=journey.eta,
    )


def _messages(world: Sequence[Journey], places: dict[str, Location], now: datetime) -> Iterator[Sent]:
    zones = {code: place.time_zone for code, place in places.items()}
    towns = {code: (place.name, place.subdivision, place.country) for code, place in places.items()}
    told = [(h.told_at, journey, h) for journey in world for h in journey.happenings if h.told_at <= now]
    for _, journey, happening in sorted(told, key=lambda row: (row[0], row[1].number)):
        feed = FEEDS[happening.reporter]
        payload = render(journey, happening, zones, towns)
        yield Sent(feed.source, feed.format, payload, letter_of(journey, happening, zones))
    for reporter, payload, letter in strays(world, zones, now):
        yield Sent(FEEDS[reporter].source, FEEDS[reporter].format, payload, letter)


def _drain(name: str, step: Callable[[], int], say: Say) -> None:
    done = 0
    while count := step():
        done += count
        say(f"{name}: {done}")


def _invoice_half(world: Sequence[Journey], *, by: User | None) -> int:
    """Drafts for what customers of even place in the list owe, and issues them; the others stay to be billed."""
    issued = 0
    billed = [code for place, code in enumerate(CUSTOMERS) if place % 2 == 0]
    references = [journey.reference for journey in world]
    charges = Charge.objects.filter(
        state=ChargeState.UNBILLED, side=Side.SELL, customer__code__in=billed, shipment__reference__in=references
    )
    for draft in create_drafts(charges, by=by):
        issue_invoice(draft, by=by)
        issued += 1
    return issued


def run(plan: Plan, *, say: Say, by: User | None = None) -> Outcome:
    """Make the world and run it up to exceptions, charges and issued invoices. A second run changes nothing."""
    partners = make_partners(by=by)
    world = list(journeys(count=plan.count, seed=plan.seed, now=plan.now, days=plan.days))
    places = _make_shipments(world, partners, say=say, by=by)
    messages = list(_messages(world, places, plan.now))
    if plan.chaos:
        messages = disturb(messages, seed=plan.seed)
        _set_the_scene(world, all_rules=plan.all_rules, by=by)
    _send(messages, say=say, by=by)
    moment = timezone.now()
    _drain("shipments evaluated", partial(evaluate_due, now=moment), say)
    judged: tuple[tuple[Score, ...], tuple[str, ...]] = ((), ())
    if plan.chaos:
        if plan.later:
            _drain("shipments looked at later", partial(evaluate_due, now=moment + plan.later), say)
        judged = _judge(world, messages, Moment(moment + plan.later, heard_at=moment))
    _drain("shipments rated", rate_due, say)
    invoices = _invoice_half(world, by=by)
    return Outcome(len(world), len(messages), invoices, scores=judged[0], wrong=judged[1])


def _make_shipments(
    world: Sequence[Journey], partners: dict[str, Partner], *, say: Say, by: User | None
) -> dict[str, Location]:
    """Those that are not there yet. Returns the places by UN/LOCODE."""
    codes = {code for j in world for code in (j.origin, j.destination, *(leg.destination for leg in j.legs))}
    places = {place.unlocode: place for place in Location.objects.places().filter(unlocode__in=codes)}
    known = set(Shipment.objects.filter(reference__in=[j.reference for j in world]).values_list("reference", flat=True))
    for count, journey in enumerate(world, start=1):
        if journey.reference not in known:
            create_shipment(_draft(journey, places, partners), by=by)
        if count % 100 == 0 or count == len(world):
            say(f"shipments: {count} of {len(world)}")
    return places


def _send(messages: Sequence[Sent], *, say: Say, by: User | None) -> None:
    sources = {source.code: source for source in Source.objects.filter(code__in={m.source for m in messages})}
    for count, message in enumerate(messages, start=1):
        receive(sources[message.source], message.payload, content_type=_content_type(message.format), by=by)
        if count % 1000 == 0 or count == len(messages):
            say(f"messages: {count} of {len(messages)}")
    _drain("messages read", ingest_waiting, say)


def _set_the_scene(world: Sequence[Journey], *, all_rules: bool, by: User | None) -> None:
    """What exceptions follow from beside messages: the papers that are there, what it costs, and the rules."""
    shipments = {s.reference: s for s in Shipment.objects.filter(reference__in=[j.reference for j in world])}
    for journey in world:
        for paper in journey.papers:
            file_document(
                shipments[journey.reference], body=f"{paper} of {journey.reference}".encode(), type=paper,
                name=f"{paper}.txt", audience=DocumentAudience.INTERNAL.value, by=by,
            )  # fmt: skip
    over = [journey for journey in world if journey.overrun]
    sums = [
        MoneyRow(shipments[journey.reference].pk, "EUR", Decimal(1000), Decimal(1000 + 10 * journey.overrun))
        for journey in over
    ]
    record_money(sums, now=timezone.now())
    if all_rules:
        for rule in ExceptionRule.objects.filter(kind__in=KINDS, is_active=False).order_by("code"):
            enable_rule(rule, by=by)


def _judge(
    world: Sequence[Journey], messages: Sequence[Sent], moment: Moment
) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """How well the exceptions meet the truth, and the first of those that do not."""
    judged, lacking, invented = score(world, messages, moment)
    wrong = [f"not opened: {' '.join(case)}" for case in sorted(lacking)]
    wrong += [f"opened in vain: {' '.join(case)}" for case in sorted(invented)]
    return tuple(judged), tuple(wrong[:_MOST_NAMED])


def _content_type(format_: str) -> str:
    return {Format.X12_214: "application/edi-x12", Format.CSV: "text/csv"}.get(Format(format_), "application/json")
