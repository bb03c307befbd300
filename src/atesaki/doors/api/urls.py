"""What is where, below `/api/v1`. Whatever is nothing is a problem document too."""

from __future__ import annotations

from django.urls import path, re_path

from . import app

_CALLS = app.api.urls[0]
for _each in _CALLS:
    _each.callback = app.at_the_door(_each.callback)  # type: ignore[arg-type]  # a view, and never None

urlpatterns = [
    path("openapi.json", app.at_the_door(app.openapi)),
    path("docs", app.at_the_door(app.docs)),
    path("problems/<slug:slug>", app.at_the_door(app.problem)),
    path("", app.at_the_door(app.unknown)),
    *_CALLS,
    re_path(r"^(?P<rest>[\s\S]*)$", app.at_the_door(app.unknown)),
]
