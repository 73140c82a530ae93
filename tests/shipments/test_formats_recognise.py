import pytest

from shipments.formats.recognise import decode, recognise, refusal, snippet


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"ISA*00*~GS*QM~ST*214*1~", "x12_214"),
        (b"\xef\xbb\xbfISA|00|~ST|315|1~", "x12_315"),
        (b"ISA*00*", "x12"),
        (b"UNA:+.? 'UNB+UNOA", "edifact"),
        (b"UNB+UNOA:1", "edifact"),
        (b"UNB+UNOA:1+A+B+260101:1200+1'UNH+1+IFTSTA:D:00B:UN'", "iftsta"),
        (b"UNA|*.? ~UNB*UNOA|1*A*B*260101|1200*1~\r\nUNH*1*CODECO|D|95B|UN~", "codeco"),
        (b"UNB+UNOA:1'UNH+1+BAPLIE:D:95B:UN'UNT+2+1'UNH+2+COARRI:D:95B:UN'", "coarri"),
        (b"UNB+UNOA:1'UNH+1+CONTRL:D:3:UN'", "contrl"),
        (b"UNB+UNOA:1'UNH+1+BAPLIE:D:95B:UN'", "edifact_baplie"),
        (b"FSU/14\n157-", "cargo_imp"),
        (b"QD SELPRCR\r\n.HDQFMQR 200739\r\nFSA/6\r\n157-", "cargo_imp"),
        (b"UNB+IATA:1+A+B+251104:1200+7'UNH+1+CIMFSU:12'FSU/12", "cargo_imp"),
        (b"code,FSU/14\nFSU/14,x", "csv"),
        (b'{"events": [{"eventRouting": {}, "eventID": "1"}]}', "dcsa_3"),
        (b'{"events": [{"eventID": "1", "eventClassification": {"eventTypeCode": "IOT"}}]}', "dcsa_3"),
        (b'{"@context": {"cargo": "https://onerecord.iata.org/ns/cargo#"}}', "one_record"),
        (b'[{"@type": "LogisticsEvent", "eventCode": "DEP"}]', "one_record"),
        (b'[{"eventID": "1"}]', "dcsa_2"),
        (b'{"events": [{"occurred_at": "x"}]}', "native"),
        (b'{"type": "EPCISDocument"}', "epcis"),
        (b'[{"eventID": "1", "eventTimeZoneOffset": "Z"}]', "epcis"),
        (b'{"trackResponse": {}}', "ups"),
        (b'{"trackingNumber": "1", "localActivityDate": "2"}', "ups"),
        (b'{"output": {"completeTrackResults": [{"scanEvents": [{"eventType": "PU"}]}]}}', "fedex"),
        (b'{"shipments": [{"id": "1", "service": "express"}]}', "dhl"),
        (b'{"shipments": [{"shipmentTrackingNumber": "1"}]}', "dhl"),
        (b"[1]", "json"),
        (b"<?xml version='1.0'?>", "xml"),
        (b"code;date\nA;B", "csv"),
        ("code,date".encode("utf-16"), "csv"),
        (b"%PDF-1.7", "pdf"),
        (b"PK\x03\x04", "zip"),
        (b"PK\x03\x04\x00\x00xl/workbook.xml", "xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1", "xls"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x89PNG\r\n", "image"),
        (b"abc\x00def", "binary"),
        (b"hello", ""),
        (b"", ""),
    ],
)
def test_a_payload_is_recognised_by_how_it_begins(raw, name):
    assert recognise(raw) == name


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Zürich".encode(), "Zürich"),
        ("Zürich".encode("utf-8-sig"), "Zürich"),
        ("Zürich".encode("utf-16"), "Zürich"),
        ("Zürich – 5 €".encode("cp1252"), "Zürich – 5 €"),
        (b"\xff\x81", "ÿ\x81"),
    ],
)
def test_text_is_decoded_whatever_its_charset(raw, text):
    assert decode(raw) == text


@pytest.mark.parametrize("raw", [b"", b"\n\t ", b"%PDF", b"text" * 2000 + b"\x00", b"\xff\xfea\x00\x00\x00"])
def test_nothing_and_bytes_that_are_no_text_are_refused(raw):
    assert [issue.code for issue in refusal(raw).issues] == ["empty" if not raw.strip() else "binary"]


def test_text_is_not_refused():
    assert refusal(b"anything at all") is None


def test_a_snippet_holds_no_nul():
    assert snippet(b"a\x00b" + b"c" * 100) == "ab" + "c" * 57
