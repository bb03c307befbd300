"""allauth's pages, and where atesaki tells its events."""

from __future__ import annotations

from atesaki_client.allauth import HANDLERS
from atesaki_client.django import webhook_view
from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("accounts/profile/", lambda _: HttpResponse("profile")),
    path("atesaki/webhook", webhook_view(HANDLERS)),
]
