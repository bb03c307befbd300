"""Where each page is. The paths are public interface: mails that were sent long ago name them."""

from __future__ import annotations

from django.urls import path

from . import health, mailbox, views

urlpatterns = [
    path("", views.front, name="front"),
    path("about-this-mail", views.about, name="about"),
    path("c/<str:token>", views.confirm, name="confirm"),
    path("c/<str:token>/not-me", views.confirm_not_me, name="confirm_not_me"),
    path("n/<str:token>", views.not_me, name="not_me"),
    path("n/<str:token>/keep", views.kept, name="kept"),
    path("n/<str:token>/one-click", views.one_click, name="one_click"),
    path("mailbox/", mailbox.index, name="mailbox"),
    path("mailbox/<str:name>", mailbox.mail, name="mailbox_mail"),
    path("mailbox/<str:name>/source", mailbox.source, name="mailbox_source"),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
]
