"""The bar of views above a list: those of the room, the team's, and one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from partners.models import User
from portal.console.actions import Action
from portal.console.fields import ActionForm
from portal.models import SavedView
from portal.services import remove_view, save_view

if TYPE_CHECKING:
    from portal.console.base import View


@dataclass(frozen=True, slots=True)
class Shown:
    name: str
    query: str
    is_current: bool
    is_private: bool = False
    is_mine: bool = False
    key: int = 0


def bar(room: str, views: Sequence[View], by: User, address: QueryDict) -> list[Shown]:
    """The views of `room` that `by` sees, the one whose filters stand in `address` marked."""
    now = _filters(address.urlencode())
    shown = [Shown(str(v.name), v.query, _filters(v.query) == now) for v in views]
    saved = SavedView.objects.filter(Q(is_shared=True) | Q(owner=by), room=room)
    return shown + [
        Shown(v.name, v.query, _filters(v.query) == now, not v.is_shared, v.owner_id == by.pk, v.pk) for v in saved
    ]


def _filters(query: str) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in parse_qsl(query) if name not in ("p", "o", "q") and value)


class SaveView(ActionForm):
    name = forms.CharField(label=_("Name"), max_length=60)
    is_shared = forms.BooleanField(label=_("Show it to all colleagues"), required=False)


class RemoveView(ActionForm):
    view = forms.ModelChoiceField(label=_("View"), queryset=SavedView.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["view"].queryset = SavedView.objects.filter(owner=self.by)  # type: ignore[attr-defined]


def saving(room: str, query: QueryDict) -> Action:
    """The dialog that keeps the filters, the search and the order of a list; the same name again replaces."""

    def keep(row: Any, values: Mapping[str, Any], by: User) -> SavedView:
        return save_view(room, query=query.urlencode(), by=by, **values)

    return Action(
        name="save_view",
        label=_("Save this view"),
        submit=_("Save"),
        permission="portal.add_savedview",
        form=SaveView,
        explain=_("Keeps the filters, the search and the order of the list."),
        perform=keep,
        done=_("View saved."),
    )


def removing() -> Action:
    return Action(
        name="remove_view",
        label=_("Remove a view of mine"),
        submit=_("Remove"),
        permission="portal.add_savedview",
        form=RemoveView,
        perform=lambda row, values, by: remove_view(values["view"], by=by),
        done=_("View removed."),
        is_danger=True,
    )
