"""The drawings behind the words: every state has a shape of its own, so that none is told by colour alone (ux.md 3.1).

A shape is drawn in a box of 16 × 16. Colour comes from the class `tone-…`, see static/portal/shapes.css.
"""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

BOX = 16
_RING = '<circle cx="8" cy="8" r="6" class="line"/>'
_DISC = '<circle cx="8" cy="8" r="7" class="fill"/>'

_DRAWN = {
    "check": _DISC + '<path d="M4.8 8.3l2.2 2.2 4.2-4.6" class="cut"/>',
    "ring": _RING,
    "dashes": '<circle cx="8" cy="8" r="6" class="line dashed"/>',
    "diamond": '<path d="M8 2.2L13.8 8 8 13.8 2.2 8z" class="line"/>',
    "gem": '<path d="M8 .8L15.2 8 8 15.2.8 8z" class="fill"/>',
    "alert": '<path d="M2 2h12v12H2z" class="fill"/><path d="M8 4.4v4.4M8 11.5v.2" class="cut"/>',
    "gap": '<path d="M2.5 2.5h11v11h-11z" class="line"/><path d="M8 5v3.6M8 11v.2" class="line"/>',
    "waiting": _RING + '<path d="M5.2 8h.2M7.9 8h.2M10.6 8h.2" class="line"/>',
    "dash": '<path d="M4 8h8" class="line"/>',
    "triangle": '<path d="M8 2L14.6 13.6H1.4z" class="line"/><path d="M8 6.6v3M8 11.6v.1" class="line"/>',
    "disc": _DISC,
    "arrow": '<circle cx="8" cy="8" r="6.2" class="line"/><path d="M5 8h6M8.6 5.4L11.2 8l-2.6 2.6" class="line"/>',
    "hand": '<path d="M5.5 3v10M10.5 3v10" class="line"/>',
    "moon": '<path d="M12.5 10A5.8 5.8 0 0 1 6 3.4 5.8 5.8 0 1 0 12.5 10z" class="line"/>',
    "back": '<circle cx="8" cy="8" r="6.2" class="line"/><path d="M11 8H5M7.4 5.4L4.8 8l2.6 2.6" class="line"/>',
    "swap": '<path d="M2.5 5.5h10M9.8 2.8l2.7 2.7-2.7 2.7M13.5 11h-10M6.2 8.3L3.5 11l2.7 2.7" class="line"/>',
    "plus": '<path d="M8 3v10M3 8h10" class="line"/>',
    "slip": '<path d="M2 12h5l3-7h4M11.6 2.6L14 5l-2.4 2.4" class="line"/>',
    "flag": '<path d="M4 14.2V2M4 2.6h8.4L10 5.6l2.4 3H4" class="line"/>',
    "page": '<path d="M3.5 1.8h6l3 3v9.4h-9z" class="line"/><path d="M6 8.2h4M6 11h2.4" class="line"/>',
    "mute": '<path d="M2 6.2h2.6L8 3.4v9.2L4.6 9.8H2zM10.6 6.2l3.4 3.6M14 6.2l-3.4 3.6" class="line"/>',
    "split": '<path d="M8 14V9M8 9L3.4 3M8 9l4.6-6M3.2 6V2.8h3M12.8 6V2.8h-3" class="line"/>',
    "twice": '<path d="M2.4 2.4h8v8h-8zM5.6 13.6h8v-8" class="line"/>',
    "coins": '<circle cx="6.2" cy="8" r="4.6" class="line"/><path d="M9.8 3.6a4.6 4.6 0 0 1 0 8.8" class="line"/>',
    "hidden": '<path d="M1.8 8S4 4 8 4s6.2 4 6.2 4-2.2 4-6.2 4-6.2-4-6.2-4zM2.5 13.5l11-11" class="line"/>',
}
# Texts of ours alone, hence safe.
BODIES = {name: SafeString(drawn) for name, drawn in _DRAWN.items()}


def shape(name: str, tone: str, label: str = "") -> SafeString:
    """An SVG of the shape; without `label` it is decoration beside its word and hidden from screen readers."""
    body = BODIES[name]
    if not label:
        return format_html('<svg class="shape tone-{}" viewBox="0 0 16 16" aria-hidden="true">{}</svg>', tone, body)
    return format_html(
        '<svg class="shape tone-{}" viewBox="0 0 16 16" role="img" aria-label="{}">{}</svg>', tone, label, body
    )
