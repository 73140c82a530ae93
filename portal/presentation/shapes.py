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
