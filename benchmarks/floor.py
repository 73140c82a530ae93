"""The floor of the ingest: the rows that the product wrote, written again in plain SQL and by set, nothing decided.

Before the product runs, its tables are copied as they stand (`prepare`). Afterwards what it added and changed is
staged, batch by batch, and two connections write it into the copies (`timed`): events against their unique
fingerprint, matches found by reference, streams, milestones, journeys, cases, tasks and the state of the messages. No
parsing, no rules, no Python between the statements: no pipeline over these tables can be faster than this.
"""

from __future__ import annotations

import subprocess
import sys
import time

from django.db import connection

PROCESSES = 2
BATCH = 1_000
# Table → its key. Copied with all their indexes and checks.
_CHANGED = {
    "milestones_milestone": "id",
    "milestones_journey": "shipment_id",
    "milestones_shipmentexception": "id",
    "milestones_worktask": "id",
    "shipments_shipmentstream": "shipment_id",
    "shipments_message": "id",
}
_ADDED = ("shipments_event", "shipments_eventmatch")


def prepare() -> None:
    """Copy the tables of the stream as they stand before the product's run."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for table in (*_CHANGED, *_ADDED):
            cursor.execute(f"CREATE TABLE floor_{table} (LIKE {table} INCLUDING ALL)")
            cursor.execute(f"INSERT INTO floor_{table} SELECT * FROM {table} ORDER BY 1")
        cursor.execute("VACUUM (ANALYZE)")


def stage() -> int:
    """Gather what the product added and changed since `prepare`, by batch. Returns the number of events."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE stage_shipments_event AS SELECT e.*, r.key AS found_by,"
            " ((row_number() OVER (ORDER BY e.id)) - 1) / %s AS batch FROM shipments_event e"
            " JOIN LATERAL (SELECT r.key FROM shipments_eventmatch m JOIN shipments_reference r"
            " ON r.shipment_id = m.shipment_id WHERE m.event_id = e.id AND r.key LIKE 'R%%' LIMIT 1) r ON true"
            " WHERE NOT EXISTS (SELECT 1 FROM floor_shipments_event f WHERE f.id = e.id)",
            [BATCH],
        )
        cursor.execute("CREATE INDEX ON stage_shipments_event (batch)")
        cursor.execute(
            "CREATE TABLE stage_batch AS SELECT m.shipment_id, min(e.batch) AS batch FROM stage_shipments_event e"
            " JOIN shipments_eventmatch m ON m.event_id = e.id GROUP BY m.shipment_id"
        )
        cursor.execute("CREATE UNIQUE INDEX ON stage_batch (shipment_id)")
        for table, key in _CHANGED.items():
            of = "SELECT message_id AS shipment_id, min(batch) AS batch FROM stage_shipments_event GROUP BY 1"
            batches, by = ("stage_batch", "shipment_id") if table != "shipments_message" else (f"({of})", "id")
            cursor.execute(
                f"CREATE TABLE stage_{table} AS SELECT t.*, b.batch FROM {table} t"
                f" JOIN {batches} b ON b.shipment_id = t.{by} LEFT JOIN floor_{table} f ON f.{key} = t.{key}"
                f" WHERE f.* IS DISTINCT FROM t.*"
            )
            cursor.execute(f"CREATE INDEX ON stage_{table} (batch)")
        cursor.execute("ANALYZE")
        cursor.execute("SELECT count(*) FROM stage_shipments_event")
        return int(cursor.fetchone()[0])


def timed() -> float:
    """Seconds that two connections take for all batches."""
    command = [sys.executable, "-m", "benchmarks.floor"]
    workers = [
        subprocess.Popen([*command, str(part)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for part in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    begun = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    if any([worker.wait() for worker in workers]):
        sys.exit("a process of the floor failed")
    return time.perf_counter() - begun


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
            [table],
        )
        return [f'"{row[0]}"' for row in cursor.fetchall()]


def _statements() -> list[str]:
    """What is done for one batch (%s), in an order in which two connections cannot wait for each other for ever."""
    names = ", ".join(_columns("shipments_event"))
    made = [
        f"INSERT INTO floor_shipments_event ({names}) SELECT {names} FROM stage_shipments_event WHERE batch = %s"
        " ORDER BY fingerprint ON CONFLICT DO NOTHING",
        "INSERT INTO floor_shipments_eventmatch (id, event_id, shipment_id, matched_by, matched_at)"
        " SELECT e.id, e.id, r.shipment_id, r.key, statement_timestamp() FROM stage_shipments_event e"
        " JOIN shipments_reference r ON r.key = e.found_by WHERE e.batch = %s ON CONFLICT DO NOTHING",
    ]
    for table, key in _CHANGED.items():
        columns = _columns(table)
        listed = ", ".join(columns)
        assigned = ", ".join(f"{name} = s.{name}" for name in columns if name != f'"{key}"')
        made.append(
            f"INSERT INTO floor_{table} ({listed}) SELECT {listed} FROM stage_{table} s WHERE s.batch = %s"
            f" AND NOT EXISTS (SELECT 1 FROM floor_{table} f WHERE f.{key} = s.{key}) ORDER BY s.{key}"
        )
        made.append(
            f"UPDATE floor_{table} f SET {assigned} FROM stage_{table} s WHERE s.batch = %s AND f.{key} = s.{key}"
        )
    return made


def _work(part: int) -> None:
    statements = _statements()
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(batch) FROM stage_shipments_event")
        last = cursor.fetchone()[0]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for batch in range(part, last + 1, PROCESSES):
            cursor.execute("BEGIN")
            for statement in statements:
                cursor.execute(statement, [batch])
            cursor.execute("COMMIT")


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    _work(int(sys.argv[1]))
