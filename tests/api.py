"""A service that speaks `/api/v1`: its key, and calls as short as the guide's."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from atesaki import tenants
from atesaki.tenants import SCOPES, Service

PREFIX = "/api/v1"


class Api:
    """Calls with one key; bodies are JSON unless they are octets."""

    def __init__(self, service: Service, *scopes: str) -> None:
        self.credential, self.key = tenants.add_key(service.name, scopes or SCOPES)
        self.client = Client(SERVER_NAME="localhost")

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        shown = {"Authorization": f"Bearer {self.key}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        content = body if isinstance(body, bytes | type(None)) else json.dumps(body).encode()
        kind = shown.pop("Content-Type", "application/json" if body is not None else "")
        return self.client.generic(method, PREFIX + path, content or b"", kind, headers=shown)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("POST", path, {} if body is None else body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.call("DELETE", path, **headers)

    def claim(self, address: str = "hana@example.jp", customer: str = "M-1", **more: Any) -> dict[str, Any]:
        answer = self.post("/claims", {"address": address, "customer": customer, **more})
        assert answer.status_code in (200, 201), answer.content
        return answer.json()


def problem(answer: HttpResponse) -> str:
    """The slug of a problem document, whose form is looked at too."""
    assert answer["Content-Type"] == "application/problem+json", (answer.status_code, answer.content)
    said = answer.json()
    assert {"type", "title", "status", "detail"} <= said.keys()
    assert said["status"] == answer.status_code and said["title"] and said["detail"].endswith((".", "?", "`"))
    assert "/api/v1/problems/" in said["type"]
    return said["type"].rpartition("/")[2]
