"""What must always hold of messages, events and shipments (domain.md)."""

from __future__ import annotations

from core.invariants import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "nothing_received_is_lost",
        "A message that was understood has its events, or says that they were known before.",
        """SELECT m.public_id FROM shipments_message m
           WHERE m.state = 'parsed' AND m.events_found > m.events_duplicate
             AND NOT EXISTS (SELECT 1 FROM shipments_event e WHERE e.message_id = m.id)""",
    ),
    Invariant(
        "every_event_has_its_message",
        "Every event points to the message it was read from.",
        """SELECT e.public_id FROM shipments_event e
           LEFT JOIN shipments_message m ON m.id = e.message_id WHERE m.id IS NULL""",
    ),
    Invariant(
        "every_event_is_matched_or_waits",
        "Every event belongs to a shipment, waits for one, was dismissed by a person, or was superseded.",
        """SELECT e.public_id FROM shipments_event e
           WHERE NOT EXISTS (SELECT 1 FROM shipments_eventmatch x WHERE x.event_id = e.id)
             AND NOT EXISTS (SELECT 1 FROM shipments_waitingevent w WHERE w.event_id = e.id
                             AND (w.closed_at IS NULL OR w.outcome IN ('dismissed', 'mapped', 'released')))
             AND NOT EXISTS (SELECT 1 FROM shipments_event s WHERE s.supersedes = e.id)""",
    ),
    Invariant(
        "no_waiting_event_has_its_shipment",
        "No event still waits unmatched although it is matched.",
        """SELECT w.id FROM shipments_waitingevent w JOIN shipments_eventmatch x ON x.event_id = w.event_id
           WHERE w.closed_at IS NULL AND w.reason = 'unmatched'""",
    ),
    Invariant(
        "an_unmapped_event_waits_for_its_mapping",
        "A waiting unmapped event carries no milestone code of its own.",
        """SELECT e.public_id FROM shipments_waitingevent w JOIN shipments_event e ON e.id = w.event_id
           WHERE w.reason = 'unmapped' AND w.closed_at IS NULL AND e.code <> 'INFO'""",
    ),
    Invariant(
        "every_shipment_has_a_stream",
        "Every shipment has the row that counts its changes.",
        """SELECT s.public_id FROM shipments_shipment s
           LEFT JOIN shipments_shipmentstream t ON t.shipment_id = s.id WHERE t.shipment_id IS NULL""",
    ),
    Invariant(
        "the_customer_is_a_party",
        "The customer of a shipment is one of its parties, so that scope and ownership agree.",
        """SELECT s.public_id FROM shipments_shipment s WHERE NOT EXISTS (
             SELECT 1 FROM shipments_shipmentparty p
             WHERE p.shipment_id = s.id AND p.partner_id = s.customer_id AND p.role = 'customer')""",
    ),
    Invariant(
        "a_shipment_is_known_by_its_reference_and_units",
        "The reference and the units of a shipment can be found where matching looks.",
        """SELECT s.public_id FROM shipments_shipment s WHERE NOT EXISTS (
             SELECT 1 FROM shipments_reference r WHERE r.shipment_id = s.id AND r.type = 'shipment')
           UNION ALL
           SELECT s.public_id FROM shipments_unit u JOIN shipments_shipment s ON s.id = u.shipment_id
           WHERE u.kind = 'container' AND NOT EXISTS (
             SELECT 1 FROM shipments_reference r WHERE r.shipment_id = u.shipment_id AND r.key = u.key)""",
    ),
    Invariant(
        "a_superseded_event_waits_for_nothing",
        "What an event that was superseded lacks, its successor waits for, and only that.",
        """SELECT w.id FROM shipments_waitingevent w JOIN shipments_event s ON s.supersedes = w.event_id
           WHERE w.closed_at IS NULL""",
    ),
    Invariant(
        "an_event_has_one_successor",
        "No two events take the place of the same one.",
        """SELECT e.supersedes FROM shipments_event e WHERE e.supersedes IS NOT NULL
           GROUP BY e.supersedes HAVING count(*) > 1""",
    ),
    Invariant(
        "an_event_supersedes_an_earlier_one",
        "What an event takes the place of was stored, and before it.",
        """SELECT e.public_id FROM shipments_event e LEFT JOIN shipments_event o ON o.id = e.supersedes
           WHERE e.supersedes IS NOT NULL AND (o.id IS NULL OR o.id >= e.id)""",
    ),
    Invariant(
        "a_large_message_is_stored_as_far_as_it_was_read",
        "The events of a large message that count as read are stored or were known before.",
        """SELECT m.public_id FROM shipments_message m
           WHERE m.state IN ('parsed', 'partial') AND m.events_read > m.events_found + m.events_duplicate
           UNION ALL
           SELECT m.public_id FROM shipments_message m
           WHERE m.state = 'rejected' AND m.events_read > 0""",
    ),
    Invariant(
        "every_wait_has_its_event",
        "What waits for something is an event that was stored.",
        """SELECT w.id FROM shipments_waitingevent w LEFT JOIN shipments_event e ON e.id = w.event_id
           WHERE e.id IS NULL""",
    ),
    Invariant(
        "every_answer_has_its_message",
        "Each acknowledgement, receipt of a call, control number and import names a message that was received.",
        """SELECT 'acknowledgement ' || a.id FROM shipments_acknowledgement a
           LEFT JOIN shipments_message m ON m.id = a.message_id WHERE m.id IS NULL
           UNION ALL
           SELECT 'receipt ' || r.id FROM shipments_webhookreceipt r
           LEFT JOIN shipments_message m ON m.id = r.message_id WHERE m.id IS NULL
           UNION ALL
           SELECT 'control number ' || c.id FROM shipments_controlnumber c
           LEFT JOIN shipments_message m ON m.id = c.message_id WHERE m.id IS NULL OR c.digest = ''
           UNION ALL
           SELECT 'upload ' || u.id FROM shipments_upload u
           LEFT JOIN shipments_message m ON m.id = u.message_id WHERE u.message_id IS NOT NULL AND m.id IS NULL""",
    ),
    Invariant(
        "another_name_leads_to_a_place_itself",
        "A place that is the same as another names one that is not the same as a third.",
        """SELECT p.unlocode FROM shipments_location p JOIN shipments_location o ON o.id = p.same_as_id
           WHERE o.same_as_id IS NOT NULL""",
    ),
    Invariant(
        "a_document_is_what_was_filed",
        "The bytes of a document are those that were filed: as many, and with the same digest.",
        """SELECT d.public_id FROM shipments_document d
           WHERE d.size <> octet_length(d.body) OR d.digest <> encode(sha256(d.body), 'hex')""",
    ),
    Invariant(
        "an_earlier_state_says_all_that_rules_know",
        "An earlier state of a shipment is over, and names everything that the rules know of one.",
        """SELECT p.id FROM shipments_shipmentpast p
           WHERE p.until > now() OR NOT p.facts ?& array['dates', 'type', 'mode', 'service', 'origin', 'destination',
                                                         'cancelled', 'legs', 'units']""",
    ),
)
