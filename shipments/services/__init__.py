from shipments.services.acknowledging import hand_over
from shipments.services.calls import NotGenuine, Taken, take_call
from shipments.services.collecting import Look, collect_due, collect_now, wake_collectors
from shipments.services.connections import (
    Saved,
    Trial,
    pause_connection,
    resume_connection,
    rotate_secret,
    save_connection,
    try_connection,
)
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
    "Look",
    "NotGenuine",
    "Receipt",
    "RowOutcome",
    "Saved",
    "Taken",
    "Trial",
    "add_party",
    "add_references",
    "add_units",
    "cancel_shipment",
    "change_shipment",
    "check_upload",
    "collect_due",
    "collect_now",
    "create_shipment",
    "discard_upload",
    "dismiss_event",
    "error_file",
    "hand_over",
    "import_upload",
    "ingest_messages",
    "ingest_waiting",
    "manual_source",
    "match_event",
    "match_waiting",
    "outcomes_of",
    "pause_connection",
    "read_now",
    "receive",
    "record_event",
    "release_event",
    "remove_party",
    "report_events",
    "reprocess",
    "resume_connection",
    "retract_event",
    "rotate_secret",
    "save_connection",
    "save_mapping",
    "save_source",
    "table_source",
    "take_call",
    "take_up",
    "try_connection",
    "undo_upload",
    "wake_collectors",
]
