"""The results file as tables: on the terminal, and as the page docs/detection.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Sequence[str]
_SPLITS = {
    "open": "layouts that could be read while the detector was written",
    "unseen": "layouts that its author did not look at",
    "sixteen": "sixteen mails written by hand",
}


def heading(split: str, found: Mapping[str, Any]) -> str:
    """What a split is, in a line."""
    return (
        f"{split}: {_SPLITS[split]}; {found['mails']} mails ({found['personal']} personal) of "
        f"{found['layouts']} layouts ({found['personal_layouts']} personal), {found['labels']} labels"
    )


def mails(found: Mapping[str, Any]) -> list[Row]:
    """Recall and false alarms of each tool, with intervals: over mails, then over layouts."""
    table: list[Row] = [("tool", "recall", "for a true reason", "over layouts", "clean flagged", "over layouts")]
    for row in found["rows"].values():
        if row.get("missing"):
            table.append((row["title"], f"left out: {row['missing']}", "", "", "", ""))
            continue
        true, clean = row["true_recall"], row["clean_flagged"]
        table.append(
            (
                row["title"],
                _share(row["recall"]),
                _share(true),
                _range(true["layouts"]),
                _share(clean),
                _range(clean["layouts"]),
            )
        )
    return table


def spans(found: Mapping[str, Any]) -> list[Row]:
    """Precision, recall and F1 of spans; mails a second and memory."""
    table: list[Row] = [
        ("tool", "core P", "core R", "core F1", "all F1", "mails/s", "scan only/s", "ours is × as fast", "peak MB")
    ]
    for row in _there(found):
        core, every = row["core"], row["all"]
        rate, ratio = row.get("rate"), row.get("ratio")
        table.append(
            (
                row["title"],
                *(f"{core[name]:.2f}" for name in ("precision", "recall", "f1")),
                f"{every['f1']:.2f}",
                _spread(rate["whole"]) if rate else "–",
                _spread(rate["scan"]) if rate else "–",
                _spread(ratio["whole"]) if ratio else "–",
                f"{row['peak_mb']:.0f}",
            )
        )
    return table


def languages(found: Mapping[str, Any]) -> list[Row]:
    """The same by language, the figures that differ most."""
    table: list[Row] = [
        ("tool", "ja: recall", "ja: clean flagged", "ja: core F1", "en: recall", "en: clean flagged", "en: core F1")
    ]
    for row in _there(found):
        cells = []
        for language in ("ja", "en"):
            its = row["by_language"].get(language)
            cells += (
                [_percent(its["recall"]["share"]), _percent(its["clean_flagged"]["share"]), f"{its['core']['f1']:.2f}"]
                if its
                else ["–"] * 3
            )
        table.append((row["title"], *cells))
    return table


def kinds(found: Mapping[str, Any]) -> list[Row]:
    """F1 of each kind."""
    names = sorted({kind for row in _there(found) for kind in row["kinds"]})
    table: list[Row] = [("tool", *names)]
    for row in _there(found):
        table.append((row["title"], *(f"{row['kinds'].get(name, {'f1': 0})['f1']:.2f}" for name in names)))
    return table


def layouts(found: Mapping[str, Any]) -> list[Row]:
    """For each layout: of personal ones how many were found for a true reason, of clean ones how many were flagged."""
    rows = list(_there(found))
    table: list[Row] = [("layout", "", *(row["title"] for row in rows))]
    for slug in sorted(rows[0]["by_layout"]) if rows else []:
        cells = []
        for row in rows:
            its = row["by_layout"][slug]
            cells.append(
                f"{its['true']}/{its['mails']} · {its['core']['f1']:.2f}"
                if its["personal"]
                else f"{its['flagged']}/{its['mails']}"
            )
        personal = rows[0]["by_layout"][slug]["personal"]
        table.append((slug, "personal" if personal else "clean", *cells))
    return table


def _there(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in found["rows"].values() if not row.get("missing")]


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _share(it: Mapping[str, Any]) -> str:
    return f"{_percent(it['share'])} ({it['hits']}/{it['many']}; {_range(it['interval'])})" if it["many"] else "–"


def _range(interval: Sequence[float]) -> str:
    return f"{interval[0] * 100:.1f}–{interval[1] * 100:.1f} %"


def _spread(it: Mapping[str, float]) -> str:
    return f"{it['median']:,g} ({it['least']:,g}–{it['most']:,g})"


# -- shown --------------------------------------------------------------------------------------------


def text(table: Sequence[Row]) -> str:
    """For a terminal: columns side by side."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def markdown(table: Sequence[Row]) -> str:
    """For a page."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table]
    return "\n".join([lines[0], "|" + " --- |" * len(table[0]), *lines[1:]])


def printed(found: Mapping[str, Any]) -> str:
    """Everything that was measured, for a terminal."""
    out = []
    for split, its in found["splits"].items():
        out += [heading(split, its), *(text(each(its)) for each in (mails, spans, kinds, languages, layouts))]
    return "\n\n".join(out)
