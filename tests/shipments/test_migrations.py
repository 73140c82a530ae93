"""A release that is taken back and brought in again finds the rows of the meantime, and leaves them as they are."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest

from tests.conftest import ROOT, _address, _migrated_template

ROWS = """
    INSERT INTO partners_partner (public_id, code, name, kinds, country, time_zone, language, billing_currency,
        billing_address, payment_days, is_active)
        VALUES (gen_random_uuid(), 'P', 'P', '{carrier}', '', '', 'en', 'EUR', '', 30, true);
    INSERT INTO shipments_source (code, partner_id, format, transport, time_zone, trust, latency_minutes,
        column_mapping, is_active) SELECT 'S', id, 'ups', 'webhook', '', 50, 240, '{}', true FROM partners_partner;
    INSERT INTO shipments_waitingevent (event_id, source_id, reason, detail, keys, outcome)
        SELECT 1, id, 'unplaced', '', '{place:iata:XXX}', '' FROM shipments_source;
    UPDATE shipments_codemapping SET replaced_at = now() WHERE code_list = 'fsu' AND raw_code = 'DEP';
    INSERT INTO shipments_codemapping (format, code_list, raw_code, code, classifier, attributes, version)
        SELECT format, code_list, raw_code, 'ARRIVED', '', '{}', 2 FROM shipments_codemapping
        WHERE code_list = 'fsu' AND raw_code = 'DEP';
    INSERT INTO shipments_codemapping (format, code_list, raw_code, code, classifier, attributes, version)
        SELECT 'dcsa_2', code_list, raw_code, 'ARRIVED', '', '{}', 1 FROM shipments_codemapping
        WHERE format = '' AND code_list = 'dcsa' ORDER BY raw_code LIMIT 1;
"""
FOUND = """
    SELECT (SELECT format FROM shipments_source), (SELECT reason FROM shipments_waitingevent),
        (SELECT code FROM shipments_codemapping WHERE code_list = 'fsu' AND raw_code = 'DEP' AND replaced_at IS NULL),
        (SELECT count(*) FROM shipments_codemapping WHERE replaced_at IS NULL),
        (SELECT count(*) FROM shipments_locationalias)
"""


@pytest.mark.usefixtures("django_db_setup")
def test_the_migrations_of_sources_of_every_kind_go_backwards_and_forwards_with_rows():
    name = f"there_and_back_{os.getpid()}"
    with psycopg.connect(_address("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {_migrated_template()}")
        try:
            with psycopg.connect(_address(name), autocommit=True) as scratch:
                scratch.execute(ROWS)
                before = scratch.execute(FOUND).fetchone()
            for target in ("0004", "0008"):
                migrate(name, target)
            with psycopg.connect(_address(name), autocommit=True) as scratch:
                assert scratch.execute(FOUND).fetchone() == before
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert before is not None and before[:3] == ("ups", "unplaced", "ARRIVED")


PAPERS = """
    INSERT INTO partners_partner (public_id, code, name, kinds, country, time_zone, language, billing_currency,
        billing_address, payment_days, is_active)
        VALUES (gen_random_uuid(), 'P', 'P', '{customer}', '', '', 'en', 'EUR', '', 30, true);
    INSERT INTO shipments_shipment (public_id, reference, type, mode, service, customer_id, origin_id, destination_id,
        cancel_reason) SELECT gen_random_uuid(), 'S', 'export', 'ocean', 'fcl', p.id, l.id, l.id, ''
        FROM partners_partner p, shipments_location l WHERE l.unlocode = 'NLRTM' AND l.facility_code = '';
    INSERT INTO shipments_document (public_id, shipment_id, type, name, content_type, size, digest, body, audience,
        withdraw_reason) SELECT gen_random_uuid(), id, 'pod', 'a.pdf', 'application/pdf', 1, 'd', 'x', 'internal', ''
        FROM shipments_shipment;
    INSERT INTO shipments_shipmentpast (shipment_id, until, facts) SELECT id, now(), '{}' FROM shipments_shipment;
"""
STANDS = """
    SELECT (SELECT count(*) FROM shipments_document), (SELECT count(*) FROM shipments_shipmentpast),
        (SELECT array_agg(reference || ':' || service) FROM shipments_shipment),
        (SELECT convalidated FROM pg_constraint WHERE conname = 'shipment_service_is_known')
"""


@pytest.mark.usefixtures("django_db_setup")
def test_the_migrations_of_services_and_papers_go_backwards_and_forwards_with_rows():
    """Without them a shipment has no service, papers and earlier states; the shipment itself stays."""
    name = f"papers_and_back_{os.getpid()}"
    with psycopg.connect(_address("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {_migrated_template()}")
        try:
            with psycopg.connect(_address(name), autocommit=True) as scratch:
                scratch.execute(PAPERS)
                before = scratch.execute(STANDS).fetchone()
            for target in ("0012", "0014"):
                migrate(name, target)
            with psycopg.connect(_address(name), autocommit=True) as scratch:
                after = scratch.execute(STANDS).fetchone()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert (before, after) == ((1, 1, ["S:fcl"], True), (0, 0, ["S:"], True))


def migrate(name: str, target: str) -> None:
    environment = {**os.environ, "DATABASE_URL": _address(name), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "manage.py", "migrate", "shipments", target, "-v0", "--skip-checks"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
