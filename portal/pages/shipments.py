"""The shipments a person may see: their list, and one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Prefetch, Q, TextChoices
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from milestones.enums import Audience, Health, JourneyStatus
from milestones.models import Journey, Milestone
from milestones.services import slip_curve
from partners.access import may
from partners.enums import Permission
from portal.notices.preferences import is_followed
from portal.pages import search
from portal.pages.base import Page, page_of
from portal.pages.documents import papers_of
from portal.presentation import arrivals, timeline
from portal.presentation.audiences import audiences_of, audiences_of_each
from portal.presentation.summary import FINISHED, Summary, summarise
from portal.presentation.timeline import Reader
from shipments.enums import ReferenceType, UnitKind
from shipments.models import Leg, Reference, Shipment, Unit
from shipments.models.shipments import ShipmentQuerySet

# Staff who look in read what the partners do: what is internal has no place on these pages.
OUTSIDE: tuple[str, ...] = (Audience.PARTNER, Audience.CUSTOMER, Audience.PUBLIC)
# What a customer thinks in comes first on his cards, before our own number.
_OWN_REFERENCES = (ReferenceType.PO, ReferenceType.CUSTOMER)


class Tab(TextChoices):
    MOVING = "moving", _("On the way")
    DELAYED = "delayed", _("Delayed")
    DELIVERED = "delivered", _("Delivered")
    ALL = "all", _("All")


_MOVING = Q(cancelled_at=None) & (Q(journey=None) | ~Q(journey__status__in=FINISHED))
_CONDITIONS: dict[str, Q] = {
    Tab.MOVING: _MOVING,
    Tab.DELAYED: Q(cancelled_at=None, journey__health=Health.LATE) & ~Q(journey__status__in=FINISHED),
    Tab.DELIVERED: Q(cancelled_at=None, journey__status=JourneyStatus.DELIVERED),
    Tab.ALL: Q(),
}


@dataclass(frozen=True, slots=True)
class Card:
    """One shipment of the list: `title` is the number its reader thinks in, `others` what else it is known by."""

    shipment: Shipment
    title: str
    others: tuple[str, ...]
    summary: Summary


@dataclass(frozen=True, slots=True)
class TabLink:
    value: str
    label: str
    count: int
    is_current: bool


def journey_of(shipment: Shipment) -> Journey | None:
    return getattr(shipment, "journey", None)


def named(shipment: Shipment) -> tuple[str, tuple[str, ...]]:
    """The number a shipment is called by here, and others worth reading beside it. References and units are loaded."""
    own = [one for one in shipment.references.all() if one.type in _OWN_REFERENCES]
    containers = [unit.number for unit in shipment.units.all() if unit.kind == UnitKind.CONTAINER]
    if not own:
        return shipment.reference, tuple(containers[:2])
    title = f"PO {own[0].value}" if own[0].type == ReferenceType.PO else own[0].value
    return title, tuple(dict.fromkeys([shipment.reference, *containers[:2]]))


class ShipmentList(Page):
    template_name = "portal/shipments.html"
    room: ClassVar[str] = "shipments"

    def get(self, request: HttpRequest) -> HttpResponse:
        text = request.GET.get("q", "").replace("\x00", "").strip()
        found = search.find(self.rows(Shipment.objects.all()), text)
        tab = self._tab(request.GET.get("tab", ""), Tab.ALL if text else Tab.MOVING)
        counts = found.shipments.aggregate(**{tab: Count("pk", filter=rule) for tab, rule in _CONDITIONS.items()})
        shipments, following = page_of(_loaded(found.shipments.filter(_CONDITIONS[tab])), request.GET.get("after", ""))
        context = self.get_context_data(
            cards=self._cards(shipments),
            tabs=[TabLink(one.value, str(one.label), counts[one], one == tab) for one in Tab],
            tab=tab,
            text=text,
            missing=found.missing,
            following=following,
            is_first=not request.GET.get("after"),
            is_new=not text and not counts[Tab.ALL],
        )
        return self.render_to_response(context)

    def _tab(self, asked: str, default: Tab) -> Tab:
        return Tab(asked) if asked in Tab.values else default

    def _cards(self, shipments: Sequence[Shipment]) -> list[Card]:
        audiences = audiences_of_each(self.person, [one.pk for one in shipments])
        return [self._card(one, audiences[one.pk]) for one in shipments]

    def _card(self, shipment: Shipment, audiences: tuple[str, ...]) -> Card:
        reader = reader_of(self, audiences)
        view = timeline.build(shipment.milestones.all(), reader)
        title, others = named(shipment)
        return Card(shipment, title, others, summarise(shipment, journey_of(shipment), view, reader, self.now))


class ShipmentPage(Page):
    template_name = "portal/shipment.html"
    room: ClassVar[str] = "shipments"

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        shipment = self.find(_with_legs(_loaded(Shipment.objects.all())), public_id)
        reader = reader_of(self, audiences_of(self.person, shipment))
        view = timeline.build(shipment.milestones.all(), reader)
        title, others = named(shipment)
        context = self.get_context_data(
            shipment=shipment,
            title=title,
            others=others,
            summary=summarise(shipment, journey_of(shipment), view, reader, self.now),
            view=view,
            foretold=arrivals.build(
                slip_curve(shipment),
                journey_of(shipment),
                zone=shipment.destination.time_zone,
                face=reader.face,
                is_outside=True,
            ),
            moved_by=_moved_by(shipment.legs.all()),
            references=shipment.references.all(),
            units=shipment.units.all(),
            may_report=may(self.person, Permission.REPORT_EVENTS, shipment),
            is_followed=is_followed(self.person, shipment),
            papers=papers_of(shipment, self.person),
            contact=settings.DEFAULT_FROM_EMAIL,
        )
        return self.render_to_response(context)


def reader_of(page: Page, audiences: tuple[str, ...]) -> Reader:
    """The person of the page as a reader of milestones: nobody reads internal ones here."""
    return Reader(tuple(one for one in audiences if one in OUTSIDE), page.face, is_outside=True)


def _loaded(shipments: ShipmentQuerySet) -> ShipmentQuerySet:
    """With all a card reads, in a constant number of queries. Internal milestones are not even fetched."""
    return shipments.select_related("origin", "destination", "journey").prefetch_related(
        Prefetch("milestones", Milestone.objects.visible_as(OUTSIDE).select_related("location")),
        Prefetch("references", Reference.objects.order_by("pk")),
        Prefetch("units", Unit.objects.order_by("pk")),
    )


def _with_legs(shipments: ShipmentQuerySet) -> ShipmentQuerySet:
    return shipments.prefetch_related(Prefetch("legs", Leg.objects.order_by("sequence")))


def _moved_by(legs: Iterable[Leg]) -> list[str]:
    """Vessel and voyage, flight, train or truck of each leg that names one."""
    named_legs = (" ".join(filter(None, [leg.vessel_name, leg.voyage or leg.flight or leg.vehicle])) for leg in legs)
    return list(dict.fromkeys(filter(None, named_legs)))
