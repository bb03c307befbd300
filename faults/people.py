"""Those at the pages: owners who confirm or say "not me", and the shop, which vouches. They press until it is done."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from urllib.parse import urlencode

from faults import FaultsError
from faults.records import Records, links
from faults.senders import Senders
from faults.town import Box

_PATIENCE = 60.0
_STOPPED, _LEAVING, _CONFIRMED = "The mail is stopped", "Mail that was already leaving", "This mailbox is confirmed"
_AGAIN = 0.4
_GIVES_UP = 60.0  # the page of "not me" may wait for a courier, 20 s


class People:
    """Everybody who acts by HTTP."""

    def __init__(self, port: int, api_key: str, everybody: Sequence[Box], records: Records, seed: int) -> None:
        self.port, self.api_key, self.boxes, self.records = port, api_key, everybody, records
        self.by_address = {box.address: box for box in everybody}
        self._dice = Random(f"{seed} people")
        self.pressed: list[tuple[str, float]] = []  # what was pressed, and how long until it was done
        self.odd: list[str] = []  # answers that nobody expected

    def read_mail(self) -> None:
        """Gives each owner the links of what arrived for them."""
        for arrival in self.records.read():
            box = self.by_address.get(arrival.to[0])
            if arrival.raw and box is not None:
                found = links(arrival.raw)
                box.confirm = found.get("c", box.confirm)
                box.not_me = found.get("n", box.not_me)

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "", who: int = 0) -> tuple[int, str]:
        """One request on a connection of its own; the status and what was answered. Raises `OSError`."""
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), 10)
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close", "Accept-Language: en"]
        head += [f"Content-Length: {len(body)}", f"X-Forwarded-For: 10.{who >> 16}.{who >> 8 & 255}.{who & 255}"]
        head += [f"Content-Type: {kind}"] if kind else []
        head += [f"Authorization: Bearer {self.api_key}"] if path.startswith("/api/") else []
        try:
            writer.write("\r\n".join([*head, "", ""]).encode() + body)
            answer = await asyncio.wait_for(reader.read(), _PATIENCE)
        finally:
            writer.transport.abort()
        head_, _, text = answer.decode("utf-8", "replace").partition("\r\n\r\n")
        words = head_.split(" ", 2)
        if len(words) < 2 or not words[1].isdigit():
            raise ConnectionResetError("no answer")
        return int(words[1]), text

    async def _api(self, path: str, body: dict[str, str], wanted: tuple[int, ...]) -> dict[str, str]:
        ends = time.monotonic() + 120
        while True:
            status, text = 0, ""
            with suppress(OSError, TimeoutError):
                status, text = await self.ask("POST", f"/api/v1{path}", json.dumps(body).encode(), "application/json")
            if status in wanted:
                return dict(json.loads(text[text.index("{") : text.rindex("}") + 1]))
            if time.monotonic() > ends or status in (400, 401, 403, 404, 422):
                raise FaultsError(f"POST {path} answered {status}: {text[:300]}")
            await asyncio.sleep(_AGAIN)

    async def settle_in(self) -> None:
        """Before the load: the shop vouches for those who are proved from the start, and others are asked first."""
        asked = [box for box in self.boxes if box.kind in ("disavowing", "returning")]
        await _each(asked, self._claim)
        ends = time.monotonic() + 120
        while not all(box.not_me for box in asked):
            if time.monotonic() > ends:
                raise FaultsError("the requests to confirm did not arrive.")
            self.read_mail()
            await asyncio.sleep(0.1)
        await _each(asked, self._vouch)
        await _each([box for box in self.boxes if box.kind == "proved"], self._vouch)

    async def _claim(self, box: Box) -> None:
        made = await self._api("/claims", {"address": box.address, "customer": box.customer}, (200, 201))
        box.claim, box.match = made["id"], made["match"]

    async def _vouch(self, box: Box) -> None:
        began = time.monotonic()
        box.said.append(("proof", began, 0.0))
        evidence = {"evidence": "shown at the counter"}
        if box.claim:
            await self._api(f"/claims/{box.claim}/proofs", {"method": "attested", **evidence}, (201,))
        else:
            await self._api("/claims", {"address": box.address, "customer": box.customer, **evidence}, (200, 201))
        box.said[-1] = ("proof", began, time.monotonic())

    async def live(self, box: Box, share: Callable[[], float], senders: Senders, ends: asyncio.Event) -> None:
        """What one owner does in a run: each press in its time, amid mails to them."""
        kinds = {"proving": ("proof",), "disavowing": ("not_me",), "stranger": ("not_me",)}
        for what, at in zip(kinds.get(box.kind, ("not_me", "proof")), box.presses, strict=False):
            while share() < at or not (box.confirm if what == "proof" else box.not_me):
                if ends.is_set():
                    return
                await asyncio.sleep(0.05)
            senders.hurry(box, self._dice.randint(3, 8))
            await asyncio.sleep(self._dice.uniform(0, 0.5))
            await self._press(box, what, ends)
            senders.hurry(box, self._dice.randint(1, 3))

    async def _press(self, box: Box, what: str, ends: asyncio.Event) -> None:
        """Presses, and again, until the page says that it is done, or long after everything is calm."""
        first = time.monotonic()
        place = len(box.said)
        box.said.append((what, first, 0.0))
        last = 0.0
        while not last or time.monotonic() < last:
            if ends.is_set() and not last:
                last = time.monotonic() + _GIVES_UP
            done = False
            with suppress(OSError, TimeoutError):
                done = await (self._prove(box) if what == "proof" else self._not_me(box))
            if done:
                ended = time.monotonic()
                box.said[place] = (what, first, ended)
                self.pressed.append((what, ended - first))
                return
            await asyncio.sleep(_AGAIN)

    async def _prove(self, box: Box) -> bool:
        for kind, answer in (("match", box.match), ("postal_code", box.postal)):
            if not answer:
                continue
            form = urlencode({"kind": kind, "answer": answer}).encode()
            path = f"/c/{box.confirm}"
            status, text = await self.ask("POST", path, form, "application/x-www-form-urlencoded", box.number)
            if status == 200 and _CONFIRMED in text:
                return True
            if status < 500 and status != 429:
                self.odd.append(f"box {box.number} ({box.kind}) {kind}: {status} {_title(text)}")
        return False

    async def _not_me(self, box: Box) -> bool:
        path = f"/n/{box.not_me}"
        status, text = await self.ask("POST", path, b"", "application/x-www-form-urlencoded", box.number)
        if status == 200 and _STOPPED in text:
            return _LEAVING not in text
        if status < 500 and status != 429:
            self.odd.append(f"box {box.number} ({box.kind}) not me: {status} {_title(text)}")
        return False


def _title(text: str) -> str:
    return text.partition("<title>")[2].partition("</title>")[0][:80]


async def _each(some: Sequence[Box], act: Callable[[Box], object]) -> None:
    """Acts for each, a few at once."""
    turn = asyncio.Semaphore(6)

    async def one(box: Box) -> None:
        async with turn:
            await act(box)  # type: ignore[misc]

    await asyncio.gather(*(one(box) for box in some))
