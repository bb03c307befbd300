"""`manage register_client`: makes the shop a client, or brings it up to date."""

from __future__ import annotations

from typing import Any

from allauth.idp.oidc.models import Client
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Registers the shop (NETID_CLIENT_ID, NETID_CLIENT_SECRET, SHOP_URL)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.NETID_CLIENT_SECRET:
            raise CommandError("NETID_CLIENT_SECRET is not set: choose one, and give it to the shop, too.")
        client = Client.objects.filter(pk=settings.NETID_CLIENT_ID).first() or Client(pk=settings.NETID_CLIENT_ID)
        client.name = "あおぞらマルシェ"
        client.type = Client.Type.CONFIDENTIAL
        client.skip_consent = True  # one group, told on the sign-in page; nothing is handed on that needs a question
        client.set_scopes(["openid", "profile", "email"])
        client.default_scopes = "openid"
        client.set_grant_types([Client.GrantType.AUTHORIZATION_CODE, Client.GrantType.REFRESH_TOKEN])
        client.set_response_types([Client.ResponseType.CODE])
        client.set_redirect_uris([f"{settings.SHOP_URL}/netid/callback"])
        if not client.check_secret(settings.NETID_CLIENT_SECRET):
            client.set_secret(settings.NETID_CLIENT_SECRET)
        client.save()
