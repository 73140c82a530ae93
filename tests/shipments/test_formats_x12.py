import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipments.formats.x12 import MAX_SEGMENTS, element, read

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


def test_rule_01_an_isa_is_split_by_its_separator_not_by_its_width():
    short = "ISA*00**00**ZZ*HAMSUD*ZZ*X*260310*0910*U*00401*000000071*0*P*>"
    (found,) = read(interchange([short, *SEGMENTS[1:]])).interchanges
    assert (element(found.isa, 6), found.delimiters.terminator, len(found.sets)) == ("HAMSUD", "~", 1)


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n"])
@pytest.mark.parametrize("end", ["~", "~\r\n", "\n", "\r\n", "\r", "\u2026", "\u2026\n", "'", "\x1c", "\x85"])
def test_rule_02_marks_line_ends_and_any_terminator_are_read(before, end):
    file = read(before + interchange(end=end))
    assert ([found.number for found in file.sets], file.issues) == (["0001"], [])


def test_rule_04_a_group_or_interchange_that_is_not_closed_loses_no_whole_set():
    without_ge = [*SEGMENTS[:5], SEGMENTS[6]]
    assert codes(interchange(without_ge)) == ["group_not_closed"]
    assert [(i.code, i.is_warning) for i in read(interchange(SEGMENTS[:6])).issues] == [("truncated", False)]
    assert len(read(interchange(without_ge)).sets) == len(read(interchange(SEGMENTS[:6])).sets) == 1


def test_interchanges_of_one_file_have_their_own_delimiters():
    other = [SEGMENTS[0].replace("071*0*P*>", "072*0*P*^"), *SEGMENTS[1:6], "IEA*1*000000072"]
    raw = interchange() + b"\r\n" + interchange(other, end="\n", separator="|") + interchange(end="\u2026")
    file = read(raw)
    assert file.issues == []
    assert [one.delimiters.separator + one.delimiters.terminator for one in file.interchanges] == [
        "*~",
        "|\n",
        "*\u2026",
    ]
    assert [found.segments[1] for found in file.sets] == [["B10", "P1", "C1", "ROCO"]] * 3
    assert [found.first for found in file.sets] == [3, 10, 17]


def test_an_interchange_behind_one_whose_last_terminator_is_missing_is_read():
    assert len(read(interchange()[:-1] + b"\n" + interchange()).interchanges) == 2


def test_an_isa_inside_of_an_element_begins_nothing():
    file = read(interchange(changed("ROCO", "ISA*VISA*ISA")))
    assert (len(file.interchanges), file.sets[0].segments[1][3:]) == (1, ["ISA", "VISA", "ISA"])


def test_an_isa_that_is_broken_ends_the_interchange_before_it():
    file = read(interchange() + b"ISA*00~ST*214*9~")
    assert [len(one.sets) for one in file.interchanges] == [1, 0]
    assert [issue.code for issue in file.issues] == ["no_group", "set_cut_off", "truncated"]


@pytest.mark.parametrize(("isa11", "repetition"), [("U", ""), ("^", "^"), (" ", ""), ("00", "")])
def test_isa11_is_the_repetition_separator_when_it_is_a_sign(isa11, repetition):
    (found,) = read(interchange(changed("*U*", f"*{isa11}*"))).interchanges
    assert found.delimiters.repetition == repetition


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="ISA"), max_size=12)
SIGNS = st.sampled_from("*|^\t\x1d+:;!'~\u2026\x1c\n#$%")


@st.composite
def written(draw):
    """Segments, and a file that says them with delimiters that stand in none of them."""
    separator, terminator = draw(st.lists(SIGNS, min_size=2, max_size=2, unique=True))
    taken = {separator, terminator, "\r", "\n", "\ufeff"}
    bare = TEXT.map(lambda said: "".join(sign for sign in said if sign not in taken).strip())
    body = draw(
        st.lists(st.tuples(st.sampled_from(["B10", "AT7", "L11", "N9"]), st.lists(bare, max_size=5)), max_size=6)
    )
    # Blanks at the end of a segment are padding, and so are what stand there for an empty element.
    inner = [[tag, *values, "."] for tag, values in body]
    segments = [["ST", "214", "0001"], *inner, ["SE", str(len(inner) + 2), "0001"]]
    between = draw(st.sampled_from(["", "\r\n", "\n", "  "]))
    isa = ISA.replace(">", draw(st.sampled_from([sign for sign in "<>&:" if sign not in taken])))
    lines = [isa.split("*"), *(line.split("*") for line in SEGMENTS[1:2]), *segments]
    lines += [line.split("*") for line in SEGMENTS[5:]]
    text = "".join(separator.join(line) + terminator + between for line in lines)
    return segments, text.encode()


@given(written())
@settings(max_examples=300, deadline=None)
def test_what_is_written_with_any_delimiters_is_read_as_it_was(case):
    segments, raw = case
    file = read(raw)
    assert ([found.segments for found in file.sets], file.issues) == ([segments], [])


@given(st.binary(max_size=300), st.sampled_from([b"", ISA.encode(), ISA.encode() + b"~", interchange()]))
@settings(max_examples=500, deadline=None)
def test_no_bytes_make_the_tokeniser_raise(raw, before):
    for file in (read(before + raw), read(raw + before)):
        for one in file.interchanges:
            assert (len(one.digest), one.isa[0][:3]) == (64, "ISA")
        assert all(found.segments[0][0] == "ST" for found in file.sets)


@given(st.integers(0, len(interchange()) * 2), st.binary(max_size=6))
@settings(max_examples=300, deadline=None)
def test_damage_in_one_interchange_leaves_the_whole_sets_of_the_next(at, noise):
    damaged = (interchange() * 2)[:at] + noise
    found = [one.number for one in read(interchange(changed("0001", "0007")) + damaged).sets]
    assert found[:1] == ["0007"]
