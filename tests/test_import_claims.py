"""Importing what a service knows: which evidence proves what, what a mailbox said stays, and again is the same."""

from __future__ import annotations

import csv
import json
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from click.testing import CliRunner, Result
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atesaki import addresses, campaigns, clock, gate, notme, ownership
from atesaki.campaigns import FileError, Progress
from atesaki.cli.claims import Bar
from atesaki.cli.claims import import_claims as command
from atesaki.models import Claim, Event, Hold, Mailbox, Webhook
from atesaki.ownership import Fate, Given, Purpose, Shows, Standing
from atesaki.tenants import add_service
from tests.world import HANA, SECRETS, World, order

pytestmark = pytest.mark.django_db
HEAD = "address,customer,method,evidence,at\n"
OPT_IN = "hana@example.jp,ken,confirmed_opt_in,list of 2024,2024-03-01\n"


@pytest.fixture
def give(world: World, tmp_path: Path):
    """Imports a text as a file."""

    def run(text: str | bytes, name: str = "claims.csv", **more: bool) -> campaigns.Imported:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return campaigns.import_claims(world.service, file, **more)

    return run


def standing(world: World, address: str = HANA, customer: str = "ken") -> Standing:
    key = ownership.digest(addresses.parse(address))
    return ownership.standings(world.service, [(key, customer)])[0].stand.standing


def fates(done: campaigns.Imported) -> dict[str, int]:
    return dict(done.fates)


def rows() -> tuple[int, int, int]:
    return Claim.objects.count(), Event.objects.count(), Mailbox.objects.count()


def token(customer: str = "ken", purpose: Purpose = Purpose.NOT_ME) -> str:
    return ownership.issue(Claim.objects.get(customer=customer), purpose, clock.now() + timedelta(days=9))


# -- which evidence proves what ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "at", "accept", "becomes"),
    [
        ("confirmed_opt_in", "2024-03-01", False, "proved"),
        ("CONFIRMED_OPT_IN ", "2024/3/1 9:05", False, "proved"),
        ("confirmed_opt_in", "", False, "claimed"),
        ("clicked", "2024-03-01", False, "answered"),
        ("clicked", "2024-03-01", True, "proved"),
        ("clicked", "", True, "claimed"),
        ("logged_in_by_mail", "2024-03-01T10:00:00+09:00", False, "answered"),
        ("logged_in_by_mail", "2024-03-01T10:00:00Z", True, "proved"),
        ("replied", "2024-03-01", False, "answered"),
        ("replied", "2024-03-01", True, "answered"),  # it may have said "not me"
        ("none", "2024-03-01", True, "claimed"),
        ("", "", True, "claimed"),
    ],
)
def test_what_evidence_proves(world: World, give, method: str, at: str, accept: bool, becomes: str) -> None:
    done = give(f"{HEAD}{HANA},ken,{method},seen,{at}\n", accept_clicks=accept)
    assert fates(done) == {becomes: 1}
    assert standing(world) == becomes
    assert done.undated == (becomes == "claimed" and method in ("confirmed_opt_in", "clicked"))
    delivered = world.send(order(headers="X-Atesaki-Customer: ken\r\n")).outcomes == (gate.Outcome.DELIVER,)
    assert delivered == (becomes == "proved")
    if becomes != "proved":
        assert all(secret.encode() not in raw for raw in world.delivered() for secret in SECRETS)


def test_the_proof_keeps_its_evidence_and_its_date(world: World, give) -> None:
    give(HEAD + OPT_IN)
    said = Event.objects.get(kind="proved")
    assert (said.method, said.evidence) == ("attested", "imported: confirmed_opt_in 2024-03-01: list of 2024")
    assert clock.now() - said.at < timedelta(minutes=1), "when it was said to us"


def test_an_accepted_click_says_so_in_its_evidence(world: World, give) -> None:
    done = give(f"{HEAD}{HANA},ken,clicked,{'x' * 600},2024-03-01\n", accept_clicks=True)
    assert done.clicks == 1
    assert "--accept-clicks" in Event.objects.get(kind="proved").evidence


def test_a_click_of_old_is_no_click_that_the_policy_takes(world: World, give) -> None:
    world.policy(accept="answered")
    give(f"{HEAD}{HANA},ken,clicked,,2024-03-01\n")
    assert world.send(order(headers="X-Atesaki-Customer: ken\r\n")).outcomes == (gate.Outcome.SUBSTITUTE,)


def test_an_old_answer_wins_a_mailbox_no_new_mail(world: World, give) -> None:
    """What counts how often it may be asked begins with its last answer, and that was then."""
    give(f"{HEAD}{HANA},ken,clicked,,2024-03-01\n")
    assert ownership.last_answer(world.service, ownership.digest(addresses.parse(HANA))).year == 2024


def test_better_evidence_later_proves(world: World, give) -> None:
    give(f"{HEAD}{HANA},ken,clicked,,2024-03-01\n")
    assert fates(give(HEAD + OPT_IN)) == {"proved": 1}
    assert fates(give(f"{HEAD}{HANA},ken,none,,\n")) == {"known": 1}
    assert standing(world) == "proved"


# -- one address, many customers (L1) ---------------------------------------------------------------------------


def test_an_address_of_several_customers_is_proved_for_none(world: World, give) -> None:
    done = give(HEAD + OPT_IN + OPT_IN.replace("ken", "aya").replace("hana", "HANA"))
    assert fates(done) == {"answered": 2} and done.shared == 2
    assert {standing(world, customer=name) for name in ("ken", "aya")} == {"answered"}


def test_also_when_the_other_came_before(world: World, give) -> None:
    give(f"{HEAD}{HANA},aya,none,,\n")
    assert fates(give(HEAD + OPT_IN)) == {"answered": 1}
    gate.withdraw(Claim.objects.get(customer="aya"))
    assert fates(give(HEAD + OPT_IN)) == {"proved": 1}, "and is not shared any more"


def test_another_service_of_the_organisation_shares_nothing(world: World, give, tmp_path: Path) -> None:
    other = add_service("ID", organisation="はな商事", locale="ja", mode="enforce", sender="id@id.example").service
    with transaction.atomic():
        ownership.claim(other, addresses.parse(HANA), "K-1")
    assert fates(give(HEAD + OPT_IN)) == {"proved": 1}


def test_a_service_that_names_no_customer(world: World, give) -> None:
    done = give(HEAD + OPT_IN + "a@example.jp,1,confirmed_opt_in,,2024-01-01\na@example.jp,2,none,,\n", unnamed=True)
    assert fates(done) == {"proved": 1, "answered": 1} and done.duplicates == 1
    assert set(Claim.objects.values_list("customer", flat=True)) == {""}
    assert world.send(order()).outcomes == (gate.Outcome.DELIVER,)
    assert world.send(order(to="a@example.jp"), "a@example.jp").outcomes == (gate.Outcome.SUBSTITUTE,)


@pytest.mark.parametrize(
    "bad",
    [
        f"{HANA},aya,confirmed_opt_in,,2024-13-01",
        f"{HANA},aya,promised,,",
        f"{HANA},aya\x07,none,,",
        f"{HANA},aya,clicked,one, two,2024-01-01",
        f'{HANA},aya,clicked,"one,2024-01-01',
        f"{HANA},\x81 ,none,,",
    ],
)
@pytest.mark.parametrize("unnamed", [False, True])
def test_a_row_that_cannot_be_used_still_shows_who_shares(world: World, give, bad: str, unnamed: bool) -> None:
    for lines in ([OPT_IN.strip(), bad], [bad, OPT_IN.strip()]):
        done = give((HEAD + "\n".join(lines) + "\n").encode("latin-1"), unnamed=unnamed)
        assert (done.rejected, done.shared, done.duplicates) == (1, 1, 0)
        assert standing(world, customer="" if unnamed else "ken") == "answered"
    assert Claim.objects.count() == 1


def test_a_bad_row_of_the_same_customer_shares_nothing(world: World, give) -> None:
    assert fates(give(HEAD + OPT_IN + f"{HANA}, ken ,promised,,\n")) == {"proved": 1}


@pytest.mark.parametrize("method", ["confirmed_opt_in", "clicked", "none"])
def test_whoever_comes_first_is_in_doubt_once_another_comes(world: World, give, method: str) -> None:
    give(HEAD + OPT_IN)
    other = f"{HEAD}{HANA},aya,{method},list,2024-03-01\n"
    dry, stood = give(other, dry_run=True), rows()
    assert dry.unsettled == 1 and standing(world) == "proved"
    done = give(other)
    assert (fates(done), done.unsettled) == ({"doubted": 1}, 1) == (fates(dry), dry.unsettled)
    assert (standing(world), standing(world, customer="aya")) == ("doubted", "claimed")
    assert rows() == (stood[0] + 1, stood[1] + 2, stood[2]), "rows are added, none is overwritten"
    assert world.send(order(headers="X-Atesaki-Customer: ken\r\n")).outcomes == (gate.Outcome.SUBSTITUTE,)
    gate.drive()
    assert all(secret.encode() not in raw for raw in world.delivered() for secret in SECRETS)
    stood = rows()
    assert (give(other).unsettled, give(HEAD + OPT_IN).unsettled, rows()) == (0, 0, stood), "again is the same"


def test_what_the_mailbox_proved_itself_no_record_puts_in_doubt(world: World, give) -> None:
    give(HEAD + OPT_IN)
    with transaction.atomic():
        ownership.attest(Claim.objects.get(), "showed the card")  # as good as a code: not an import's
    done = give(HEAD + OPT_IN.replace("ken", "aya"))
    assert (fates(done), done.unsettled, standing(world)) == ({"answered": 1}, 0, "proved")


@pytest.mark.parametrize("said", ["withdrawn", "disavowed"])
def test_who_took_it_back_or_was_refused_puts_nobody_in_doubt(world: World, give, said: str) -> None:
    give(f"{HEAD}{HANA},aya,none,,\n")
    if said == "withdrawn":
        gate.withdraw(Claim.objects.get())
        give(HEAD + OPT_IN)
    else:
        with transaction.atomic():
            ownership.attest(ownership.claim(world.service, addresses.parse(HANA), "ken"), "imported: as if")
        ownership.disavow(token("aya"), "page")
    assert standing(world) == "proved"
    done = give(HEAD + OPT_IN.replace("ken", "aya"))
    assert (fates(done), done.unsettled, standing(world)) == ({said: 1}, 0, "proved")


def test_a_later_file_with_both_of_them(world: World, give, monkeypatch) -> None:
    """Also where the address runs over several batches: each proof is counted once."""
    give(HEAD + OPT_IN)
    monkeypatch.setattr("atesaki.campaigns.importing.BATCH", 2)
    both = HEAD + OPT_IN + "".join(OPT_IN.replace("ken", name) for name in ("aya", "bo", "zen", "zoe"))
    dry, done = give(both, dry_run=True), give(both)
    assert dry.unsettled == done.unsettled == 1 and fates(done) == {"doubted": 5}
    assert Event.objects.filter(kind="doubted").count() == 1


def test_without_customers_the_file_shows_that_there_are_two(world: World, give) -> None:
    give(HEAD + OPT_IN, unnamed=True)
    assert give(HEAD + OPT_IN, unnamed=True).unsettled == 0
    done = give(HEAD + OPT_IN + OPT_IN.replace("ken", "aya"), unnamed=True)
    assert (fates(done), done.unsettled, standing(world, customer="")) == ({"doubted": 1}, 1, "doubted")


# -- what the mailbox said stays --------------------------------------------------------------------------------


def test_not_me_stays_and_an_erased_address_stays_erased(world: World, give) -> None:
    give(f"{HEAD}{HANA},ken,none,,\n")
    notme.report(token())
    with transaction.atomic():
        gate.erase(ownership.digest(addresses.parse(HANA)))
    assert not Mailbox.objects.exists()
    done = give(HEAD + OPT_IN + OPT_IN.replace("ken", "aya"))
    assert fates(done) == {"disavowed": 2}
    assert not Mailbox.objects.exists(), "L8: an old export brings nothing back"
    assert {standing(world, customer=name) for name in ("ken", "aya")} == {"disavowed"}
    assert not Event.objects.filter(kind="proved").exists()


def test_silence_stays(world: World, give) -> None:
    give(f"{HEAD}{HANA},ken,none,,\n")
    ownership.pause(token())
    assert fates(give(HEAD + OPT_IN)) == {"paused": 1}
    assert standing(world) == "claimed"


def test_doubt_stays_whosever_it_is(world: World, give) -> None:
    give(HEAD + OPT_IN)
    ownership.doubt(Claim.objects.get(), "returned", "5.1.1")
    assert fates(give(HEAD + OPT_IN)) == {"doubted": 1}
    assert fates(give(HEAD + OPT_IN.replace("ken", "aya"))) == {"doubted": 1}
    assert standing(world) == "doubted" and standing(world, customer="aya") == "claimed"


def test_what_the_customer_took_back_is_left(world: World, give) -> None:
    give(HEAD + OPT_IN)
    gate.withdraw(Claim.objects.get())
    before = rows()
    assert fates(give(HEAD + OPT_IN)) == {"withdrawn": 1}
    assert rows() == before and standing(world) == "unknown"


# -- what follows -----------------------------------------------------------------------------------------------


def test_waiting_mail_is_released_and_no_webhook_tells_of_the_proof(world: World, give) -> None:
    world.policy(webhook="https://hook.example/told")
    mail = order(headers="X-Atesaki-Customer: ken\r\n")
    world.send(mail)
    gate.drive()
    done = give(HEAD + OPT_IN + "".join(f"p{n}@example.jp,{n},confirmed_opt_in,,2024-01-01\n" for n in range(50)))
    assert done.released == 1 and not Hold.objects.exists()
    gate.drive()
    assert len(world.orders()) == 1
    assert set(Webhook.objects.values_list("type", flat=True)) == {"mail.held", "mail.released"}


def test_a_dry_run_says_the_same_and_writes_nothing(world: World, give) -> None:
    text = HEAD + OPT_IN + "aya@example.jp,aya,clicked,,2024-01-01\nnothing,x,none,,\n"
    dry = give(text, dry_run=True)
    assert rows() == (0, 0, 0)
    assert fates(dry) == fates(give(text)) == {"proved": 1, "answered": 1}
    assert dry.rejected == 1


def test_the_same_file_again_changes_nothing(world: World, give) -> None:
    text = (
        HEAD
        + OPT_IN
        + "".join(
            f"c{n % 70}@example.jp,{n},{method},e,2024-01-0{n % 9 + 1}\n"
            for n in range(300)
            for method in (("confirmed_opt_in", "clicked", "replied", "none")[n % 4],)
        )
    )
    give(text)
    before = list(Event.objects.order_by("pk").values_list("pk", "kind", "evidence")), rows()
    done = give(text)
    assert fates(done) == {"known": 301}
    assert (list(Event.objects.order_by("pk").values_list("pk", "kind", "evidence")), rows()) == before


def test_a_batch_in_the_middle_fails_and_the_rest_goes_in_the_next_time(world: World, give, monkeypatch) -> None:
    monkeypatch.setattr("atesaki.campaigns.importing.BATCH", 10)
    whole, calls = gate.vouch_all, []

    def dies(*args: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(*args, **more)

    text = HEAD + "".join(f"c{n}@example.jp,{n},confirmed_opt_in,,2024-01-01\n" for n in range(45))
    monkeypatch.setattr("atesaki.gate.vouch_all", dies)
    with pytest.raises(KeyboardInterrupt):
        give(text)
    assert Claim.objects.count() == 20
    monkeypatch.setattr("atesaki.gate.vouch_all", whole)
    assert fates(give(text)) == {"known": 20, "proved": 25}
    assert Event.objects.filter(kind="proved").count() == 45


# -- files as they are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encodings_and_orders(world: World, give, encoding: str, delimiter: str) -> None:
    lines = [["At", "備考", "EVIDENCE", "customer", "Method", "address"]]
    lines += [["2024-03-01", "無視", "店頭で確認、大島", "会員1", "confirmed_opt_in", "ｈａｎａ@example.jp"]]
    done = give("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    assert fates(done) == {"proved": 1}, done.first_rejected
    assert Event.objects.get(kind="proved").evidence == "imported: confirmed_opt_in 2024-03-01: 店頭で確認、大島"
    assert Claim.objects.get().customer == "会員1"


def test_a_file_that_was_glued_together(world: World, give) -> None:
    done = give(f"{HEAD}a@example.jp,大島,none,,\n".encode() + "b@example.jp,佐藤,none,,\n".encode("cp932"))
    assert set(Claim.objects.values_list("customer", flat=True)) == {"大島", "佐藤"}
    assert done.in_cp932 == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no address,1,none,,", "@ is missing"),
        ("a@example.jp,1,promised,,", "method must be one of"),
        ("a@example.jp,1,clicked,,yesterday", "cannot be read"),
        ("a@example.jp,1,clicked,,2024-02-30", "cannot be read"),
        ("a@example.jp,1,clicked,,2999-01-01", "future"),
        ("a@example.jp,1,clicked,,1989-12-31", "1990"),
        ("a@example.jp,1\x07,none,,", "printable"),
        (f"a@example.jp,{'9' * 201},none,,", "200"),
        ("a@example.jp,1,clicked,one, two,2024-01-01", "more cells"),
        ('a@example.jp,"1,clicked,,2024-01-01', "quotes"),
        (b"a@example.jp,\x81 ,none,,", "UTF-8 nor as cp932"),
        ("a@example.jp,1,none," + "x" * 120_000, "longer than"),
    ],
)
def test_a_bad_row_is_told_and_the_others_go_in(
    world: World, give, tmp_path: Path, line: str | bytes, said: str
) -> None:
    raw = line if isinstance(line, bytes) else line.encode()
    good = [f"g{n}@example.jp,g{n},none,,\n".encode() for n in range(3)]
    done = give(HEAD.encode() + good[0] + raw + b"\n" + good[1] + good[2])
    assert (done.rows, done.rejected, fates(done)) == (4, 1, {"claimed": 3})
    with (tmp_path / "claims.csv.rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        head, bad = list(csv.reader(file))
    assert head == ["line", "why", "address", "customer", "method", "evidence", "at"]
    assert bad[0] == "3" and said in bad[1] and bad[1].endswith(".")
    assert (tmp_path / "claims.csv.rejected.csv").stat().st_mode & 0o077 == 0


def test_a_cell_may_run_over_lines(world: World, give) -> None:
    assert fates(give(f'{HEAD}{HANA},ken,confirmed_opt_in,"two\nlines, ""so""",2024-03-01\n')) == {"proved": 1}
    assert Event.objects.get(kind="proved").evidence.endswith('two lines, "so"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("hana@example.jp,ken\n", "must name the columns"),
        ("address,customer,Address\n", "twice"),
        (b"PAR1 and nothing behind it", "no Parquet"),
    ],
)
def test_a_file_that_is_none(world: World, give, text: str | bytes, said: str) -> None:
    with pytest.raises(FileError, match=said):
        give(text)


def test_parquet(world: World, give, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    at = clock.now() - timedelta(days=9)
    columns = {"at": [at, None], "customer": [7, 8], "address": [HANA, "aya@example.jp"], "other": [1, 2]}
    columns |= {"method": ["confirmed_opt_in", None]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "made.parquet")
    done = give((tmp_path / "made.parquet").read_bytes(), "claims.parquet")
    assert fates(done) == {"proved": 1, "claimed": 1}
    assert standing(world, customer="7") == "proved"


def test_what_an_operator_types(world: World, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("atesaki.cli.claims.installation", nullcontext)
    (tmp_path / "c.csv").write_text(HEAD + OPT_IN + "aya@example.jp,aya,clicked,,2024-01-01\nbad,x,none,,\n")
    world.send(order())

    def typed(*words: str) -> Result:
        return CliRunner().invoke(command, [str(tmp_path / "c.csv"), "--service", world.service.name, *words])

    dry = typed("--dry-run")
    assert dry.exit_code == 0 and "Nothing was changed" in dry.output and not Event.objects.filter(kind="proved")
    assert "none of the last 1 mails of this service named a customer" in dry.output
    assert "line 4: The @ is missing" in dry.output
    done = typed("--json", "--accept-clicks", "--quiet")
    assert "weaker" in done.stderr
    said = json.loads(done.stdout)
    assert (said["rows"], said["proved"], said["rejected"], said["accepted_clicks"]) == (3, 2, 1, 1)
    assert Path(said["rejected_file"]).exists()
    again = typed()
    assert "known before, nothing new" in again.output
    (tmp_path / "c.csv").write_text(HEAD + OPT_IN.replace("ken", "bo"))
    for words, told in ((["--dry-run"], "would be in doubt"), ([], "are in doubt")):
        assert f"1 that an earlier import had proved {told}" in (said := typed(*words).output)
        assert "POST /claims/{id}/proofs" in said


def test_progress_is_told_in_a_line() -> None:
    assert Bar.words(Progress("importing", 0.25, 50_000), 10) == "Importing 25%, 50,000 rows, 5,000 a second, 30 s left"
    assert Bar.words(Progress("importing", 0.01, 10_000), 10).endswith("16 min left")
    assert Bar.words(Progress("reading", 1.0, 10), 0) == "Reading 100%, 10 rows"


# -- properties -------------------------------------------------------------------------------------------------

SAYS = ("claim", "answer", "prove", "doubt", "pause", "disavow", "withdraw")


def say(world: World, what: str, customer: str) -> None:
    """One thing that may have happened before."""
    address = addresses.parse(HANA)
    with transaction.atomic():
        claim = Claim.objects.filter(customer=customer).first()
        if what == "claim" or claim is None:
            ownership.claim(world.service, address, customer)
        elif what == "answer":
            ownership.answered(token(customer, Purpose.CONFIRM))
        elif what == "prove":
            ownership.attest(claim, "before")
        elif what == "doubt":
            ownership.doubt(claim, "returned", "")
        elif what == "pause":
            ownership.pause(token(customer))
        elif what == "disavow":
            ownership.disavow(token(customer), "page")
        else:
            ownership.withdraw(claim)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(st.tuples(st.sampled_from(SAYS), st.sampled_from(["ken", "aya"])), max_size=6),
    shows=st.sampled_from(Shows),
    alone=st.booleans(),
)
def test_an_import_proves_only_what_nobody_denied(world: World, before, shows: Shows, alone: bool) -> None:
    """Against the plain functions, over whatever happened before: the set-based reading sees what they see."""
    with transaction.atomic():
        for what, customer in before:
            say(world, what, customer)
        key = ownership.digest(addresses.parse(HANA))
        stood = ownership.standings(world.service, [(key, "ken")])[0]
        others = [ownership.known(each).standing for each in ownership.claims_on(key)]
        mine = Claim.objects.filter(customer="ken").first()
        given_ = [Given(key, HANA, "ken", shows, "evidence", clock.now(), alone)]
        dry, _ = gate.vouch_all(world.service, given_, dry=True)
        taken, _ = gate.vouch_all(world.service, given_)
        now = ownership.standings(world.service, [(key, "ken")])[0].stand
        assert dry[0].fate == taken[0].fate
        if taken[0].fate is Fate.PROVED:
            assert shows is Shows.BOTH and alone and not stood.stand.paused
            assert stood.stand.standing in ("unknown", "claimed", "answered")
            assert Standing.DOUBTED not in others
            assert mine is None or ownership.is_given(mine)
            assert now.standing is Standing.PROVED
        elif stood.stand.standing not in ("unknown", "claimed"):
            assert now == stood.stand, "what was said is as it was"
        else:
            assert now.standing in ("unknown", "claimed", "answered") and now.paused == stood.stand.paused
        events = Event.objects.count()
        again, _ = gate.vouch_all(world.service, given_)
        assert Event.objects.count() == events and again[0].claim == taken[0].claim
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(4))
def test_a_disavowal_that_races_the_import_wins_or_comes_after_it(world: World, tmp_path: Path, turn: int) -> None:
    """Whoever takes the address first: in the end it is disavowed, or was proved before and is disavowed now."""
    with transaction.atomic():
        ownership.claim(world.service, addresses.parse(HANA), "ken")
        raw = token()
    (tmp_path / "c.csv").write_text(HEAD + OPT_IN)
    start, failed = Barrier(2), list[BaseException]()

    def run(what) -> None:
        try:
            start.wait(10)
            what()
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    both = [
        lambda: campaigns.import_claims(world.service, tmp_path / "c.csv"),
        lambda: ownership.disavow(raw, "page"),
    ]
    threads = [Thread(target=run, args=[what]) for what in (both if turn % 2 else both[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failed
    assert standing(world) == "disavowed"
    assert world.send(order(headers="X-Atesaki-Customer: ken\r\n")).outcomes == (gate.Outcome.REFUSE,)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["ken", "aya"])
def test_two_imports_at_once_leave_neither_proved(world: World, tmp_path: Path, first: str) -> None:
    """Both wait for the address at the same time; whichever gets it first is contradicted by the other."""
    key, failed = ownership.digest(addresses.parse(HANA)), list[BaseException]()

    def run(name: str) -> None:
        try:
            (tmp_path / f"{name}.csv").write_text(HEAD + OPT_IN.replace("ken", name))
            campaigns.import_claims(world.service, tmp_path / f"{name}.csv")
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=[name]) for name in sorted(("ken", "aya"), key=lambda name: name != first)]
    with transaction.atomic():
        ownership.lock(key)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(0.5)
            assert thread.is_alive()
        assert not Claim.objects.exists()
    for thread in threads:
        thread.join(30)
    assert not failed
    assert sorted(standing(world, customer=name) for name in ("ken", "aya")) == ["claimed", "doubted"]
    for name in ("ken", "aya"):
        assert world.send(order(headers=f"X-Atesaki-Customer: {name}\r\n")).outcomes != (gate.Outcome.DELIVER,)


@pytest.mark.django_db(transaction=True)
def test_the_import_waits_for_whoever_has_the_address(world: World, tmp_path: Path) -> None:
    """Really by the address's lock: while a disavowal is being written, the import does not decide."""
    with transaction.atomic():
        claim = ownership.claim(world.service, addresses.parse(HANA), "ken")
    (tmp_path / "c.csv").write_text(HEAD + OPT_IN)
    done = list[campaigns.Imported]()

    def run() -> None:
        done.append(campaigns.import_claims(world.service, tmp_path / "c.csv"))
        connections.close_all()

    thread = Thread(target=run)
    with transaction.atomic():
        ownership.lock(bytes(claim.digest))
        thread.start()
        thread.join(0.7)
        assert thread.is_alive() and not done
        ownership.disavow(token(), "page")
    thread.join(30)
    assert fates(done[0]) == {"disavowed": 1}
