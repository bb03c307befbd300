"""Where each page of the desk is, below `/desk/`."""

from __future__ import annotations

from django.urls import path

from . import accounts, answer, case, improvements, inquiries, leak, lists, reach, sign_in

urlpatterns = [
    path("", sign_in.home, name="desk"),
    path("sign-in", sign_in.sign_in, name="desk_sign_in"),
    path("sign-out", sign_in.sign_out, name="desk_sign_out"),
    path("account", sign_in.account, name="desk_account"),
    path("keys", sign_in.keys, name="desk_keys"),
    path("search", lists.search, name="desk_search"),
    path("assign", lists.assign, name="desk_assign"),
    path("report", inquiries.report, name="desk_report"),
    path("inquiries", inquiries.inquiries, name="desk_inquiries"),
    path("inquiries/<str:number>", inquiries.inquiry, name="desk_inquiry"),
    path("inquiries/<str:number>/take", inquiries.take, name="desk_inquiry_take"),
    path("inquiries/<str:number>/done", inquiries.done, name="desk_inquiry_done"),
    path("accounts", accounts.accounts, name="desk_accounts"),
    path("accounts/<str:name>/reset", accounts.reset, name="desk_account_reset"),
    path("accounts/<str:name>/retire", accounts.retire, name="desk_account_retire"),
    path("reveals", accounts.reveals, name="desk_reveals"),
    path("improvements", improvements.improvements, name="desk_improvements"),
    path("improvements/<int:pk>", improvements.improvement, name="desk_improvement"),
    path("improvements/wish/<int:pk>/gather", improvements.gather, name="desk_wish_gather"),
    path("case/<str:number>", case.page, name="desk_case"),
    path("case/<str:number>/note", case.note, name="desk_note"),
    path("case/<str:number>/take", case.take, name="desk_take"),
    path("case/<str:number>/give-back", case.give_back, name="desk_give_back"),
    path("case/<str:number>/assign", case.assign, name="desk_case_assign"),
    path("case/<str:number>/pending", case.pending, name="desk_pending"),
    path("case/<str:number>/close", case.close, name="desk_close"),
    path("case/<str:number>/presence", case.presence, name="desk_presence"),
    path("case/<str:number>/draft", case.draft, name="desk_draft"),
    path("case/<str:number>/answer", answer.compose, name="desk_answer"),
    path("case/<str:number>/answer/send", answer.send, name="desk_answer_send"),
    path("case/<str:number>/leak", leak.leak, name="desk_leak"),
    path("case/<str:number>/reveal", reach.reveal, name="desk_reveal"),
    path("case/<str:number>/customer", reach.keep, name="desk_customer"),
    path("case/<str:number>/phone", reach.phoned, name="desk_phone"),
    path("case/<str:number>/sms", reach.sms, name="desk_sms"),
    path("case/<str:number>/letter", reach.letter, name="desk_letter"),
    path("case/<str:number>/deadline", reach.deadline, name="desk_deadline"),
    path("case/<str:number>/letter/<str:letter>/print", reach.print_letter, name="desk_letter_print"),
    path("case/<str:number>/letter/<str:letter>/posted", reach.posted, name="desk_letter_posted"),
    path("case/<str:number>/letter/<str:letter>/returned", reach.returned, name="desk_letter_returned"),
]
