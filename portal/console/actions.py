"""What people do in the console. An action is a dialog: GET shows a form and changes nothing, POST calls a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import DomainError, NotVisible
from partners.models import User
from portal.console.fields import ActionForm

# At most so many rows in one go, and so many of them named in the dialog.
BULK = 200
_NAMED = 10


def always(row: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Action:
    """`perform(row, cleaned values, by)` calls one service; row is None when the action is about the list.

    `fits` says whether the row is in a state in which this makes sense: the button shows only then, and a bulk run
    skips the others. `then` gives the address to go to with what the service returned, `reveal` a text that is shown
    once (a new key); with `is_report` it is an answer to read, no secret to copy. `on_rows` may be done to several
    selected rows, each in its own transaction. `on_list` is about no row at all.
    """

    name: str
    label: Any
    permission: str
    perform: Callable[[Any, Mapping[str, Any], User], Any]
    done: Any
    form: type[ActionForm] = ActionForm
    submit: Any = ""
    explain: Any = ""
    icon: str = ""
    fits: Callable[[Any], bool] = always
    on_list: bool = False
    on_rows: bool = False
    in_row: bool = False
    is_main: bool = False
    is_danger: bool = False
    then: Callable[[Any], str] | None = None
    reveal: Callable[[Any], str] | None = None
    is_report: bool = False

    @property
    def submit_label(self) -> str:
        return str(self.submit or self.label).removesuffix("…")


@dataclass(slots=True)
class Outcome:
    done: int = 0
    result: Any = None
    refused: list[tuple[str, DomainError]] = field(default_factory=list)


def person(request: HttpRequest) -> User:
    """Who is signed in; behind the site's own check there is always somebody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def is_dialog(request: HttpRequest) -> bool:
    return request.headers.get("X-Dialog") == "1"


def run(request: HttpRequest, action: Action, rows: Sequence[Any], context: Mapping[str, Any]) -> HttpResponse:
    """Answer GET with the form, POST with what came of it. `rows` is empty for an action on the list."""
    if not request.user.has_perm(action.permission):
        raise PermissionDenied
    by, context = person(request), dict(context)
    row = rows[0] if len(rows) == 1 else None
    said = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = action.form(*said, by=by, row=row)
    fitting = [each for each in rows if action.fits(each)]
    if rows and not fitting:
        form = action.form(by=by, row=row)
        blocked = _("This does not apply any more: somebody else was faster, or the state has changed.")
        return _show(request, action, form, {**context, "blocked": blocked}, status=409)
    if request.method == "POST" and form.is_valid() and _is_looked_at(request, form, context):
        outcome = _perform(action, fitting or [None], form.cleaned_data, by)
        if outcome.done or not outcome.refused:
            return _finish(request, action, outcome, skipped=len(rows) - len(fitting))
        _blame(form, outcome.refused[0][1])
    shown: dict[str, Any] = {"row": row}
    if len(rows) > 1:
        skipped = len(rows) - len(fitting)
        shown = {"rows": rows[:_NAMED], "rest": rows[_NAMED:], "total": len(rows), "skipped": skipped}
    return _show(request, action, form, {**context, **shown, "more": max(len(rows) - _NAMED, 0)})


def _is_looked_at(request: HttpRequest, form: ActionForm, context: dict[str, Any]) -> bool:
    """Whether the person has seen what this would do; otherwise it is put into the context of the dialog."""
    if not form.has_preview or request.POST.get("previewed") == form.stamp():
        return True
    try:
        context |= {"preview": form.preview(), "previewed": form.stamp()}
    except DomainError as error:
        _blame(form, error)
    return False


def _perform(action: Action, rows: Sequence[Any], values: Mapping[str, Any], by: User) -> Outcome:
    outcome = Outcome()
    for row in rows:
        try:
            outcome.result = action.perform(row, values, by)
            outcome.done += 1
        except NotVisible as error:
            raise Http404 from error
        except DomainError as error:
            outcome.refused.append((str(row), error))
    return outcome


def _blame(form: ActionForm, error: DomainError) -> None:
    field = form.answers_for.get(error.field, error.field)
    form.add_error(field if field in form.fields else None, error.message)


def _finish(request: HttpRequest, action: Action, outcome: Outcome, *, skipped: int) -> HttpResponse:
    if action.reveal is not None:
        context = {"action": action, "secret": action.reveal(outcome.result), "next": _next(request)}
        return render(request, "console/revealed.html" if is_dialog(request) else "console/revealed_page.html", context)
    messages.success(request, str(action.done))
    for name, error in outcome.refused[:10]:
        messages.error(request, f"{name}: {error.message}")
    if outcome.refused or skipped:
        left = len(outcome.refused) + skipped
        text = ngettext("%(done)d done, %(left)d left out.", "%(done)d done, %(left)d left out.", outcome.done)
        messages.warning(request, text % {"done": outcome.done, "left": left})
    address = action.then(outcome.result) if action.then is not None else _next(request)
    if is_dialog(request):
        return HttpResponse(status=204, headers={"X-Go": address})
    return HttpResponseRedirect(address)


def _show(
    request: HttpRequest, action: Action, form: ActionForm, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    template = "console/dialog.html" if is_dialog(request) else "console/dialog_page.html"
    values = {**context, "action": action, "form": form, "next": _next(request), "title": str(action.label).rstrip("…")}
    return render(request, template, values, status=422 if form.errors else status)


def _next(request: HttpRequest) -> str:
    asked = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return asked
    return request.path.split("/do/")[0].rsplit("/", 1)[0] + "/" if "/do/" in request.path else "/admin/"
