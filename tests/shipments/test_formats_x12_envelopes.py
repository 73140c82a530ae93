"""Envelopes of X12: who sent what under which number, several of them in a file, and what they answer each other."""

import pytest

from shipments.formats import x12_315, x12_997, x12_any
from shipments.formats.base import Envelope, EnvelopeSet
from shipments.formats.registry import FORMATS
from shipments.formats.x12 import read
from shipments.formats.x12_214 import parse
from tests.shipments.test_formats_samples import collected, needs_collected

ISA = "ISA*00*          *00*          *02*ROADCO         *ZZ*FORWARDER      *260310*0910*U*00401*000000071*0*P*>"
STATUS = "AT7*X3*NS***20260309*0805"


def a_set(kind="214", number="0001", *segments):
    inner = [f"ST*{kind}*{number}", *segments]
    return [*inner, f"SE*{len(inner) + 1}*{number}"]


def group(*sets, kind="QM", number="71", count=None):
    lines = [line for one in sets for line in one]
    opening = f"GS*{kind}*ROAD*FWD*20260310*0910*{number}*X*004010"
    return [opening, *lines, f"GE*{count or len(sets)}*{number}"]


def file(*groups, isa=ISA, separator="*", end="~"):
    lines = [isa, *(line for one in groups for line in one), f"IEA*{len(groups)}*000000071"]
    return "".join(line.replace("*", separator) + end for line in lines).encode()


SMALL = file(group(a_set("214", "0001", "B10*P1*C1*ROCO", STATUS)))


def codes(parsed):
    return [issue.code for issue in parsed.issues]


def test_an_envelope_says_who_sent_what_to_whom_and_which_events_are_its():
    first = file(group(a_set("214", "0001", STATUS, STATUS), a_set("214", "0002", STATUS)))
    second = file(group(a_set("214", "0003", STATUS), number="72"), isa=ISA.replace("*P*", "*T*"))
    parsed = parse(first + second, {})
    one, other = parsed.envelopes
    assert one == Envelope(
        standard="x12", sender="ROADCO", receiver="FORWARDER", number="000000071", digest=one.digest, first=0, last=3,
        sets=(
            EnvelopeSet("214", "0001", "71", "QM", group_sender="ROAD", group_receiver="FWD"),
            EnvelopeSet("214", "0002", "71", "QM", group_sender="ROAD", group_receiver="FWD"),
        ),
        sender_qualifier="02", receiver_qualifier="ZZ",
    )  # fmt: skip
    assert (other.first, other.last, other.is_test) == (3, 4, True)
    assert [event.position for event in parsed.events] == [0, 1, 2, 3]


def test_rule_05_the_digest_is_of_what_is_said_not_of_how_it_is_written():
    same = [
        b"\xef\xbb\xbf" + SMALL,
        SMALL.replace(b"~", b"~\r\n"),
        SMALL.replace(b"~", b"\n"),
        SMALL.replace(b"~", "\u2026".encode()),
        SMALL.replace(b"*", b"|"),
        SMALL.replace(b"          ", b" ").replace(b"ROADCO         ", b"ROADCO"),
    ]
    assert {parse(raw, {}).envelopes[0].digest for raw in same} == {parse(SMALL, {}).envelopes[0].digest}
    other = SMALL.replace(b"0805", b"0806")
    assert parse(other, {}).envelopes[0].digest != parse(SMALL, {}).envelopes[0].digest


def test_a_set_that_is_cut_off_or_of_another_kind_is_not_accepted_and_one_with_a_bad_event_is():
    whole, other = a_set("214", "0001", STATUS, "AT7*X3*NS***20260230*0805"), a_set("210", "0002")
    cut = ["ST*214*0003", STATUS]
    (envelope,) = parse(file(group(whole, other, cut)), {}).envelopes
    assert [(one.number, one.is_accepted, one.issues) for one in envelope.sets] == [
        ("0001", True, ("bad_time",)), ("0002", False, ("other_set",)), ("0003", False, ("set_cut_off",)),
    ]  # fmt: skip


def test_rule_03_the_version_in_the_isa_is_not_asked():
    raw = SMALL.replace(b"*U*00401*", b"*U*00204*")
    assert (len(parse(raw, {}).events), codes(parse(raw, {}))) == (1, [])


def test_rule_06_acknowledgements_that_come_in_are_no_events_but_tell_what_they_say():
    answer = a_set("997", "0001", "AK1*QM*71", "AK2*214*0001", "AK5*A", "AK2*214*0002", "AK5*R*4*5", "AK9*P*2*2*1")
    newer = a_set("999", "0002", "AK1*QM*72", "AK2*214*0001", "IK5*E*5", "AK9*E*1*1*1")
    raw = file(["TA1*000000070*260310*0910*R*006"], group(answer, newer, kind="FA")).replace(b"IEA*2", b"IEA*1")
    parsed = parse(raw, {})
    assert (parsed.events, parsed.is_quiet) == ((), True)
    assert [(issue.code, issue.message, issue.is_warning) for issue in parsed.issues] == [
        ("accepted", "Our set 214 0001 of group QM 71 was accepted.", True),
        ("not_accepted", "Our set 214 0002 of group QM 71 was rejected. (codes 4, 5)", True),
        ("not_accepted", "Our group QM 71 was accepted in part.", True),
        ("not_accepted", "Our set 214 0001 of group QM 72 was accepted, with errors. (codes 5)", True),
        ("not_accepted", "Our group QM 72 was accepted, with errors.", True),
        ("not_accepted", "Our interchange 000000070 was rejected. (codes 006)", True),
    ]
    assert [envelope.is_acknowledgement for envelope in parsed.envelopes] == [True]


@pytest.mark.parametrize("format_", ["x12_214", "x12_315", "x12_322", "cbp", "auto"])
def test_rule_06_an_acknowledgement_is_quiet_in_whatever_x12_source_it_comes(format_):
    parsed = FORMATS[format_](file(group(a_set("997", "0001", "AK1*QM*71", "AK9*A*1*1*1"), kind="FA")), {})
    assert (parsed.events, codes(parsed), parsed.is_quiet) == ((), ["accepted"], True)


def test_rule_06_what_we_answer_names_each_set_and_is_an_acknowledgement_to_its_reader():
    whole = a_set("214", "0001", STATUS)
    faulty = a_set("214", "0002", "AT7*X3*NS***20260230*0805")
    wrong = [*a_set("214", "0003", STATUS)[:-1], "SE*9*0003"]
    parsed = parse(file(group(whole, faulty), group(wrong, a_set("210", "0004"), number="72")), {})
    body = x12_997.write(parsed.envelopes, 4711, "2026-03-10T09:15:00+00:00")
    assert body.decode().split("~\n") == [
        "ISA*00*          *00*          *ZZ*FORWARDER      *02*ROADCO         *260310*0915*U*00401*000004711*0*P*>",
        "GS*FA*FWD*ROAD*20260310*0915*471101*X*004010", "ST*997*0001", "AK1*QM*71",
        "AK2*214*0001", "AK5*A", "AK2*214*0002", "AK5*E*5", "AK9*E*2*2*2", "SE*8*0001", "GE*1*471101",
        "GS*FA*FWD*ROAD*20260310*0915*471102*X*004010", "ST*997*0001", "AK1*QM*72",
        "AK2*214*0003", "AK5*E*4", "AK2*210*0004", "AK5*R*1", "AK9*P*2*2*1", "SE*8*0001", "GE*1*471102",
        "IEA*2*000004711", "",
    ]  # fmt: skip
    back = parse(body, {})
    assert (back.is_quiet, read(body).issues, len(read(body).sets)) == (True, [], 2)
    assert x12_997.write(back.envelopes, 1, "2026-03-10T09:15:00+00:00") == b""


def test_each_sender_of_a_file_gets_an_answer_of_its_own():
    other = SMALL.replace(b"ROADCO ", b"RAILCO ")
    body = x12_997.write(parse(SMALL + SMALL + other, {}).envelopes, 1_000_000_007, "2026-03-10T09:15:00Z").decode()
    assert [line.split("*")[8].strip() for line in body.split("~\n") if line.startswith("ISA")] == ["ROADCO", "RAILCO"]
    assert [line for line in body.split("~\n") if line.startswith("IEA")] == ["IEA*2*000000007", "IEA*1*000000007"]


def test_what_senders_put_into_their_ids_does_not_break_our_answer():
    sent = Envelope("x12", "A*B~C", "ÜBER", "1", "", sets=(EnvelopeSet("214", "1~2", "7*1", "QM"),))
    file_ = read(x12_997.write([sent], 1, "2026-03-10T09:15:00Z"))
    assert ([len(found.segments) for found in file_.sets], file_.issues) == ([6], [])


def test_rule_07_sets_of_several_kinds_are_all_read_when_the_format_is_open():
    status = a_set("315", "0002", "B4***VD*20260401*2215**WAYU*123456*L*45G1*SGSIN*UN")
    customs = a_set("350", "0003", "X4*1C*20260427*1004*BLUE260089")
    ramp = a_set("322", "0004", "Q5*AL*20260501*2140*CT**CHICAGO*IL*US")
    raw = file(group(a_set("310", "0009"), status, customs), group(ramp, a_set("214", "0001", STATUS)))
    parsed = FORMATS["auto"](raw, {})
    assert [(event.code_list, event.raw_code) for event in parsed.events] == [
        ("157", "VD"), ("cbp", "1C"), ("157", "AL"), ("1650", "X3"),
    ]  # fmt: skip
    assert (codes(parsed), parsed.format) == (["other_set"], "x12_214")


def test_rule_07_a_source_of_one_kind_reads_its_own_and_reports_the_others():
    raw = file(group(a_set("214", "0001", STATUS), a_set("315", "0002", "B4***VD*20260401*2215")))
    assert [event.raw_code for event in parse(raw, {}).events] == ["X3"]
    assert [(issue.code, issue.segment) for issue in parse(raw, {}).issues] == [("other_set", "ST #6")]
    assert [event.raw_code for event in x12_315.parse(raw, {}).events] == ["VD"]


def test_an_interchange_of_another_format_of_ours_is_the_wrong_format():
    raw = file(group(a_set("315", "0002", "B4***VD*20260401*2215")))
    parsed = parse(raw, {})
    assert (parsed.events, codes(parsed)) == ((), ["wrong_format", "other_set"])
    assert parsed.issues[0].message == "This looks like an X12 315; the source sends X12 214."


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (file(group(a_set("310", "0001"))), ["unknown_format", "other_set"]),
        (file(group(a_set("214", "0001", STATUS)))[:-20], ["set_cut_off", "truncated"]),
        (file(), ["no_sets"]),
        (b"GS*QM*S*R*20260310*0910*71*X*004010~ST*214*0001~", ["no_isa"]),
        (b"ISA*hello", ["wrong_format"]),
    ],
)
def test_what_holds_nothing_for_us_is_refused_with_its_reason(raw, said):
    if "set_cut_off" in said:
        raw = raw[: raw.index(b"SE*")]
    assert (x12_any.parse(raw, {}).events, codes(FORMATS["auto"](raw, {}))) == ((), said)


READ = {
    "x12_214/214_canadapost_multi_st.edi": ("x12_214", 19, []),
    "x12_214/214_x12types_01.edi": ("x12_214", 18, ["wrong_number"]),
    "x12_315/315_x12types_01.edi": ("x12_315", 1, []),
    "x12_315/315_x12types_03.edi": ("x12_315", 4, []),
    "x12_322/322_hamburgsud_01.edi": ("x12_322", 4, []),
    "x12_322/322_hamburgsud_03.edi": ("x12_322", 1, []),
    "x12_322/322_hamburgsud_05.edi": ("x12_322", 1, ["wrong_count", "wrong_number"]),
    "x12_malformed/gozer_x12.base.no.line.breaks.txt": ("", 0, ["other_set", "unknown_format", "wrong_count"]),
    "x12_malformed/gozer_x12.missing.ISA.txt": ("", 0, ["no_isa"]),
    "x12_malformed/gozer_x12.wrong.GS.txt": (
        "", 0, ["no_group", "other_set", "stray_segment", "unknown_format", "wrong_count"],
    ),
}  # fmt: skip
# Transaction sets about other things: refused by name. The counts of some are wrong as well.
OTHERS = {
    "204_real_01", "210_ups", "301_real_02", "301_real_04", "310_real_01", "310_real_03", "404_real_01", "856_real_01",
    "856_real_03", "856_real_05", "856_real_07", "945_real_02",
}  # fmt: skip


@needs_collected
@pytest.mark.parametrize("name", READ)
def test_a_collected_file_is_read_or_refused_with_the_right_reason(name):
    format_, events, said = READ[name]
    parsed = FORMATS["auto"](collected(name), {})
    assert (parsed.format, len(parsed.events), sorted(set(codes(parsed)))) == (format_, events, said)
    if format_:
        alone = FORMATS[format_](collected(name), {})
        assert (alone.events, alone.issues) == (parsed.events, parsed.issues)


@needs_collected
@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_collected_file_about_something_else_is_refused_by_its_name(name):
    parsed = FORMATS["auto"](collected(f"x12_other/{name}.edi"), {})
    assert (parsed.events, parsed.issues[0].code) == ((), "unknown_format")
    assert parsed.issues[0].message == f"This looks like an X12 {name[:3]}, which no reader knows."
    assert {issue.code for issue in parsed.issues if not issue.is_warning} == {"unknown_format", "other_set"}


@needs_collected
def test_rule_01_a_real_isa_that_is_not_padded_is_read():
    raw = collected("x12_322/322_hamburgsud_01.edi")
    assert raw.startswith(b"ISA*00* *00* *ZZ*HAMSUD*")
    assert [envelope.sender for envelope in FORMATS["x12_322"](raw, {}).envelopes] == ["HAMSUD"]


@needs_collected
def test_rule_02_a_real_file_with_new_lines_as_terminator_is_read():
    raw = collected("x12_214/214_canadapost_multi_st.edi")
    assert (b"~" in raw, len(parse(raw, {}).envelopes[0].sets)) == (False, 19)
