"""`python -m docs.make`: writes docs/reference/*.md and docs/house.md; `--check` only says what is out of date."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

DOCS = Path(__file__).parents[1]
PUBLIC = "https://atesaki.example.jp"


def pages() -> dict[str, str]:
    """Each page by its name in `docs/`."""
    from . import calls, commands, house, series, settings, words

    return {
        "reference/api.md": calls.page(),
        "reference/cli.md": commands.page(),
        "reference/metrics.md": series.page(),
        "reference/settings.md": settings.page(),
        "reference/words.md": words.page(),
        "house.md": house.page(),
    }


def main(arguments: list[str]) -> int:
    """1 writes what has changed, or 2 with `--check` names it and ends with 1."""
    with TemporaryDirectory() as home:  # the settings make a key file where there is none
        for name in [name for name in os.environ if name.startswith(("ATESAKI_", "DATABASE_"))]:
            del os.environ[name]
        os.environ.update(ATESAKI_HOME=home, ATESAKI_PUBLIC_URL=PUBLIC, DJANGO_SETTINGS_MODULE="atesaki.site.settings")
        import django

        django.setup()
        found = pages()
    changed = [name for name, text in found.items() if _stands(name) != text]
    for name in changed:
        if "--check" in arguments:
            print(f"docs/{name} is not what the code says: call `make reference`.")
        else:
            (DOCS / name).parent.mkdir(exist_ok=True)
            (DOCS / name).write_text(found[name], encoding="utf-8")
            print(f"docs/{name} is written")
    return 1 if changed and "--check" in arguments else 0


def _stands(name: str) -> str:
    try:
        return (DOCS / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


sys.exit(main(sys.argv[1:]))
