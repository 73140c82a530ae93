"""What can be downloaded from the page of a shipment: its events in the words of the standards."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from portal.api.outgoing import as_file, dcsa_events, epcis_document
from portal.console.base import File

FILES = (
    File(
        "dcsa",
        gettext_lazy("Events as DCSA"),
        "shipments.view_event",
        lambda s: (as_file(dcsa_events(s, None)), "application/json", f"{s.public_id}-dcsa.json"),
    ),
    File(
        "epcis",
        gettext_lazy("Events as EPCIS"),
        "shipments.view_event",
        lambda s: (as_file(epcis_document(s, None)), "application/ld+json", f"{s.public_id}-epcis.jsonld"),
    ),
)
