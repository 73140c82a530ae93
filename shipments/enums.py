"""Closed vocabularies of the shipments app and the tables of allowed moves."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ShipmentType(TextChoices):
    EXPORT = "export", _("Export")
    IMPORT = "import", _("Import")
    CROSS_TRADE = "cross_trade", _("Cross trade")
    DOMESTIC = "domestic", _("Domestic")
    ECOMMERCE = "ecommerce", _("E-commerce")


class Mode(TextChoices):
    OCEAN = "ocean", _("Ocean")
    AIR = "air", _("Air")
    ROAD = "road", _("Road")
    RAIL = "rail", _("Rail")
    PARCEL = "parcel", _("Parcel")


class Service(TextChoices):
    """How much of the means of transport a shipment takes, or what is done where nothing is carried."""

    FCL = "fcl", _("Full container (FCL)")
    LCL = "lcl", _("Less than a container (LCL)")
    FTL = "ftl", _("Full truck (FTL)")
    LTL = "ltl", _("Less than a truck (LTL)")
    INTERMODAL = "intermodal", _("Intermodal")
    WAREHOUSE_IN = "warehouse_in", _("Into the warehouse")
    WAREHOUSE_OUT = "warehouse_out", _("Out of the warehouse")
    CUSTOMS = "customs", _("Customs clearance only")


class DocumentType(TextChoices):
    """What a document is, in the trade's own names."""

    BOOKING_CONFIRMATION = "booking_confirmation", _("Booking confirmation")
    COMMERCIAL_INVOICE = "commercial_invoice", _("Commercial invoice")
    PACKING_LIST = "packing_list", _("Packing list")
    MBL = "mbl", _("Master bill of lading")
    HBL = "hbl", _("House bill of lading")
    MAWB = "mawb", _("Master air waybill")
    HAWB = "hawb", _("House air waybill")
    CMR = "cmr", _("Road waybill (CMR)")
    ARRIVAL_NOTICE = "arrival_notice", _("Arrival notice")
    DELIVERY_ORDER = "delivery_order", _("Delivery order")
    POD = "pod", _("Proof of delivery")
    EXPORT_DECLARATION = "export_declaration", _("Export declaration")
    IMPORT_DECLARATION = "import_declaration", _("Import declaration")
    CERTIFICATE_OF_ORIGIN = "certificate_of_origin", _("Certificate of origin")
    DANGEROUS_GOODS = "dangerous_goods", _("Dangerous goods declaration")
    INSURANCE = "insurance", _("Insurance certificate")
    CARRIER_INVOICE = "carrier_invoice", _("Carrier invoice")
    OTHER = "other", _("Other")


class DocumentAudience(TextChoices):
    """Who may see a document, beside the house."""

    INTERNAL = "internal", _("Internal")
    PARTNER = "partner", _("Partners")
    CUSTOMER = "customer", _("Partners and the customer")


class PartyRole(TextChoices):
    """What a partner plays on one shipment."""

    CUSTOMER = "customer", _("Customer")
    SHIPPER = "shipper", _("Shipper")
    CONSIGNEE = "consignee", _("Consignee")
    FORWARDER = "forwarder", _("Forwarder or agent")
    CARRIER = "carrier", _("Carrier")
    WAREHOUSE = "warehouse", _("Warehouse")
    CUSTOMS_BROKER = "customs_broker", _("Customs broker")
    CUSTOMS_AUTHORITY = "customs_authority", _("Customs authority")
    TERMINAL = "terminal", _("Terminal")
    LAST_MILE_CARRIER = "last_mile_carrier", _("Last-mile carrier")
    THIRD_PARTY_LOGISTICS = "3pl", _("3PL")


class UnitKind(TextChoices):
    CONTAINER = "container", _("Container")
    ULD = "uld", _("ULD")
    PACKAGE = "package", _("Package")
    PALLET = "pallet", _("Pallet")


class ReferenceType(TextChoices):
    """(type, value) that an outside party knows a shipment by."""

    SHIPMENT = "shipment", _("Shipment reference")
    MBL = "mbl", _("Master bill of lading")
    HBL = "hbl", _("House bill of lading")
    MAWB = "mawb", _("Master air waybill")
    HAWB = "hawb", _("House air waybill")
    BOOKING = "booking", _("Booking")
    CONTAINER = "container", _("Container")
    PO = "po", _("Purchase order")
    PRO = "pro", _("PRO number")
    TRACKING = "tracking", _("Tracking number")
    CUSTOMER = "customer", _("Customer reference")
    DELIVERY_ORDER = "delivery_order", _("Delivery order")
    MRN = "mrn", _("MRN")
    SSCC = "sscc", _("SSCC")


# A number a carrier or an authority gave out: it names one consignment whatever list the sender puts it under.
# The others are the customer's own numbers, which two customers may share: they match within their own type only.
CARRIER_REFERENCES: frozenset[str] = frozenset(
    {
        ReferenceType.MBL, ReferenceType.HBL, ReferenceType.MAWB, ReferenceType.HAWB, ReferenceType.BOOKING,
        ReferenceType.CONTAINER, ReferenceType.PRO, ReferenceType.TRACKING, ReferenceType.MRN, ReferenceType.SSCC,
    }
)  # fmt: skip
# References that several house shipments share (consolidation): an event about one is about each of them.
CONSOLIDATING_REFERENCES: frozenset[str] = frozenset(
    {ReferenceType.MBL, ReferenceType.MAWB, ReferenceType.CONTAINER, ReferenceType.BOOKING}
)


class LocationKind(TextChoices):
    PLACE = "place", _("Place (UN/LOCODE)")
    FACILITY = "facility", _("Facility")


class Classifier(TextChoices):
    """DCSA event classifier codes, and REQ for a requested time (ONE Record)."""

    PLANNED = "PLN", _("Planned")
    ESTIMATED = "EST", _("Estimated")
    ACTUAL = "ACT", _("Actual")
    REQUESTED = "REQ", _("Requested")


class ZoneCertainty(TextChoices):
    GIVEN = "given", _("Given by the sender")
    DERIVED = "derived", _("Derived from the place")
    ASSUMED = "assumed", _("Assumed")


class TimePrecision(TextChoices):
    SECOND = "second", _("Second")
    MINUTE = "minute", _("Minute")
    DAY = "day", _("Day")


class Format(TextChoices):
    X12_214 = "x12_214", "X12 214"
    X12_315 = "x12_315", "X12 315"
    X12_322 = "x12_322", "X12 322"
    IFTSTA = "iftsta", "EDIFACT IFTSTA"
    COARRI = "coarri", "EDIFACT COARRI"
    CODECO = "codeco", "EDIFACT CODECO"
    CARGO_IMP = "cargo_imp", "IATA Cargo-IMP FSU/FSA"
    ONE_RECORD = "one_record", "IATA ONE Record"
    DCSA_2 = "dcsa_2", "DCSA Track & Trace 2"
    DCSA_3 = "dcsa_3", "DCSA Track & Trace 3"
    EPCIS = "epcis", "GS1 EPCIS 2.0"
    CBP = "cbp", _("US customs status (X12 350)")
    UPS = "ups", "UPS"
    FEDEX = "fedex", "FedEx"
    DHL = "dhl", "DHL"
    NATIVE = "native", _("Waymark events (JSON)")
    CSV = "csv", _("Table (CSV or Excel)")
    AUTO = "auto", _("Recognised from the bytes")


class Transport(TextChoices):
    """How a source's messages come in; its connections say where from."""

    API = "api", _("API push")
    WEBHOOK = "webhook", _("Webhook")
    POLL = "poll", _("Polling")
    FILE = "file", _("File")
    EMAIL = "email", _("E-mail")
    MANUAL = "manual", _("Manual")
    DOCUMENT = "document", _("Document")
    SIMULATED = "simulated", _("Simulated")


class ConnectionKind(TextChoices):
    """A way by which messages of a source come in without a person or a key."""

    WEBHOOK = "webhook", _("Webhook that they call")
    POLL = "poll", _("REST API that we poll")
    FOLDER = "folder", _("Folder that we watch")
    SFTP = "sftp", _("SFTP directory")
    FTP = "ftp", _("FTP directory")
    IMAP = "imap", _("Mailbox (IMAP)")


class AliasKind(TextChoices):
    """What kind of code or text stands for a place (`LocationAlias`)."""

    UNLOCODE = "unlocode", _("UN/LOCODE as they use it")
    IATA = "iata", _("Airport or city code")
    GLN = "gln", _("GLN")
    TERMINAL = "terminal", _("Terminal code")
    FIRMS = "firms", _("FIRMS code")
    OTHER = "other", _("Code of another list")
    NAME = "name", _("Name or text")


class UploadState(TextChoices):
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked, waits for a person")
    IMPORTED = "imported", _("Imported")
    DISCARDED = "discarded", _("Discarded")
    UNDONE = "undone", _("Undone")


UPLOAD_MOVES: dict[str, frozenset[str]] = {
    UploadState.CHECKING: frozenset({UploadState.CHECKED, UploadState.DISCARDED}),
    UploadState.CHECKED: frozenset({UploadState.IMPORTED, UploadState.DISCARDED}),
    UploadState.IMPORTED: frozenset({UploadState.UNDONE}),
}


class MessageState(TextChoices):
    RECEIVED = "received", _("Received")
    PARSED = "parsed", _("Parsed")
    PARTIAL = "partial", _("Partly parsed")
    REJECTED = "rejected", _("Rejected")
    PARKED = "parked", _("Parked")


MESSAGE_MOVES: dict[str, frozenset[str]] = {
    MessageState.RECEIVED: frozenset(
        {MessageState.PARSED, MessageState.PARTIAL, MessageState.REJECTED, MessageState.PARKED}
    ),
    MessageState.PARSED: frozenset({MessageState.RECEIVED}),
    MessageState.PARTIAL: frozenset({MessageState.RECEIVED}),
    MessageState.REJECTED: frozenset({MessageState.RECEIVED}),
    MessageState.PARKED: frozenset({MessageState.RECEIVED}),
}


class WaitReason(TextChoices):
    """Why an event waits for a person, or for what it lacks."""

    UNMATCHED = "unmatched", _("No shipment has these references")
    AMBIGUOUS = "ambiguous", _("More than one shipment has these references")
    UNMAPPED = "unmapped", _("The code is not mapped")
    QUARANTINED = "quarantined", _("It cannot be believed as it is")
    UNPLACED = "unplaced", _("The place is not known")


class WaitOutcome(TextChoices):
    MATCHED = "matched", _("Taken up by a shipment")
    MAPPED = "mapped", _("Read again with a mapping")
    PLACED = "placed", _("Read again with the place")
    RELEASED = "released", _("Released by a person")
    DISMISSED = "dismissed", _("Dismissed by a person")


# Upper edges, in minutes, of the classes of how late a report comes after what it reports; a last class has all beyond.
LATENCY_BUCKETS: tuple[int, ...] = (15, 30, 60, 120, 240, 480, 720, 1440, 2880, 5760, 10080)
