"""What must always hold of plans, milestones and exceptions (domain.md)."""

from __future__ import annotations

from core.invariants import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "no_actual_without_an_event",
        "A reached milestone that is not inferred names an event that belongs to the shipment.",
        """SELECT m.id FROM milestones_milestone m
           WHERE m.actual_at IS NOT NULL AND NOT m.is_inferred AND NOT EXISTS (
             SELECT 1 FROM shipments_event e JOIN shipments_eventmatch x ON x.event_id = e.id
             WHERE x.shipment_id = m.shipment_id AND e.public_id::text = m.decisions -> 'actual' ->> 'event')""",
    ),
    Invariant(
        "no_actual_from_the_future",
        "No milestone was reached by an event that was quarantined for its date.",
        """SELECT m.id FROM milestones_milestone m JOIN shipments_event e
             ON e.public_id::text = m.decisions -> 'actual' ->> 'event'
           WHERE NOT m.is_inferred AND e.quarantine <> ''""",
    ),
    Invariant(
        "no_actual_from_a_retracted_event",
        "No milestone was reached by an event that its source took back.",
        """SELECT m.id FROM milestones_milestone m
           JOIN milestones_journey j ON j.shipment_id = m.shipment_id
           JOIN shipments_shipmentstream t ON t.shipment_id = m.shipment_id AND t.revision = j.seen_revision
           JOIN shipments_event e ON e.public_id::text = m.decisions -> 'actual' ->> 'event'
           WHERE NOT m.is_inferred AND e.source_event_id <> '' AND EXISTS (
             SELECT 1 FROM shipments_event r WHERE r.source_id = e.source_id AND r.retracts = e.source_event_id
               AND r.quarantine = '' AND NOT EXISTS (SELECT 1 FROM shipments_event s WHERE s.supersedes = r.id)
               AND (r.source_event_id = '' OR NOT EXISTS (
                 SELECT 1 FROM shipments_event b
                 WHERE b.source_id = r.source_id AND b.retracts = r.source_event_id AND b.quarantine = '')))""",
    ),
    Invariant(
        "the_strip_tells_the_milestones",
        "The roll-up of a journey agrees with its milestones.",
        """SELECT j.shipment_id FROM milestones_journey j WHERE j.done <> (
             SELECT count(*) FROM milestones_milestone m
             WHERE m.shipment_id = j.shipment_id AND m.line_id IS NOT NULL AND m.state = 'reached')""",
    ),
    Invariant(
        "open_cases_are_counted",
        "The number of open exceptions of a journey is right.",
        """SELECT j.shipment_id FROM milestones_journey j WHERE j.open_cases <> (
             SELECT count(*) FROM milestones_shipmentexception c
             WHERE c.shipment_id = j.shipment_id AND c.state <> 'resolved')""",
    ),
    Invariant(
        "a_resolved_exception_leaves_no_task",
        "No task stays open for an exception that is resolved.",
        """SELECT w.public_id FROM milestones_worktask w JOIN milestones_shipmentexception c ON c.id = w.exception_id
           WHERE w.state = 'open' AND c.state = 'resolved'""",
    ),
    Invariant(
        "an_open_root_has_an_open_case",
        "A common root is open exactly as long as one of its exceptions is.",
        """SELECT g.public_id FROM milestones_casegroup g WHERE (g.closed_at IS NULL) <> EXISTS (
             SELECT 1 FROM milestones_shipmentexception c WHERE c.group_id = g.id AND c.state <> 'resolved')""",
    ),
    Invariant(
        "a_root_has_one_rule",
        "An exception belongs to a root of its own rule.",
        """SELECT c.public_id FROM milestones_shipmentexception c JOIN milestones_casegroup g ON g.id = c.group_id
           WHERE g.rule_id <> c.rule_id""",
    ),
    Invariant(
        "only_what_sleeps_wakes",
        "Only a snoozed exception has a time or a condition that wakes it, and none sleeps past its time.",
        """SELECT c.public_id FROM milestones_shipmentexception c
           JOIN milestones_journey j ON j.shipment_id = c.shipment_id
           WHERE (c.state <> 'snoozed' AND (c.snoozed_until IS NOT NULL OR c.wake_when IS NOT NULL))
              OR (c.state = 'snoozed' AND c.snoozed_until <= j.evaluated_at
                  AND (j.next_check_at IS NULL OR j.next_check_at > c.snoozed_until))""",
    ),
    Invariant(
        "an_escalated_exception_has_a_rule_that_escalates",
        "An exception is in a stage that its rule, as it is now, has.",
        """SELECT c.public_id FROM milestones_shipmentexception c JOIN milestones_exceptionrule r ON r.id = c.rule_id
           WHERE c.state <> 'resolved' AND c.cause_gone_at IS NULL AND r.version = c.rule_version AND (
             (c.stage = 'escalated' AND r.escalate_minutes IS NULL)
             OR (c.stage = 'warning' AND r.warn_minutes IS NULL))""",
    ),
    Invariant(
        "a_milestone_closes_its_task",
        "No task stays open for a milestone that is reached.",
        """SELECT w.public_id FROM milestones_worktask w
           JOIN milestones_milestone m ON m.shipment_id = w.shipment_id AND w.key = 'line:' || m.slot
           WHERE w.state = 'open' AND m.state = 'reached'""",
    ),
)
