from __future__ import annotations

import warnings

from django.core.asgi import get_asgi_application

# WhiteNoise's files are read in threads: they are small, and the warning would be said for each.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

application = get_asgi_application()
