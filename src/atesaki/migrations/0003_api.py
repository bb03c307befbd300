"""What the HTTP API keeps."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("atesaki", "0002_cases")]
    operations: ClassVar = []
