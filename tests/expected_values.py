"""Expected values beside the samples, and what our readers say of the same: for the tests and the table."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shipments.formats.base import Parsed, ParsedEvent, ParsedPlace
from shipments.normalise import Meaning, Origin, PlaceBook, normalise
from shipments.tables import read_table
from shipments.zones import load_zone

OWN = Path(__file__).parent / "samples"
COLLECTED = Path(os.environ.get("WAYMARK_SAMPLES", Path(__file__).parents[2] / "shared" / "samples"))
OWN_SAMPLES = {
    "x12_214_road_two_stops.edi": "x12_214",
    "x12_315_transshipment.edi": "x12_315",
    "x12_322_ramp.edi": "x12_322",
    "cbp_350.edi": "cbp",
    "auto_mixed_x12.edi": "auto",
    "dcsa_2_ocean.json": "dcsa_2",
    "dcsa_3_ocean.json": "dcsa_3",
    "cargo_imp_air.txt": "cargo_imp",
    "one_record_air.json": "one_record",
    "epcis_pallets.json": "epcis",
    "native_air.json": "native",
    "csv_warehouse.csv": "csv",
    "iftsta_ocean_container.edi": "iftsta",
    "iftsta_road_partner_codes.edi": "iftsta",
    "iftsta_cancelled.edi": "iftsta",
    "coarri_discharge.edi": "coarri",
    "codeco_gate.edi": "codeco",
    "ups_track_air_parcel.json": "ups",
    "ups_alert_out_for_delivery.json": "ups",
    "fedex_track_two_numbers.json": "fedex",
    "dhl_unified_return.json": "dhl",
    "dhl_express_pieces.json": "dhl",
}
# When the samples came in: what gives the days of Cargo-IMP their year.
RECEIVED = {"received_at": "2025-11-06T12:00:00+00:00"}
AT_NEW_YEAR = {"received_at": "2026-01-02T12:00:00+00:00"}
MEANINGS = {
    (row["code_list"], row["raw_code"]): Meaning(row["code"], row["classifier"])
    for name in ("codes_fsu", "codes_coarri_codeco")
    for row in read_table(name)
}
# Of the collected gate report: what contradicts its own message, what names its file, and words for a code we keep.
GATE_LEFT_OUT = frozenset(
    {
        "id", "type", "fileName", "messageRaw", "functionCode", "containerSeal", "vesselCarrier", "vesselName",
        "containerIsoCode", "destinationTransportType",
    }
)  # fmt: skip


def options_for(name: str) -> dict[str, str]:
    return AT_NEW_YEAR if "rollover" in name else RECEIVED


def said(row: ParsedEvent | ParsedPlace) -> dict[str, Any]:
    """What a place or an event says: the fields that are not as empty as a new one."""
    values = ((field, getattr(row, field.name)) for field in dataclasses.fields(row))
    return {field.name: value for field, value in values if value != field.default}


def as_expected(event: ParsedEvent) -> Any:
    shown = said(event)
    shown.pop("position")
    shown.pop("attributes") if not event.attributes else None
    if event.place != ParsedPlace():
        shown["place"] = said(event.place)
    return json.loads(json.dumps(shown))


def instant(event: ParsedEvent) -> str:
    """With the offset where the sender gave a zone."""
    wall = datetime.fromisoformat(event.wall_time)
    return (wall.replace(tzinfo=load_zone(event.zone)) if event.zone else wall).isoformat()


def meant(event: ParsedEvent) -> tuple[str, str]:
    """(our code, classifier): what the mapping that ships with us makes of it."""
    received = datetime.fromisoformat(RECEIVED["received_at"]).astimezone(UTC)
    known = normalise(event, Origin(1, "S", 50, "", received, MEANINGS, PlaceBook()))
    return known.code, known.classifier


def of_ours(parsed: Parsed, expected: Any) -> tuple[Any, Any]:
    """Our own samples: every field of every event, and every issue."""
    issues = [[issue.code, issue.position] for issue in parsed.issues]
    return {"events": [as_expected(event) for event in parsed.events], "issues": issues}, expected


def of_fsu(parsed: Parsed, expected: Any) -> tuple[Any, Any]:
    """The collected Cargo-IMP: all that is expected, which is not the same for each status."""
    shown = [
        {
            "code": meant(event)[0], "classifier": meant(event)[1], "local_time": event.wall_time[:16],
            "airport": event.place.iata, "pieces": event.attributes.get("pieces"),
            "total": event.attributes.get("total_pieces"),
        }
        for event in parsed.events
    ]  # fmt: skip
    names = [set(wanted) for wanted in expected] + [set(row) for row in shown[len(expected) :]]
    return [{name: row[name] for name in wanted} for row, wanted in zip(shown, names, strict=False)], expected


def of_gate(parsed: Parsed, expected: Any) -> tuple[Any, Any]:
    """The collected gate report, but GATE_LEFT_OUT."""
    wanted = {name: value for name, value in expected.items() if name not in GATE_LEFT_OUT}
    if len(parsed.events) != 1 or len(parsed.envelopes) != 1:
        return {}, wanted
    (event,), (envelope,) = parsed.events, parsed.envelopes
    said_of = event.attributes
    return {
        "ata": event.wall_time + "Z",
        "sentAt": event.reported_at + "Z",
        "bookingCode": dict(event.references).get("booking"),
        "travelReference": event.voyage,
        "vesselVoyage": event.voyage,
        "vesselImo": int(event.vessel_imo or 0),
        "containerIdentification": event.equipment,
        "containerCarrierIdentification": said_of.get("carrier"),
        "containerClass": str(said_of.get("direction")).title(),
        "isContainerEmpty": said_of.get("laden") == "EMPTY",
        "containerWeight": float(said_of.get("weight") or 0),
        "loadingPort": said_of.get("pol"),
        "dischargingPort": said_of.get("pod"),
        "truckLicenseCode": said_of.get("truck"),
        "originTransportType": {"ROAD": "Truck"}.get(str(said_of.get("inland_mode"))),
        "senderIdentification": envelope.sender,
        "receiverIdentification": envelope.receiver,
        "messageVersion": envelope.sets[0].kind.split(":")[1],
        "release": envelope.sets[0].kind.split(":")[2],
        "operationType": {"GATE_IN": "Port of entry"}.get(meant(event)[0]),
    }, wanted


def of_canada_post(parsed: Parsed, expected: Any) -> tuple[Any, Any]:
    """The collected 214 of 19 sets: number, instant, place and weight of each; where it goes to is no report."""
    shown = [
        {
            "tracking_number": event.references[0][1],
            "events": [
                {
                    "date": instant(event),
                    "location": {
                        "city": event.place.name, "state": event.place.subdivision, "country": event.place.country,
                    },
                }
            ],
            # Nought says that nobody weighed it.
            "weight": float(event.attributes.get("weight", 0)),
        }
        for event in parsed.events
    ]  # fmt: skip
    return shown, [as_reported(row["TransformedRecord"]) for row in expected]


def as_reported(row: dict[str, Any]) -> dict[str, Any]:
    events = [{name: event[name] for name in ("date", "location")} for event in row["events"]]
    return {"tracking_number": row["tracking_number"], "events": events, "weight": row["weight"]}


# Whose expected values are in which form; the collected ones by their folder.
COMPARED: dict[str, Callable[[Parsed, Any], tuple[Any, Any]]] = {
    "samples": of_ours,
    "cargo_imp_synthetic": of_fsu,
    "edifact_coarri_codeco": of_gate,
    "x12_214": of_canada_post,
}


def expectations(file: Path) -> Path:
    """Where the expected values of a sample stand, if there are any."""
    return file.with_suffix(".expected.json")


def compare(file: Path, parsed: Parsed) -> tuple[Any, Any]:
    """(what was read, what is expected), in one form. `file`: a sample with expected values in a known form."""
    expected = json.loads(expectations(file).read_text("utf-8"))
    return COMPARED["samples" if file.parent == OWN else file.parent.name](parsed, expected)


def values(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each single value of a JSON tree with its path; an empty list or object is a value."""
    if isinstance(tree, dict) and tree:
        for name, inner in tree.items():
            yield from values(inner, f"{path}/{name}")
    elif isinstance(tree, list) and tree:
        for position, inner in enumerate(tree):
            yield from values(inner, f"{path}/{position}")
    else:
        yield path, tree


def count(shown: Any, expected: Any) -> tuple[int, int]:
    """(values compared, values met): a value that only one side has is compared and not met."""
    ours, theirs = dict(values(shown)), dict(values(expected))
    paths = ours.keys() | theirs.keys()
    return len(paths), sum(path in ours and path in theirs and ours[path] == theirs[path] for path in paths)
