"""The page of the closed vocabularies: the words from the code, most of their sentences from `words.toml`."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from . import markdown, source

_EVENT = re.compile(r"(claim|mail|customer|case|test)\.[a-z_]+")
_LEAD = """\
These words are interface: an answer at the SMTP door, a field of the API or a line of `atesaki explain` has them. One
may be added; none is ever renamed."""


def page() -> str:
    """Every word."""
    from atesaki.desk.models import Case
    from atesaki.gate import REASONS, Outcome
    from atesaki.gate.verdict import RULES
    from atesaki.ownership import Standing

    told = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))

    def part(title: str, key: str, names: set[str], lead: str = "") -> str:
        source.agree(names, set(told[key]), f"words.toml [{key}]")
        rows = [(f"`{name}`", means) for name, means in told[key].items()]
        return "\n\n".join(filter(None, [f"## {title}", lead])) + "\n\n" + markdown.table(("word", "means"), rows)

    ruled = {rule.slug: f"`{rule.outcome}`" for rule in RULES}
    rows = [(f"`{slug}`", ruled.get(slug, ""), sentence) for slug, sentence in REASONS.items()]
    return markdown.made(
        "Outcomes, reasons, standings",
        _LEAD,
        part("Outcomes", "outcomes", {str(each) for each in Outcome}, "What becomes of a mail, for one recipient."),
        part("Fates", "fates", _constants(told["fates"]), "What becomes of one that waited."),
        "## Reasons\n\nThe rules are walked in this order, and the first that fits decides; what fits none waits."
        " Those without an outcome are written down for what happened later or elsewhere.\n\n"
        + markdown.table(("word", "outcome", "means"), rows),
        part(
            "Standings",
            "standings",
            {str(each) for each in Standing},
            "Of an address, for one customer of one service.",
        ),
        part("Proofs", "proofs", _proofs(), "A click alone is none: [why](../proofs.md)."),
        part("Webhook events", "events", _events(), "Signed by Standard Webhooks 1.0; none names an address."),
        part("States of a case", "states", {str(each) for each in Case.State}),
        part("Ends of a case", "ends", {str(each) for each in Case.End}),
    )


def _constants(names: dict[str, str]) -> set[str]:
    found = set(source.texts())
    return {name for name in names if name in found}


def _proofs() -> set[str]:
    """The third word of each `say(claim, Event.Kind.PROVED, METHOD…)`."""
    return {
        each.value
        for node in source.nodes()
        if isinstance(node, ast.Call) and len(node.args) > 2 and ast.unparse(node.args[1]) == "Event.Kind.PROVED"
        for each in (
            [node.args[2].body, node.args[2].orelse] if isinstance(node.args[2], ast.IfExp) else [node.args[2]]
        )
        if isinstance(each, ast.Constant)
    }


def _events() -> set[str]:
    """The kinds that a function called `tell…`, or one that loops over them, is given; `mail.…` from `_tell_mails`."""
    found = set()
    for node in source.nodes():
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("tell", "tell_all", "_tell_mails")):
            front = "mail." if ast.unparse(node.func) == "_tell_mails" else ""
            words = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            found |= {front + word for word in words if _EVENT.fullmatch(front + word)}
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            words = [each.value for each in node.iter.elts if isinstance(each, ast.Constant)]
            found |= {word for word in words if isinstance(word, str) and _EVENT.fullmatch(word)}
    return found | {text for text in source.texts() if text.startswith("test.") and _EVENT.fullmatch(text)}
