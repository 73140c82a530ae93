"""kill -9 of each member of the worker process group while 5,000 messages are read: nothing lost, nothing doubled.

For the supervisor and each member of its cluster: the messages are received, the member is killed when a tenth of them
is read, and the clock runs: until the next message is done, the longest time without one, and until all are. Prints
JSON; exits 1 when an event is missing or double, an invariant is broken, or nothing was done for 60 s.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

from django.db import transaction  # noqa: E402 Django has to be set up first
from django.db.models import Count  # noqa: E402

from config.processes import Child, all_processes  # noqa: E402
from config.supervisor import members_of  # noqa: E402
from core.invariants import check  # noqa: E402
from milestones.models import Journey  # noqa: E402
from partners.services import save_partner  # noqa: E402
from portal.management.commands.verify import INVARIANTS  # noqa: E402
from shipments.drafts import ShipmentDraft  # noqa: E402
from shipments.enums import Format, MessageState, Mode, ReferenceType  # noqa: E402
from shipments.models import Event, EventMatch, Location, Message, Source  # noqa: E402
from shipments.services import create_shipment, receive, save_source  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
ROLES = ("supervisor", "main", "sentinel", "monitor", "pusher", "worker 1", "worker 2")
SHIPMENTS = 250
PATIENCE = 180.0
START = datetime(2026, 11, 1, 8, tzinfo=UTC)


def world() -> Source:
    carrier = save_partner("KILLS", name="Kills", kinds=["carrier", "customer"])
    places = {place.unlocode: place for place in Location.objects.filter(unlocode__in=["USLAX", "USCHI"])}
    for number in range(SHIPMENTS):
        draft = ShipmentDraft(
            reference=f"K{number}", mode=Mode.ROAD, origin=places["USLAX"], destination=places["USCHI"],
            customer=carrier, references=((ReferenceType.PRO, f"9{number:06d}"),), etd=START,
            eta=START + timedelta(days=2),
        )  # fmt: skip
        create_shipment(draft, by=None)
    return save_source("KILLS-JSON", partner=carrier, format=Format.NATIVE)


def payload(round_: int, number: int) -> bytes:
    at = START + timedelta(days=round_, minutes=number)
    event = {
        "code": "IN_TRANSIT",
        "occurred_at": at.isoformat(),
        "references": [{"type": "pro", "value": f"9{number % SHIPMENTS:06d}"}],
        "source_event_id": f"{round_}/{number}",
    }
    return json.dumps(event).encode()


def pid_of(role: str, supervisor: int) -> int:
    """The sentinel starts its children in this order: the workers, the monitor, the pusher."""
    if role == "supervisor":
        return supervisor
    main = next(status.pid for status in all_processes() if status.parent == supervisor)
    if role == "main":
        return main
    sentinel = next(status.pid for status in all_processes() if status.parent == main)
    *workers, monitor, pusher = sorted(members_of(main) - {main, sentinel})
    named = {"sentinel": sentinel, "monitor": monitor, "pusher": pusher, "worker 1": workers[0], "worker 2": workers[1]}
    return named[role]


def read_so_far(first: int) -> int:
    return Message.objects.filter(pk__gt=first).exclude(state=MessageState.RECEIVED).count()


def one_round(number: int, role: str, source: Source, workers: Child, count: int) -> dict[str, object]:
    first = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    # At once, so that they are read while the member dies, and not while they come in.
    with transaction.atomic():
        for message in range(count):
            receive(source, payload(number, message), by=None)
    begun = time.monotonic()
    while (done := read_so_far(first)) < count / 10 and time.monotonic() - begun < PATIENCE:
        time.sleep(0.02)
    os.kill(pid_of(role, workers.pid), signal.SIGKILL)
    killed = moved = time.monotonic()
    resumed, longest = 0.0, 0.0
    while done < count and time.monotonic() - killed < PATIENCE:
        workers.keep_alive()
        time.sleep(0.1)
        now, before = time.monotonic(), done
        done = read_so_far(first)
        if done > before:
            resumed, longest, moved = resumed or now - killed, max(longest, now - moved), now
    return {
        "killed": role, "read": done, "next_after_s": round(resumed, 1), "longest_pause_s": round(longest, 1),
        "all_after_s": round(time.monotonic() - killed, 1),
    }  # fmt: skip


def wait_until_evaluated() -> None:
    until = time.monotonic() + PATIENCE
    while Journey.objects.behind().exists() and time.monotonic() < until:
        time.sleep(0.2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=5000)
    arguments = parser.parse_args()
    source = world()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "manage.py"), "worker"]
        environment = {"WAYMARK_ROLE": "worker", "WAYMARK_CLUSTER": "kills"}
        # What `manage.py run` does for the supervisor: start it, and start it again when it dies.
        workers = Child("worker", command, environment, Path(folder) / "worker.json")
        workers.start()
        try:
            time.sleep(10)
            rounds = []
            for number, role in enumerate(ROLES):
                rounds.append(one_round(number, role, source, workers, arguments.messages))
                print(json.dumps(rounds[-1]), file=sys.stderr, flush=True)
                time.sleep(15)
            wait_until_evaluated()
        finally:
            workers.stop()
    expected = arguments.messages * len(ROLES)
    doubled = Event.objects.values("message", "position").annotate(n=Count("pk")).filter(n__gt=1).count()
    broken = [finding.invariant.name for finding in map(check, INVARIANTS) if finding.broken]
    result = {
        "expected_events": expected,
        "events": Event.objects.count(),
        "matches": EventMatch.objects.count(),
        "doubled": doubled,
        "broken_invariants": broken,
        "longest_pause_s": max(float(str(row["longest_pause_s"])) for row in rounds),
        "rounds": rounds,
    }
    print(json.dumps(result, indent=1))
    whole = result["events"] == result["matches"] == expected and not doubled and not broken
    return 0 if whole and float(str(result["longest_pause_s"])) < 60 else 1


if __name__ == "__main__":
    sys.exit(main())
