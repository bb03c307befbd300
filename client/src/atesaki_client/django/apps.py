"""`INSTALLED_APPS`: for the command `atesaki_send_waiting`."""

from django.apps import AppConfig


class AtesakiClientConfig(AppConfig):
    name = "atesaki_client.django"
    label = "atesaki_client"
    verbose_name = "atesaki"
