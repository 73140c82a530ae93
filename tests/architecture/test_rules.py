"""Each rule about pitfalls of the formats has a test that bears its number, and each format all that a format needs."""

from __future__ import annotations

import ast
import re

from shipments.enums import Format
from shipments.formats.registry import FORMATS
from tests.architecture.sources import ROOT
from tests.expected_values import OWN, OWN_SAMPLES, expectations

RULES = range(1, 42)
RULE = re.compile(r"test_rule_(\d\d)_[a-z0-9]")
NAMED = re.compile(r"`([a-z0-9_]+)`")


def numbers_of_rules() -> set[int]:
    """The numbers in the names of the tests, as the sources say them."""
    modules = (ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "tests").rglob("test_*.py")))
    names = (node.name for module in modules for node in module.body if isinstance(node, ast.FunctionDef))
    return {int(found[1]) for found in map(RULE.match, names) if found}


def test_each_rule_has_a_test_with_its_number() -> None:
    assert sorted(numbers_of_rules()) == list(RULES)


def test_each_format_has_its_line_in_the_registry() -> None:
    assert sorted(FORMATS) == sorted(Format.values)


def test_each_format_has_a_sample_of_ours_with_expected_values() -> None:
    assert set(OWN_SAMPLES.values()) == set(Format.values)
    assert [name for name in OWN_SAMPLES if not (OWN / name).is_file() or not expectations(OWN / name).is_file()] == []


def test_each_format_has_a_heading_in_its_documentation() -> None:
    headings = [line for line in (ROOT / "docs" / "formats.md").read_text("utf-8").splitlines() if line[:3] == "## "]
    assert sorted(name for line in headings for name in NAMED.findall(line)) == sorted(Format.values)
