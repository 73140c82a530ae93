"""The tokeniser: separators, charsets, envelopes, what is wrong with them; and files of several kinds of messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.formats.edifact import MAX_SEGMENTS, Signs, part, read, segment_of
from shipments.formats.registry import FORMATS
from tests.expected_values import COLLECTED
from tests.shipments.test_formats_samples import collected, needs_collected

HEAD, TAIL = "UNB+UNOC:3+CARRIER:14+US+260312:0915+77'", "UNZ+1+77'"


def message(number: str = "1", *body: str, kind: str = "IFTSTA") -> str:
    segments = [f"UNH+{number}+{kind}:D:00B:UN", *body]
    return "".join(f"{segment}'" for segment in (*segments, f"UNT+{len(segments) + 1}+{number}"))


def status(reference: str = "B1", code: str = "24", at: str = "202603111840") -> tuple[str, ...]:
    return ("CNI+1", f"STS+1+{code}", f"RFF+BM:{reference}", f"DTM+334:{at}:203", "LOC+175+NLRTM:139:6")


def interchange(*messages: str, number: str = "77", head: str = HEAD) -> bytes:
    return (head.replace("77", number) + "".join(messages) + f"UNZ+{len(messages)}+{number}'").encode()


def codes(file) -> list[tuple[str, str, bool]]:
    return [(issue.code, issue.segment, issue.is_warning) for issue in file.issues]


def test_an_interchange_says_who_sent_what_to_whom():
    (one,) = read(interchange(message("1", "BGM+23"), message("2", "BGM+23"))).interchanges
    assert (one.sender, one.receiver, one.number, one.prepared) == ("CARRIER", "US", "77", ("260312", "0915"))
    assert [(m.kind, m.version, m.number, m.first) for m in one.messages] == [
        ("IFTSTA", "D:00B:UN", "1", 2), ("IFTSTA", "D:00B:UN", "2", 5),
    ]  # fmt: skip


def test_separators_are_those_of_the_advice_and_each_interchange_may_have_its_own():
    other = "UNA|*.! ~\r\nUNB*UNOA|2*OTHER*US*260312|0915*5~UNH*1*IFTSTA|D|00B|UN~FTX*AAI***a!*b!|c!!~UNT*3*1~UNZ*1*5~"
    file = read(interchange(message("1", "FTX+AAI+++a?+b?:c??d")) + other.encode())
    assert [one.sender for one in file.interchanges] == ["CARRIER", "OTHER"]
    assert [m.segments[1][4] for m in file.messages] == [["a+b:c?d"], ["a*b|c!"]]
    assert file.issues == []


def test_unob_without_an_advice_uses_signs_that_cannot_be_printed():
    raw = "\x1c".join("\x1d".join(e) for e in (
        ["UNB", "UNOB\x1f1", "A", "B", "260101\x1f1200", "9"], ["UNH", "1", "IFTSTA\x1fD\x1f96A\x1fUN"],
        ["FTX", "AAI", "", "", "+:'?"], ["UNT", "3", "1"], ["UNZ", "1", "9"], [""]))  # fmt: skip
    (one,) = read(raw.encode()).messages
    assert part(one.segments[1], 4) == "+:'?"


def test_line_breaks_and_a_byte_order_mark_mean_nothing():
    plain = interchange(message("1", "BGM+23"))
    broken = b"\xef\xbb\xbf" + plain.replace(b"'", b"'\r\n").replace(b"IFTSTA", b"IFT\r\nSTA")
    assert read(broken).messages[0].kind == "IFTSTA"
    assert read(broken).interchanges[0].digest == read(plain).interchanges[0].digest


@pytest.mark.parametrize(
    ("syntax", "charset", "text"),
    [
        ("UNOC", "iso8859-1", "GANLØSE"),
        ("UNOD", "iso8859-2", "Łódź"),
        ("UNOE", "iso8859-5", "Москва"),
        ("UNOF", "iso8859-7", "Πειραιάς"),
        ("UNOW", "utf-8", "上海"),
        ("UNOY", "utf-8", "Łódź"),
    ],
)
def test_rule_08_text_is_in_the_charset_that_the_envelope_names(syntax, charset, text):
    raw = HEAD.replace("UNOC", syntax) + message("1", f"FTX+AAI+++{text}") + TAIL
    file = read(raw.encode(charset))
    assert (part(file.messages[0].segments[1], 4), file.issues) == (text, [])


def test_rule_08_text_that_is_not_in_its_charset_is_read_with_a_warning():
    file = read((HEAD.replace("UNOC", "UNOA") + message("1", "FTX+AAI+++Århus") + TAIL).encode("latin-1"))
    assert part(file.messages[0].segments[1], 4) == "Århus"
    assert codes(file) == [("wrong_charset", "UNB #1", True)]


def test_wrong_counts_and_numbers_are_warnings():
    raw = (
        HEAD + "UNG+IFTSTA+A+B+260312:0915+5+UN+D:00B'" + message().replace("UNT+2+1", "UNT+9+2") + "UNE+3+6'UNZ+2+78'"
    )
    file = read(raw.encode())
    assert len(file.messages) == 1
    assert codes(file) == [
        ("wrong_count", "UNT #4", True),
        ("wrong_number", "UNT #4", True),
        ("wrong_count", "UNE #5", True),
        ("wrong_number", "UNE #5", True),
        ("wrong_count", "UNZ #6", True),
        ("wrong_number", "UNZ #6", True),
    ]
    assert (file.messages[0].group, file.messages[0].group_kind) == ("5", "IFTSTA")


def test_a_message_that_is_cut_off_is_lost_and_its_siblings_are_read():
    whole = HEAD + message("1", *status("B1")) + message("2", *status("B2"))
    cut = whole[: whole.rindex("UNT")]
    parsed = FORMATS["iftsta"](cut.encode(), {})
    assert [event.references for event in parsed.events] == [(("mbl", "B1"),)]
    assert [(i.code, i.is_warning) for i in parsed.issues] == [("message_cut_off", False), ("truncated", False)]
    assert [(one.number, one.is_accepted) for one in parsed.envelopes[0].sets] == [("1", True), ("2", False)]


def test_a_message_inside_of_another_that_never_ended():
    raw = HEAD + message("1", *status("B1")).replace("UNT+7+1'", "") + message("2", *status("B2")) + "UNZ+2+77'"
    parsed = FORMATS["iftsta"](raw.encode(), {})
    assert [event.references for event in parsed.events] == [(("mbl", "B2"),)]
    assert [(i.code, i.segment) for i in parsed.issues] == [("message_cut_off", "UNH #2")]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (message().encode(), "no_unb"),
        (HEAD.encode() + TAIL.encode() + message().encode(), "no_unb"),
        (HEAD.encode() + b"UNT+2+1'" + TAIL.encode(), "stray_segment"),
        (HEAD.encode() + b"UNE+2+1'" + TAIL.encode(), "stray_segment"),
        (HEAD.encode() + HEAD.encode() + TAIL.encode(), "interchange_not_closed"),
        (interchange() + b"UNZ+1+1'", "stray_segment"),
    ],
)
def test_envelopes_that_do_not_fit_are_named(raw, code):
    assert code in [issue.code for issue in read(raw).issues]
    assert FORMATS["iftsta"](raw, {}).events == ()


def test_rule_41_a_file_has_so_many_segments_at_most():
    raw = (HEAD + "FTX'" * MAX_SEGMENTS + TAIL).encode()
    assert codes(read(raw)) == [("too_many_segments", "", False)]
    assert [issue.code for issue in FORMATS["iftsta"](raw, {}).issues] == ["too_many_segments"]


def test_the_digest_is_of_the_content_and_not_of_how_it_is_written():
    plain = read(interchange(message("1", "FTX+AAI+++a b", "LOC+9+NLRTM:139:6")))
    starred = HEAD.replace("+", "*").replace(":", "|") + message("1", "FTX*AAI***a b", "LOC*9*NLRTM|139|6").replace(
        "+", "*"
    ).replace(":", "|")
    other = read(("UNA|*.? '" + starred + "UNZ*1*77'").encode())
    released = read(interchange(message("1", "FTX+AAI+++a? b", "LOC+9+NLRTM:139:6")))
    changed = read(interchange(message("1", "FTX+AAI+++a c", "LOC+9+NLRTM:139:6")))
    digests = [file.interchanges[0].digest for file in (plain, other, released, changed)]
    assert digests[0] == digests[1] == digests[2] != digests[3]


def test_the_body_of_a_message_that_is_no_edifact_can_be_had_as_it_is():
    raw = "UNB+IATA:1+KLM+US+260312:0915+77'UNH+1+CIMFSU:12:1:IA'FSU/12\r\n074-12345675AMSJFK/T2K20'UNT+3+1'UNZ+1+77'"
    (one,) = read(raw.encode()).messages
    assert (one.kind, one.body) == ("CIMFSU", "FSU/12\r\n074-12345675AMSJFK/T2K20")


SIGNS = st.lists(st.sampled_from(":+.,*|^~'!;<>\x1c\x1d\x1f?#"), min_size=4, max_size=4, unique=True)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n", exclude_categories=("Z", "Cs"))
    | st.sampled_from(":+?'*|~"),
    max_size=12,
)


@given(signs=SIGNS, rows=st.lists(st.lists(st.lists(TEXT, min_size=1, max_size=3), min_size=1, max_size=4), max_size=4))
def test_whatever_is_written_is_read_again(signs, rows):
    component, element, release, terminator = signs

    def escaped(text: str) -> str:
        return "".join(f"{release}{sign}" if sign in signs else sign for sign in text)

    def line(segment: list[list[str]]) -> str:
        return element.join(component.join(map(escaped, part_)) for part_ in segment) + terminator

    rows = [[["X"], *row] for row in rows]
    raw = f"UNA{component}{element}.{release} {terminator}"
    raw += line([["UNB"], ["UNOY", "4"], ["A"], ["B"], ["260101", "1200"], ["1"]])
    raw += line([["UNH"], ["1"], ["IFTSTA", "D", "00B", "UN"]]) + "".join(map(line, rows))
    raw += line([["UNT"], [str(len(rows) + 2)], ["1"]]) + line([["UNZ"], ["1"], ["1"]])
    file = read(raw.encode())
    assert file.issues == []
    assert file.messages[0].segments[1:-1] == rows


@given(raw=st.binary(max_size=300) | st.text(st.sampled_from("UNABHTZGES:+.?' 1\r\n"), max_size=200).map(str.encode))
def test_the_tokeniser_takes_any_bytes(raw):
    for prefix in (b"", b"UNA:+.? 'UNB+", HEAD.encode(), HEAD.encode() + b"UNH+1+IFTSTA:D:00B:UN'"):
        for one in read(prefix + raw).messages:
            assert one.segments[0][0] == ["UNH"]


def test_an_even_number_of_release_characters_releases_nothing():
    assert segment_of("A+b??+c???+d+e?", Signs()) == [["A"], ["b?"], ["c?+d"], ["e"]]


MIXED = interchange(
    message("1", "BGM+X", kind="BAPLIE"),
    message("2", *status("B1")),
    message("3", "BGM+34+1+9", "EQD+CN+MSKU1234565", "DTM+7:202603111840:203", kind="CODECO"),
)


@pytest.mark.parametrize(
    ("format_", "lists", "passed_over"),
    [
        ("iftsta", ["rec24"], ["1", "3"]),
        ("codeco", ["codeco"], ["1", "2"]),
        ("auto", ["rec24", "codeco"], ["1"]),
    ],
)
def test_messages_of_other_kinds_are_reported_and_passed_over(format_, lists, passed_over):
    parsed = FORMATS[format_](MIXED, {})
    assert [event.code_list for event in parsed.events] == lists
    assert [i.message.split()[1] for i in parsed.issues if i.code == "other_message"] == passed_over
    assert [one.number for one in parsed.envelopes[0].sets if not one.is_accepted] == passed_over


def test_auto_says_which_format_it_read():
    assert FORMATS["auto"](MIXED, {}).format == "iftsta"
    assert FORMATS["auto"](interchange(message("3", "BGM+34", kind="CODECO")), {}).format == "codeco"


def test_a_file_of_another_kind_is_refused_by_its_name():
    parsed = FORMATS["iftsta"](interchange(message("1", "BGM+X", kind="CUSCAR")), {})
    assert (parsed.issues[0].code, parsed.issues[0].message) == (
        "wrong_format",
        "This looks like an EDIFACT CUSCAR; the source sends EDIFACT IFTSTA.",
    )
    other = FORMATS["x12_214"](interchange(message("1", "BGM+X", kind="CUSCAR")), {})
    assert other.issues[0].message == "This looks like an EDIFACT CUSCAR; the source sends X12 214."
    unknown = FORMATS["auto"](interchange(message("1", "BGM+X", kind="CUSCAR")), {})
    assert unknown.issues[0].message == "This looks like an EDIFACT CUSCAR, which no reader knows."


def test_a_test_interchange_is_marked_as_one():
    raw = interchange(message("1", *status()), head=HEAD.replace("+77'", "+77++++++1'"))
    assert [issue.code for issue in FORMATS["iftsta"](raw, {}).issues] == ["test_interchange"]


OUTCOMES = {
    "edifact_iftsta/IFTSTA_D00B_ocean_rail.edi": ("iftsta", 7, ["discrepancy", "wrong_number"]),
    "edifact_iftsta/IFTSTA_D10B_road_latin1.edi": ("iftsta", 1, ["date_format", "wrong_count"]),
    "edifact_coarri_codeco/CODECO_D95B_gate_in.edi": ("codeco", 1, []),
    "edifact_other/BAPLIE_D04B.edi": ("edifact_baplie", 0, ["other_message", "test_interchange", "wrong_format"]),
    "edifact_other/IFTSAI_1.edi": ("edifact_iftsai", 0, ["other_message", "truncated", "wrong_format"]),
    "edifact_other/IFTSAI_3.edi": ("edifact_iftsai", 0, ["other_message", "truncated", "wrong_format"]),
    "edifact_other/IFTSAI_5.edi": ("edifact_iftsai", 0, ["other_message", "truncated", "wrong_format"]),
}


@needs_collected
def test_every_collected_edifact_file_has_an_outcome_here():
    files = {str(file.relative_to(COLLECTED)) for file in COLLECTED.glob("edifact_*/*.edi")}
    assert files == set(OUTCOMES)


@needs_collected
@pytest.mark.parametrize("name", OUTCOMES)
def test_a_collected_file_is_read_or_refused_with_the_reason(name):
    format_, events, issues = OUTCOMES[name]
    parsed = FORMATS[format_ if format_ in FORMATS else "iftsta"](collected(name), {})
    assert (len(parsed.events), sorted(issue.code for issue in parsed.issues)) == (events, issues)
    assert FORMATS["auto"](collected(name), {}).format == (format_ if format_ in FORMATS else "")
