"""What we answer to interchanges, when the source asks for it: made in the transaction that read them, and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.models.functions import Now
from django.utils import timezone

from core.bulk import insert_rows
from shipments.formats import contrl, x12_997
from shipments.formats.base import Envelope
from shipments.models import Acknowledgement
from shipments.services.reading import Reading

# Standard → (kind, what writes it: envelopes, our number, the instant in ISO → bytes).
WRITERS: dict[str, tuple[str, Callable[[Sequence[Envelope], int, str], bytes]]] = {
    "x12": ("997", x12_997.write),
    "edifact": ("CONTRL", contrl.write),
}


def acknowledge(readings: Sequence[Reading]) -> int:
    """Make the 997 or CONTRL of each message whose source asks for it. Acknowledgements are never acknowledged.

    Returns how many were made; a message that is read again keeps the answer it got.
    """
    rows = []
    for reading in readings:
        answered = [e for e in reading.parsed.envelopes if not e.is_acknowledgement and e.standard in WRITERS]
        if not reading.source.acknowledges or not answered:
            continue
        kind, write = WRITERS[answered[0].standard]
        body = write(answered, reading.message.pk, timezone.now().isoformat())
        if not body:
            continue
        is_accepted = all(one.is_accepted for envelope in answered for one in envelope.sets)
        rows.append((reading.message.pk, kind, "\\x" + body.hex(), is_accepted))
    return len(
        insert_rows(
            Acknowledgement, ["message", "kind", "body", "is_accepted"], rows, on_conflict="DO NOTHING", returning="id"
        )
    )


def hand_over(acknowledgement: Acknowledgement) -> bytes:
    """The content, noted as handed over the first time."""
    Acknowledgement.objects.filter(pk=acknowledgement.pk, handed_over_at=None).update(handed_over_at=Now())
    return bytes(acknowledgement.body)
