"""What the desk needs: letters and text messages."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, production


def letters() -> Iterator[Finding]:
    from atesaki import desk

    try:
        desk.letter.ready()
    except desk.DeskError as error:
        says, _, mend = error.sentence("en").rstrip(".").partition(": ")
        yield Finding("letters", "warn", says, f"{mend}; until then the desk makes no letters")
        return
    yield Finding("letters", "ok", "can be made, and a Japanese font is here")


def texts() -> Iterator[Finding]:
    from atesaki import desk

    try:
        provider = desk.sms.sms_provider()
    except desk.sms.SmsError as error:
        yield Finding("texts", "wrong", str(error), "set ATESAKI_SMS, or unset it")
        return
    if isinstance(provider, desk.sms.Console):
        mend = "set ATESAKI_SMS=twilio://SID:TOKEN@FROM" if production() else ""
        yield Finding("texts", "warn" if mend else "ok", "text messages end in the log", mend)
    else:
        yield Finding("texts", "ok", "text messages go to a provider")
