"""Signing in and out, and what a person chooses for the screen: language and clock."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic.base import View

from partners.enums import Clock, UserKind
from partners.models import User
from partners.services import save_user


class SignInForm(AuthenticationForm):
    """One answer for an unknown address, a wrong password and a closed account."""

    error_messages = {
        "invalid_login": gettext_lazy("This e-mail address and password do not belong together."),
        "inactive": gettext_lazy("This e-mail address and password do not belong together."),
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = _("E-mail")
        self.fields["username"].widget.attrs |= {"type": "email", "autocomplete": "username", "inputmode": "email"}

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        # Systems come with their key, never through a form.
        if user.kind == UserKind.SERVICE:
            raise self.get_invalid_login_error()


class SignIn(auth_views.LoginView):
    template_name = "portal/login.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        remember_language(response, form.get_user().language)
        return response


class SignOut(auth_views.LogoutView):
    """POST only, so that no picture or link of another site signs a person out."""


def locked(request: HttpRequest, original: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """What axes answers while an address is locked out after too many wrong passwords: how long it lasts."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    context = {"form": SignInForm(request), "locked_minutes": seconds // 60, "next": request.POST.get("next", "")}
    return TemplateResponse(
        request, "portal/login.html", context, status=429, headers={"Retry-After": str(seconds)}
    ).render()


def lockout_name(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The address failures are counted for: in one case, as people are found in any."""
    typed = (credentials or {}).get("username") or (request.POST.get("username", "") if request else "")
    return str(typed).strip().lower()


def remember_language(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.SESSION_COOKIE_AGE * 730,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


class ChoiceForm(forms.Form):
    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    clock = forms.ChoiceField(choices=Clock.choices, required=False)


class Choices(View):
    """Language and clock, by POST from any page. The language may be chosen before signing in."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        response = HttpResponseRedirect(_back(request))
        form = ChoiceForm(request.POST)
        chosen = {name: value for name, value in form.cleaned_data.items() if value} if form.is_valid() else {}
        if chosen and request.user.is_authenticated:
            save_user(request.user.email, **chosen)
        if "language" in chosen:
            remember_language(response, chosen["language"])
        return response


def _back(request: HttpRequest) -> str:
    """The page the choice was made on, never another host."""
    asked = request.POST.get("next", "")
    own = {request.get_host()}
    if asked and url_has_allowed_host_and_scheme(asked, own, require_https=request.is_secure()):
        return asked
    return resolve_url("pages:shipments")
