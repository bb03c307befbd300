"""Where each page is. The paths are public interface: mails that were sent long ago name them."""

from __future__ import annotations

from django.urls import include, path

from . import ask, case, health, inquiry, mailbox, operator, operator_webhooks, views

urlpatterns = [
    path("", views.front, name="front"),
    path("about-this-mail", views.about, name="about"),
    path("c/<str:token>", views.confirm, name="confirm"),
    path("c/<str:token>/not-me", views.confirm_not_me, name="confirm_not_me"),
    path("n/<str:token>", views.not_me, name="not_me"),
    path("n/<str:token>/keep", views.kept, name="kept"),
    path("n/<str:token>/mine", views.mine, name="mine"),
    path("n/<str:token>/one-click", views.one_click, name="one_click"),
    path("ask", ask.subjects, name="ask"),
    path("ask/not-mine", ask.not_mine, name="ask_not_mine"),
    path("ask/not-mine/sent", ask.reported, name="ask_reported"),
    path("ask/sent", ask.sent, name="ask_sent"),
    path("ask/about/<str:subject>", ask.inquiry, name="ask_inquiry"),
    path("m/<str:token>", case.case, name="case"),
    path("m/<str:token>/wish", case.choose, name="case_wish"),
    path("m/<str:token>/disposal", case.dispose, name="case_disposal"),
    path("m/<str:token>/message", case.write, name="case_message"),
    path("m/<str:token>/improvement", case.improve, name="case_improvement"),
    path("q/<str:token>", inquiry.inquiry, name="inquiry"),
    path("q/<str:token>/message", inquiry.write, name="inquiry_message"),
    path("q/<str:token>/sent", inquiry.written, name="inquiry_written"),
    path("q/<str:token>/not-me", inquiry.not_me, name="inquiry_not_me"),
    path("q/<str:token>/one-click", inquiry.one_click, name="inquiry_one_click"),
    path("desk/", include("atesaki.pages.desk.urls")),
    path("operator/", operator.overview, name="operator"),
    path("operator/webhooks", operator_webhooks.deliveries, name="operator_webhooks"),
    path("operator/webhooks/<uuid:pk>/again", operator_webhooks.again, name="operator_webhook_again"),
    path("mailbox/", mailbox.index, name="mailbox"),
    path("mailbox/<str:name>", mailbox.mail, name="mailbox_mail"),
    path("mailbox/<str:name>/source", mailbox.source, name="mailbox_source"),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
]
