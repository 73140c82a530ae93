from shipments.services.ingest import ingest_messages, ingest_waiting
from shipments.services.intake import Receipt, receive, reprocess
from shipments.services.outcomes import RowOutcome, outcomes_of
from shipments.services.repairing import dismiss_event, match_event, release_event, save_mapping
from shipments.services.reporting import EventResult, read_now, record_event, report_events, retract_event
from shipments.services.shipments import (
    add_party,
    add_references,
    add_units,
    cancel_shipment,
    change_shipment,
    create_shipment,
    remove_party,
)
from shipments.services.sources import manual_source, save_source, table_source
from shipments.services.sweeping import match_waiting
from shipments.services.taking_up import take_up
from shipments.services.uploads import check_upload, discard_upload, error_file, import_upload, undo_upload

__all__ = [
    "EventResult",
    "Receipt",
    "RowOutcome",
    "add_party",
    "add_references",
    "add_units",
    "cancel_shipment",
    "change_shipment",
    "check_upload",
    "create_shipment",
    "discard_upload",
    "dismiss_event",
    "error_file",
    "import_upload",
    "ingest_messages",
    "ingest_waiting",
    "manual_source",
    "match_event",
    "match_waiting",
    "outcomes_of",
    "read_now",
    "receive",
    "record_event",
    "release_event",
    "remove_party",
    "report_events",
    "reprocess",
    "retract_event",
    "save_mapping",
    "save_source",
    "table_source",
    "take_up",
    "undo_upload",
]
