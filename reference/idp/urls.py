"""Every address of the ID service; of allauth's only those that are meant to be used."""

from __future__ import annotations

from allauth.account import views as account
from allauth.idp.oidc import views as oidc
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.webauthn import views as webauthn
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from reference.idp import pages, tokens

_home = RedirectView.as_view(pattern_name="home")

_oidc: list[URLPattern | URLResolver] = [
    path(".well-known/openid-configuration", tokens.configuration, name="configuration"),
    path(".well-known/jwks.json", oidc.jwks, name="jwks"),
    path("oauth/authorize", tokens.Authorization.as_view(), name="authorization"),
    path("oauth/token", tokens.Tokens.as_view(), name="token"),
    path("oauth/userinfo", oidc.user_info, name="userinfo"),
    path("oauth/revoke", oidc.revoke, name="revoke"),
    path("oauth/logout", oidc.logout, name="logout"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.home, name="home"),
    path("health", pages.health),
    path("atesaki/webhook", pages.webhook),
    path("", include(([path("", include((_oidc, "oidc")))], "idp"))),
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("signup/", account.signup, name="account_signup"),
    path("signup/passkey/", account.signup_by_passkey, name="account_signup_by_passkey"),
    path("signup/passkey/create/", webauthn.signup_webauthn, name="mfa_signup_webauthn"),
    path("ended/", account.account_inactive, name="account_inactive"),
    path("confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("confirm/passkey/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("login/second/", mfa.authenticate, name="mfa_authenticate"),
    path("login/passkey/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("password/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("password/reset/", pages.reset, name="account_reset_password"),
    path("password/reset/sent/", pages.reset_sent, name="account_reset_password_done"),
    path("password/reset/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("recover/", pages.recover, name="recover"),
    path("passkeys/", _home, name="mfa_index"),
    path("passkeys/", _home, name="mfa_list_webauthn"),
    path("passkeys/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/remove/", pages.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("recovery-codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("recovery-codes/new/", pages.new_codes, name="mfa_generate_recovery_codes"),
    path("address/", pages.address, name="address"),
    path("address/change/", pages.change, name="address_change"),
    path("address/code/", pages.code, name="address_code"),
    path("address/again/", pages.again, name="address_again"),
    path("address/remove/", pages.remove, name="address_remove"),
    path("name/", pages.name, name="name"),
    path("sessions/end/", pages.end_sessions, name="sessions_end"),
    path("leave/", pages.leave, name="leave"),
    path("left/", pages.left, name="left"),
]

handler404 = pages.not_found
handler500 = pages.failed
