"""From an event accepted by the API to its milestone, exception and queued notification, seen by another connection.

The real server and the real workers run as `manage.py run` starts them. A new estimate, days late, comes for one
shipment after the other at a steady rate; the clock runs from the answer of the API until one query sees the estimate
on the timeline, the open case and the delivery that waits to be sent. The reference in the same run, beside every fifth
event: a bare row inserted and told with NOTIFY to a connection that listens. Prints JSON.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import django

django.setup()

import psycopg  # noqa: E402 Django has to be set up first
from django.conf import settings  # noqa: E402

from benchmarks import world  # noqa: E402
from benchmarks.ingest import settle  # noqa: E402
from config.processes import Child  # noqa: E402
from partners.enums import Channel, Role, Scope, Topic  # noqa: E402
from partners.models import Partner  # noqa: E402
from partners.services import add_member, create_api_key, save_user, subscribe  # noqa: E402
from shipments.models import Shipment  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
RATE, SECONDS = 50, 60
SENDERS = 4
# What the issue asks for at the most, in seconds.
MOST_P95 = 2.0
PATIENCE = 60.0
_LOOK_EVERY = 0.02
# Numbers are given out before they are committed: a look begins so far behind the last one that was seen.
_BEHIND = 2000
_TOLD = """
    SELECT d.id, n.subject FROM partners_delivery d JOIN partners_notification n ON n.id = d.notification_id
    WHERE d.id > %s
"""
_SEEN = """
    SELECT s.reference, 'shipment:' || s.public_id FROM shipments_shipment s
    WHERE s.public_id = ANY(%s::uuid[])
      AND EXISTS (SELECT FROM milestones_milestone m WHERE m.shipment_id = s.id AND m.type_id = 'DELIVERED'
                  AND m.estimated_at = s.eta + interval '5 days')
      AND EXISTS (SELECT FROM milestones_shipmentexception x WHERE x.shipment_id = s.id AND x.state <> 'resolved'
                  AND x.kind = 'late')
"""


def address() -> str:
    return os.environ["DATABASE_URL"]


def event(number: int, eta: str) -> bytes:
    said = {
        "code": "DELIVERED",
        "classifier": "EST",
        "occurred_at": eta,
        "references": [{"type": "pro", "value": f"R{number}"}],
        "source_event_id": f"L-{number}",
    }
    return json.dumps([said]).encode()


class Sender(threading.Thread):
    """Sends what is due of `queue`: (when, reference, payload). `accepted`: reference → when the API had answered."""

    def __init__(self, queue: deque[tuple[float, str, bytes]], port: int, secret: str) -> None:
        super().__init__(daemon=True)
        self.queue, self.port, self.secret = queue, port, secret
        self.accepted: dict[str, float] = {}
        self.answers: list[float] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        while True:
            try:
                at, reference, payload = self.queue.popleft()
            except IndexError:
                return
            time.sleep(max(0.0, at - time.perf_counter()))
            begun = time.perf_counter()
            connection.request("POST", "/api/v1/messages/?source=HISTORY", payload, headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status not in (200, 201, 202):
                sys.exit(f"the API answers {answer.status}: {said[:200]!r}")
            self.accepted[reference] = time.perf_counter()
            self.answers.append(self.accepted[reference] - begun)


class Watcher(threading.Thread):
    """Looks every 20 ms for what became visible. `seen`: reference → when."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, float] = {}
        self.is_over = threading.Event()

    def run(self) -> None:
        with psycopg.connect(address(), autocommit=True) as connection:
            ((last,),) = connection.execute("SELECT COALESCE(max(id), 0) FROM partners_delivery").fetchall()
            first, known, pending = last, set[str](), set[str]()
            while not self.is_over.wait(_LOOK_EVERY):
                told = connection.execute(_TOLD, [max(first, last - _BEHIND)]).fetchall()
                last = max([last, *(number for number, _ in told)])
                pending |= {subject for _, subject in told} - known
                if not pending:
                    continue
                ids = [subject.removeprefix("shipment:") for subject in pending]
                rows = connection.execute(_SEEN, [ids]).fetchall()
                now = time.perf_counter()
                for reference, subject in rows:
                    self.seen.setdefault(reference, now)
                    known.add(subject)
                    pending.discard(subject)


class Bare(threading.Thread):
    """The reference: from a bare insert that is committed to its NOTIFY at a connection that listens."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seconds: list[float] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        with (
            psycopg.connect(address(), autocommit=True) as hears,
            psycopg.connect(address(), autocommit=True) as tells,
        ):
            tells.execute("CREATE TABLE bare (id bigserial PRIMARY KEY, payload text)")
            hears.execute("LISTEN bare")
            while not self.is_over.wait(5 / RATE):
                begun = time.perf_counter()
                with tells.transaction():
                    tells.execute("INSERT INTO bare (payload) VALUES (repeat('x', 200))")
                    tells.execute("NOTIFY bare")
                next(hears.notifies(timeout=5, stop_after=1))
                self.seconds.append(time.perf_counter() - begun)


@contextmanager
def product(port: int) -> Iterator[None]:
    """The web server and the workers, until the block is left."""
    with tempfile.TemporaryDirectory() as folder:
        shared = {"SECRET_KEY": settings.SECRET_KEY, "WAYMARK_CLUSTER": "latency", "PORT": str(port)}
        shared |= {"WAYMARK_VAR": folder, "WAYMARK_RATE_LIMIT": "1000000"}
        web = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--host", "127.0.0.1",
            "--port", str(port), "--workers", "2", "--blocking-threads", "4", "--log-level", "warning",
            "config.wsgi:application",
        ]  # fmt: skip
        worker = [sys.executable, str(ROOT / "manage.py"), "worker"]
        children = [
            Child("web", web, {**shared, "WAYMARK_ROLE": "web"}, Path(folder) / "web.json"),
            Child("workers", worker, {**shared, "WAYMARK_ROLE": "worker"}, Path(folder) / "workers.json", grace=20),
        ]
        for child in children:
            child.start()
        try:
            wait_for_answer(port)
            # The workers take a moment longer than the server.
            time.sleep(10)
            yield
        finally:
            for child in children:
                child.stop()


def wait_for_answer(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    sys.exit("the web server does not answer")


def prepare(shipments: int) -> str:
    """A world on its way, a customer's clerk who hears of every exception, and the key of the carrier."""
    world.book(shipments, ahead=timedelta(days=5))
    settle()
    customer, carrier = Partner.objects.get(code="CUSTOMER"), Partner.objects.get(code="CARRIER")
    clerk = save_user("clerk@example.com", name="Clerk", password="a long enough one", by=None)
    add_member(clerk, customer, role=Role.EDITOR, by=None)
    subscribe(clerk, partner=customer, topic=Topic.EXCEPTION_OPENED, channel=Channel.EMAIL, by=None)
    _, secret = create_api_key(carrier, name="Feed", scopes=[Scope.READ, Scope.INGEST])
    return secret


def percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 4)


def measure(rate: int, seconds: int, port: int) -> dict[str, object]:
    count = rate * seconds
    secret = prepare(max(2 * count // world.BLOCK + 1, 1) * world.BLOCK)
    etas = dict(Shipment.objects.filter(mode="road").values_list("reference", "eta"))
    numbers = range(1, 2 * count, 2)
    with product(port):
        start = time.perf_counter() + 1
        queue = deque(
            (start + place / rate, f"S{number}", event(number, (etas[f"S{number}"] + timedelta(days=5)).isoformat()))
            for place, number in enumerate(numbers)
        )
        watcher, bare = Watcher(), Bare()
        senders = [Sender(queue, port, secret) for _ in range(SENDERS)]
        for thread in (watcher, bare, *senders):
            thread.start()
        for sender in senders:
            sender.join()
        took = time.perf_counter() - start
        until = time.monotonic() + PATIENCE
        while len(watcher.seen) < count and time.monotonic() < until:
            time.sleep(0.1)
        watcher.is_over.set()
        bare.is_over.set()
        watcher.join()
        bare.join()
    accepted = {reference: at for sender in senders for reference, at in sender.accepted.items()}
    return result(accepted, watcher.seen, bare.seconds, took) | {
        "answer_p95": percentile([one for sender in senders for one in sender.answers], 95)
    }


def result(accepted: dict[str, float], seen: dict[str, float], bare: list[float], took: float) -> dict[str, object]:
    waits = [max(0.0, at - accepted[reference]) for reference, at in seen.items() if reference in accepted]
    p95, reference = percentile(waits, 95), percentile(bare, 95)
    return {
        "name": "latency",
        "unit": "s",
        "figure": p95,
        "reference": reference,
        "ratio": round(p95 / reference, 1),
        "p50": percentile(waits, 50),
        "p99": percentile(waits, 99),
        "worst": round(max(waits), 3),
        "reference_p50": percentile(bare, 50),
        "accepted": len(accepted),
        "accepted_per_second": round(len(accepted) / took, 1),
        "never_seen": len(accepted) - len(waits),
        "most": MOST_P95,
        "is_enough": p95 < MOST_P95 and len(waits) == len(accepted),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=RATE, help="events a second")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--port", type=int, default=8765)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.rate, arguments.seconds, arguments.port), indent=1))


if __name__ == "__main__":
    main()
