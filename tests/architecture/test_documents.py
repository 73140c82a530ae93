"""The documents lead somewhere, and leave no setting out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from django.conf import settings

from tests.architecture.sources import ROOT, Source

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
# Said to a process by the one that starts it, never by a person.
INTERNAL = {"WAYMARK_ROLE"}


def anchors(document: Path) -> set[str]:
    """What a link may name behind `#`: the headings, as forges write them."""
    headings = [line.lstrip("# ") for line in document.read_text("utf-8").splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def leads_nowhere(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    return not target.exists() or (anchor != "" and anchor not in anchors(target))


def test_each_link_of_a_document_leads_to_a_file_and_a_heading() -> None:
    links = [(document, link) for document in DOCUMENTS for link in LINK.findall(document.read_text("utf-8"))]
    assert len(links) > 20
    assert [f"{d.name}: {link}" for d, link in links if "://" not in link and leads_nowhere(d, link)] == []


def settings_read() -> set[str]:
    """The names of the variables that the settings ask the environment for."""
    calls = [node for node in Source("config/settings.py").nodes if isinstance(node, ast.Call) and node.args]
    return {
        str(call.args[0].value)
        for call in calls
        if ast.unparse(call.func).startswith("environment.") and isinstance(call.args[0], ast.Constant)
    }


def test_each_setting_stands_in_the_table_of_operations() -> None:
    read, text = settings_read(), (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert read >= {"PORT", "WAYMARK_PARSE_MEMORY"}
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert sorted(read - INTERNAL - {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}) == []


def test_each_kind_of_job_stands_in_operations() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert [kind for kind in settings.WAYMARK_JOBS if f"`{kind}`" not in text] == []
