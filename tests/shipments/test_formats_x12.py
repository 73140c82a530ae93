import pytest

from shipments.formats.x12 import MAX_SEGMENTS, read

ISA = "ISA*00*          *00*          *02*SENDER         *ZZ*RECEIVER       *260310*0910*U*00401*000000071*0*P*>"
SEGMENTS = [ISA, "GS*QM*S*R*20260310*0910*71*X*004010", "ST*214*0001", "B10*P1*C1*ROCO", "SE*3*0001", "GE*1*71",
            "IEA*1*000000071"]  # fmt: skip


def interchange(segments=SEGMENTS, *, end="~", separator="*"):
    return "".join(segment.replace("*", separator) + end for segment in segments).encode()


def codes(raw):
    return [issue.code for issue in read(raw).issues]


def changed(old, new):
    return [segment.replace(old, new) for segment in SEGMENTS]


@pytest.mark.parametrize("end", ["~", "\n", "\r\n", "~\n", "~\r\n", "|", "'", "\u2026"])
def test_the_terminator_is_what_the_isa_says(end):
    result = read(interchange(end=end))
    assert (result.sets[0].segments, result.issues) == (
        [["ST", "214", "0001"], ["B10", "P1", "C1", "ROCO"], ["SE", "3", "0001"]],
        [],
    )


@pytest.mark.parametrize("separator", ["*", "|", "^", "\t"])
def test_the_element_separator_is_the_fourth_character(separator):
    assert read(interchange(separator=separator)).sets[0].segments[1] == ["B10", "P1", "C1", "ROCO"]


def test_an_isa_that_is_not_padded_is_read():
    short = "ISA*00* *00* *ZZ*HAMSUD*ZZ*X*260310*0910*U*00401*000000071*0*P*>"
    assert codes(interchange([short, *SEGMENTS[1:]])) == []


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n  ", b"\xef\xbb\xbf\n"])
def test_a_byte_order_mark_and_blanks_before_the_isa_do_no_harm(before):
    assert len(read(before + interchange()).sets) == 1


def test_bytes_that_are_not_utf_8_are_read_as_windows_1252():
    raw = interchange().replace(b"ROCO", b"M\xdcNCHEN")
    assert read(raw).sets[0].segments[1][3] == "MÜNCHEN"


@pytest.mark.parametrize(
    ("old", "new", "code", "element"),
    [
        ("SE*3", "SE*4", "wrong_count", "SE-01"),
        ("SE*3*0001", "SE*3*0002", "wrong_number", "SE-02"),
        ("GE*1", "GE*2", "wrong_count", "GE-01"),
        ("GE*1*71", "GE*1*72", "wrong_number", "GE-02"),
        ("IEA*1", "IEA*x", "wrong_count", "IEA-01"),
        ("IEA*1*000000071", "IEA*1*000000072", "wrong_number", "IEA-02"),
    ],
)
def test_a_wrong_count_or_number_is_reported_and_the_set_is_still_read(old, new, code, element):
    result = read(interchange(changed(old, new)))
    assert [(issue.code, issue.element) for issue in result.issues] == [(code, element)]
    assert len(result.sets) == 1


def test_of_a_truncated_interchange_only_the_set_that_is_cut_is_lost():
    whole, cut = SEGMENTS[2:5], ["ST*214*0002", "B10*P2*C2*ROCO"]
    result = read(interchange([*SEGMENTS[:2], *whole, *cut]))
    assert [found.number for found in result.sets] == ["0001"]
    assert [issue.code for issue in result.issues] == ["set_cut_off", "truncated"]


def test_a_set_that_begins_before_the_one_before_has_ended_does_not_take_it_along():
    result = read(interchange([*SEGMENTS[:4], "ST*214*0002", "SE*2*0002", "GE*2*71", SEGMENTS[6]]))
    assert [found.number for found in result.sets] == ["0002"]
    assert [(issue.code, issue.segment) for issue in result.issues] == [("set_cut_off", "ST #3")]


def test_several_interchanges_in_one_file_are_all_read():
    assert [found.number for found in read(interchange() + interchange()).sets] == ["0001", "0001"]


def test_envelopes_that_never_end_or_never_began_are_reported():
    assert codes(interchange([*SEGMENTS, "SE*3*0001", "GE*1*71", "IEA*1*71"])) == ["stray_segment"] * 3
    assert codes(interchange([*SEGMENTS[:5], *SEGMENTS[1:]])) == ["group_not_closed", "wrong_count"]
    assert codes(interchange([*SEGMENTS[:6], *SEGMENTS])) == ["interchange_not_closed"]
    assert codes(interchange([SEGMENTS[0], *SEGMENTS[2:5], "IEA*0*000000071"])) == ["no_group"]


def test_a_group_without_isa_is_said_to_be_one():
    assert codes(interchange(SEGMENTS[1:])) == ["no_isa"]


@pytest.mark.parametrize("raw", [b"", b"ISA", b"ISABEL", b"ISA*00*", b"hello", b'{"ISA*": 1}', interchange()[:90]])
def test_what_is_no_interchange_is_not_taken_for_one(raw):
    assert read(raw).is_x12 is False


def test_more_segments_than_any_real_interchange_has_are_refused():
    result = read(interchange() + b"N1*X~" * MAX_SEGMENTS)
    assert ([issue.code for issue in result.issues], result.sets) == (["too_many_segments"], [])
