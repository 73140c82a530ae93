"""The fuzz targets without the fuzzer: they take every sample, and they do fail when a parser does."""

import subprocess
import sys

import pytest

from shipments.formats.base import Parsed, ParsedEvent
from shipments.formats.registry import FORMATS
from tests.fuzz.run import ROOT, atheris
from tests.fuzz.targets import TARGETS, TOKENISERS, WrongAnswer, seeds, target_of


def raising(raw, options):
    raise KeyError("x")


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_every_sample(name):
    for path in seeds():
        TARGETS[name](path.read_bytes())


def test_every_parser_and_every_tokeniser_has_a_target():
    assert set(TARGETS) == set(FORMATS) | set(TOKENISERS)


def test_an_exception_of_a_parser_is_one_of_its_target():
    with pytest.raises(KeyError):
        target_of(raising)(b"")


EVENT = ParsedEvent(position=0, raw_code="X", code_list="x", wall_time="2026-06-01T00:00:00")


@pytest.mark.parametrize("answer", [None, Parsed(), Parsed(events=(EVENT, EVENT))])
def test_an_answer_that_cannot_be_stored_is_an_exception(answer):
    with pytest.raises(WrongAnswer):
        target_of(lambda raw, options: answer)(b"")


@pytest.mark.skipif(atheris is None, reason="Atheris has no wheel for this Python")
def test_the_command_runs_a_target_for_a_bounded_time():
    command = [sys.executable, "tests/fuzz/run.py", "tokenise_x12", "--seconds", "1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, "stat::number_of_executed_units" in ended.stderr) == (0, True)


@pytest.mark.skipif(atheris is None, reason="Atheris has no wheel for this Python")
def test_the_command_names_its_targets_when_asked_for_another():
    command = [sys.executable, "tests/fuzz/run.py", "nothing", "--seconds", "1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, "tokenise_x12" in ended.stderr) == (2, True)
