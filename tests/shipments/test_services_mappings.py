"""What a foreign code means: saved, tried out, withdrawn, suggested, taken away as a table and brought back."""

from __future__ import annotations

import pytest
from django.db import transaction

from core.errors import DomainError
from shipments.enums import MessageState, WaitOutcome, WaitReason
from shipments.models import CodeMapping, Event, Message, WaitingEvent
from shipments.services import (
    check_mappings,
    export_mappings,
    import_mappings,
    ingest_waiting,
    receive,
    rehearse_mapping,
    save_mapping,
    suggest_meanings,
    withdraw_mapping,
)
from shipments.services.mappings import mappings_of, waiting_with
from shipments.services.reading import read
from tests.factories.partners import internal
from tests.factories.shipments import ShipmentFactory, SourceFactory, native, payload

pytestmark = pytest.mark.django_db


def heard(source, *events: dict[str, object]) -> Message:
    receipt = receive(source, payload(*events))
    ingest_waiting()
    receipt.message.refresh_from_db()
    return receipt.message


def foreign(raw_code: str, *references: tuple[str, str], **fields: object) -> dict[str, object]:
    event = native("", *references, raw_code=raw_code, **fields)
    del event["code"]
    return event


def mapped(raw_code: str, code: str, **fields: object) -> CodeMapping:
    values = {"format": "native", "code_list": "native", "raw_code": raw_code, "by": None}
    return save_mapping(code=code, **{**values, **fields})


def test_rule_13_an_unknown_code_is_kept_as_info_and_counted_and_the_message_is_never_refused():
    shipment = ShipmentFactory(references=[("mbl", "M1")])
    message = heard(SourceFactory(), foreign("QQ7", ("mbl", "M1")), native("DEPARTED", ("mbl", "M1")))
    assert (message.state, message.errors) == (MessageState.PARSED, [])
    assert (message.events_found, message.events_matched, message.events_unmapped) == (2, 2, 1)
    event = Event.objects.get(raw_code="QQ7")
    assert (event.code_id, event.raw_code, event.quarantine) == ("INFO", "QQ7", "")
    assert list(event.matches.values_list("shipment", flat=True)) == [shipment.pk]
    waiting = WaitingEvent.objects.unmapped().get()
    assert (waiting.event, waiting.reason) == (event, WaitReason.UNMAPPED)
    assert [w.pk for w in waiting_with(format="native", code_list="native", raw_code="QQ7")] == [waiting.pk]


def test_a_rehearsal_says_what_would_change_and_leaves_nothing_behind():
    source = SourceFactory()
    heard(source, foreign("GONE", ("mbl", "M1")), foreign("GONE", ("mbl", "M2")), foreign("GONE", ("mbl", "M3")))
    values = {"format": "native", "code_list": "native", "raw_code": "GONE", "source": source}
    with transaction.atomic():
        found = rehearse_mapping(code="DEPARTED", classifier="EST", limit=2, **values)
        transaction.set_rollback(True)
    assert found.waiting == 3
    assert [(old.code_id, new.code_id, new.classifier) for old, new in found.changes] == [
        ("INFO", "DEPARTED", "ACT"), ("INFO", "DEPARTED", "ACT"),
    ]  # fmt: skip
    assert (Event.objects.count(), WaitingEvent.objects.unmapped().count()) == (3, 3)
    assert CodeMapping.objects.filter(raw_code="GONE").count() == 0


def test_a_mapping_of_every_format_takes_up_what_waits_in_any():
    heard(SourceFactory(), foreign("GONE", ("mbl", "M1")))
    mapped("GONE", "DEPARTED", format="")
    assert WaitingEvent.objects.unmapped().count() == 0
    assert WaitingEvent.objects.get(reason="unmapped").outcome == WaitOutcome.MAPPED


def test_a_withdrawn_mapping_holds_no_more_and_stays_on_record():
    mapping = mapped("GONE", "DEPARTED")
    withdraw_mapping(mapping, by=None)
    assert mapping.replaced_at is not None
    heard(SourceFactory(), foreign("GONE", ("mbl", "M1")))
    assert Event.objects.get().code_id == "INFO"
    with pytest.raises(DomainError) as refusal:
        withdraw_mapping(mapping, by=None)
    assert (refusal.value.code, refusal.value.conflict) == ("not_current", True)
    assert mapped("GONE", "ARRIVED").version == 2


def test_the_mapping_behind_a_code_is_the_most_specific_one():
    source = SourceFactory()
    message = heard(source, foreign("GONE", ("mbl", "M1")))
    rows = {}
    for name, scope in {
        "any": {"format": ""}, "format": {}, "source": {"format": "", "source": source}, "both": {"source": source},
    }.items():  # fmt: skip
        rows[name] = mapped("GONE", "DEPARTED", **scope)
        assert mappings_of(read(message)) == {("native", "GONE"): rows[name]}, name
    other = heard(SourceFactory(), foreign("GONE", ("mbl", "M2")))
    assert mappings_of(read(other)) == {("native", "GONE"): rows["format"]}


def test_the_same_code_elsewhere_is_suggested_nearest_first():
    other = SourceFactory(code="OTHER")
    mapped("Z7", "DEPARTED", source=other)
    mapped("Z7", "ARRIVED", format="dcsa_2", code_list="elsewhere", classifier="EST")
    found = suggest_meanings(format="native", code_list="native", raw_code="z7")
    assert [(s.code, s.classifier, s.score) for s in found] == [("DEPARTED", "", 90), ("ARRIVED", "EST", 50)]
    assert "OTHER" in found[0].why


def test_what_the_reports_say_in_words_is_suggested():
    CodeMapping.objects.all().delete()
    mapped("A", "CUSTOMS_HOLD", note="held by customs for inspection")
    heard(SourceFactory(), foreign("9X", ("mbl", "M1"), remarks="Held for inspection by customs"))
    (first, *_rest) = suggest_meanings(format="native", code_list="native", raw_code="9X")
    assert first.code == "CUSTOMS_HOLD"
    assert first.why == "“Held for inspection by customs” reads like the note “held by customs for inspection”."
    assert suggest_meanings(format="native", code_list="native", raw_code="0O") == []


def test_a_table_of_mappings_comes_back_as_it_went():
    source = SourceFactory(code="FEED")
    CodeMapping.objects.all().delete()
    odd = {"note": "=cmd|'/c calc'!A0", "attributes": {"mode": "ROAD", "part": 2}}
    for raw_code in ("=1+1", "+", "-a", "@a", "'plain", 'q"uo,te'):
        mapped(raw_code, "DEPARTED", source=source, **odd)
    raw = export_mappings(CodeMapping.objects.order_by("pk"))
    text = raw.decode("utf-8-sig")
    assert text.splitlines()[0] == "format,code_list,raw_code,source,code,classifier,attributes,note"
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in text.splitlines() for cell in line.split(","))
    assert {row.outcome for row in check_mappings(raw)} == {"same"}
    CodeMapping.objects.all().delete()
    assert {row.outcome for row in import_mappings(raw, by=None)} == {"new"}
    assert sorted(CodeMapping.objects.values_list("raw_code", flat=True)) == sorted(
        ["=1+1", "+", "-a", "@a", "'plain", 'q"uo,te']
    )
    assert CodeMapping.objects.first().attributes == odd["attributes"]


def test_each_row_of_a_table_says_what_it_would_do_before_anything_is_written():
    mapped("KNOWN", "DEPARTED")
    mapped("STAYS", "ARRIVED")
    before = CodeMapping.objects.count()
    raw = (
        b"format;code_list;raw_code;code;classifier;attributes;source\n"
        b"native;native;KNOWN;ARRIVED;EST;mode=ROAD;\n"
        b"native;native;STAYS;ARRIVED;;;\n"
        b"native;native;FRESH;DEPARTED;;;\n"
        b"native;native;FRESH;ARRIVED;;;\n"
        b"telex;x;A;DEPARTED;;;\n"
        b"native;x;A;NOPE;;;\n"
        b"native;x;A;DEPARTED;;;NOBODY\n"
        b"native;x;A;DEPARTED;;{;\n"
    )
    rows = check_mappings(raw)
    assert [(row.line, row.outcome, row.column) for row in rows] == [
        (2, "changed", ""), (3, "same", ""), (4, "new", ""), (5, "error", ""), (6, "error", "format"),
        (7, "error", "code"), (8, "error", "source"), (9, "error", "attributes"),
    ]  # fmt: skip
    assert rows[0].before["code"] == "DEPARTED"
    assert CodeMapping.objects.count() == before
    by = internal("operations")
    import_mappings(raw, by=by)
    saved = CodeMapping.objects.current().filter(created_by=by).order_by("raw_code")
    assert [(m.raw_code, m.code_id, m.version) for m in saved] == [("FRESH", "DEPARTED", 1), ("KNOWN", "ARRIVED", 2)]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "columns_missing"),
        (b"a,b\n1,2\n", "columns_missing"),
        (b"x" * ((2 << 20) + 1), "too_large"),
        (b"format,code_list,raw_code,code\n" + b"native,x,y,DEPARTED\n" * 5001, "too_many_rows"),
    ],
)
def test_what_is_no_table_of_mappings_is_refused(raw, code):
    with pytest.raises(DomainError) as refusal:
        check_mappings(raw)
    assert refusal.value.code == code
