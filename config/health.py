"""For the machines that watch: does the process answer, can it do its work, and how much work waits."""

from __future__ import annotations

from datetime import datetime

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from config.models import Heartbeat
from core.broker import SkipLockedBroker
from partners.enums import DeliveryState
from partners.models import Delivery
from shipments.enums import MessageState
from shipments.models import Message, Source, SourceSilence

# Seconds without a sign of life after which the workers count as dead. The supervisor restarts them well before.
HEARTBEAT_LIMIT = 90


def front_door(request: HttpRequest) -> HttpResponse:
    """Internal people land in the console, everybody else in the portal."""
    inside = request.user.is_authenticated and request.user.is_staff
    return HttpResponseRedirect("/admin/" if inside else "/portal/")


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers; asks nothing of the database, so that a restart is not the cure for its outage."""
    return HttpResponse("ok\n", content_type="text/plain")


def heartbeat_age(now: datetime) -> float | None:
    """Seconds since the latest beat of any worker host, on the clock of the caller; None when there was none."""
    latest = Heartbeat.objects.order_by("-beaten_at").values_list("beaten_at", flat=True).first()
    return None if latest is None else max(0.0, (now - latest).total_seconds())


def _unapplied() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, schema and workers stand, 503 otherwise; the body says which does not."""
    try:
        unapplied, age = _unapplied(), heartbeat_age(timezone.now())
    except DatabaseError:
        red = {"ready": False, "database": False, "migrations": None, "worker": None, "heartbeat_age_seconds": None}
        return JsonResponse(red, status=503, headers={"Retry-After": "5"})
    worker = age is not None and age < HEARTBEAT_LIMIT
    ready = not unapplied and worker
    body = {
        "ready": ready,
        "database": True,
        "migrations": not unapplied,
        "worker": worker,
        "heartbeat_age_seconds": None if age is None else round(age, 1),
    }
    return JsonResponse(body, status=200 if ready else 503)


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text: what stands and waits in the inbox, the outbox and the queue."""
    registry, now = CollectorRegistry(), timezone.now()

    def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"waymark_{name}", text, labels, registry=registry)

    messages = gauge("messages", "Messages by state", ("state",))
    counted = dict(Message.objects.order_by().values_list("state").annotate(Count("pk")))
    for state in MessageState.values:
        messages.labels(state).set(counted.get(state, 0))
    oldest = Message.objects.filter(state=MessageState.RECEIVED).aggregate(at=Min("received_at"))["at"]
    gauge("oldest_waiting_message_seconds", "Age of the oldest message not processed").set(
        (now - oldest).total_seconds() if oldest else 0
    )
    gauge("deliveries_waiting", "Deliveries not sent").set(Delivery.objects.filter(state=DeliveryState.QUEUED).count())
    gauge("queue_depth", "Tasks and wake-ups that wait").set(SkipLockedBroker().queue_size())
    silent = gauge("source_silent", "1: the source is silent for longer than its own history explains", ("source",))
    quiet = set(SourceSilence.objects.open().values_list("source_id", flat=True))
    for pk, code in Source.objects.active().values_list("pk", "code"):
        silent.labels(code).set(pk in quiet)
    age = heartbeat_age(now)
    gauge("heartbeat_age_seconds", "Seconds since the workers' last sign of life").set(
        float("inf") if age is None else age
    )
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
