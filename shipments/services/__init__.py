from shipments.services.acknowledging import hand_over
from shipments.services.calls import NotGenuine, Taken, take_call
from shipments.services.checking import check_of
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
from shipments.services.documents import body_of, file_document, may_file, size_words, withdraw_document
from shipments.services.health import note_silences, refresh_health
from shipments.services.ingest import ingest_messages, ingest_waiting
from shipments.services.intake import Receipt, receive, reprocess
from shipments.services.mapping_files import check_mappings, export_mappings, import_mappings
from shipments.services.mappings import rehearse_mapping, save_mapping, withdraw_mapping
from shipments.services.outcomes import RowOutcome, outcomes_of
from shipments.services.pasts import load_pasts, present_facts
from shipments.services.place_lists import load_aliases, load_facilities, load_name_aliases, load_unlocode
from shipments.services.places import delete_alias, preview_alias, save_alias, save_place
from shipments.services.placing import sweep_places
from shipments.services.repairing import dismiss_event, match_event, release_event
from shipments.services.reporting import EventResult, read_now, record_event, report_events, retract_event
from shipments.services.reprocessing import Slice, start_reprocess
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
from shipments.services.suggesting import Suggestion, suggest_meanings
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
    "Slice",
    "Suggestion",
    "Taken",
    "Trial",
    "add_party",
    "add_references",
    "add_units",
    "body_of",
    "cancel_shipment",
    "change_shipment",
    "check_mappings",
    "check_of",
    "check_upload",
    "collect_due",
    "collect_now",
    "create_shipment",
    "delete_alias",
    "discard_upload",
    "dismiss_event",
    "error_file",
    "export_mappings",
    "file_document",
    "hand_over",
    "import_mappings",
    "import_upload",
    "ingest_messages",
    "ingest_waiting",
    "load_aliases",
    "load_facilities",
    "load_name_aliases",
    "load_pasts",
    "load_unlocode",
    "manual_source",
    "match_event",
    "match_waiting",
    "may_file",
    "note_silences",
    "outcomes_of",
    "pause_connection",
    "present_facts",
    "preview_alias",
    "read_now",
    "receive",
    "record_event",
    "refresh_health",
    "rehearse_mapping",
    "release_event",
    "remove_party",
    "report_events",
    "reprocess",
    "resume_connection",
    "retract_event",
    "rotate_secret",
    "save_alias",
    "save_connection",
    "save_mapping",
    "save_place",
    "save_source",
    "size_words",
    "start_reprocess",
    "suggest_meanings",
    "sweep_places",
    "table_source",
    "take_call",
    "take_up",
    "try_connection",
    "undo_upload",
    "wake_collectors",
    "withdraw_document",
    "withdraw_mapping",
]
