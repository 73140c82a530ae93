"""What is said of documents in every door."""

from __future__ import annotations

from django.utils.translation import gettext as _

from shipments.papers import ENDINGS
from shipments.services import size_words

# For the file chooser of a browser.
ACCEPTED = ",".join(ending for endings in ENDINGS.values() for ending in endings)


def taken_words() -> str:
    """Which files are taken, and how large."""
    return _("PDF, picture (PNG, JPEG, TIFF), XLSX, DOCX, XML, CSV or text, %(size)s at most.") % {"size": size_words()}
