"""What an ASGI server runs: `atesaki.site.asgi:application`."""

from __future__ import annotations

import os
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "atesaki.site.settings")

# WhiteNoise hands files out in a synchronous loop. Ours are three, and the largest has 35 kB.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

application = get_asgi_application()
