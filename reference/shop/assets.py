"""Style and pictures, from memory: a name holds its content's digest, so that a browser may keep it for good."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse

HERE = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon"}


@dataclass(frozen=True)
class Asset:
    octets: bytes
    zipped: bytes
    kind: str
    digest: str


@cache
def all_of_them() -> dict[str, Asset]:
    found = {}
    for path in sorted(HERE.rglob("*")):
        if path.is_file() and path.suffix in TYPES:
            octets = path.read_bytes()
            found[path.relative_to(HERE).as_posix()] = Asset(
                octets, gzip.compress(octets, mtime=0), TYPES[path.suffix], hashlib.sha256(octets).hexdigest()[:12]
            )
    return found


def url(name: str) -> str:
    return f"/static/{name}?v={all_of_them()[name].digest}"


def serve(request: HttpRequest, name: str) -> HttpResponse:
    asset = all_of_them().get(name)
    if not asset:
        raise Http404
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    answer = HttpResponse(asset.zipped if zipped else asset.octets, content_type=asset.kind)
    if zipped:
        answer["Content-Encoding"] = "gzip"
    answer["Vary"] = "Accept-Encoding"
    current = request.GET.get("v") == asset.digest
    answer["Cache-Control"] = "public, max-age=31536000, immutable" if current else "public, max-age=300"
    return answer
