"""What must always hold of money (domain.md)."""

from __future__ import annotations

from core.invariants import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "invoice_numbers_have_no_gap",
        "The numbers of a series run from 1 without gap or double, up to the series' own count.",
        """SELECT s.code FROM billing_invoiceseries s
           LEFT JOIN billing_invoice i ON i.series_id = s.id AND i.state = 'issued'
           GROUP BY s.id HAVING count(i.id) <> s.next_number - 1
             OR coalesce(max(i.sequence_number), 0) <> count(DISTINCT i.sequence_number)""",
    ),
    Invariant(
        "an_invoice_is_the_sum_of_its_lines",
        "Net of an invoice is the sum of its lines.",
        """SELECT i.public_id FROM billing_invoice i WHERE i.net <> (
             SELECT coalesce(sum(l.net), 0) FROM billing_invoiceline l WHERE l.invoice_id = i.id)""",
    ),
    Invariant(
        "a_charge_is_billed_once",
        "A charge that is invoiced stands on an issued document, and only such a charge does.",
        """SELECT c.public_id FROM billing_charge c
           LEFT JOIN billing_invoiceline l ON l.charge_id = c.id
           LEFT JOIN billing_invoice i ON i.id = l.invoice_id AND i.state = 'issued'
           WHERE (c.state = 'invoiced') <> (i.id IS NOT NULL)""",
    ),
    Invariant(
        "a_charge_has_its_milestone",
        "A live charge belongs to a milestone that was reached, or is reversed.",
        """SELECT c.public_id FROM billing_charge c
           JOIN milestones_journey j ON j.shipment_id = c.shipment_id
           JOIN billing_shipmentaccount a ON a.shipment_id = c.shipment_id AND a.seen_revision = j.revision
           WHERE c.state IN ('unbilled', 'drafted', 'invoiced') AND c.reverses_id IS NULL
             AND NOT EXISTS (SELECT 1 FROM billing_charge r WHERE r.reverses_id = c.id)
             AND NOT EXISTS (SELECT 1 FROM milestones_milestone m WHERE m.shipment_id = c.shipment_id
                             AND m.slot = c.slot AND m.actual_at IS NOT NULL)""",
    ),
    Invariant(
        "accruals_end_at_zero",
        "What was accrued for a charge is taken back when it is billed or cancelled.",
        """SELECT c.public_id FROM billing_charge c JOIN billing_accrual a ON a.charge_id = c.id
           WHERE c.state IN ('invoiced', 'cancelled') GROUP BY c.id HAVING sum(a.amount) <> 0""",
    ),
    Invariant(
        "debits_equal_credits",
        "In every export batch debits equal credits per currency.",
        """SELECT b.public_id FROM billing_exportbatch b, jsonb_each(b.totals) AS t(currency, sums)
           WHERE t.sums ->> 'debit' IS DISTINCT FROM t.sums ->> 'credit'""",
    ),
)
