from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.formats.base import Envelope, EnvelopeSet
from shipments.formats.contrl import write
from shipments.formats.edifact import read
from shipments.formats.registry import FORMATS
from tests.shipments.test_formats_edifact import interchange, message, status

AT = "2026-03-12T10:30:00+01:00"
THEIRS = message("1", "UCI+4711+US+CARRIER+7", "UCM+1+IFTSTA:D:00B:UN+7", "UCM+2+IFTSTA:D:00B:UN+4+13", kind="CONTRL")


@pytest.mark.parametrize("format_", ["iftsta", "coarri", "codeco", "auto"])
def test_rule_06_what_they_say_of_our_interchanges_is_no_event(format_):
    parsed = FORMATS[format_](interchange(THEIRS), {})
    assert (parsed.events, parsed.is_quiet) == ((), True)
    assert [(i.code, i.segment, i.is_warning, i.message) for i in parsed.issues] == [
        ("they_accepted", "UCI #3", True, "Interchange 4711 was accepted by them."),
        ("they_accepted", "UCM #4", True, "Message IFTSTA 1 was accepted by them."),
        ("they_rejected", "UCM #5", True, "Message IFTSTA 2 was rejected by them (error 13)."),
    ]
    assert [envelope.is_acknowledgement for envelope in parsed.envelopes] == [True]


def test_an_acknowledgement_beside_statuses_does_not_make_the_file_quiet():
    parsed = FORMATS["iftsta"](interchange(THEIRS, message("2", *status())), {})
    assert (len(parsed.events), parsed.is_quiet, parsed.envelopes[0].is_acknowledgement) == (1, False, False)


def test_our_answer_names_what_was_not_read():
    raw = interchange(message("1", *status()), message("2", "BGM", kind="BAPLIE"))
    written = write(FORMATS["iftsta"](raw, {}).envelopes, 812, AT)
    assert written == (
        b"UNB+UNOC:3+US+CARRIER:14+260312:0930+812'\r\nUNH+1+CONTRL:D:3:UN'\r\nUCI+77+CARRIER:14+US+7'\r\n"
        b"UCM+2+BAPLIE:D:00B:UN+4+14'\r\nUNT+4+1'\r\nUNZ+1+812'\r\n"
    )


def test_an_interchange_of_which_nothing_was_read_is_rejected():
    written = write(FORMATS["iftsta"](interchange(message("2", "BGM", kind="BAPLIE")), {}).envelopes, 812, AT)
    assert b"UCI+77+CARRIER:14+US+4'" in written


def test_each_interchange_has_its_own_answer_and_an_acknowledgement_has_none():
    envelopes = FORMATS["iftsta"](
        interchange(message("1", *status())) + interchange(THEIRS) + interchange(message("1", *status()), number="79"),
        {},
    ).envelopes
    file = read(write(envelopes, 812, AT))
    assert ([one.number for one in file.interchanges], file.issues) == (["812", "812-2"], [])
    assert write(envelopes[1:2], 812, AT) == b""


NAMES = st.text(max_size=35)


@given(sender=NAMES, receiver=NAMES, number=st.text(max_size=14), kind=st.text(max_size=14), at=st.datetimes())
def test_our_own_reader_reads_whatever_we_answer(sender, receiver, number, kind, at):
    sets = (EnvelopeSet(kind, number, is_accepted=False, issues=("truncated",)),)
    written = write([Envelope("edifact", sender, receiver, number, "", sets=sets)], 2**40, at.isoformat() + "+00:00")
    parsed = FORMATS["iftsta"](written, {})
    assert (parsed.events, parsed.is_quiet, [e.is_acknowledgement for e in parsed.envelopes]) == ((), True, [True])
    assert [issue.code for issue in parsed.issues] == ["they_rejected", "they_rejected"]
