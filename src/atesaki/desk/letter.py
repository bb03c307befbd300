"""The letter to the customer: its facts, its code, and the sheet for a window envelope (docs/decisions/0010).

Says not a word about who reported.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hmac
import math
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django.db.models import F
from django.template.loader import render_to_string

from atesaki import clock, keys, ownership
from atesaki.language import Language, day, language, moment
from atesaki.tenants import Service

from . import cases
from .models import Case, Letter
from .refusals import DeskError

if TYPE_CHECKING:
    from .ladder import CustomerData

TRIES = 3  # wrong codes that close it
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is taken for another when read out
_SLIPS = str.maketrans("OIL", "011")
_BODY_POINTS = (10.5, 9.5, 8.5)
_ADDRESS_POINTS = (11.0, 10.0, 9.0, 8.0)
_LINE = 1.32  # of the size of the letters
_MM = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where things stand on the A4 sheet, in mm from its left and top edge.

    The recipient's block stays inside the window however the sheet slides in the envelope, as the postal service
    asks; nothing else comes where the window may show it.
    """

    left: float
    top: float
    width: float
    height: float
    folds: tuple[float, float]
    body: float


SHEETS: Final[dict[Language, Sheet]] = {
    # 長形3号 (JIS S 5502: 120 x 235), used crosswise, the usual window of 90 x 45, 22 from the left and 12 from the
    # top; A4 folded in three is 210 x 99, and so slides 25 across and 21 down.
    "ja": Sheet(left=23, top=13, width=62, height=23, folds=(99, 198), body=84),
    # DL (ISO 269: 110 x 220), window 90 x 35 or 45, 20 from the left, its lower edge 15 to 20 from the bottom
    # (DIN 680, BS 4264); A4 folded as DIN 5008 form B is 210 x 105, and so slides 10 across and 5 down.
    "en": Sheet(left=22, top=57, width=78, height=28, folds=(105, 210), body=111),
}


# -- the code -------------------------------------------------------------------------------------------------


def made(case: Case, deadline: date) -> Letter:
    """A new letter's row, with a code of its own. Inside a transaction."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    code = f"{letters[:4]}-{letters[4:]}"
    return Letter.objects.create(
        case=case,
        made=clock.now(),
        deadline=deadline,
        code=_hashed(case, letters),
        sealed_code=keys.ring().wrap(code.encode(), case.pk.bytes),
    )


def correct(number: str, code: str) -> Case | None:
    """The case whose letter carries this number and this code; None for any other pair, and after three wrong ones.

    A try is counted before it is looked at, by a guarded update: a hundred at once get no fourth. The right one
    is given back, so that a customer may come to the page twice.
    """
    typed, shown = _plain(number), _plain(code)
    if len(typed) != 8 or len(shown) != 8:
        return None  # a slip of the keyboard is no try
    case = Case.objects.filter(number=f"{typed[:4]}-{typed[4:]}").exclude(state=Case.State.CLOSED).first()
    live = Letter.objects.filter(case=case, returned=None).order_by("-pk").first() if case is not None else None
    if case is None or live is None:
        return None
    rows = Letter.objects.filter(pk=live.pk, returned=None, tries__lt=TRIES)
    if not rows.update(tries=F("tries") + 1):
        return None
    if not hmac.compare_digest(bytes(live.code), _hashed(case, shown)):
        return None
    Letter.objects.filter(pk=live.pk, tries__gt=0).update(tries=F("tries") - 1)
    return cases.by_pk(case.pk)


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKC", text).upper()
    return "".join(letter for letter in letters.translate(_SLIPS) if letter.isascii() and letter.isalnum())


def _hashed(case: Case, letters: str) -> bytes:
    return keys.ring().fingerprint("letter", case.pk.bytes, letters)


# -- the sheet ------------------------------------------------------------------------------------------------


def pdf(row: Letter) -> bytes:
    """The letter as a sheet to print, made anew from its facts. Raises `DeskError`.

    1 Gather the facts; what is unknown is left out, never guessed.
    2 Lay it out, in smaller letters if it would not fit on one sheet.
    """
    from .ladder import customer  # `ladder` prints letters, and so stands above

    case = cases.by_pk(row.case_id)
    known = customer(case)
    if known is None or case.state == Case.State.CLOSED or not bytes(row.sealed_code):
        raise DeskError("letter_gone")
    fits(known, case.service)
    ready()
    return laid_out(facts(row, case, known), language(case.service.locale))


def facts(row: Letter, case: Case, known: CustomerData) -> dict[str, object]:
    """What the letter says, computed from the record."""
    service = case.service
    lang, zone = language(service.locale), service.zone
    address = ownership.plain(bytes(case.digest))
    sheet = SHEETS[lang]
    return {
        "sheet": sheet,
        "lines": recipient(known, lang),
        "points": _points(recipient(known, lang), sheet),
        "service": service.name,
        "organisation": service.organisation.name,
        "own": service.own,
        "today": day(row.made.astimezone(ZoneInfo(zone)).date(), lang),
        "stopped": moment(case.confirmed, zone, lang) if case.confirmed else "",
        "stopped_day": day(case.confirmed.astimezone(ZoneInfo(zone)).date(), lang) if case.confirmed else "",
        "deadline": day(row.deadline, lang),
        "number": case.number,
        "code": keys.ring().unwrap(bytes(row.sealed_code), case.pk.bytes).decode(),
        "address": address.masked() if address else "",
    }


def laid_out(said: dict[str, object], lang: Language) -> bytes:
    """The PDF of these facts, on one sheet. Raises `DeskError`."""
    weasyprint = _weasyprint()
    refuse = _refusing(weasyprint)
    css = (Path(__file__).parent / "mails" / "letter.css").read_text(encoding="utf-8")
    for points in _BODY_POINTS:
        html = render_to_string(f"mails/letter.{lang}.html", {**said, "body_points": points, "css": css})
        laid = weasyprint.HTML(string=html, base_url=None, url_fetcher=refuse).render()
        if len(laid.pages) == 1:
            return bytes(laid.write_pdf())
    raise DeskError("letter_long")


def recipient(known: CustomerData, lang: Language) -> tuple[str, ...]:
    """The lines in the window."""
    if lang == "ja":
        code = known.postal_code
        written = f"〒{code[:3]}-{code[3:]}" if len(code) == 7 and code.isdecimal() else f"〒{code}"
        return (written, known.address, f"{known.name} 様")
    return (known.name, known.address, known.postal_code)


def fits(known: CustomerData, service: Service) -> None:
    """Whether a letter can be made: everything that must stand on it is known. Raises `DeskError`."""
    if not (known.name and known.postal_code and known.address):
        raise DeskError("no_address")
    if not service.own:
        raise DeskError("no_contact", service=service.name)
    lang = language(service.locale)
    _points(recipient(known, lang), SHEETS[lang])


def _points(lines: tuple[str, ...], sheet: Sheet) -> float:
    """The largest letters in which these lines stay in the window."""
    for points in _ADDRESS_POINTS:
        em = points * _MM
        rows = sum(max(1, math.ceil(_ems(line) * em / (sheet.width - em))) for line in lines)
        if rows * em * _LINE <= sheet.height:
            return points
    raise DeskError("address_long")


def _ems(line: str) -> float:
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WFA" else 0.6 for letter in line)


# -- what the machine must have -------------------------------------------------------------------------------


def ready() -> None:
    """Whether this machine can make letters. Raises `DeskError` that says what to install."""
    _weasyprint()
    if not _has_japanese_font():
        raise DeskError("no_font")  # in both languages: a name may be Japanese in either


def _weasyprint() -> Any:
    """Loaded when a letter is made: its system libraries may be missing, and nothing else needs them."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise DeskError("no_printer") from error
    return weasyprint


def _refusing(weasyprint: Any) -> Any:
    """A letter is all in one piece: whatever it would fetch, from the net or the disk, is refused."""

    class Refusing(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> object:
            raise ValueError("a letter fetches nothing")

    return Refusing()


@cache
def _has_japanese_font() -> bool:
    """Asks fontconfig, through which Pango finds its fonts. Cached: a font that is installed later needs a restart."""
    name = ctypes.util.find_library("fontconfig") or "libfontconfig.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError as error:
        raise DeskError("no_printer") from error
    library.FcNameParse.restype = library.FcObjectSetCreate.restype = ctypes.c_void_p
    library.FcFontList.restype = ctypes.POINTER(ctypes.c_int)  # FcFontSet begins with how many there are
    library.FcFontList.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    wanted = library.FcNameParse(b":lang=ja")
    found = library.FcFontList(None, wanted, library.FcObjectSetCreate())
    return bool(found) and found[0] > 0
