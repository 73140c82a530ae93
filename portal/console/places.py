"""Places, what else they are called, and the places that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import User
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin
from portal.console.fields import ActionForm, PlaceField
from portal.console.filters import Choice, Many, Text
from portal.console.listing import Column, Found
from portal.console.naming import PLACE, AlsoKnown, NewAlias, Redirected, named, spoken, stated, written
from portal.console.record import Section
from shipments.enums import AliasKind, LocationKind
from shipments.models import Location, LocationAlias, WaitingEvent
from shipments.services import delete_alias, save_alias, save_place

_NAME = "shipments.add_locationalias"
_SHOWN = 50


class EditPlace(ActionForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    subdivision = forms.CharField(label=gettext_lazy("State or province"), max_length=3, required=False)
    iata = forms.CharField(label=gettext_lazy("IATA code"), min_length=3, max_length=3, required=False)
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Such as Europe/Amsterdam. Local times of events at this place move with it."),
    )
    latitude = forms.DecimalField(label=gettext_lazy("Latitude"), decimal_places=5, max_digits=8, required=False)
    longitude = forms.DecimalField(label=gettext_lazy("Longitude"), decimal_places=5, max_digits=8, required=False)
    same_as = PlaceField(
        label=gettext_lazy("Same place as"),
        required=False,
        help_text=gettext_lazy("When this is another code for a place that stands in the list."),
    )

    def starting_values(self) -> Mapping[str, Any]:
        names = [name for name in EditPlace.base_fields if name != "same_as"]
        values = {name: getattr(self.row, name) for name in names} if self.row else {}
        if self.row and self.row.same_as:
            values["same_as"] = self.row.same_as.code
        return values


class NewPlace(EditPlace):
    unlocode = forms.CharField(label=gettext_lazy("UN/LOCODE"), max_length=5)
    facility_code = forms.CharField(
        label=gettext_lazy("Facility code"),
        max_length=16,
        required=False,
        help_text=gettext_lazy("For a terminal or warehouse in the place."),
    )
    field_order = ("unlocode", "facility_code")


def _edit(place: Location, values: Mapping[str, Any], by: User) -> Location:
    facts: dict[str, Any] = dict(values)
    return save_place(place.unlocode, place.facility_code, by=by, **facts)


def _create(row: Any, values: Mapping[str, Any], by: User) -> Location:
    facts = {name: value for name, value in values.items() if value not in ("", None)}
    return save_place(facts.pop("unlocode"), facts.pop("facility_code", ""), by=by, **facts)


class PlaceRoom(ConsoleAdmin):
    title = gettext_lazy("Places")
    related = ("same_as",)
    order = ("unlocode", "facility_code")
    search_hint = gettext_lazy("UN/LOCODE, name or IATA code")
    links = ((gettext_lazy("Places nobody knows"), "shipments_location_unplaced"),)
    columns = (
        Column("code", gettext_lazy("Code"), lambda p: cells.strong(p.code, p.get_kind_display()), "unlocode"),
        Column("name", gettext_lazy("Name"), lambda p: p.name, "name"),
        Column(
            "zone",
            gettext_lazy("Time zone"),
            lambda p: p.time_zone or cells.nothing(_("not known")),
            "time_zone",
            "c-pair",
        ),
        Column("iata", gettext_lazy("IATA"), lambda p: p.iata or cells.nothing(), "", "c-pair"),
        Column(
            "same",
            gettext_lazy("Same place as"),
            lambda p: p.same_as.code if p.same_as else cells.nothing(),
            "",
            "c-pair",
        ),
    )
    filters = (
        Text("country", gettext_lazy("Country"), ("country",)),
        Many("kind", gettext_lazy("Kind"), "kind", LocationKind.choices),
        Choice("zone", gettext_lazy("Time zone"), [("unknown", gettext_lazy("Not known"), lambda: Q(time_zone=""))]),
    )
    operations = (
        Action(
            name="edit",
            label=gettext_lazy("Edit…"),
            permission="shipments.change_location",
            form=EditPlace,
            is_main=True,
            icon="edit",
            perform=_edit,
            done=gettext_lazy("Saved. Events at the place follow."),
            submit=gettext_lazy("Save"),
        ),
        Action(
            name="name",
            label=gettext_lazy("Also known as…"),
            permission=_NAME,
            form=AlsoKnown,
            icon="label",
            explain=gettext_lazy("Another code or name for this place. Events that wait for it are read again."),
            perform=named,
            done=gettext_lazy("Saved; the events were read again."),
            submit=gettext_lazy("Save"),
        ),
        Action(
            name="create",
            label=gettext_lazy("New place…"),
            permission="shipments.add_location",
            form=NewPlace,
            on_list=True,
            is_main=True,
            icon="add",
            perform=_create,
            done=gettext_lazy("Place created."),
            then=lambda made: reverse("admin:shipments_location_change", args=[made.pk]),
            submit=gettext_lazy("Create"),
        ),
    )
    facts = (
        "kind",
        "unlocode",
        "facility_code",
        "name",
        "country",
        "subdivision",
        "iata",
        "time_zone",
        "latitude",
        "longitude",
        "same_as",
    )

    def get_urls(self) -> list[URLPattern]:
        unplaced = path("unknown/", self.admin_site.admin_view(self.unplaced), name="shipments_location_unplaced")
        return [unplaced, *super().get_urls()]

    def unplaced(self, request: HttpRequest) -> HttpResponse:
        """The places that events wait for, one line for each, the most frequent first."""
        self._require_view(request)
        if not request.user.has_perm("shipments.view_waitingevent"):
            raise PermissionDenied
        waiting = WaitingEvent.objects.for_user(request.user).unplaced()
        groups = (
            waiting.order_by()
            .values("keys")
            .annotate(
                events=Count("pk"),
                sources=Count("source", distinct=True),
                oldest=Min("opened_at"),
                first=Min("pk"),
                said=Min("detail"),
            )
            .order_by("-events", "oldest")
        )
        found = list(groups[: _SHOWN + 1])
        context = {
            "title": _("Places nobody knows"),
            "groups": [self._group(request, group) for group in found[:_SHOWN]],
            "has_more": len(found) > _SHOWN,
            "events": waiting.count(),
        }
        return self._render(request, "console/unplaced.html", context)

    def _group(self, request: HttpRequest, group: Mapping[str, Any]) -> dict[str, Any]:
        may = request.user.has_perm(PLACE.permission)
        room = "admin:shipments_waitingevent"
        return {
            **group,
            "ways": [spoken(key) for key in group["keys"]],
            "oldest": cells.ago(group["oldest"]),
            "href": reverse(f"{room}_change", args=[group["first"]]),
            "place": reverse(f"{room}_do_row", args=[group["first"], PLACE.name]) if may else "",
        }

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        clean = text.replace("\x00", "")
        known = LocationAlias.objects.filter(value=clean.upper()).values("location")
        named_so = Q(unlocode__istartswith=clean) | Q(name__istartswith=clean) | Q(iata__iexact=clean)
        return Found(rows.filter(named_so | Q(pk__in=known)))

    def suggestions(self, rows: QuerySet[Any], text: str) -> list[tuple[str, str]]:
        found = rows.filter(Q(unlocode__istartswith=text) | Q(name__istartswith=text)).order_by("unlocode")[:12]
        return [(p.code, f"{p.name} ({p.code})") for p in found]

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        if not request.user.has_perm("shipments.view_locationalias"):
            return []
        aliases = row.also_known_as.select_related("source", "created_by").order_by("kind", "value", "mode")[:100]
        lines = [
            [a.get_kind_display(), written(a.kind, a.value), a.mode or _("any"), a.source or _("everybody"), _maker(a)]
            for a in aliases
        ]
        head = [_("Kind"), _("Code or text"), _("Mode"), _("For"), _("Made")]
        more = reverse("admin:shipments_locationalias_changelist") + f"?place={row.unlocode}"
        return [Section(_("Also known as"), head, lines, empty=_("It has no other name."), more=more)]


def _maker(alias: LocationAlias) -> Any:
    return cells.two(cells.moment(alias.created_at), alias.created_by or _("with the product or a list"))


class AliasRoom(ConsoleAdmin):
    title = gettext_lazy("Aliases of places")
    related = ("location", "source", "created_by")
    has_page = False
    order = ("kind", "value", "mode")
    search_hint = gettext_lazy("Code or text")
    columns = (
        Column(
            "value",
            gettext_lazy("Code or text"),
            lambda a: cells.strong(written(a.kind, a.value), a.get_kind_display()),
            "value",
        ),
        Column(
            "place",
            gettext_lazy("Place"),
            lambda a: cells.row_link("shipments_location", a.location_id, a.location),
            "location__unlocode",
        ),
        Column("mode", gettext_lazy("Mode"), lambda a: a.mode or _("any"), "mode", "c-pair"),
        Column("source", gettext_lazy("For"), lambda a: a.source or _("everybody"), "", "c-pair"),
        Column("made", gettext_lazy("Made"), _maker, "", "c-pair"),
    )
    filters = (
        Many("kind", gettext_lazy("Kind"), "kind", AliasKind.choices),
        Text("place", gettext_lazy("Place"), ("location__unlocode",), "shipments_location"),
        Text("source", gettext_lazy("Source"), ("source__code",), "shipments_source"),
    )
    operations = (
        Action(
            name="lead",
            label=gettext_lazy("Lead elsewhere…"),
            permission=_NAME,
            form=Redirected,
            in_row=True,
            explain=gettext_lazy("The events that stand there by it are read again."),
            perform=lambda alias, values, by: save_alias(values["meant"], by=by, **stated(alias)),
            done=gettext_lazy("Saved; the events follow."),
            submit=gettext_lazy("Save"),
        ),
        Action(
            name="remove",
            label=gettext_lazy("Remove…"),
            permission="shipments.change_locationalias",
            in_row=True,
            is_danger=True,
            explain=gettext_lazy(
                "The place is not known by this any more; events that stand there by it are read again."
            ),
            perform=lambda alias, values, by: delete_alias(alias, by=by),
            done=gettext_lazy("Removed; the events follow."),
        ),
        Action(
            name="create",
            label=gettext_lazy("New alias…"),
            permission=_NAME,
            form=NewAlias,
            on_list=True,
            is_main=True,
            icon="add",
            perform=lambda row, values, by: named(values["meant"], values, by),
            done=gettext_lazy("Saved; the events were read again."),
            submit=gettext_lazy("Save"),
        ),
    )

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return Found(rows.filter(value__icontains=" ".join(text.replace("\x00", "").upper().split())))
