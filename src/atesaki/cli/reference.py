"""The reference world: a supermarket and an ID service beside atesaki, on this machine, for looking and testing.

They are programs of their own in the source tree's `reference/`, with a database and secrets each, and know
atesaki only through its doors.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from atesaki.cli.installation import Failure, place
from atesaki.cli.supervisor import Part

ORGANISATION = "あおぞらグループ"
_GRACE_SECONDS = 12
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "ATESAKI_LOG", "ATESAKI_NOW_OFFSET", "PYTHONUNBUFFERED")


@dataclass(frozen=True, slots=True)
class Company:
    """One of the two: its module, how atesaki knows it, where it listens."""

    module: str
    database: str
    service: str
    sender: str
    setting: str
    default: str

    @property
    def web(self) -> str:
        return os.environ.get(self.setting) or self.default

    @property
    def url(self) -> str:
        return f"http://{self.web}"


SHOP = Company("shop", "shop", "あおぞらマルシェ", "order@market.aozora.example", "SHOP_WEB", "127.0.0.1:8001")
NETID = Company("idp", "netid", "あおぞらID", "id@id.aozora.example", "NETID_WEB", "127.0.0.1:8002")
COMPANIES = (SHOP, NETID)
NAMES = {"SHOP_WEB": "supermarket", "NETID_WEB": "ID service"}


def tree() -> Path:
    """The folder that holds `reference/`. Raises `Failure` with what to do where it, or what it needs, is missing."""
    found = Path(os.environ.get("ATESAKI_REFERENCE") or Path(__file__).parents[3])
    if not (found / "reference" / "shop" / "__main__.py").exists():
        raise Failure(
            "the reference world is part of atesaki's source tree and not of the package: "
            "start from a clone with `make serve REFERENCE=1`, or set ATESAKI_REFERENCE to one."
        )
    missing = [name for name in ("oscar", "allauth", "atesaki_client") if find_spec(name) is None]
    if missing:
        raise Failure(f"the reference world needs {', '.join(missing)}: start it with `make serve REFERENCE=1`.")
    return found


def places() -> dict[str, tuple[str, int]]:
    """Where the two listen, by the setting that says so."""
    return {company.setting: place(company.web, company.setting) for company in COMPANIES}


def prepare(home: Path, database: str, ask: Callable[..., str]) -> list[Part]:
    """What runs beside us, made ready: a service each in atesaki, a database each, and the two prepared.

    `ask` runs one of our commands and gives what it printed. May be repeated; keys that were lost are made anew.
    """
    above = tree()
    held = _credentials(home, ask)
    for company in COMPANIES:
        _database(database, company.database)
    parts = []
    for company in COMPANIES:
        environment = _environment(home, database, company, held)
        words = [sys.executable, "-m", f"reference.{company.module}"]
        done = subprocess.run(  # noqa: S603 - our own program
            [*words, "prepare"], cwd=above, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Failure(f"`python -m reference.{company.module} prepare` failed:\n{done.stderr.strip()[-4000:]}")
        listens = place(company.web, company.setting)
        parts.append(
            Part(company.module, _GRACE_SECONDS, listens, words=[*words, "serve"], environment=environment, cwd=above)
        )
    return parts


def _credentials(home: Path, ask: Callable[..., str]) -> dict[str, Any]:
    """Keys of both services and of the ID service's client, as they were printed once."""
    file = home / "reference.json"
    held: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    held.setdefault("netid_client_secret", secrets.token_urlsafe(32))
    names = [json.loads(line)["service"] for line in ask("service", "list", "--json").splitlines()]
    for company in COMPANIES:
        if company.service in names and company.module in held:
            continue
        if company.service in names:
            said = ask("service", "rotate", company.service, "--json")
        else:
            words = ["--organisation", ORGANISATION, "--locale", "ja", "--mode", "enforce", "--from", company.sender]
            said = ask("service", "add", company.service, *words, "--json")
        held[company.module] = json.loads(said)
    for company in COMPANIES:  # their places may have changed since
        ask("service", "set", company.service, "--webhook", f"{company.url}/atesaki/webhook", *_policy(company))
    draft = file.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(held, out, ensure_ascii=False, indent=2)
    draft.replace(file)
    return held


def _policy(company: Company) -> list[str]:
    desk = "お客さま窓口 0120-000-000(平日9時から18時)"
    words = ["--own", desk, "--own", f"{company.service} 〒100-0000 東京都千代田区見本町9番9号"]
    return [*words, "--return-to", f"{company.url}/address/"] if company is NETID else words


def _database(url: str, name: str) -> None:
    """A database of its own on the same server."""
    import psycopg
    from psycopg import sql

    try:
        with psycopg.connect(url, autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise Failure(
            f"the database {name!r} for the reference world could not be made ({error}): "
            "let DATABASE_URL's role create databases, or leave DATABASE_URL out and the embedded server is used."
        ) from error


def _beside(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    from psycopg.conninfo import conninfo_to_dict

    parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    login = ":".join(quote(parts.pop(key), safe="") for key in ("user", "password") if key in parts)
    return f"postgresql://{login}@/{name}?{urlencode({**parts, 'dbname': name})}"


def _environment(home: Path, database: str, company: Company, held: dict[str, Any]) -> dict[str, str]:
    """All that one of them is told; nothing of atesaki's own keys or database."""
    from atesaki.site import settings

    own = held[company.module]
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "PYTHONUNBUFFERED": "1",
        "REFERENCE_ERA": "now",
        "REFERENCE_HOME": str(home / "reference"),
        "ATESAKI_URL": settings.ATESAKI_PUBLIC_URL,
        "ATESAKI_API_KEY": own["api_key"],
        "ATESAKI_WEBHOOK_SECRET": own["webhook_secret"],
        "ATESAKI_SMTP": settings.ATESAKI_SMTP,
        "ATESAKI_SMTP_USERNAME": own["smtp_username"],
        "ATESAKI_SMTP_PASSWORD": own["smtp_password"],
        "SHOP_WEB": SHOP.web,
        "SHOP_URL": SHOP.url,
        "NETID_WEB": NETID.web,
        "NETID_URL": NETID.url,
        "NETID_CLIENT_ID": "aozora-market",
        "NETID_CLIENT_SECRET": held["netid_client_secret"],
        f"{company.setting.removesuffix('_WEB')}_DATABASE_URL": _beside(database, company.database),
    }
