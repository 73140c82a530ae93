"""The release that made notifications exact is taken back and brought in again: what the older one knows stays."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from tests.conftest import ROOT, _address, _migrated_template

ROWS = """
    INSERT INTO partners_user (password, is_superuser, public_id, email, name, kind, language,
        time_zone, clock, is_staff, is_active, joined_at, quiet_from, quiet_until)
        VALUES ('', false, gen_random_uuid(), 'a@example.com', 'A',
        'internal', 'en', 'UTC', 'place', true, true, now(), '22:00', '06:00');
    INSERT INTO partners_webhookendpoint (public_id, user_id, url, secret, is_active, disabled_because,
        failures, delivered, last_error)
        SELECT gen_random_uuid(), id, 'https://a.example/', 'x', true, '', 0, 0, '' FROM partners_user;
    INSERT INTO partners_subscription (user_id, topic, channel, subject, endpoint_id)
        SELECT id, 'eta_changed', 'email', '', NULL::bigint FROM partners_user
        UNION ALL SELECT id, 'eta_changed', 'email', 'shipment:11111111-2222-4333-8444-555555555555', NULL
        FROM partners_user UNION ALL SELECT id, 'task_opened', 'email', '', NULL FROM partners_user
        UNION ALL SELECT user_id, 'eta_changed', 'webhook', '', id FROM partners_webhookendpoint;
    INSERT INTO partners_notification (public_id, topic, key, subject, facts)
        VALUES (gen_random_uuid(), 'eta_changed', 'old', 's', '{}'),
        (gen_random_uuid(), 'task_opened', 'new', 's', '{}');
    INSERT INTO partners_delivery (notification_id, user_id, channel, endpoint_id, state, message_id, attempts, error)
        SELECT n.id, u.id, 'email', NULL::bigint, 'queued', gen_random_uuid(), 0, ''
        FROM partners_notification n, partners_user u
        UNION ALL SELECT n.id, e.user_id, 'webhook', e.id, 'queued', gen_random_uuid(), 0, ''
        FROM partners_notification n, partners_webhookendpoint e;
"""
FOUND = """
    SELECT (SELECT count(*) FROM partners_user), (SELECT count(*) FROM partners_subscription),
        (SELECT string_agg(key, ',' ORDER BY key) FROM partners_notification), (SELECT count(*) FROM partners_delivery)
"""
OURS = """
    SELECT conname FROM pg_constraint WHERE NOT convalidated AND conrelid::regclass::text LIKE 'partners\\_%'
    UNION ALL SELECT indexrelid::regclass::text FROM pg_index
    WHERE NOT indisvalid AND indrelid::regclass::text LIKE 'partners\\_%'
"""


@pytest.mark.usefixtures("django_db_setup")
def test_the_migrations_of_notifications_go_backwards_and_forwards_with_rows():
    name = f"notices_back_{os.getpid()}"
    with psycopg.connect(_address("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {_migrated_template()}")
        try:
            found = []
            with psycopg.connect(_address(name), autocommit=True) as scratch:
                scratch.execute(ROWS)
                found.append(scratch.execute(FOUND).fetchone())
            for target in ("0002", "0005"):
                migrate(name, target)
                with psycopg.connect(_address(name), autocommit=True) as scratch:
                    found.append(scratch.execute(FOUND).fetchone())
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    # Of the new, what an older release cannot read is gone; the mail of before waits as it did.
    assert found == [(1, 4, "new,old", 4), (1, 1, "old", 1), (1, 1, "old", 1)]


def migrate(name: str, target: str) -> None:
    environment = {**os.environ, "DATABASE_URL": _address(name), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "manage.py", "migrate", "partners", target, "-v0", "--skip-checks"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.django_db
def test_nothing_is_left_unchecked_or_half_built():
    with connection.cursor() as cursor:
        cursor.execute(OURS)
        assert cursor.fetchall() == []
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'delivery_is_one_per_recipient_and_way'")
        (definition,) = cursor.fetchone()
    assert definition.endswith("(notification_id, user_id, channel, endpoint_id) NULLS NOT DISTINCT")
