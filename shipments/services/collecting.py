"""Looking into the places where messages wait for us: when they are due, one after the other, for a slice of time."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.leases import LeaseLost, claim, fence
from core.queue import nudge
from partners.models import User
from shipments.connections.base import Answer, Collected, Item, Passed, Pause, Trouble
from shipments.connections.registry import KINDS
from shipments.models import Acknowledgement, Connection, ConnectionRun, WebhookReceipt
from shipments.services.acknowledging import hand_over
from shipments.services.connections import NEVER, OUTSIDE, bounds_of, dialler, opened, said
from shipments.services.intake import receive

# Renewed with every message; what a killed worker held waits so long.
_LEASE = timedelta(seconds=90)
# Seconds of one look, and after which no further one is begun: the queue ends a worker after 60.
_LOOK, _SLICE = 20.0, 10.0
# Nothing outlives this, whatever the other end does.
_CUT = 40.0
# After a failure: half a minute, then twice as long each time, six hours at most.
_PAUSE, _LONGEST_PAUSE = 30.0, 21_600.0
_KEPT_RUNS, _KEPT_RECEIPTS, _DROPPED_AT_ONCE = 500, timedelta(days=30), 5000
_MOST_ANSWERS = 200
_CLAIM_THIS = """
    UPDATE shipments_connection SET attempts = attempts + 1, lease_token = %s, lease_until = statement_timestamp() + %s
    WHERE id = %s AND (lease_until IS NULL OR lease_until < statement_timestamp()) RETURNING id
"""
_DROP_RUNS = """
    DELETE FROM shipments_connectionrun WHERE connection_id = %s AND id <= (
        SELECT id FROM shipments_connectionrun WHERE connection_id = %s ORDER BY id DESC OFFSET %s LIMIT 1)
"""


@dataclass(slots=True)
class Look:
    """What came of one look. `again_in`: seconds the other side, or the agreed pace, asks for."""

    received: int = 0
    duplicates: int = 0
    answered: int = 0
    left: list[str] = field(default_factory=list)
    error: str = ""
    again_in: float = 0
    is_cut_short: bool = False

    @property
    def taken(self) -> int:
        return self.received + self.duplicates

    @property
    def note(self) -> str:
        """For the run: what went wrong, else what was left behind."""
        return (self.error or "; ".join(self.left))[:500]


def collect_due() -> int:
    """Look into the connections that are due. Returns how many; 0 when none is, or others look into enough of them."""
    _drop_receipts()
    end, looked = time.monotonic() + _SLICE, 0
    while time.monotonic() < end:
        if Connection.objects.filter(lease_until__gt=Now()).count() >= django_settings.WAYMARK_COLLECTORS:
            return looked
        claimed = claim(Connection, where_state="due", limit=1, lease_for=_LEASE)
        if not claimed:
            return looked
        _look_into(claimed[0])
        looked += 1
    nudge("collect_due")
    return looked


def collect_now(connection: Connection, *, by: User | None) -> Look:
    """Look into this one now, due or not. Raises DomainError `nothing_to_collect`, `held` (conflict)."""
    if KINDS[connection.kind].collect is None:
        raise DomainError("nothing_to_collect", _("There is nothing to look into: they call us."))
    with transaction.atomic(), database.cursor() as cursor:
        values: list[Any] = [uuid.uuid4(), _LEASE, connection.pk]
        cursor.execute(_CLAIM_THIS, values)
        if cursor.fetchone() is None:
            raise DomainError("held", _("A worker is looking into it at this moment."), conflict=True)
    return _look_into(Connection.objects.select_related("source").get(pk=connection.pk))


def wake_collectors() -> bool:
    """Have the workers look when something is due. Called often, because intervals may be shorter than a minute."""
    is_due = Connection.objects.active().filter(not_before__lte=Now()).exclude(lease_until__gt=Now()).exists()
    if is_due:
        nudge("collect_due")
    return is_due


def _look_into(connection: Connection) -> Look:
    look = Look()
    if not (connection.is_active and connection.source.is_active) or KINDS[connection.kind].collect is None:
        _put_off(connection)
        return look
    # Should this end the worker, it is not tried again at once.
    later = Now() + timedelta(seconds=_back_off(connection.attempts))
    _held(connection).update(not_before=later)
    run = ConnectionRun.objects.create(connection=connection)
    try:
        _take_all(connection, look)
    except LeaseLost:
        look.error = "Another worker has taken over, or the settings were changed meanwhile."
    except Pause as pause:
        look.again_in, look.is_cut_short = pause.seconds, True
    except Trouble as trouble:
        look.error, look.again_in = said(trouble), trouble.again_in
    except (DomainError, *OUTSIDE) as error:
        look.error = said(error)
    _close(connection, run, look)
    return look


def _take_all(connection: Connection, look: Look) -> None:
    kind = KINDS[connection.kind]
    settings, secret = opened(connection)
    with dialler(_CUT) as dial:
        bounds = bounds_of(dial, _LOOK)
        if kind.collect is not None:
            with closing(kind.collect(settings, secret, connection.cursor, bounds)) as items:
                for item in items:
                    _take(connection, item, look)
        look.is_cut_short = bounds.is_over() or look.taken >= _most_of(settings)
        answers = list(_answers(connection)) if _has_out(settings) else []
        if kind.deliver is not None and answers:
            look.answered = kind.deliver(settings, secret, answers, bounds)


def _has_out(settings: Any) -> bool:
    return bool(getattr(settings, "out", ""))


def _most_of(settings: Any) -> int:
    """With so many taken, more may be waiting."""
    return int(getattr(settings, "most_per_run", 0) or getattr(settings, "most_pages", 0))


def _take(connection: Connection, item: Item, look: Look) -> None:
    """Store the message and where we stand in one transaction; only then is the file moved or the mail marked."""
    changes: dict[str, Any] = {"lease_until": Now() + _LEASE}
    if item.cursor is not None:
        changes["cursor"] = dict(item.cursor)
    with transaction.atomic():
        fence([connection])
        if isinstance(item, Collected):
            receipt = receive(connection.source, item.payload, content_type=item.content_type, filename=item.name)
            look.received += not receipt.is_duplicate
            look.duplicates += receipt.is_duplicate
        Connection.objects.filter(pk=connection.pk).update(**changes)
    item.after()
    if isinstance(item, Passed) and item.why:
        look.left.append(f"{item.name}: {item.why}")


def _answers(connection: Connection) -> Iterator[Answer]:
    """What the source's interchanges were answered with, and nobody has fetched."""
    waiting = Acknowledgement.objects.filter(message__source=connection.source_id, handed_over_at=None)
    for row in waiting.select_related("message").order_by("pk")[:_MOST_ANSWERS]:
        name = f"{row.kind}-{row.message.public_id}.edi"
        yield Answer(name, bytes(row.body), handed_over=_hander(row))


def _hander(row: Acknowledgement) -> Any:
    return lambda: hand_over(row)


@transaction.atomic
def _close(connection: Connection, run: ConnectionRun, look: Look) -> None:
    """Note what came of it, and when to look again. Who lost the lease changes nothing but the run."""
    ConnectionRun.objects.filter(pk=run.pk).update(
        ended_at=Now(), received=look.received, duplicates=look.duplicates, error=look.note
    )
    with database.cursor() as cursor:
        cursor.execute(_DROP_RUNS, [connection.pk, connection.pk, _KEPT_RUNS])
    changes: dict[str, Any] = {"lease_until": None, "last_error": look.note}
    wait: float = connection.every_seconds
    if look.error:
        wait = max(_back_off(connection.attempts), look.again_in)
    else:
        changes |= {"attempts": 0, "last_success_at": Now()}
        # A full hand means that more is waiting.
        wait = look.again_in if look.is_cut_short else wait
    if _held(connection).update(**changes, not_before=Now() + timedelta(seconds=wait)) and look.is_cut_short:
        nudge("collect_due")


def _put_off(connection: Connection) -> None:
    """Not tried, and nobody's any more."""
    is_over = not connection.is_active or KINDS[connection.kind].collect is None
    later = NEVER if is_over else Now() + timedelta(seconds=connection.every_seconds)
    _held(connection).update(lease_until=None, attempts=0, not_before=later)


def _held(connection: Connection) -> Any:
    return Connection.objects.filter(pk=connection.pk, lease_token=connection.lease_token)


def _back_off(failures: int) -> float:
    """Seconds, doubled with each failure in a row. The jitter keeps many from coming back at the same moment."""
    longest = min(_PAUSE * 2 ** min(failures - 1, 20), _LONGEST_PAUSE)
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 no secret hangs on it
    return float(longest * jitter)


def _drop_receipts() -> None:
    """Receipts of calls whose repetition would be refused as stale long since."""
    old = WebhookReceipt.objects.filter(received_at__lt=Now() - _KEPT_RECEIPTS).order_by("received_at")
    WebhookReceipt.objects.filter(pk__in=old.values("pk")[:_DROPPED_AT_ONCE]).delete()
