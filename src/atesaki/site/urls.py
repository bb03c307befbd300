"""Which module answers which address."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("atesaki.doors.api.urls")),
    path("", include("atesaki.pages.urls")),
]

handler400 = "atesaki.site.errors.bad_request"
handler403 = "atesaki.pages.errors.forbidden"
handler404 = "atesaki.pages.errors.not_found"
handler500 = "atesaki.pages.errors.broken"
