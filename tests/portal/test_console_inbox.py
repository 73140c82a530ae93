"""The inbox and what repairs it: codes nobody mapped, mappings and their tables, jobs, payloads, the clinic's page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from milestones.services import evaluate_shipments
from partners.models import Job
from partners.services import work_jobs
from portal.console.payloads import lines_of, marked, places_of
from shipments.models import CodeMapping, Event, Message, Source, WaitingEvent
from shipments.services import ingest_waiting, receive, save_mapping
from tests.factories.partners import internal
from tests.factories.shipments import EventFactory, MessageFactory, ShipmentFactory, SourceFactory, native, payload

pytestmark = pytest.mark.django_db

X12 = (
    b"ISA*00*          *00*          *ZZ*CARRIER        *ZZ*US             *261103*1200*U*00401*000000007*0*P*>~\n"
    b"GS*QM*C*US*20261103*1200*7*X*004010~\nST*214*0001~\nB10*P*S-1*SCAC~\nLX*1~\nAT7*AF*NS***20261103*1300*LT~\n"
)


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


def signed_in(*groups: str) -> Client:
    client = Client()
    client.force_login(internal(*(groups or ("operations",))))
    return client


def foreign(raw_code: str, *references: tuple[str, str], **fields: object) -> dict[str, object]:
    event = native("", *references, raw_code=raw_code, **fields)
    del event["code"]
    return event


def heard(source: Source, *events: dict[str, object]) -> Message:
    message = receive(source, payload(*events)).message
    ingest_waiting()
    return message


def mapped(raw_code: str, code: str, **fields: Any) -> CodeMapping:
    values = {"format": "native", "code_list": "native", "raw_code": raw_code, "by": None}
    return save_mapping(code=code, **{**values, **fields})


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


# --- codes nobody mapped ---------------------------------------------------------------------------------------------


def test_codes_that_nobody_mapped_stand_in_one_line_each_the_most_frequent_first() -> None:
    one, other = SourceFactory(code="ONE"), SourceFactory(code="TWO")
    mapped("Q9", "DEPARTED", source=SourceFactory())
    heard(one, foreign("ZZ", ("mbl", "M1"), remarks="Gone with the wind"), foreign("Q9", ("mbl", "M1")))
    heard(other, foreign("ZZ", ("mbl", "M2")), foreign("ZZ", ("mbl", "M3")))
    client, address = signed_in(), reverse("admin:shipments_waitingevent_unmapped")

    def groups(query: str = "") -> list[tuple[Any, ...]]:
        found = client.get(address + query).context["groups"]
        return [(g["raw_code"], g["read_as"], g["events"], g["sources"], g["is_suggested"]) for g in found]

    assert groups() == [("ZZ", "native", 3, 2, False), ("Q9", "native", 1, 1, True)]
    assert groups("?source=two") == [("ZZ", "native", 2, 1, False)]
    assert groups("?format=csv") == []
    assert groups("?format=nonsense&source=%00") == groups()
    page = client.get(address)
    assert page.context["events"] == 4
    assert "Gone with the wind" in page.content.decode()
    assert "Map code" not in signed_in("sales").get(address).content.decode().split("<tbody>")[1]


def test_the_queue_is_empty_when_every_code_is_mapped() -> None:
    page = signed_in().get(reverse("admin:shipments_waitingevent_unmapped")).content.decode()
    assert "Every code is mapped" in page


def test_a_code_is_mapped_for_one_source_or_for_the_list_only_after_a_look() -> None:
    shipment = ShipmentFactory(references=[("mbl", "M1")])
    evaluate_shipments([shipment.pk], now=timezone.now())
    for holds_for, expected in {"source": ("native", True), "list": ("", False), "": ("native", False)}.items():
        source = SourceFactory()
        heard(source, foreign(f"Q-{holds_for}", ("mbl", "M1")))
        waiting = WaitingEvent.objects.unmapped().get()
        client = signed_in()
        address = reverse("admin:shipments_waitingevent_do_row", args=[waiting.pk, "map"])
        values = {"code": "DEPARTED", "classifier": "ACT", "holds_for": holds_for, "attributes": "mode=VESSEL"}
        seen = client.post(address, values)
        text = " ".join(seen.content.decode().split())
        assert (seen.status_code, "1 event would be read again" in text) == (200, True)
        assert CodeMapping.objects.filter(raw_code=waiting.event.raw_code).count() == 0
        other = client.post(address, {**values, "code": "LOADED", "previewed": seen.context["previewed"]})
        assert (other.status_code, CodeMapping.objects.filter(raw_code=waiting.event.raw_code).count()) == (200, 0)
        client.post(address, {**values, "previewed": seen.context["previewed"]})
        made = CodeMapping.objects.get(raw_code=waiting.event.raw_code)
        assert (made.format, made.source == source, made.attributes) == (*expected, {"mode": "VESSEL"})
        assert not WaitingEvent.objects.unmapped().exists()


def test_what_makes_no_sense_stays_in_the_dialog() -> None:
    heard(SourceFactory(), foreign("Q9", ("mbl", "M1")))
    address = reverse("admin:shipments_waitingevent_do_row", args=[WaitingEvent.objects.unmapped().get().pk, "map"])
    answer = signed_in().post(address, {"code": "NOPE", "attributes": "mode"})
    assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"code", "attributes"})


# --- mappings --------------------------------------------------------------------------------------------------------


def test_a_mapping_of_every_format_is_listed_and_has_a_page_with_its_versions() -> None:
    first = mapped("GONE", "DEPARTED", format="")
    mapped("GONE", "ARRIVED", format="", by=internal(name="Ann"))
    client = signed_in()
    page = client.get(reverse("admin:shipments_codemapping_changelist") + "?list=native&scope=list")
    assert [(m.raw_code, m.version) for m in page.context["listing"].rows] == [("GONE", 2), ("GONE", 1)]
    one = client.get(reverse("admin:shipments_codemapping_change", args=[first.pk]))
    (versions,) = one.context["sections"]
    assert [str(line[6])[:8] for line in versions.lines] == ["in force", "<time cl"]
    assert [a.name for a, _href in one.context["row_actions"]] == ["rerun"]


def test_a_mapping_is_made_changed_read_again_and_withdrawn() -> None:
    source = SourceFactory(code="FEED")
    client = signed_in()
    create = reverse("admin:shipments_codemapping_do", args=["create"])
    values = {"format": "native", "code_list": "native", "raw_code": "GONE", "source": "FEED", "code": "DEPARTED"}
    seen = client.post(create, values)
    client.post(create, {**values, "previewed": seen.context["previewed"]})
    mapping = CodeMapping.objects.get(raw_code="GONE")
    assert (mapping.source, mapping.version) == (source, 1)
    heard(source, foreign("GONE", ("mbl", "M1")))
    remap = reverse("admin:shipments_codemapping_do_row", args=[mapping.pk, "remap"])
    seen = client.post(remap, {"code": "ARRIVED"})
    saved = client.post(remap, {"code": "ARRIVED", "previewed": seen.context["previewed"]})
    newer = CodeMapping.objects.current().get(raw_code="GONE")
    assert saved["Location"] == reverse("admin:shipments_codemapping_change", args=[newer.pk])
    rerun = client.post(reverse("admin:shipments_codemapping_do_row", args=[newer.pk, "rerun"]))
    job = Job.objects.get()
    assert rerun["Location"] == reverse("admin:partners_job_change", args=[job.pk])
    assert job.parameters == {"source": "FEED", "format": "native", "code_list": "native", "raw_code": "GONE"}
    client.post(reverse("admin:shipments_codemapping_do_row", args=[newer.pk, "withdraw"]))
    assert not CodeMapping.objects.current().filter(raw_code="GONE").exists()
    assert client.get(reverse("admin:shipments_codemapping_do_row", args=[newer.pk, "withdraw"])).status_code == 409


def test_what_the_list_shows_is_taken_away_and_brought_back_after_a_check() -> None:
    mapped("GONE", "DEPARTED", note="=1+1")
    client = signed_in()
    export, bring = (reverse(f"admin:shipments_codemapping_{name}") for name in ("export", "import"))
    file = client.get(export + "?list=native&format=native")
    assert (file["Content-Type"], file["X-Content-Type-Options"]) == ("text/csv; charset=utf-8", "nosniff")
    lines = file.content.decode("utf-8-sig").splitlines()
    assert [line for line in lines if ",GONE," in line] == ["native,native,GONE,,DEPARTED,,,'=1+1"]
    changed = file.content.replace(b"DEPARTED", b"ARRIVED") + b"native,native,NEWER,,NOPE,,,\r\n"
    check = client.post(bring, {"file": SimpleUploadedFile("mappings.csv", changed)})
    assert check.context["counts"] == {"new": 0, "changed": 1, "same": len(lines) - 2, "error": 1}
    assert "There is no milestone NOPE." in check.content.decode()
    assert CodeMapping.objects.current().get(raw_code="GONE").code_id == "DEPARTED"
    done = client.post(bring, {"confirmed": "1", "checked": check.context["checked"]})
    assert (done.status_code, said(done)) == (302, ["1 mapping saved."])
    assert CodeMapping.objects.current().get(raw_code="GONE").code_id == "ARRIVED"
    for values, problem in (
        ({}, "Choose a file."),
        ({"confirmed": "1", "checked": "???"}, "Choose the file once more."),
        ({"file": SimpleUploadedFile("x", b"a,b\n")}, "The first line must name the columns"),
        ({"file": SimpleUploadedFile("x", b"x" * ((2 << 20) + 1))}, "A table of mappings may have 2 MiB at most."),
    ):
        assert problem in client.post(bring, values).content.decode()


# --- jobs ------------------------------------------------------------------------------------------------------------


def test_a_slice_is_looked_at_applied_and_the_page_says_what_came_of_it() -> None:
    mapped("GONE", "DEPARTED")
    heard(SourceFactory(code="FEED"), foreign("GONE", ("mbl", "M1")))
    mapped("GONE", "ARRIVED")
    client = signed_in()
    start = reverse("admin:partners_job_do", args=["reprocess"])
    wrong = client.post(start, {"source": "NOBODY"})
    assert set(wrong.context["form"].errors) == {"source"}
    nothing = client.post(start, {"source": "FEED", "until": "2020-01-01"})
    assert (nothing.status_code, Job.objects.count()) == (422, 0)
    client.post(start, {"source": "FEED"})
    job = Job.objects.get()
    page = reverse("admin:partners_job_change", args=[job.pk])
    running = client.get(page).content.decode()
    assert ("data-refresh" in running, 'http-equiv="refresh"' in running, "<progress" in running) == (True, True, True)
    apply = reverse("admin:partners_job_do_row", args=[job.pk, "apply"])
    assert client.get(apply).status_code == 409
    work_jobs()
    done = client.get(page)
    assert ("data-refresh" in done.content.decode(), "code: DEPARTED → ARRIVED" in done.content.decode()) == (
        False,
        True,
    )
    applied = client.post(apply)
    work_jobs()
    assert Event.objects.filter(code="ARRIVED").count() == 1
    last = client.get(applied["Location"])
    assert [str(section.title) for section in last.context["sections"]] == ["What changed", "Summed up", "Differences"]
    file = client.get(reverse("admin:partners_job_file", args=[job.pk, "result"]))
    assert json.loads(file.content)["counts"]["changed"] == 1


def test_a_job_is_cancelled_and_taken_up_again() -> None:
    heard(SourceFactory(), native("DEPARTED", ("mbl", "M1")))
    client = signed_in()
    client.post(reverse("admin:partners_job_do", args=["reprocess"]), {})
    job = Job.objects.get()
    client.post(reverse("admin:partners_job_do_row", args=[job.pk, "cancel"]))
    work_jobs()
    job.refresh_from_db()
    assert (job.state, job.done) == ("cancelled", 0)
    mine = client.get(reverse("admin:partners_job_changelist") + "?who=me")
    assert [row.pk for row in mine.context["listing"].rows] == [job.pk]
    assert signed_in().get(reverse("admin:partners_job_changelist") + "?who=me").context["listing"].rows == []
    client.post(reverse("admin:partners_job_do_row", args=[job.pk, "resume"]))
    work_jobs()
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 1)


def test_the_result_of_any_other_job_is_shown_as_it_is() -> None:
    ended = {"state": "failed", "error": "The file is gone.", "ended_at": timezone.now()}
    job = Job.objects.create(kind="other", title="Import", result={"rows": 7, "errors": [{"row": 3}]}, **ended)
    page = signed_in().get(reverse("admin:partners_job_change", args=[job.pk]))
    (result,) = page.context["sections"]
    assert ([(f.label, f.value) for f in result.facts], '"row": 3' in result.payload) == ([("Rows", 7)], True)
    assert "The file is gone." in page.content.decode()


# --- payloads --------------------------------------------------------------------------------------------------------


def test_x12_and_edifact_stand_by_segments_and_json_indented() -> None:
    assert lines_of(X12)[1:3] == ["GS*QM*C*US*20261103*1200*7*X*004010~", "ST*214*0001~"]
    assert lines_of(X12.replace(b"~\n", b"\n").replace(b"~", b"\n"))[2] == "ST*214*0001"
    edifact = b"UNA:+.? 'UNB+UNOC:3+A+B+1+7'UNH+1+IFTSTA:D:10B:UN'FTX+AAI+++it?'s here'UNT+3+1'UNZ+1+7'"
    assert lines_of(edifact) == [
        "UNA:+.? '", "UNB+UNOC:3+A+B+1+7'", "UNH+1+IFTSTA:D:10B:UN'", "FTX+AAI+++it?'s here'", "UNT+3+1'", "UNZ+1+7'",
    ]  # fmt: skip
    assert lines_of(edifact.removeprefix(b"UNA:+.? '"))[0] == "UNB+UNOC:3+A+B+1+7'"
    assert lines_of(b'[{"a":1}]') == ["[", "  {", '    "a": 1', "  }", "]"]
    assert lines_of(b'{"a": ') == ['{"a": ']
    assert lines_of(b"a;b\n1;2\n") == ["a;b", "1;2"]
    assert lines_of(b"PK\x03\x04abcdefgh") == ["This is no text: 12 bytes that begin with 50 4b 03 04 61 62 63 64."]
    assert [lines_of(raw) for raw in (b"", b"ISA", b"UNB", b"ISA*x\ny")] == [[], ["ISA"], ["UNB'"], ["ISA*x", "y"]]


@pytest.mark.parametrize(
    ("raw", "segments", "expected"),
    [
        (X12, ["AT7 #6"], {5}),
        (b"UNA:+.? 'UNB+1'UNH+2'", ["UNH #2"], {2}),
        (b"UNB+1'UNH+2'", ["UNH #2"], {1}),
        (b"a;b\n1;2\n", ["row 2"], {1}),
        (b"FSU/12\n020-1\nRCS/1", ["RCS, line 3"], {2}),
        (b'[{"a": 1}, {"b": [2]}]', ["event 2"], {4, 5, 6, 7, 8}),
        (b'{"data": {"events": [{"a": 1}, {"b": 2}]}, "x": [{}]}', ["event 1, unit 2"], {3, 4, 5}),
        (b'[{"a": 1}]', ["event 9"], set()),
        (b'{"a', ["event 1"], set()),
        (X12, ["", "nowhere"], set()),
    ],
)
def test_the_place_of_an_event_is_found_in_the_lines(raw: bytes, segments: list[str], expected: set[int]) -> None:
    assert places_of(raw, segments) == expected


def test_what_a_sender_writes_is_no_markup() -> None:
    assert marked(["<b>", "<i>"], {1}) == '&lt;b&gt;\n<mark id="hit">&lt;i&gt;</mark>'


def test_the_page_of_a_message_marks_the_segment_of_an_event_and_without_one_the_problems() -> None:
    message = MessageFactory(
        source=SourceFactory(format="auto"), raw=X12, format="x12_214",
        errors=[{"code": "x", "message": "Wrong.", "segment": "ST #3"}],
    )  # fmt: skip
    event = EventFactory(message=message, segment="AT7 #6")
    client = signed_in()
    address = reverse("admin:shipments_message_change", args=[message.pk])

    def hit(query: str) -> str:
        (section,) = [s for s in client.get(address + query).context["sections"] if s.title == "Payload as received"]
        return str(section.payload).split('<mark id="hit">')[1].split("</mark>")[0]

    assert hit(f"?event={event.pk}") == "AT7*AF*NS***20261103*1300*LT~"
    assert hit("") == "ST*214*0001~"
    page = client.get(reverse("admin:shipments_event_change", args=[event.pk])).content.decode()
    assert f'href="{address}?event={event.pk}#hit">AT7 #6</a>' in page
    assert "X12 214 · " in client.get(reverse("admin:shipments_message_changelist")).content.decode()


# --- the clinic ------------------------------------------------------------------------------------------------------


def test_the_clinic_takes_a_text_or_a_file_and_keeps_neither() -> None:
    shipment = ShipmentFactory(references=[("mbl", "M1")])
    evaluate_shipments([shipment.pk], now=timezone.now())
    SourceFactory(code="FEED")
    client, address = signed_in(), reverse("admin:clinic")
    raw = payload(native("DEPARTED", ("mbl", "M1"), location={"unlocode": "NLRTM"}))
    for values in (
        {"payload": raw.decode(), "source": "FEED"},
        {"payload": raw.decode(), "format": "native"},
        {"payload": "nonsense", "file": SimpleUploadedFile("e.json", raw), "format": "auto"},
    ):
        page = client.post(address, values)
        text = page.content.decode()
        assert (page.status_code, "What it would change" in text, shipment.reference in text) == (200, True, True)
    assert (Message.objects.count(), Event.objects.count(), Source.objects.count()) == (0, 0, 1)


@pytest.mark.parametrize(
    ("values", "field", "problem"),
    [
        ({}, "payload", "Paste a message, or choose a file."),
        ({"payload": "x", "source": "NOBODY"}, "source", "Nothing with this name was found."),
        (
            {"payload": "x", "format": "telex"},
            "format",
            "Select a valid choice. telex is not one of the available choices.",
        ),
        (
            {"file": SimpleUploadedFile("x", b"x" * ((5 << 20) + 1))},
            "file",
            "The clinic takes 5 MiB at most. Try a part of it.",
        ),
    ],
)
def test_what_the_clinic_cannot_take_stays_in_the_form(values: dict[str, Any], field: str, problem: str) -> None:
    page = signed_in().post(reverse("admin:clinic"), values)
    assert (page.status_code, page.context["form"].errors) == (422, {field: [problem]})


def test_markup_in_a_payload_stays_text() -> None:
    page = signed_in().post(reverse("admin:clinic"), {"payload": '[{"code":"<script>x</script>"}]', "format": "native"})
    assert "<script>x" not in page.content.decode()
