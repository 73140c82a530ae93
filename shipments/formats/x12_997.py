"""X12 997, functional acknowledgement: what we answer to interchanges, set by set. Pure.

After the published implementation guides of version 4010: AK1 and AK9 for each group, AK2 and AK5 for each set.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shipments.formats.base import Envelope, EnvelopeSet
from shipments.formats.x12_notes import ACKNOWLEDGEMENTS

# Element 718: what is wrong with a set. What no code fits is an error in a segment.
_SET_ERRORS = {"other_set": "1", "set_cut_off": "2", "wrong_number": "3", "wrong_count": "4"}
_IN_A_SEGMENT = "5"
_MOST_ERRORS = 5
_DELIMITERS = str.maketrans("*~>\r\n", "     ")
_Group = tuple[str, str, str, str]


def write(envelopes: Sequence[Envelope], number: int, at_iso: str) -> bytes:
    """One interchange for each partner that sent some of `envelopes`, with a 997 for each of their groups.

    `number`: our control number, `at_iso`: the instant of writing. Acknowledgements are not answered: b"" when there
    is nothing else.
    """
    partners: dict[tuple[str, ...], list[Envelope]] = {}
    for envelope in envelopes:
        if not envelope.is_acknowledgement and _groups(envelope):
            key = (envelope.receiver_qualifier, envelope.receiver, envelope.sender_qualifier, envelope.sender)
            partners.setdefault((*key, "T" if envelope.is_test else "P"), []).append(envelope)
    return b"".join(_interchange(key, sent, number, at_iso) for key, sent in partners.items())


def _interchange(partner: tuple[str, ...], sent: Iterable[Envelope], number: int, at_iso: str) -> bytes:
    own_qualifier, own, their_qualifier, their, usage = partner
    day, clock = at_iso[:10].replace("-", ""), at_iso[11:16].replace(":", "")
    control = number % 1_000_000_000
    groups = [group for envelope in sent for group in _groups(envelope).items()]
    isa = (
        "ISA", "00", " " * 10, "00", " " * 10, _id(own_qualifier), _id(own, 15), _id(their_qualifier), _id(their, 15),
        day[2:], clock, "U", "00401", f"{control:09d}", "0", usage, ">",
    )  # fmt: skip
    lines = ["*".join(isa)]
    for count, (group, sets) in enumerate(groups, 1):
        # The group's own numbers are ours: they only have to differ within the interchange.
        own_group = (control * 100 + count) % 1_000_000_000
        _, _, sender, receiver = group
        from_, to = _bare(receiver or own), _bare(sender or their)
        lines.append(f"GS*FA*{from_}*{to}*{day}*{clock}*{own_group}*X*004010")
        lines += _set(group, sets)
        lines.append(f"GE*1*{own_group}")
    lines.append(f"IEA*{len(groups)}*{control:09d}")
    return "".join(f"{line}~\n" for line in lines).encode("ascii", "replace")


def _groups(envelope: Envelope) -> dict[_Group, list[EnvelopeSet]]:
    found: dict[_Group, list[EnvelopeSet]] = {}
    for one in envelope.sets:
        if one.kind not in ACKNOWLEDGEMENTS:
            found.setdefault((one.group_kind, one.group, one.group_sender, one.group_receiver), []).append(one)
    return found


def _set(group: _Group, sets: Sequence[EnvelopeSet]) -> list[str]:
    kind, number, _, _ = group
    lines = ["ST*997*0001", f"AK1*{_bare(kind)}*{_bare(number)}"]
    for one in sets:
        lines.append(f"AK2*{_bare(one.kind)}*{_bare(one.number)}")
        lines.append("*".join(("AK5", _answer(one), *_errors(one))))
    accepted = sum(one.is_accepted for one in sets)
    lines.append(f"AK9*{_summary(sets)}*{len(sets)}*{len(sets)}*{accepted}")
    lines.append(f"SE*{len(lines) + 1}*0001")
    return lines


def _answer(one: EnvelopeSet) -> str:
    if not one.is_accepted:
        return "R"
    return "E" if one.issues else "A"


def _errors(one: EnvelopeSet) -> list[str]:
    return list(dict.fromkeys(_SET_ERRORS.get(code, _IN_A_SEGMENT) for code in one.issues))[:_MOST_ERRORS]


def _summary(sets: Sequence[EnvelopeSet]) -> str:
    answers = {_answer(one) for one in sets}
    if "R" in answers:
        return "R" if answers == {"R"} else "P"
    return "E" if "E" in answers else "A"


def _bare(value: str) -> str:
    return value.translate(_DELIMITERS).strip()


def _id(value: str, width: int = 2) -> str:
    """As the ISA has it: of its width. A qualifier that was not sent is ZZ (mutually defined)."""
    bare = _bare(value)
    return (bare or ("ZZ" if width == 2 else ""))[:width].ljust(width)
