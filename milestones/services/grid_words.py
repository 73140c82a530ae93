"""What is wrong with a date in a grid, in sentences for people."""

from django.utils.translation import gettext_lazy as _

DATE_PROBLEMS = {
    "bad_date": _("There is no such date and time. Write 2026-12-31 14:05 or 31.12.2026 14:05."),
    "ambiguous_date": _("This can be read as two days. Choose how dates are written, or write 2026-12-31."),
}
PASTE_PROBLEMS = {
    "too_long": _("This is too much text for a grid."),
    "too_many_rows": _("A grid has 200 rows at most; the others were left out."),
    "too_many_columns": _("A grid has 20 columns at most; the others were left out."),
    "no_rows": _("Paste the row of headings and at least one row below it."),
}
