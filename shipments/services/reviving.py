"""A table that was undone, put right and imported again: its rows count again, although they were reported before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from shipments.enums import Format
from shipments.normalise import successor_fingerprint
from shipments.services.chains import Tip, tips_of
from shipments.services.storing import Report


def revived(reports: Sequence[Report]) -> Sequence[Report]:
    """The same reports; those whose earlier import was undone take the place of the retraction that undid it.

    Without this they would be duplicates of what counts no more. What a person took back by hand stays taken back.
    """
    tables = {report.event.fingerprint for report in reports if report.format == Format.CSV}
    if not tables:
        return reports
    ends: dict[str, list[Tip]] = defaultdict(list)
    for tip in tips_of(tables):
        ends[tip.reported].append(tip)
    undone = {key: tips[0] for key, tips in ends.items() if all(tip.is_undone for tip in tips)}
    return [_anew(report, undone.get(report.event.fingerprint)) for report in reports] if undone else reports


def _anew(report: Report, tip: Tip | None) -> Report:
    if tip is None:
        return report
    event = replace(report.event, fingerprint=successor_fingerprint(tip.fingerprint))
    return replace(report, event=event, supersedes=tip.event_id)
