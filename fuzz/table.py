"""Every target: which function is fed, and whose lines and branches lead the search."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

_CONTENT = ("atesaki.content",)


@dataclass(frozen=True, slots=True)
class Target:
    """`place`: its module below `fuzz.targets`, which holds a function of the target's name, and SEEDS.

    `ours`: modules whose lines are counted, packages with all of theirs; `module:name,name` of its functions only
    those, where the others need a database, a network or an operator. `theirs`: others' modules that lead the
    search as well. `longest`: octets of an input. `most`: inputs that are kept.
    """

    name: str
    place: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...] = ()
    longest: int = 4096
    most: int = 200

    def run(self) -> Callable[[bytes], None]:
        """The function that is fed; it raises for a fault, and for nothing else."""
        found: Callable[[bytes], None] = getattr(self._module(), self.name)
        return found

    def seeds(self) -> Iterable[bytes]:
        """Where the search begins."""
        found: Iterable[bytes] = self._module().SEEDS[self.name]()
        return found

    @property
    def words(self) -> Path | None:
        """What the grammar is made of, as libFuzzer's dictionary: mutations put these in."""
        file = Path(__file__).parent / "words" / self.name
        return file if file.exists() else None

    def _module(self) -> ModuleType:
        return import_module(f"fuzz.targets.{self.place}")


def _reader(*names: str) -> tuple[str, ...]:
    return tuple(f"atesaki.content.{name}" for name in names)


_TARGETS = (
    Target(
        "read",
        "mails",
        _reader("reading", "charsets", "page", "transfer", "words", "fields"),
        _reader("attachments", "records", "documents", "containers"),
        8192,
    ),
    Target("headers", "mails", _reader("fields", "words", "charsets", "transfer")),
    Target("attachments", "files", _reader("attachments", "containers", "documents", "records", "page"), (), 8192),
    Target("sandbox", "files", _reader("sandbox"), (), 8192),
    Target(
        "findings",
        "personal",
        _reader(
            *("findings", "blocks", "known", "labelled", "labels", "layout", "lines", "names", "notes", "scan", "seen"),
            *("taking", "values", "whose"),
        ),
    ),
    Target("contact", "personal", _reader("contact")),
    Target(
        "answers",
        "personal",
        (
            "atesaki.content.contact:normal_answer,knows,_typed_digits,_typed_postal,_typed_phone,_typed_year,_era_number",
        ),
        _reader("words", "reading"),
        512,
    ),
    Target("templates", "personal", _reader("templates")),
    Target("address", "typed", ("atesaki.addresses",), ("email_validator",), 512),
    Target(
        "tenant",
        "typed",
        ("atesaki.tenants.hours", "atesaki.tenants.registry:_return_to,_origin_and_path,_webhook,may_return_to"),
        ("urllib.parse",),
        768,
    ),
    Target(
        "came_back",
        "returned",
        tuple(
            f"atesaki.inbound.{name}"
            for name in ("reading", "reports", "returned", "written", "came", "authentication")
        ),
        (*_CONTENT, "flufl.bounce", "authres"),
        8192,
    ),
    Target("wire", "smtp", ("atesaki.doors.wire",), (), 1024),
    Target(
        "submission",
        "smtp",
        tuple(f"atesaki.doors.{name}" for name in ("conversation", "commands", "handover", "wire")),
        (),
        2048,
    ),
    Target(
        "returns", "smtp", ("atesaki.doors.returns", "atesaki.doors.conversation"), ("atesaki.doors.commands",), 2048
    ),
    Target(
        "request", "http", ("atesaki.gate.submit:read_request", *_reader("fields", "words")), _reader("contact"), 4096
    ),
    Target(
        "api",
        "http",
        tuple(f"atesaki.doors.api.{name}" for name in ("cursor", "idempotency:_read", "parsing")),
        ("json.decoder",),
        1024,
    ),
    Target(
        "hook",
        "http",
        ("atesaki.outbox.webhook_courier:_wait,_place,_why,is_inward,_is_inward", "atesaki.outbox.webhooks:_pause"),
        ("email._parseaddr", "urllib3.util.url"),
        768,
    ),
    Target("told", "http", ("atesaki_client.webhooks", "atesaki_client.answers:moment"), ("json.decoder",), 1024),
    Target("log", "past", ("atesaki.audit.logs", "atesaki.audit.streams", "atesaki.audit.stamps")),
    Target("mbox", "past", ("atesaki.audit.archive", "atesaki.audit.streams")),
    Target("events", "past", ("atesaki.audit.events", "atesaki.audit.streams"), ("json.decoder",)),
    Target(
        "customers",
        "past",
        (
            "atesaki.audit.customers:source,cut,_look,_decodes,_decoded,_ranges,read,_Taking,_text,_moment,_csv,_text_lines,"
            "_wide_lines,_plain_blocks,_by_itself",
            "atesaki.audit.columns",
            "atesaki.audit.streams",
        ),
    ),
    Target("any_file", "past", ("atesaki.audit.sniffing", "atesaki.audit.inputs", "atesaki.audit.streams")),
    Target("stamps", "past", ("atesaki.audit.stamps",), _reader("known"), 128),
    Target("claims", "claims", ("atesaki.campaigns.reading",)),
    Target("swollen", "swollen", (*_CONTENT, "atesaki.addresses", "atesaki.inbound"), (), 512, 40),
)
TARGETS = {target.name: target for target in _TARGETS}
