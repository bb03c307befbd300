"""What the desk and the pages keep besides."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("atesaki", "0003_api")]
    operations: ClassVar = []
