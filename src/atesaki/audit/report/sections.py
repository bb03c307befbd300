"""What each section of the report shows, in one language: sentences, tables and plots, ready for the template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from django.utils.safestring import SafeString

from atesaki.language import Language

from . import plots, words
from .figures import long_day, made, month, number, plain, share, short_day, when

_SHORT = 12
# Rows of a table; the rest stands in report.json.
_ROWS = 50
_MANY = {"domains": 30, "months": 240, "inputs": 100, "skipped": 100, "templates": 60}
_KEYS = {"months": "by_month"}  # in the report, where it is not the section's own name
# Forms of input that hold message texts; in all others nobody can look for personal data.
_WITH_TEXT = ("mbox", "mails", "maildir", "eml")


@dataclass(frozen=True, slots=True)
class Cell:
    """text: what stands in it.  note: what explains it.  parts: a list instead.  lines: pieces that are not broken."""

    text: str
    number: bool = False
    parts: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    note: str = ""

    @property
    def short(self) -> bool:
        """Whether it is better not broken."""
        return 0 < len(self.text) <= _SHORT and not self.note


@dataclass(frozen=True, slots=True)
class Table:
    """What `table.html` draws. columns: heading, whether numbers.  more: what is said about rows left out."""

    name: str
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: str = ""
    label: str = ""


class View:
    """One language's report. Each attribute is read by `body.html`; all but SVG is plain text that it escapes."""

    def __init__(self, report: dict[str, Any], lang: Language, zone: str, atesaki: str) -> None:
        self.report, self.lang, self.zone, self.atesaki = report, lang, zone, atesaki
        self.t = words.catalogue(lang)
        self.totals: dict[str, int] = {name: int(report["totals"].get(name) or 0) for name in self.t["total"]}

    def say(self, key: str, **arguments: object) -> str:
        return words.say(self.lang, key, **arguments)

    # --- the first screen ------------------------------------------------------------------------------------

    @property
    def made(self) -> str:
        return self.say("page.made", moment=made(self.report["made"], self.zone, self.lang))

    @property
    def period(self) -> str:
        first, last = (when((self.report.get("period") or {}).get(end), self.zone) for end in ("first", "last"))
        if first is None or last is None:
            return self.say("page.period_none")
        return self.say("page.period", first=long_day(first, self.lang), last=long_day(last, self.lang))

    @property
    def has_text(self) -> bool:
        """Whether message texts were examined; an engine that does not say so tells it by the forms of its inputs."""
        if "judged_mails" in self.report["totals"]:
            return bool(self.totals["judged_mails"])
        kinds = [plain(each.get("kind")).lower() for each in self.report["inputs"]]
        return bool(self.totals["personal_mails"]) or any(kind.startswith(_WITH_TEXT) for kind in kinds)

    @property
    def lead(self) -> list[str]:
        """What was found, in up to three sentences."""
        totals = self.totals
        addresses, personal = number(totals["written_unproved"]), number(totals["personal_to_unproved"])
        if not (totals["mails"] or totals["customers"] or totals["addresses"]):
            return [self.say("lead.nothing")]
        if not totals["mails"]:
            return [self.say("lead.no_mails")]
        said = [] if totals["customers"] else [self.say("lead.no_customers")]
        if totals["personal_to_unproved"]:
            since = (self.leaking_months or ["–"])[0]
            said.insert(0, self.say("lead.leaked", since=since, personal=personal, addresses=addresses))
        elif totals["written_unproved"]:
            said.insert(0, self.say("lead.clean" if self.has_text else "lead.unread", addresses=addresses))
        else:
            return [self.say("lead.all_proved"), *said]
        return [*said, self.say("lead.meaning")]

    @property
    def leaking_months(self) -> list[str]:
        found = sorted(plain(each["month"]) for each in self.report["by_month"] if each["personal_to_unproved"])
        return [month(each, self.lang) for each in found]

    @property
    def figures(self) -> list[tuple[str, str, str]]:
        """Name, value, and what it is out of."""
        totals, leaks = self.totals, self.leaking_months
        of = self._out_of("figure.doubtful_of", totals["made_up"], totals["addresses"])
        doubtful = (self.say("figure.doubtful"), number(totals["made_up"]), of)
        if not totals["mails"]:
            holders = self.say("figure.customers_of", whole=number(totals["customers_with_address"]))
            customers = (self.say("figure.customers"), number(totals["customers"]), holders)
            return [customers, self._figure("unproved", "addresses"), doubtful]
        rows = [self._figure("written_unproved", "unproved")]
        if self.has_text:
            rows.append(self._figure("personal_to_unproved", "personal_mails"))
            since = "since" if leaks else "since_never"
            name = self.say("figure.since")
            last = self.say(f"figure.{since}_of", last=leaks[-1] if leaks else "")
            rows.append((name, leaks[0] if leaks else self.say("figure.since_never"), last))
        else:
            name = self.say("figure.personal_to_unproved")
            rows.append((name, self.say("figure.unread"), self.say("figure.unread_of")))
        return [*rows, doubtful]

    def _figure(self, name: str, whole: str) -> tuple[str, str, str]:
        of = self._out_of(f"figure.{name}_of", self.totals[name], self.totals[whole])
        return self.say(f"figure.{name}"), number(self.totals[name]), of

    def _out_of(self, key: str, part: int, whole: int) -> str:
        rate = share(part, whole)
        said = self.say(key, whole=number(whole))
        if not rate:
            return said
        return f"{said} {rate}" if self.lang == "ja" else f"{rate} {said}"

    @property
    def steps(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """What to do, how, and the commands."""
        claims = self.report.get("claims_file") or {}
        path, rows = plain(claims.get("path")), int(claims.get("rows") or 0)
        how = self.say("steps.claims_none")
        if path and rows:
            how = self.say(
                "steps.claims_how", path=path, rows=number(rows), evidence=number(int(claims.get("with_evidence") or 0))
            )
        return [
            (
                self.say("steps.stop"),
                self.say("steps.stop_how"),
                ("atesaki service set NAME --mode observe", "atesaki service set NAME --mode enforce"),
            ),
            (
                self.say("steps.claims"),
                how,
                (f"atesaki import-claims --service NAME {quote(path)}",) if path and rows else (),
            ),
            (self.say("steps.ask"), self.say("steps.ask_how"), ("atesaki campaign start NAME",)),
        ]

    # --- when and what ---------------------------------------------------------------------------------------

    @property
    def months_lead(self) -> str:
        return self.say("months.lead", months=number(len(self.report["by_month"])))

    @property
    def months(self) -> Table:
        rows = [
            (
                Cell(month(each["month"], self.lang)),
                *self._numbers(each["mails"], each["to_unproved"]),
                # Where nobody could look, a nought would be a lie.
                Cell(number(each["personal_to_unproved"] if self.has_text else None), number=True),
            )
            for each in self._first("months")
        ]
        return self._table("months", ("month", "mails#", "to_unproved#", "personal#"), rows)

    @property
    def months_plot(self) -> SafeString:
        of = self.report["by_month"]
        names = [month(each["month"], self.lang) for each in of]
        told = "; ".join(
            self.say(
                "months.told",
                month=name,
                to_unproved=number(each["to_unproved"]),
                personal=number(each["personal_to_unproved"]),
            )
            for name, each in zip(names[-24:], of[-24:], strict=True)
        )
        marks = (self.say("months.to_unproved"), self.say("months.personal"), names[0], names[-1])
        bars = [(plain(each["month"]), each["to_unproved"], each["personal_to_unproved"]) for each in of]
        return plots.columns(f"{self.lang}-months", self.say("months.plot"), told, bars, marks)

    @property
    def kinds(self) -> Table:
        rows = [
            (
                Cell(self._word("kind", each["kind"])),
                *self._numbers(each["mails"], each["to_unproved"], each["addresses"]),
                *(Cell(self._day(each[end])) for end in ("first", "last")),
            )
            for each in self._first("kinds")
        ]
        return self._table("kinds", ("kind", "mails#", "to_unproved#", "addresses#", "first", "last"), rows)

    @property
    def kinds_lead(self) -> list[str]:
        said = [self.say("kinds.lead")]
        if self.totals["judged_mails"]:
            judged, mails = number(self.totals["judged_mails"]), number(self.totals["mails"])
            said.append(self.say("kinds.judged", judged=judged, mails=mails))
        return said

    @property
    def kinds_empty(self) -> str:
        return self.say("kinds.empty" if self.has_text else "kinds.empty_unread")

    @property
    def worst_empty(self) -> str:
        return self.say("worst.empty" if self.has_text else "worst.empty_unread")

    @property
    def kinds_plot(self) -> SafeString:
        rows = [
            (self._word("kind", each["kind"]), number(each["to_unproved"]), each["to_unproved"])
            for each in self.report["kinds"]
        ]
        told = "; ".join(self.say("kinds.told", kind=kind, value=value) for kind, value, _ in rows)
        return plots.bars(f"{self.lang}-kinds", self.say("kinds.plot"), told, rows)

    @property
    def spans_plot(self) -> SafeString:
        """When each kind went out first and last, within the time of all of them."""
        dated = []
        for each in self.report["kinds"]:
            first, last = (when(each[end], self.zone) for end in ("first", "last"))
            if first and last:
                dated.append((self._word("kind", each["kind"]), first, last))
        if not dated:
            return plots.NOTHING
        begin = min(first for _, first, _ in dated)
        days = max((max(last for _, _, last in dated) - begin).days, 1)
        rows = [
            (
                kind,
                self.say("kinds.span", first=short_day(first, self.lang), last=short_day(last, self.lang)),
                (first - begin).days / days,
                (last - begin).days / days,
            )
            for kind, first, last in dated
        ]
        told = "; ".join(self.say("kinds.told", kind=kind, value=dates) for kind, dates, _, _ in rows)
        return plots.spans(f"{self.lang}-spans", self.say("kinds.spans"), told, rows)

    # --- which addresses -------------------------------------------------------------------------------------

    @property
    def suspicions(self) -> Table:
        rows = [
            (
                Cell(self._word("suspicion", each["reason"]), note=self.t["suspicion_why"].get(each["reason"], "")),
                *self._numbers(each["addresses"], each["mails"]),
            )
            for each in self._suspicious
        ]
        return self._table("suspicions", ("reason", "addresses#", "mails#"), rows)

    @property
    def _suspicious(self) -> list[dict[str, Any]]:
        return [each for each in self.report["suspicions"] if each["addresses"]]

    @property
    def suspicions_plot(self) -> SafeString:
        rows = [
            (self._word("suspicion", each["reason"]), number(each["addresses"]), each["addresses"])
            for each in self._suspicious
        ]
        told = "; ".join(self.say("kinds.told", kind=kind, value=value) for kind, value, _ in rows)
        return plots.bars(f"{self.lang}-suspicions", self.say("suspicions.plot"), told, rows)

    @property
    def shared(self) -> str:
        many, of = self.totals["shared"], self.totals["addresses"]
        return self.say("shared.some", shared=self._percent(many, of)) if many else self.say("shared.empty")

    @property
    def silent(self) -> str:
        many, of = self.totals["never_reacted"], self.totals["addresses"]
        if not self.totals["mails"]:
            return self.say("silent.unknown")
        return self.say("silent.some", silent=self._percent(many, of)) if many else self.say("silent.empty")

    @property
    def domains(self) -> Table:
        rows = [
            (
                Cell(plain(each["domain"])),
                *self._numbers(each["addresses"], each["mails"]),
                self._with_share(each["bounced"], each["mails"]),
                self._with_share(each["reacted"], each["addresses"]),
            )
            for each in self._first("domains")
        ]
        return self._table("domains", ("domain", "addresses#", "mails#", "bounced#", "reacted#"), rows)

    @property
    def templates(self) -> Table:
        rows = []
        for each in self._first("templates"):
            kinds = sorted(each["kinds"].items(), key=lambda item: -item[1])
            counted = tuple(
                self.say("templates.counted", kind=self._word("kind", kind), many=number(many)) for kind, many in kinds
            )
            missing = tuple(self._word("missing", slug) for slug in each["missing"])
            rows.append(
                (
                    Cell(plain(each.get("name") or each["key"])),
                    Cell(plain(each["sender_domain"]) or "–"),
                    *self._numbers(each["mails"], each["to_unproved"]),
                    Cell("" if counted else self.say("templates.no_kinds"), parts=counted),
                    Cell("" if missing else self.say("templates.complete"), parts=missing),
                )
            )
        return self._table("templates", ("template", "sender", "mails#", "to_unproved#", "kinds", "missing"), rows)

    @property
    def worst(self) -> Table:
        rows = [
            (
                Cell(plain(each["row"])),
                Cell(plain(each["customer"]) or "–"),
                *self._numbers(each["mails"], each["personal"]),
                Cell("" if each["kinds"] else "–", parts=tuple(self._word("kind", kind) for kind in each["kinds"])),
                Cell(
                    "",
                    lines=(
                        self.say("kinds.span_first", first=self._day(each["first"])),
                        self.say("kinds.span_last", last=self._day(each["last"])),
                    ),
                ),
                Cell(
                    "" if each["suspicions"] else "–",
                    parts=tuple(self._word("suspicion", reason) for reason in each["suspicions"]),
                ),
                Cell(self.say("page.yes" if each["reacted"] else "page.no")),
            )
            for each in self._first("worst")
        ]
        return self._table(
            "worst", ("address", "customer", "mails#", "personal#", "kinds", "period", "suspicions", "reacted"), rows
        )

    # --- how it came about -----------------------------------------------------------------------------------

    @property
    def skipped(self) -> Table:
        rows = [
            (
                Cell(self._word("skipped_what", each["what"])),
                *self._numbers(each["many"]),
                Cell(plain(each.get("example")) or "–"),
                Cell(self._sentence(each)),
            )
            for each in self._first("skipped")
        ]
        return self._table("skipped", ("what", "many#", "example", "sentence"), rows)

    def _sentence(self, skipped: dict[str, Any]) -> str:
        """The engine's own, in the reader's language if it has that."""
        own = skipped.get("sentence_ja") if self.lang == "ja" else None
        return plain(own or skipped.get("sentence")) or "–"

    @property
    def terms(self) -> list[str]:
        return self.t["method"]["terms"].splitlines()

    @property
    def limits(self) -> list[str]:
        known = "known" if self.report.get("known_customers_used") else "unknown"
        zone = self.say("method.zone", zone=self.zone)
        return [self.say(f"method.{known}"), *self.t["method"]["limits"].splitlines(), zone]

    @property
    def inputs_lead(self) -> list[str]:
        seconds = f"{float(self.report.get('seconds') or 0):,.1f}"
        form = plain(self.report["version"])
        return [
            self.say("inputs.lead", seconds=seconds),
            self.say("inputs.version", version=form, atesaki=self.atesaki),
        ]

    @property
    def inputs(self) -> Table:
        rows = [
            (
                Cell(plain(each["path"])),
                Cell(self._word("input_kind", each["kind"])),
                *self._numbers(each["read"], each["skipped"], each["mails"]),
            )
            for each in self._first("inputs")
        ]
        return self._table("inputs", ("path", "kind", "read#", "skipped#", "mails#"), rows)

    @property
    def all_totals(self) -> list[tuple[str, str]]:
        found = self.report["totals"]
        return [(word, number(self.totals[name])) for name, word in self.t["total"].items() if name in found]

    # --- cells -----------------------------------------------------------------------------------------------

    def _table(self, name: str, columns: Sequence[str], rows: Iterable[tuple[Cell, ...]]) -> Table:
        """columns: keys of the section's words, with # where numbers stand."""
        left = max(0, len(self.report[_KEYS.get(name, name)]) - _MANY.get(name, _ROWS))
        headings = tuple((self.say(f"{name}.{each.rstrip('#')}"), each.endswith("#")) for each in columns)
        more = self.say("page.more", many=number(left)) if left else ""
        title = self.say(f"{name}.title")
        return Table(f"{self.lang}-{name}", headings, tuple(rows), more, self.say("page.scroll", name=title))

    def _first(self, name: str) -> list[dict[str, Any]]:
        """As many of a table's rows as it shows."""
        found: list[dict[str, Any]] = self.report[_KEYS.get(name, name)]
        return found[: _MANY.get(name, _ROWS)]

    def _numbers(self, *values: int) -> tuple[Cell, ...]:
        return tuple(Cell(number(value), number=True) for value in values)

    def _with_share(self, part: int, whole: int) -> Cell:
        rate = share(part, whole)
        return Cell(f"{number(part)} ({rate})" if part and rate else number(part), number=True)

    def _percent(self, part: int, whole: int) -> str:
        return self.say(
            "page.percent",
            share=share(part, whole) or "–",
            part=number(part),
            whole=number(whole),
            unit=self.say("unit.addresses"),
        )

    def _day(self, value: object) -> str:
        return short_day(when(value, self.zone), self.lang)

    def _word(self, section: str, slug: object) -> str:
        return words.word(self.lang, section, plain(slug))
