"""The row of `learning`: what is known of one template of a service."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from atesaki.tenants import Service


class Template(models.Model):
    """Mails of a service that are one but for their values. Kept 90 days after the last; a single mail's, a week.

    `sketch`: keyed hashes of lines, counts, and samples of keyed hashes of recipients (`content.Sketch`). `name`: of
    the subject, listed words and the sender's own that sixteen recipients had, `…` for all others. Nothing else of any.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    key = models.BinaryField(max_length=16)
    sketch = models.BinaryField()
    sender = models.CharField(max_length=254, blank=True)  # the domain in From
    name = models.CharField(max_length=200, blank=True)
    missing = models.JSONField(default=list)  # of: sender, contact, not_me, reply
    mails = models.PositiveBigIntegerField(default=0)
    since = models.DateTimeField()
    seen = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["service", "key"], name="template_once")]
