from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from shipments.models import Source
from tests.factories.partners import PartnerFactory
from tests.factories.shipments import ShipmentFactory, SourceFactory, native, payload

pytestmark = pytest.mark.django_db
KEYS = [
    "file", "message", "state", "events", "matched", "unmatched", "unmapped", "quarantined", "duplicates", "errors",
]  # fmt: skip


@pytest.fixture
def ingest(tmp_path, capsys):
    """Call the command with files of these contents; the lines it printed and its exit code."""

    def run(source: Source, *contents: bytes) -> tuple[list[dict[str, object]], int]:
        paths = [tmp_path / f"{number}.json" for number, _ in enumerate(contents)]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        with pytest.raises(SystemExit) as end:
            call_command("ingest", "--source", source.code, *map(str, paths))
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()], end.value.code

    return run


def test_a_file_is_one_message_and_one_line(ingest, tmp_path):
    ShipmentFactory(references=[("mbl", "M1")])
    lines, code = ingest(SourceFactory(), payload(native("DEPARTED", ("mbl", "M1"))))
    (line,) = lines
    assert list(line) == KEYS
    assert (line["file"], line["state"], line["events"], line["matched"]) == (str(tmp_path / "0.json"), "parsed", 1, 1)
    assert (line["errors"], code) == ([], 0)


def test_the_same_file_again_is_a_duplicate_and_nothing_waits(ingest):
    source = SourceFactory()
    raw = payload(native("DEPARTED", ("mbl", "M1")), native("ARRIVED", ("mbl", "M1")))
    assert ingest(source, raw)[1] == 1
    (line,), code = ingest(source, raw)
    assert [line[key] for key in KEYS[2:]] == ["duplicate", 0, 0, 0, 0, 0, 2, []]
    assert code == 0


@pytest.mark.parametrize(
    "event",
    [
        native("DEPARTED", ("mbl", "NOBODY")),
        native("DEPARTED", ("mbl", "M1"), occurred_at="2199-01-01T00:00:00Z"),
        {key: value for key, value in native("", ("mbl", "M1"), raw_code="X").items() if key != "code"},
    ],
    ids=["unmatched", "quarantined", "unmapped"],
)
def test_what_waits_for_a_person_is_exit_1(ingest, event):
    ShipmentFactory(references=[("mbl", "M1")])
    assert ingest(SourceFactory(), payload(event))[1] == 1


def test_a_half_understood_file_is_exit_1_and_says_where(ingest):
    ShipmentFactory(references=[("mbl", "M1")])
    (line,), code = ingest(SourceFactory(), payload(native("DEPARTED", ("mbl", "M1")), {"code": "NOPE"}))
    assert (line["state"], line["events"], code) == ("partial", 1, 1)
    assert list(line["errors"][0]) == ["code", "segment", "message"]


def test_nothing_readable_is_exit_2(ingest):
    lines, code = ingest(SourceFactory(), b"", b"\xff\xfe")
    assert [line["state"] for line in lines] == ["rejected", "rejected"]
    assert code == 2
    assert ingest(SourceFactory(), b"", payload(native("DEPARTED", ("mbl", "M1"))))[1] == 1


def test_the_same_unreadable_file_again_is_still_unreadable(ingest):
    source = SourceFactory()
    ingest(source, b"")
    (line,), code = ingest(source, b"")
    assert (line["state"], code) == ("rejected", 2)


def test_a_file_that_is_not_there_is_a_line_too(ingest, capsys):
    with pytest.raises(SystemExit) as end:
        call_command("ingest", "--source", SourceFactory().code, "/no/such/file")
    line = json.loads(capsys.readouterr().out)
    assert (line["state"], line["errors"][0]["code"], end.value.code) == ("refused", "unreadable_file", 2)


def test_a_source_that_is_not_there_ends_the_command():
    with pytest.raises(CommandError) as refusal:
        call_command("ingest", "--source", "NOBODY", "x")
    assert (str(refusal.value), refusal.value.returncode) == ("There is no source NOBODY.", 2)


def test_a_source_is_made_from_the_command_line(capsys):
    PartnerFactory(code="ACME")
    call_command("create_source", "--code", "FEED", "--partner", "acme", "--format", "x12_214", "--trust", "70")
    assert capsys.readouterr().out == "Source FEED: X12 214 from ACME\n"
    source = Source.objects.get()
    assert (source.partner.code, source.trust, source.time_zone) == ("ACME", 70, "")


@pytest.mark.parametrize(
    "arguments", [("--partner", "NOBODY", "--format", "csv"), ("--partner", "ACME", "--format", "x")]
)
def test_a_source_that_makes_no_sense_ends_the_command(arguments):
    PartnerFactory(code="ACME")
    with pytest.raises(CommandError):
        call_command("create_source", "--code", "FEED", *arguments)
