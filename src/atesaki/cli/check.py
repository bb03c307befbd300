"""`atesaki check`: what personal data a message carries, and where it stands in it."""

from __future__ import annotations

import bisect
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atesaki.cli.installation import as_json, installation

if TYPE_CHECKING:
    from atesaki.content import Customer, Finding, Findings, Part, Place, Reading
    from atesaki.tenants import Service

_KNOWN = ("name", "kana", "postal", "address", "phone", "email", "dob", "account_id")
_COLOURS = {
    **{"name": "red", "kana": "bright_red", "address": "yellow", "postal": "bright_yellow", "phone": "green"},
    **{"email": "bright_green", "dob": "cyan", "account_id": "bright_cyan", "card_tail": "blue"},
    **{"secret": "magenta", "order_item": "bright_magenta"},
}
_VERDICTS = {
    "yes": "It carries personal data.",
    "unsure": "It may carry personal data, which is to be taken for yes.",
    "no": "It carries no personal data that was found, and all of it was read.",
}
# What a terminal would obey instead of showing it: a message may hold anything.
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object for each file, each on one line.")
@click.option(
    "--service",
    "service_name",
    metavar="NAME",
    help="Whose own lines, and those that all its mails have, do not count.",
)
@click.option(
    "--known", multiple=True, metavar="FIELD=VALUE", help=f"What is known of the customer: {', '.join(_KNOWN)}."
)
def check(files: tuple[str, ...], json_: bool, service_name: str | None, known: tuple[str, ...]) -> None:
    """What personal data a message carries.

    FILE is a message (.eml), a folder of such or a Maildir, or - for standard input. Nothing is kept or sent.
    """
    customer = _customer(known)
    with installation() if service_name else nullcontext():
        service = _service(service_name)
        missing = False
        for number, (name, raw) in enumerate(_messages(files)):
            if isinstance(raw, str):
                click.echo(f"atesaki: {name}: {raw}", err=True)
                missing = True
                continue
            reading, found = _look(raw, service, customer)
            if json_:
                as_json(_words(name, reading, found))
            else:
                click.echo("\n" * (number > 0), nl=False)
                _tell(name, reading, found)
    if missing:
        sys.exit(1)


def _customer(known: Sequence[str]) -> Customer | None:
    from atesaki.content import Customer

    values: dict[str, tuple[str, ...]] = {}
    for each in known:
        name, equals, value = each.partition("=")
        plural = f"{name.strip().replace('-', '_')}s".replace("addresss", "addresses")
        if not equals or not value.strip() or plural not in {field.name for field in fields(Customer)}:
            raise click.BadParameter(
                f"give FIELD=VALUE, such as phone=047-999-0001; the fields are {', '.join(_KNOWN)}.",
                param_hint="'--known'",
            )
        values[plural] = (*values.get(plural, ()), value.strip())
    return Customer(**values) if values else None


def _service(name: str | None) -> Service | None:
    if name is None:
        return None
    from atesaki import tenants

    return tenants.find(name)


def _look(raw: bytes, service: Service | None, customer: Customer | None) -> tuple[Reading, Findings]:
    from atesaki import content

    reading = content.read(raw)
    if service is None:
        return reading, content.findings(reading, customer=customer)
    from atesaki import learning

    own, fixed = [service.name, *service.own], learning.fixed(service, reading)
    return reading, content.findings(reading, own=own, customer=customer, fixed=fixed)


# -- files --------------------------------------------------------------------------------------------


def _messages(names: Sequence[str]) -> Iterator[tuple[str, bytes | str]]:
    """Each message with its name; for what is none, a sentence in its stead. Of a file no more than is looked at."""
    from atesaki.content import Limits

    most = Limits().octets + 1
    for name in names:
        path = Path(name)
        if name == "-":
            yield name, sys.stdin.buffer.read(most)
        elif path.is_dir():
            inside = sorted(_inside(path))
            if not inside:
                yield name, "this folder has no message in it: give files, or a folder with .eml files or a Maildir."
            for each in inside:
                yield str(each), _octets(each, most)
        else:
            yield name, _octets(path, most)


def _inside(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".") or (folder / each / "cur").is_dir()]
        maildir = Path(where).name in ("cur", "new")
        for each in files:
            if each.lower().endswith(".eml") or (maildir and not each.startswith(".")):
                yield Path(where, each)


def _octets(path: Path, most: int) -> bytes | str:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError:
        return "there is no such file: see how its name is spelt."
    except OSError as error:
        return f"it cannot be read ({error.strerror or type(error).__name__})."


# -- what is said -------------------------------------------------------------------------------------


class _Texts:
    """The texts of one reading by the names that places have."""

    def __init__(self, reading: Reading) -> None:
        self.parts: dict[str, Part] = {}
        for part in reading.parts:
            if part.text or part.path not in self.parts:
                self.parts.setdefault(part.path, part)
                if part.text and not self.parts[part.path].text:
                    self.parts[part.path] = part
        self.ends: dict[str, list[int]] = {}

    def line(self, place: Place) -> int:
        """The line it stands in, from 1."""
        part = self.parts.get(place.part)
        if part is None:
            return 1
        if place.part not in self.ends:
            self.ends[place.part] = [found.start() for found in re.finditer("\n", part.text)]
        return bisect.bisect_left(self.ends[place.part], place.start) + 1

    def where(self, place: Place) -> str:
        """Where it stands, in words."""
        if place.part.startswith("header:"):
            return f"header {place.part.partition(':')[2]}"
        if place.part.startswith("filename:"):
            return f"file name of part {place.part.partition(':')[2]}"
        part = self.parts.get(place.part)
        if part is None:
            return place.part
        named = f"part {place.part}" + (f" ({part.filename})" if part.filename else "")
        return f"{named}, {place.cell or f'line {self.line(place)}'}"


def _words(name: str, reading: Reading, found: Findings) -> dict[str, Any]:
    texts = _Texts(reading)
    return {
        "file": name,
        "personal": found.personal,
        "findings": [
            {
                **{"type": each.kind, "text": each.text, "where": texts.where(each.where)},
                **{"why": each.why, "sure": each.sure, "part": each.where.part},
                **{"start": each.where.start, "end": each.where.end, "line": texts.line(each.where)},
            }
            for each in found.findings
        ],
        "doubts": list(found.doubts),
    }


def _tell(name: str, reading: Reading, found: Findings) -> None:
    """The message with what was found marked in it, and the verdict below."""
    texts = _Texts(reading)
    click.echo(_styled("standard input" if name == "-" else _shown(name), bold=True))
    mark = _coloured if _in_colour() else _bracketed
    by_text: dict[str, list[Finding]] = {}
    for each in found.findings:
        by_text.setdefault(each.where.part, []).append(each)
    subject = _marked(reading.subject, by_text.pop("subject", []), mark)
    click.echo(f"Subject: {subject}")
    for place in [each for each in by_text if each.startswith("header:")]:
        value = next((value for key, value in reading.headers if f"header:{key}" == place), "")
        click.echo(f"{place.partition(':')[2]}: {_marked(value, by_text.pop(place), mark)}")
    for part in reading.parts:
        if part.text:
            name_of = _marked(_shown(part.filename), by_text.pop(f"filename:{part.path}", []), mark)
            head = f"-- part {part.path}" + (f" ({name_of})" if part.filename else "")
            click.echo(_styled(f"{head} --", dim=True))
            marked = by_text.pop(part.path, []) if texts.parts[part.path] is part else []
            click.echo(_marked(part.text, marked, mark).rstrip("\n"))
    click.echo(_styled("--", dim=True))
    _legend(found, mark)
    click.echo(_VERDICTS[found.personal])
    for each in found.findings:
        sure = "" if each.sure else ", not sure"
        click.echo(f"  {each.kind}: {_shown(each.text)}  ({_shown(texts.where(each.where))}: {each.why}{sure})")
    for doubt in found.doubts:
        click.echo(f"  not read or not sure: {_shown(doubt)}")


def _legend(found: Findings, mark: Callable[[str, str, bool], str]) -> None:
    kinds = dict.fromkeys(each.kind for each in found.findings)
    if kinds and mark is _coloured:
        unsure = [_coloured("not sure", "", False)] if any(not each.sure for each in found.findings) else []
        click.echo("  ".join([*(_coloured(kind, kind, True) for kind in kinds), *unsure]))


def _in_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _styled(text: str, **style: bool) -> str:
    return click.style(text, **style) if _in_colour() else text


def _coloured(text: str, kind: str, sure: bool) -> str:
    colour = _COLOURS.get(kind, "white")
    if sure:
        return "\n".join(click.style(line, fg=colour, reverse=True) for line in text.split("\n"))
    return "\n".join(click.style(line, fg=colour, underline=True) for line in text.split("\n")) + "?"


def _bracketed(text: str, kind: str, sure: bool) -> str:
    return f"[{kind}{'' if sure else '?'}: {text}]"


def _marked(text: str, found: Sequence[Finding], mark: Callable[[str, str, bool], str]) -> str:
    """The text with each finding marked; of those that overlap, the first and longest."""
    out: list[str] = []
    at = 0
    for each in sorted(found, key=lambda each: (each.where.start, -each.where.end)):
        if each.where.start < at:
            continue
        out.append(_shown(text[at : each.where.start]))
        out.append(mark(_shown(text[each.where.start : each.where.end]), each.kind, each.sure))
        at = each.where.end
    return "".join(out) + _shown(text[at:])


def _shown(text: str) -> str:
    return _OBEYED.sub("\ufffd", text)
