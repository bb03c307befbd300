"""The sealing key is changed under way: everything opens at every moment, and a retired key opens nothing."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from django.apps import apps
from django.db import connection, models

from atesaki import addresses, clock, desk, gate, keys, outbox, ownership, resealing, tenants
from atesaki.cli import keyfile
from atesaki.cli.installation import sentence
from atesaki.desk import Question, inquiries, unsent
from atesaki.keys import KeyFileError, SealBroken
from atesaki.models import Hold, Inquiry, Note, Reporter, Wish
from atesaki.resealing import SEALED
from tests import mori
from tests.api import Api
from tests.programs import atesaki
from tests.world import World, database_url, order

AKI = "aki@example.jp"
HOUR = timedelta(hours=1)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A key file of the test's own, by which the world is sealed; no pass from before."""
    place = tmp_path / "keys.json"
    monkeypatch.setenv("ATESAKI_KEYS", str(place))
    resealing._pass.begin(b"")
    keys.ring.cache_clear()
    keys.ring()
    yield place
    monkeypatch.undo()
    keys.ring.cache_clear()


def restarted() -> None:
    """A process that has just begun: it knows nothing of a pass."""
    resealing._pass.begin(b"")
    keys.ring.cache_clear()


# -- the file and the ring ------------------------------------------------------------------------------------------


def test_the_new_key_seals_from_its_time_on_and_both_open(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys.ring()
    early = before.wrap(b"secret", b"row")
    begins = keys.rotate(file, HOUR)
    ring = keys.ring()
    assert (ring.digest, ring.seal, ring.pages) == (before.digest, before.seal, before.pages)
    assert ring.sealing() == before.seal, "not yet: a part that has not read it could not open what it seals"
    assert before.unwrap(ring.wrap(b"secret", b"row"), b"row") == b"secret"
    monkeypatch.setattr(time, "time", lambda: begins.timestamp() + 1)
    late = ring.wrap(b"secret", b"row")
    assert ring.unwrap(late, b"row") == ring.unwrap(early, b"row") == b"secret"
    with pytest.raises(SealBroken):
        before.unwrap(late, b"row")
    with pytest.raises(SealBroken):
        ring.unwrap(late, b"another row")
    keys.retire(file)
    alone = keys.ring()
    assert (alone.seal, alone.next_seal, alone.digest) == (ring.next_seal, None, before.digest)
    assert alone.unwrap(late, b"row") == b"secret"
    with pytest.raises(SealBroken):
        alone.unwrap(early, b"row")


def test_one_rotation_at_a_time_and_none_is_retired_before_its_time(file: Path) -> None:
    with pytest.raises(KeyFileError, match="no older sealing key"):
        keys.retire(file)
    keys.rotate(file, HOUR)
    before = file.read_bytes()
    with pytest.raises(KeyFileError, match="has a new sealing key already"):
        keys.rotate(file, HOUR)
    with pytest.raises(KeyFileError, match="no older sealing key"):
        keys.retire(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_crash_while_the_file_is_written_leaves_the_old_one(
    step: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_bytes()

    def dies(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os if step == "fsync" else Path, step, dies)
        with pytest.raises(OSError, match="No space left"):
            keys.rotate(file, HOUR)
    assert file.read_bytes() == before
    assert keys.rotate(file, HOUR)


def test_the_file_keeps_its_mode_and_is_still_its_owners_alone(file: Path) -> None:
    file.chmod(0o400)
    keys.rotate(file, HOUR)
    assert file.stat().st_mode & 0o777 == 0o400
    pages = keys.ring().pages
    keys.renew_pages(file)
    assert keys.ring().pages != pages and keys.ring().next_seal is not None


@pytest.mark.parametrize(
    "wrong", [{"next_seal": "*"}, {"next_seal": "AAAA"}, {"next_from": "soon"}, {"next_from": None}]
)
def test_a_damaged_second_key_stops_the_program(wrong: dict[str, object], file: Path) -> None:
    keys.rotate(file, HOUR)
    file.write_text(json.dumps(json.loads(file.read_text()) | wrong))
    keys.ring.cache_clear()
    with pytest.raises(KeyFileError, match="restore it from the backup"):
        keys.ring()


def test_a_credential_of_systemd_may_be_read_by_our_group(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to root, who is not us, and lets our group read: nobody else is let in by that."""
    if os.geteuid():
        pytest.skip("only root can make a file of root's")
    file.chmod(0o440)
    keys.ring.cache_clear()
    with pytest.raises(KeyFileError, match="chmod 600"):
        keys.ring()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert keys.ring()
    for mode in (0o444, 0o460, 0o450):
        file.chmod(mode)
        keys.ring.cache_clear()
        with pytest.raises(KeyFileError, match="chmod 600"):
            keys.ring()


# -- what is sealed -------------------------------------------------------------------------------------------------

PLAIN = {  # octets that the ring has not sealed: digests and fingerprints of `digest`, mail under a key of its own
    "atesaki_sealed.body",
    "atesaki_template.key",
    "atesaki_template.sketch",
    "atesaki_installation.ring",
    *("atesaki_mailbox.digest", "atesaki_claim.digest", "atesaki_event.digest", "atesaki_token.hash"),
    *("atesaki_knowledge.digest", "atesaki_seen.value", "atesaki_seen.address", "atesaki_slot.digest"),
    *("atesaki_line.digest", "atesaki_hold.digest", "atesaki_departure.digest", "atesaki_asked.digest"),
    *("atesaki_case.digest", "atesaki_message.origin", "atesaki_inquiry.digest", "atesaki_inquiry.page"),
    *("atesaki_inquiry.reply", "atesaki_inquirymessage.origin", "atesaki_knock.who", "atesaki_signin.who"),
    *("atesaki_access.content", "atesaki_access.previous", "atesaki_access.hash", "atesaki_letter.code"),
    *("atesaki_credential.fingerprint", "atesaki_keptanswer.key", "atesaki_keptanswer.request"),
}


def test_every_column_of_octets_is_either_sealed_anew_or_known_not_to_be_sealed() -> None:
    """Whoever adds one must say which: a value that is forgotten here is lost with the key that is retired."""
    found = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_app_config("atesaki").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.BinaryField)
    }
    sealed = {f"{where.table}.{where.column}" for where in SEALED}
    assert not sealed & PLAIN
    assert found == sealed | PLAIN


@pytest.fixture
def full(file: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A value in every sealed column, each written by the module whose it is."""
    mori.at(monkeypatch, "2026-11-18T14:00")
    case = mori.freed(world)
    mori.known(case)
    agent = mori.mori(world)
    world.send(order(2, to=AKI), AKI)
    desk.agents.reset(agent)
    desk.drafts.note(case, agent, "留守番電話でした")
    desk.drafts.keep(case, agent, "note", "書きかけ")
    desk.letter.made(case, clock.today("Asia/Tokyo") + timedelta(days=14))
    desk.reporters.hear(case, "三通届きました")
    desk.reporters.wish_for(case, "確認のメールを", "ja", tell=False)
    wish = Wish.objects.get()
    Wish.objects.update(sealed_address=keys.ring().wrap(b"hana@example.jp", str(wish.pk).encode()))
    Reporter.objects.filter(case=case).update(wish="steps")
    assert unsent.answer(desk.by_pk(case.pk), agent, "明日までにお答えします。", "ja", keys.uuid7()) is not None
    desk.report("umi@example.jp", "form", "ja", "覚えがありません")
    question = Question(
        subject="delivery", service=world.service, lang="ja", text="届きません", name="海野 真", email="umi@example.jp"
    )
    assert desk.inquire("ABCD-EFGH", question, "192.0.2.1")
    row = Inquiry.objects.select_related("service__organisation").get()
    inquiries.send(row, world.service, agent, "お調べしました。", "ja", keys.uuid7())
    Api(world.service).post("/claims", {"address": "sora@example.jp", "customer": "M-1"}, Idempotency_Key="k-1")
    return world


def rotated(file: Path) -> None:
    """A new key that seals since a moment ago."""
    keys.rotate(file, timedelta(seconds=-1))
    restarted()


def opens(world: World) -> None:
    """What waits, what was written, and what signs, by those who read it."""
    assert outbox.open_mail(Hold.objects.select_related("key__sealed").get().key).envelope.recipients[0].text == AKI
    assert desk.drafts.read_note(Note.objects.get()) == "留守番電話でした"
    assert tenants.webhook_secret(tenants.find(world.service.name))
    assert resealing.left().closed == {}


def test_a_pass_leaves_nothing_to_the_old_key_and_loses_nothing(
    full: World, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert resealing.left().old == {} and resealing.drive() == 0, "no rotation, nothing to do"
    rotated(file)
    old = resealing.left()
    assert set(old.old) == {f"{where.table}.{where.column}" for where in SEALED}, "the test has a value of each"
    assert old.closed == {}, "each place is the one that its module binds it to"
    opens(full)
    assert resealing.drive() == sum(old.old.values())
    assert resealing.left() == resealing.Left({}, {})
    assert resealing.drive() == 0
    keys.retire(file)
    opens(full)


def test_before_its_time_a_new_key_changes_nothing(full: World, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.rotate(file, HOUR)
    restarted()
    assert resealing.drive() == 0 and resealing.left().old == {}


@pytest.mark.parametrize("dies_after", [0, 1, 7, len(SEALED) - 1])
def test_a_pass_that_is_killed_goes_on_another_time(
    dies_after: int, full: World, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotated(file)
    every = sum(resealing.left().old.values())
    wrote, done = resealing._anew, [0, 0]

    def dies(where: resealing.Sealed, rows: list) -> int:  # type: ignore[type-arg]
        if done[0] == dies_after:
            raise KeyboardInterrupt
        done[0] += 1
        done[1] += wrote(where, rows)
        return 0

    with monkeypatch.context() as patched:
        patched.setattr(resealing, "_anew", dies)
        with pytest.raises(KeyboardInterrupt):
            resealing.drive()
    opens(full)
    restarted()
    assert done[1] + resealing.drive() == every
    assert resealing.left() == resealing.Left({}, {})


def test_many_rows_are_done_in_portions_on_from_where_it_stopped(
    file: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "_BATCH", 3)
    for number in range(10):
        world.send(order(number, to=AKI), AKI)
    rotated(file)
    monkeypatch.setattr(time, "monotonic", iter(range(10_000)).__next__)
    every = sum(resealing.left().old.values())
    first = resealing.drive(seconds=2)
    assert 0 < first < 10 < every
    assert first + resealing.drive(seconds=1_000) == every
    assert resealing.left().old == {}


def test_a_value_that_changes_meanwhile_stays_as_it_was_written(
    full: World, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = next(each for each in SEALED if each.table == "atesaki_service")
    rotated(file)
    [(pk, _, value)] = [row for row in resealing._rows(where, None)]
    issued = tenants.rotate(full.service.name)
    assert resealing._anew(where, [(pk, bytes(value), b"stale")]) == 0
    assert tenants.webhook_secret(issued.service)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_another_has_is_not_waited_for(file: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two who wait for each other's rows would end one of them: a stranger's "not me" must never be that one."""
    world.send(order(to=AKI), AKI)
    rotated(file)
    with psycopg.connect(database_url()) as other:
        other.execute("SELECT 1 FROM atesaki_key FOR UPDATE")
        resealing.drive()
        held = resealing.left().old
        assert set(held) == {"atesaki_key.wrapped"}
    restarted()
    assert resealing.drive() == held["atesaki_key.wrapped"] and resealing.left().old == {}


def test_what_no_key_opens_is_left_as_it_is_and_told(full: World, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Note.objects.update(text=b"damaged")
    rotated(file)
    resealing.drive()
    assert resealing.left() == resealing.Left({}, {"atesaki_note.text": 1})
    assert bytes(Note.objects.get().text) == b"damaged"


def test_a_disavowal_outlives_a_rotation(full: World, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its digest is made with another key, which stays (decision 0022)."""
    before = ownership.digest(addresses.parse("hana@example.jp"))
    rotated(file)
    resealing.drive()
    keys.retire(file)
    assert ownership.digest(addresses.parse("hana@example.jp")) == before
    assert full.send(order(9)).outcomes[0] == "refuse"
    gate.drive()
    assert not [raw for raw in full.orders() if b"hana@example.jp" in raw]


# -- the commands ---------------------------------------------------------------------------------------------------


def sentence_of(error: BaseException | None) -> str:
    return "" if error is None or isinstance(error, SystemExit) else sentence(error) or repr(error)


def asked(*words: str) -> tuple[int, str]:
    """A command that refuses before it needs the database."""
    told = CliRunner().invoke(keyfile.keys, list(words))
    return told.exit_code, told.output + sentence_of(told.exception)


def test_what_cannot_be_done_yet_is_refused_in_a_sentence(file: Path) -> None:
    code, said = asked("retire", "--restarted")
    assert code == 1 and "`atesaki keys rotate` begins a rotation" in said
    assert asked("rotate", "--in", "soon")[0] == 2
    code, said = asked("rotate", "--in", "1d", "--pages")
    assert code == 0 and "restart every part" in said
    code, said = asked("rotate")
    assert code == 1 and "has a new sealing key already" in said
    code, said = asked("retire", "--restarted")
    assert code == 1 and "does not seal before" in said
    file.write_text(json.dumps(json.loads(file.read_text()) | {"next_from": "2026-01-01T00:00:00+00:00"}))
    keys.ring.cache_clear()
    code, said = asked("retire")
    assert code == 1 and "--restarted" in said
    file.unlink()
    assert all("is missing" in asked(word)[1] for word in ("rotate", "retire"))


@pytest.mark.django_db(transaction=True)
def test_a_rotation_ends_by_the_command_and_the_file_of_before_is_refused(
    file: Path, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world.send(order(to=AKI), AKI)
    tenants.check_ring()
    old = file.read_text()
    rotated(file)
    waiting = resealing.left().old
    home, more = tmp_path / "home", {"DATABASE_URL": database_url(), "ATESAKI_KEYS": str(file)}
    try:
        told = atesaki(home, "keys", "status", "--json", **more)
        assert json.loads(told.stdout)["rotating"] is True and json.loads(told.stdout)["old"] == waiting != {}
        told = atesaki(home, "keys", "retire", "--restarted", **more)
        assert told.returncode == 0, told.stderr
        now, before = json.loads(file.read_text()), json.loads(old)
        assert now["seal"] != before["seal"] and "next_seal" not in now
        assert (now["digest"], now["pages"]) == (before["digest"], before["pages"])
        restarted()
        tenants.check_ring()
        assert outbox.open_mail(Hold.objects.select_related("key__sealed").get().key).content
        file.write_text(old)
        told = atesaki(home, "keys", "status", **more)
        assert told.returncode == 1 and "is not the key file that this database was written with" in told.stderr
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE atesaki_installation")
