"""A violation as a story: what each record says of it, and which faults were near."""

from __future__ import annotations

import json
from collections.abc import Iterator

from faults.judge import Judge, Violation

_NEAR = 25.0


def tell(violation: Violation, judge: Judge, began: float) -> str:
    """All that is known; times are seconds since the run began. Django must be set up."""
    return "\n".join(_tell(violation, judge, began))


def _tell(violation: Violation, judge: Judge, began: float) -> Iterator[str]:
    mail, box = violation.mail, violation.box
    yield f"{violation.promise}: {f'{mail.id} ' if mail else ''}{violation.what}"
    moments = [violation.at - began] if violation.at else []
    if box is not None:
        yield f"  mailbox {box.number} ({box.kind}, {box.address})"
        for what, first, last in box.said:
            yield f"    {first - began:9.3f} {what} begun; done {f'{last - began:.3f}' if last else 'never'}"
    if mail is not None:
        yield f"  its client ({len(mail.to)} recipients)"
        for first, sent, last, code, words, gate in mail.tries:
            dot = f"dot {sent - began:.3f}" if sent else "no dot"
            yield f"    {first - began:9.3f} {gate}, {dot}, {last - began:.3f} {code}: {words}"
            moments += [first - began, last - began]
        yield "  the next hop"
        for arrival in [one for one in judge.records.arrivals if one.id == mail.id]:
            told = "told" if arrival.told else "NOT told"
            yield f"    {arrival.t - began:9.3f} took it for {', '.join(arrival.to)}, {told}, {arrival.sha}"
            moments.append(arrival.t - began)
        for one in [one for one in judge.records.refusals + judge.records.others if one.get("id") == mail.id]:
            yield f"    {one['t'] - began:9.3f} {one['what']} {one.get('mode', '')} for {', '.join(one['to'])}"
        yield from _ledger(mail.ledger)
    if moments:
        yield "  faults near it"
        first, last = min(moments) + began - _NEAR, max(moments) + began + _NEAR
        for felt in [one for one in judge.felt if one.near(first, last)]:
            fault = felt.fault
            yield (
                f"    {felt.began - began:9.3f} to {felt.ended - began:.3f} "
                f"{fault.kind} of {fault.target} {fault.skew}".rstrip()
            )


def _ledger(pk: str) -> Iterator[str]:
    from atesaki import gate

    if not pk:
        return
    yield "  atesaki explain"
    try:
        told = gate.explain(pk)
    except LookupError as error:
        yield f"    {error}"
        return
    for one in told.get("recipients", [told]):
        kept = {key: one[key] for key in ("id", "outcome", "reason", "standing", "state", "fate")}
        yield f"    {json.dumps(kept)}"
        for entry in one["timeline"]:
            yield f"      {entry['at']} {entry['what']} {entry['detail']}"
