"""The documentation: its pages agree with the code, the site builds, its links lead somewhere, its commands run."""

from __future__ import annotations

import html.parser
import importlib.util
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as ours

from tests.programs import environment, folder, free_ports
from tests.world import database_url

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"<!-- block: (\S+) -->\n```\w*\n(.*?)```\n", re.S)


def blocks(name: str) -> dict[str, str]:
    """A page's blocks by their names; each block of the page has one, or says why it is not run."""
    page = (DOCS / name).read_text(encoding="utf-8")
    said = re.findall(r"^(<!-- (?:block: \S+|not run: .{20,}) -->)\n```", page, re.M)
    assert len(said) == len(re.findall(r"^```", page, re.M)) / 2, f"{name}: a block without a word before it"
    return dict(BLOCK.findall(page))


def sh(script: str, cwd: Path, **more: str) -> str:
    """What a block prints, run where `atesaki` is that of here; it must end well."""
    shell = environment(ours.HOME, DATABASE_URL=database_url(), **more)
    shell["PATH"] = f"{Path(sys.executable).parent}:{shell['PATH']}"
    ran = subprocess.run(
        ["sh", "-euc", script], cwd=cwd, env=shell, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, f"{script}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


# --- made from the code ----------------------------------------------------------------------------------


def test_what_is_made_from_the_code_is_what_the_code_says() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "docs.make", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_setting_without_a_sentence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from docs.make import settings, source

    real = list(source.texts())
    monkeypatch.setattr(source, "texts", lambda: iter([*real, "ATESAKI_BRAND_NEW"]))
    with pytest.raises(source.Missing, match="ATESAKI_BRAND_NEW"):
        settings.page()


def test_every_page_in_japanese_has_one_in_english_and_each_leads_to_the_other() -> None:
    english = {"index.md", "strangers.md", "agents.md", "operate.md"}
    assert {file.name for file in (DOCS / "ja").glob("*.md")} == english
    for name in english:
        assert f"](../{name})" in (DOCS / "ja" / name).read_text(encoding="utf-8"), name
    for name in english - {"operate.md"}:
        assert f"](ja/{name})" in (DOCS / name).read_text(encoding="utf-8"), name


# --- the site --------------------------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """What a page of the site has, leads to, and loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.leads: list[str] = []
        self.loads: list[str] = []
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.ids |= {said[name] for name in ("id", "name") if name in said}
        if tag == "html":
            self.language = said.get("lang", "")
        if tag == "a" and "href" in said:
            self.leads.append(said["href"])
        if tag == "link" and not {"next", "prev", "index", "search", "canonical"} & set(said.get("rel", "").split()):
            self.loads.append(said["href"])
        if "src" in said:
            self.loads.append(said["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("sphinx") is None:
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail("Sphinx is not installed, and REQUIRE_ALL=1 forbids to skip")
        pytest.skip("Sphinx is not installed (the group docs of pyproject.toml); REQUIRE_ALL=1 would fail here")
    out = tmp_path_factory.mktemp("site")
    make = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = re.findall(r"sphinx-build (.*)", make)
    words = line.replace("build/doctrees", str(out / "trees")).replace("build/site", str(out / "site")).split()
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    ran = subprocess.run(
        [sys.executable, "-m", "sphinx", *words],
        cwd=ROOT,
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return out / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    found = {file: Page(file.read_text(encoding="utf-8")) for file in site.rglob("*.html")}
    assert len(found) > 40
    return found


def test_every_link_within_the_site_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    wrong = []
    for file, page in pages.items():
        for link in page.leads:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or link in ("#", ""):
                continue
            there = (file.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else file
            anchor = urllib.parse.unquote(parts.fragment)
            if not there.is_file() or not there.is_relative_to(site):
                wrong.append(f"{file.relative_to(site)}: {link} is not there")
            elif anchor and there in pages and anchor not in pages[there].ids:
                wrong.append(f"{file.relative_to(site)}: {link} has no such place")
    assert not wrong, "\n".join(wrong)


def test_a_page_loads_nothing_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    loaded = {link for page in pages.values() for link in page.loads}
    assert loaded
    assert not [link for link in loaded if urllib.parse.urlsplit(link).netloc]
    styles = [file.read_text(encoding="utf-8") for file in site.rglob("*.css")]
    assert not [each for text in styles for each in re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)]*", text)]
    assert not list(site.rglob("*.woff*"))


def test_a_page_says_in_which_language_it_is(site: Path, pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        japanese = file.relative_to(site).parts[0] == "ja"
        assert page.language == ("ja" if japanese else "en"), file


# --- the tutorial, and the way to enforcing --------------------------------------------------------------


@pytest.fixture
def clone() -> Iterator[Path]:
    """A folder that is to `make serve` what a clone is, after the minute of installing."""
    with folder() as place:
        for name in ("Makefile", "pyproject.toml", "requirements.lock"):
            (place / name).symlink_to(ROOT / name)
        (place / ".venv").mkdir()
        (place / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
        (place / ".venv" / "run.stamp").touch()  # newer than what it is made of
        yield place


@pytest.mark.slow
def test_the_tutorial(clone: Path) -> None:
    page = blocks("tutorial.md")
    assert set(page) == {"start", "send", "mailbox", "explain"}
    web, door, returns = free_ports(3)
    places = {"ATESAKI_WEB": web, "ATESAKI_SMTP": door, "ATESAKI_INBOUND": returns}
    shell = environment(clone, **{name: f"127.0.0.1:{port}" for name, port in places.items()})
    del shell["ATESAKI_HOME"]  # it is ./var

    def typed(name: str, **here: str) -> str:
        text = page[name]
        for there, value in here.items():
            assert there in text
            text = text.replace(there, value)
        ran = subprocess.run(
            ["sh", "-euc", text], cwd=clone, env=shell, capture_output=True, text=True, timeout=180, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    log = clone / "log"
    with log.open("wb") as out:
        served = subprocess.Popen(["sh", "-euc", "exec " + page["start"]], cwd=clone, env=shell, stdout=out, stderr=out)
    try:
        _wait(served, log, "Ctrl-C ends it.")
        code, _, ledger, outcome = typed("send", **{"2525": str(door)}).split()
        assert (code, outcome) == ("250", "substitute")
        (story := typed("explain", ID=ledger)).index("unproved")
        _until(lambda: list(clone.glob("var/delivered/new/*")))  # the worker hands it over, a moment later
        notice = typed("mailbox")
        for secret in ("山田", "154-0099", "090-1234", "りんご"):
            assert secret not in notice + story
        confirm = re.search(r"http://\S+/c/\S+", notice)
        assert confirm, notice
        url = confirm[0].replace("http://127.0.0.1:8000", f"http://127.0.0.1:{web}")
        said = urllib.parse.urlencode({"kind": "postal_code", "answer": "154-0099"}).encode()
        with urllib.request.urlopen(url, data=said, timeout=30) as answer:
            assert answer.status == 200
        arrived = _until(lambda: "山田" in (seen := typed("mailbox")) and seen)
        assert arrived.count("Subject:") == 2 and "154-0099" in arrived
    finally:
        served.terminate()
        served.wait(30)


def _wait(process: subprocess.Popen[bytes], log: Path, words: str) -> None:
    def said() -> str:
        assert process.poll() is None or words in log.read_text(), log.read_text()
        return words if words in log.read_text() else ""

    _until(said, seconds=180)


def _until(ask: Any, seconds: float = 30) -> Any:
    import time

    deadline = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


@pytest.mark.slow
def test_from_observing_to_enforcing_and_back(transactional_db: None, tmp_path: Path) -> None:
    page = blocks("howto/enforce.md")
    assert list(page) == ["observe", "look", "few", "all", "back"]
    said = {name: sh(text, tmp_path) for name, text in page.items()}
    assert '"smtp_password"' in said["observe"]
    from atesaki.tenants import find

    now = find("Aozora Market")
    assert (now.mode, now.enforce_share) == ("observe", 100)


def test_the_account_that_a_trainee_gets(transactional_db: None, tmp_path: Path) -> None:
    observe = blocks("howto/enforce.md")["observe"]
    account = blocks("howto/practise.md")["account"]
    assert "mori" in sh(f"{observe}\n{account}", tmp_path)
