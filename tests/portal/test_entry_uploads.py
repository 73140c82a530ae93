"""Tables by the doors: chosen, checked, imported, read, undone."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from partners.enums import Role
from partners.models import Job, Partner
from partners.services.jobs import cancel_job, work_jobs
from shipments.enums import Format
from shipments.models import Event, Message, Shipment, Source, Upload
from shipments.services import checking, ingest_waiting
from tests.factories.partners import PartnerFactory, internal, member
from tests.factories.shipments import SourceFactory
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db
GOOD = "code,occurred_at,reference,unlocode\nDEPARTED,2026-11-07 18:30,SHIP-1,CNSGH\nARRIVED,2026-11-08,NOBODY,NLRTM\n"
TABLE = GOOD + "DEPARTED,soon,SHIP-1,CNSGH\n"


@pytest.fixture
def shipment() -> Shipment:
    return with_journey(shipment_of(PartnerFactory(name="Lumen"), reference="SHIP-1"), done=2)


@pytest.fixture
def source() -> Source:
    return SourceFactory(code="TABLES-1", format=Format.CSV)


@pytest.fixture
def client(shipment: Shipment) -> Client:
    client = Client()
    client.force_login(internal("operations"))
    return client


@pytest.fixture
def partners_client(shipment: Shipment) -> Client:
    client = Client()
    client.force_login(member(shipment.customer, Role.EDITOR))
    return client


def file(text: str | bytes, name: str = "dates.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def hand_in(client: Client, source: Source, text: str | bytes, name: str = "dates.csv") -> Upload:
    answer = client.post("/admin/shipments/upload/new/", {"source": source.pk, "file": file(text, name)})
    upload = Upload.objects.latest("pk")
    assert answer.headers["Location"] == page_of(upload)
    return upload


def page_of(upload: Upload) -> str:
    return f"/admin/shipments/upload/{upload.pk}/change/"


def do(client: Client, upload: Upload, name: str, **said: str) -> int:
    return client.post(f"/admin/shipments/upload/{upload.pk}/do/{name}/", said).status_code


def pills(text: str) -> list[str]:
    return re.findall(r'<span class="eg-pill is-\w+">([^<]*)</span>', text)


def test_the_check_page_shows_each_row_and_writes_nothing(client: Client, source: Source) -> None:
    """INB-4: rows that are ready and rows with errors, the error under its cell, and where each goes."""
    upload = hand_in(client, source, TABLE)
    text = client.get(page_of(upload)).content.decode()
    assert pills(text) == ["2 ready", "1 with a problem"]
    assert 'soon<span class="eg-error">There is no such date and time: soon.</span>' in text
    assert re.findall(r'data-label="Goes to">(.*?)</td>', text) == [
        "<b>SHIP-1</b>", "<small>waits: no shipment known</small>", "<small>skipped</small>",
    ]  # fmt: skip
    assert ("Import 2 rows" in text, Event.objects.count(), Message.objects.count()) == (True, 0, 0)


def test_an_import_shows_its_progress_and_then_what_became_of_each_row(client: Client, source: Source) -> None:
    """INB-5: the page asks again while the table is read, and stops when it is."""
    upload = hand_in(client, source, TABLE)
    assert do(client, upload, "import") == 302
    reading = client.get(page_of(upload)).content.decode()
    assert ('<meta http-equiv="refresh" content="2">' in reading, "0 of 2 rows" in reading) == (True, True)
    ingest_waiting()
    text = client.get(page_of(upload)).content.decode()
    assert 'http-equiv="refresh"' not in text
    assert pills(text) == ["1 matched", "1 waits", "1 left out", "matched", "waits", "left out"]
    assert re.findall(r"<small>(No shipment[^<]*|Unmatched[^<]*)</small>", text) != []
    again = hand_in(client, source, GOOD)
    assert do(client, again, "import") == 302
    ingest_waiting()
    assert pills(client.get(page_of(again)).content.decode()) == ["2 known before", "known before", "known before"]


def test_the_rows_with_problems_come_back_as_a_file(client: Client, source: Source) -> None:
    upload = hand_in(client, source, TABLE)
    answer = client.get(f"/admin/shipments/upload/{upload.pk}/file/errors/")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dates-problems.csv"'
    assert answer.getvalue().decode("utf-8-sig").splitlines()[1].startswith("DEPARTED,soon,SHIP-1,CNSGH,")


def test_an_undo_asks_says_how_much_and_takes_back(client: Client, source: Source) -> None:
    upload = hand_in(client, source, TABLE)
    do(client, upload, "import")
    ingest_waiting()
    dialog = client.get(f"/admin/shipments/upload/{upload.pk}/do/undo/").content.decode()
    assert "2 events are taken back." in dialog
    assert do(client, upload, "undo", reason="") == 422
    assert do(client, upload, "undo", reason="wrong file") == 302
    text = client.get(page_of(upload)).content.decode()
    assert "The events of this import count no more." in text
    assert pills(text) == ["taken back", "taken back", "left out"]


def test_a_large_undo_shows_how_far_it_is(client: Client, source: Source) -> None:
    rows = "".join(f"DEPARTED,2026-11-07 {n // 60:02}:{n % 60:02},SHIP-1,CNSGH\n" for n in range(600))
    upload = hand_in(client, source, "code,occurred_at,reference,unlocode\n" + rows)
    do(client, upload, "import")
    ingest_waiting()
    do(client, upload, "undo", reason="wrong file")
    text = client.get(page_of(upload)).content.decode()
    assert ("0 of 600 events" in text, 'http-equiv="refresh"' in text) == (True, True)
    work_jobs()
    assert 'http-equiv="refresh"' not in client.get(page_of(upload)).content.decode()


def test_unknown_headings_lead_to_a_form_with_what_is_likely(client: Client, source: Source) -> None:
    upload = hand_in(client, source, "Event Kode;Event Timestmp;Ref Nr\nDEPARTED;2026-11-07;SHIP-1\n")
    text = client.get(page_of(upload)).content.decode()
    assert "Which column is what?" in text
    chosen = {"column_code": "Event Kode", "column_occurred_at": "Event Timestmp", "column_reference": "Ref Nr"}
    answer = client.post(f"/admin/shipments/upload/{upload.pk}/columns/", chosen)
    again = Upload.objects.latest("pk")
    upload.refresh_from_db()
    assert (answer.headers["Location"], upload.state, again.report["ready"]) == (page_of(again), "discarded", 1)
    assert "Remember the columns for this source" in client.get(page_of(again)).content.decode()
    do(client, again, "import", remember="on")
    source.refresh_from_db()
    assert source.column_mapping == {"code": "Event Kode", "occurred_at": "Event Timestmp", "reference": "Ref Nr"}


def test_what_is_likely_is_chosen_already(client: Client, source: Source) -> None:
    upload = hand_in(client, source, "Event Cod;Event Timestmp;Booking Numbr\nDEPARTED;2026-11-07;SHIP-1\n")
    text = client.get(page_of(upload)).content.decode()
    assert re.findall(r'<option value="([^"]+)" selected>', text) == ["Event Cod", "Event Timestmp", "Booking Numbr"]


@pytest.mark.parametrize(
    ("raw", "name", "said"),
    [
        (b"%PDF-1.7 ...", "dates.csv", "it looks like a PDF document"),
        (b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260101*0000*U*00401*1*0*P*>~", "x.csv",
         "an X12 interchange"),
    ],
)  # fmt: skip
def test_another_kind_of_file_is_named(client: Client, source: Source, raw: bytes, name: str, said: str) -> None:
    upload = hand_in(client, source, raw, name)
    text = client.get(page_of(upload)).content.decode()
    assert (said in text, "Import" in text.partition("eg-bar")[2], "Which column" in text) == (True, False, False)


def test_a_problem_of_a_row_is_said_also_where_no_row_can_be_shown(client: Client, source: Source) -> None:
    upload = hand_in(client, source, ",".join(["c"] * 300) + "\n" + ",".join(["x"] * 300) + "\n")
    text = client.get(page_of(upload)).content.decode()
    assert "The table has more than 200 columns, which is the limit." in text


def test_a_file_that_is_too_large_or_empty_is_refused_beside_its_field(
    client: Client, source: Source, settings: object
) -> None:
    settings.WAYMARK_PARSE_LIMIT = 1 << 20  # type: ignore[attr-defined]
    for text, said in (
        (b"x" * ((1 << 20) + 1), "A table may have 1 MiB at most."),
        (b"", "The submitted file is empty."),
    ):
        answer = client.post("/admin/shipments/upload/new/", {"source": source.pk, "file": file(text)})
        assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert Upload.objects.count() == 0


def test_only_sources_that_send_tables_are_offered(client: Client, source: Source) -> None:
    other = SourceFactory(code="CARRIER", format=Format.X12_214)
    text = client.get("/admin/shipments/upload/new/").content.decode()
    assert (source.code in text, other.code in text) == (True, False)
    answer = client.post("/admin/shipments/upload/new/", {"source": other.pk, "file": file(GOOD)})
    assert (answer.status_code, Upload.objects.count()) == (422, 0)


def test_a_formula_in_a_cell_is_text_on_the_page(client: Client, source: Source) -> None:
    """INB-7: a cell that a spreadsheet would run is shown as it was written."""
    upload = hand_in(client, source, "code,occurred_at,reference\nDEPARTED,=cmd|' /C calc'!A0,SHIP-1\n")
    assert "=cmd|&#x27; /C calc&#x27;!A0" in client.get(page_of(upload)).content.decode()


# --- large tables --------------------------------------------------------------------------------------------------


def large(rows: int = 3000) -> str:
    """Every tenth row has no time."""
    said = ("soon" if n % 10 == 9 else f"2026-11-07 {n // 60 % 24:02}:{n % 60:02}" for n in range(rows))
    lines = (f"DEPARTED,{when},SHIP-1,CNSGH,{'x' * 200}\n" for when in said)
    return "code,occurred_at,reference,unlocode,remarks\n" + "".join(lines)


def test_a_large_table_shows_how_far_its_check_is_and_then_the_check(
    client: Client, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = hand_in(client, source, large())
    text = client.get(page_of(upload)).content.decode()
    assert ('<meta http-equiv="refresh" content="2">' in text, "0 rows checked · 0 %" in text) == (True, True)
    assert ("Being checked" in text, "Import" in text.partition("Checking the table")[2]) == (True, False)
    monkeypatch.setattr(checking, "_SECONDS", 0)
    checking.check_step(Job.objects.get())
    text = client.get(page_of(upload)).content.decode()
    percent = int(re.findall(r'<progress class="eg-progress" max="100" value="(\d+)"', text)[0])
    assert (0 < percent < 100, f"1000 rows checked · {percent} %" in text) == (True, True)
    Job.objects.update(lease_until=None)
    work_jobs()
    text = client.get(page_of(upload)).content.decode()
    assert ("refresh" in text.partition("</head>")[0], pills(text)) == (False, ["2700 ready", "300 with problems"])
    assert ("Import 2700 rows" in text, "2750 more rows are not shown." in text) == (True, True)


def test_a_table_is_discarded_while_it_is_checked(client: Client, source: Source) -> None:
    upload = hand_in(client, source, large())
    assert f"/admin/shipments/upload/{upload.pk}/do/discard/" in client.get(page_of(upload)).content.decode()
    assert do(client, upload, "discard") == 302
    upload.refresh_from_db()
    assert (upload.state, Job.objects.get().state, work_jobs()) == ("discarded", "cancelled", 0)
    assert "This upload was discarded." in client.get(page_of(upload)).content.decode()


def test_who_may_only_look_sees_the_check_and_may_not_discard(client: Client, source: Source) -> None:
    upload = hand_in(client, source, large())
    reader = Client()
    reader.force_login(internal("auditor"))
    text = reader.get(page_of(upload)).content.decode()
    assert ("Checking the table" in text, "/do/discard/" in text) == (True, False)
    assert do(reader, upload, "discard") == 403
    upload.refresh_from_db()
    assert upload.state == "checking"


def test_a_check_that_stopped_says_so_and_the_page_rests(client: Client, source: Source) -> None:
    upload = hand_in(client, source, large())
    cancel_job(Job.objects.get(), by=None)
    text = client.get(page_of(upload)).content.decode()
    assert ("The check came to a stop" in text, 'http-equiv="refresh"' in text) == (True, False)
    assert do(client, upload, "discard") == 302


def test_columns_are_chosen_for_a_large_table_too(client: Client, source: Source) -> None:
    upload = hand_in(client, source, large().replace("occurred_at", "Event Timestmp", 1))
    work_jobs()
    assert "Which column is what?" in client.get(page_of(upload)).content.decode()
    chosen = {"column_code": "code", "column_occurred_at": "Event Timestmp", "column_reference": "reference"}
    client.post(f"/admin/shipments/upload/{upload.pk}/columns/", chosen)
    again = Upload.objects.latest("pk")
    assert "Checking the table" in client.get(page_of(again)).content.decode()
    work_jobs()
    assert "Import 2700 rows" in client.get(page_of(again)).content.decode()


def test_a_partner_follows_the_check_of_a_large_table(partners_client: Client, shipment: Shipment) -> None:
    partners_client.post("/portal/uploads/", {"partner": shipment.customer_id, "file": file(large())})
    page = f"/portal/uploads/{Upload.objects.get().public_id}/"
    text = partners_client.get(page).content.decode()
    assert ('http-equiv="refresh"' in text, "0 rows checked · 0 %" in text, ">Discard<" in text) == (True, True, True)
    assert partners_client.post(page, {"step": "import"}).status_code == 400
    listed = partners_client.get("/portal/uploads/").content.decode()
    assert ("Being checked" in listed, "rows ready" in listed) == (True, False)
    work_jobs()
    assert "Import 2700 rows" in partners_client.get(page).content.decode()
    stranger = Client()
    stranger.force_login(member(PartnerFactory(), Role.EDITOR))
    assert [stranger.get(page).status_code, stranger.get(f"{page}errors/").status_code] == [404, 404]
    errors = partners_client.get(f"{page}errors/")
    assert (errors.streaming, errors.getvalue().count(b"no such date")) == (True, 300)


def test_a_partner_discards_a_table_that_is_being_checked(partners_client: Client, shipment: Shipment) -> None:
    partners_client.post("/portal/uploads/", {"partner": shipment.customer_id, "file": file(large())})
    page = f"/portal/uploads/{Upload.objects.get().public_id}/"
    stranger = Client()
    stranger.force_login(member(PartnerFactory(), Role.EDITOR))
    assert stranger.post(page, {"step": "discard"}).status_code == 404
    assert partners_client.post(page, {"step": "discard"}).headers["Location"] == "/portal/uploads/"
    assert (Upload.objects.get().state, Job.objects.get().state) == ("discarded", "cancelled")


# --- the portal ----------------------------------------------------------------------------------------------------


def test_a_partner_hands_in_a_table_of_his_own_source(partners_client: Client, shipment: Shipment) -> None:
    answer = partners_client.post("/portal/uploads/", {"partner": shipment.customer_id, "file": file(TABLE)})
    upload = Upload.objects.get()
    assert answer.headers["Location"] == f"/portal/uploads/{upload.public_id}/"
    source = upload.source
    assert (source.partner, source.format, source.transport) == (shipment.customer, Format.CSV, "file")
    page = answer.headers["Location"]
    assert "Import 2 rows" in partners_client.get(page).content.decode()
    assert partners_client.post(page, {"step": "import"}).headers["Location"] == page
    assert 'http-equiv="refresh"' in partners_client.get(page).content.decode()
    ingest_waiting()
    text = partners_client.get(page).content.decode()
    assert pills(text)[:3] == ["1 matched", "1 waits", "1 left out"]
    assert "2 events are taken back." in text
    assert partners_client.post(page, {"step": "undo", "reason": " "}).status_code == 400
    assert partners_client.post(page, {"step": "undo", "reason": "wrong"}).status_code == 302
    assert "The events of this import count no more." in partners_client.get(page).content.decode()
    listed = partners_client.get("/portal/uploads/").content.decode()
    assert ("dates.csv" in listed, "Undone" in listed) == (True, True)
    errors = partners_client.get(f"{page}errors/")
    assert (errors.headers["X-Content-Type-Options"], b"soon" in errors.getvalue()) == ("nosniff", True)


def test_a_partner_may_not_hand_in_for_another(partners_client: Client) -> None:
    other: Partner = PartnerFactory()
    answer = partners_client.post("/portal/uploads/", {"partner": other.pk, "file": file(GOOD)})
    assert (answer.status_code, Upload.objects.count()) == (400, 0)


def test_a_partner_sees_no_shipment_of_others_in_the_check(partners_client: Client, shipment: Shipment) -> None:
    foreign = with_journey(shipment_of(PartnerFactory(), reference="FOREIGN-1"))
    text = "code,occurred_at,reference\nDEPARTED,2026-11-07,FOREIGN-1\n"
    partners_client.post("/portal/uploads/", {"partner": shipment.customer_id, "file": file(text)})
    upload = Upload.objects.get()
    page = partners_client.get(f"/portal/uploads/{upload.public_id}/").content.decode()
    assert (str(foreign.public_id) in page, "waits: no shipment known" in page) == (False, True)


def test_a_discarded_table_is_not_imported(partners_client: Client, shipment: Shipment) -> None:
    partners_client.post("/portal/uploads/", {"partner": shipment.customer_id, "file": file(GOOD)})
    page = f"/portal/uploads/{Upload.objects.get().public_id}/"
    assert partners_client.post(page, {"step": "discard"}).headers["Location"] == "/portal/uploads/"
    assert partners_client.post(page, {"step": "import"}).status_code == 400
    assert Message.objects.count() == 0
