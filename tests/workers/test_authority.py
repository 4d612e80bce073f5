"""Signed releases: from whom intake takes them, what each producer may send, and how keys are changed."""

from __future__ import annotations

import ast
import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner

from tasks import ledger
from tasks.ledger import audit, notices, producer_rows, refusals, releases
from tasks.model import rights
from tasks.model.documents import DocumentRefused
from tasks.model.producers import DoorProducer
from tasks.model.release import Release
from tasks.model.rights import Rights
from tasks.operations import door_access
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.docs.documents import block, blocks
from tests.support.command_line import app
from tests.support.delivery_steps import NOW
from tests.support.processes import ROOT, until
from tests.support.samples import URI, release
from workers import authority, doctor, intake, stack
from workers.envelope import CONSENT, PRODUCER, SIGNATURE, Receipt, envelope_headers, signature
from workers.producer import Producer

KEY, OTHER = "a key of sixteen characters or more", "another key, of another producer"
FILE = """
producers:
  acme:
    keys: [env:ACME_KEY]
    uris: ["urn:newsml:acme.example:"]
  other:
    keys: [env:OTHER_KEY]
"""
BODY = release().to_json().encode()


class Written:
    """The configured producers file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._changes = 1_000_000_000

    def write(self, text: str) -> None:
        """Change it; the time of its change is another every time."""
        self.path.write_text(text)
        self._changes += 1
        os.utime(self.path, (self._changes, self._changes))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_ledger: None) -> Iterator[Written]:
    monkeypatch.setenv("FANWIRE_PRODUCERS", str(tmp_path / "producers.yaml"))
    monkeypatch.setenv("ACME_KEY", KEY)
    monkeypatch.setenv("OTHER_KEY", OTHER)
    settings.cache_clear()
    secrets.forget()
    written = Written(tmp_path / "producers.yaml")
    written.write(FILE)
    yield written
    secrets.forget()


def sent(body: bytes = BODY, headers: dict[str, Any] | None = None, **signed: Any) -> Receipt:
    """What intake answers to a message."""
    return intake.take_in(body, None, envelope_headers(body, **signed) if headers is None else headers)


def by(name: str, key: str, body: bytes = BODY, **more: Any) -> Receipt:
    return sent(body, producer=name, key=key, **more)


def corrected(**fields: Any) -> bytes:
    return release(**fields).to_json().encode()


def problem(receipt: Receipt) -> str:
    [only] = receipt.problems
    return f"{only['field']}: {only['problem']}"


def kept() -> list[dict[str, Any]]:
    with ledger.read() as connection:
        return refusals.latest(connection, 20)


# --- limits, and producers that come to the door


def test_a_producer_may_send_so_much_a_day_by_the_queue(file: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "now", lambda _: NOW)  # all on one day
    file.write(FILE.replace("keys: [env:ACME_KEY]", "keys: [env:ACME_KEY]\n    per_day: 1"))
    assert by("acme", KEY).status == "accepted"
    refusal = by("acme", KEY, corrected(version=2))
    assert problem(refusal).startswith("(producer): has sent 1 release today, the most that are taken of it in a day")
    assert "T00:00:00Z on, and a kill at any time" in problem(refusal)
    kill = corrected(version=2, status="canceled", body_html=None)
    assert by("acme", KEY, kill).status == "accepted"
    assert by("other", OTHER, corrected(uri="urn:x:1")).status == "accepted", "the limit is acme's own"


def test_what_is_given_to_a_producer_of_the_door_is_closed_to_those_of_the_file(file: Written) -> None:
    def add(name: str, **fields: Any) -> None:
        with ledger.write() as connection:
            door_access.add(connection, name, DoorProducer.model_validate(fields))

    add("lab", uris=["urn:newsml:lab.example:"])
    add("acme", uris=["urn:newsml:lab.example:acme:"], per_day=1)
    taken = "is not one that this producer may use"
    assert taken in problem(by("other", OTHER, corrected(uri="urn:newsml:lab.example:1")))
    assert taken in problem(by("acme", KEY, corrected(uri="urn:newsml:lab.example:acme:1"))), "the file's rights hold"
    assert [by("acme", KEY, corrected(version=version)).status for version in (1, 2)] == ["accepted", "accepted"]
    with ledger.write() as connection:
        door_access.revoke(connection, "lab")
    assert by("other", OTHER, corrected(uri="urn:newsml:lab.example:1")).status == "accepted"


def test_whoever_sends_unsigned_hears_how_to_send_what_is_a_producers() -> None:
    given = {"acme": Rights(uris=["urn:newsml:"], issuers=["Acme Robotics"])}
    wanted = Release.model_validate(json.loads(BODY) | {"issuer": {"name": "Acme Robotics"}})
    found = {problem.field: problem.problem for problem in rights.problems(given, None, wanted)}
    assert set(found) == {"uri", "issuer.name"}
    for said in found.values():
        assert "unsigned" in said
        assert "--producer" in said
        assert "over HTTP" in said
        assert "acme" not in said


# --- signatures


@pytest.mark.usefixtures("file")
def test_a_signed_release_is_taken_and_says_whose_it_is() -> None:
    assert by("acme", KEY).status == "accepted"
    assert by("acme", KEY).status == "known"
    with ledger.read() as connection:
        row = releases.find(connection, URI)
    assert (row.producer, row.sent_by) == ("acme", "producer acme")


GOOD = envelope_headers(BODY, "acme", KEY)
REFUSED: dict[str, Any] = {
    "unsigned": {},
    "no name": {SIGNATURE: GOOD[SIGNATURE]},
    "no signature": {PRODUCER: "acme"},
    "an empty signature": GOOD | {SIGNATURE: ""},
    "a signature that is none": GOOD | {SIGNATURE: "é\ud800"},
    "a signature of another type": GOOD | {SIGNATURE: [GOOD[SIGNATURE]]},
    "a name of another type": GOOD | {PRODUCER: {"name": "acme"}},
    "an unknown name": GOOD | {PRODUCER: "nobody"},
    "the name of another": GOOD | {PRODUCER: "other"},
    "the key of another": envelope_headers(BODY, "acme", OTHER),
    "another body": envelope_headers(BODY + b" ", "acme", KEY),
    "consent that was not signed": GOOD | {CONSENT: "revive"},
    "consent taken away": {k: v for k, v in envelope_headers(BODY, "acme", KEY, ["jump"]).items() if k != CONSENT},
    "a line moved from the body": envelope_headers(b"revive\n" + BODY, "acme", KEY) | {CONSENT: "\nrevive"},
    "an unknown consent": envelope_headers(BODY, "acme", KEY) | {CONSENT: "everything"},
    "consent of another type": GOOD | {CONSENT: ["jump"]},
}


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED)
def test_what_is_not_signed_as_it_must_be_is_refused_and_kept(headers: dict[str, Any]) -> None:
    receipt = sent(headers=headers)
    assert receipt.status == "refused"
    assert problem(receipt).startswith(("(signature): ", f"{CONSENT}: "))
    [row] = kept()
    assert (row["sent_by"], row["uri"]) == (None, None)
    with ledger.read() as connection:
        assert releases.find(connection, URI) is None


@pytest.mark.usefixtures("file")
def test_a_stranger_cannot_tell_a_wrong_name_from_a_wrong_key() -> None:
    """The refusal repeats the name that it was sent, and knows no more of it."""
    said = {problem(by(name, "some key of no producer")).replace(name, "NAME") for name in ("acme", "nobody")}
    assert len(said) == 1


def test_without_producers_everything_is_taken_and_signatures_are_not_looked_at(sqlite_ledger: None) -> None:
    assert sent(headers={}).status == "accepted"
    assert sent(headers=REFUSED["the key of another"]).status == "known"
    with ledger.read() as connection:
        row = releases.find(connection, URI)
    assert (row.producer, row.sent_by) == (None, "producer (unsigned)")


# --- what a producer may send


@pytest.mark.usefixtures("file")
def test_nobody_corrects_kills_or_blocks_what_another_has_sent() -> None:
    assert by("other", OTHER, corrected(uri="urn:x:1")).status == "accepted"
    taken = by("acme", KEY)
    assert taken.status == "accepted"
    for fields in ({"version": 2}, {"version": 2_000_000_000, "status": "canceled"}, {"version": 1_000_000}):
        body = corrected(**fields)
        assert problem(by("other", OTHER, body)) == "uri: is not one that this producer may use"
        assert problem(by("acme", KEY, corrected(uri="urn:x:1", **fields))).startswith("uri: ")
        assert sent(body, headers={}).status == "refused"
    assert by("acme", KEY, corrected(version=2)).status == "accepted"
    assert {row["sent_by"] for row in kept()} == {"producer other", "producer acme", None}


def test_a_prefix_that_is_given_to_another_does_not_take_releases_away(file: Written) -> None:
    assert by("acme", KEY).status == "accepted"
    file.write(
        FILE.replace("    keys: [env:OTHER_KEY]", "    keys: [env:OTHER_KEY]\n    uris: ['urn:newsml:acme.example:']")
    )
    receipt = by("other", OTHER, corrected(version=2))
    assert problem(receipt) == "uri: belongs to somebody else; only who sent its first version may send another"
    assert "acme" not in problem(receipt)
    assert (receipt.uri, receipt.headline, receipt.received_at) == (None, None, None)


TOO_LOW = "version: 3 was taken already; send it as version 4"


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(("name", "key"), [("acme", OTHER), ("nobody\x1b", KEY)])
def test_a_signature_that_does_not_fit_says_whom_it_claims_and_what_to_look_at(name: str, key: str) -> None:
    shown = name.replace("\x1b", "\ufffd")
    told = problem(by(name, key))
    assert told == (
        f"(signature): does not fit: the message says that it is from the producer '{shown}', and was not signed with "
        "a key of that producer, or was changed after it was signed. Look whether name and key belong together, and "
        "sign the consent and the bytes of the body exactly as they are sent"
    )
    with ledger.read() as connection:
        [kept] = refusals.latest(connection, 1)
    assert (kept["sent_by"], kept["uri"]) == (None, None)
    assert f"from the producer '{shown}'" in kept["reason"]


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("fields", "says", "example", "consent"),
    [
        ({"version": 2}, TOO_LOW, "4", None),
        ({"version": 2, "status": "canceled"}, TOO_LOW, "4", None),
        ({"version": 1004}, "version: is above 1,003, the highest that is taken after version 3", "4", "jump"),
        ({"version": 2_000_000_000, "status": "canceled"}, "version: is above 1,003", "4", "jump"),
        ({"version": 3, "headline": "Another"}, f"version: 3 of {URI} was taken before with other content", "4", None),
    ],
)
def test_what_can_never_be_delivered_is_refused_and_says_what_would_be_taken(
    fields: dict[str, Any], says: str, example: str, consent: str | None
) -> None:
    for version in (1, 3):
        assert by("acme", KEY, corrected(version=version)).status == "accepted"
    receipt = by("acme", KEY, corrected(**fields))
    assert problem(receipt).startswith(says)
    assert receipt.problems[0]["example"] == example
    with_consent = by("acme", KEY, corrected(**fields), consent=["jump", "revive"])
    assert with_consent.status == ("accepted" if consent else "refused")
    assert by("acme", KEY, corrected(version=1)).status == "known"


@pytest.mark.usefixtures("file")
def test_a_killed_release_comes_back_with_consent_only() -> None:
    by("acme", KEY)
    by("acme", KEY, corrected(version=3, status="canceled"))
    assert "with the consent 'revive'" in problem(by("acme", KEY, corrected(version=2)))
    refused = by("acme", KEY, corrected(version=4))
    assert problem(refused).startswith(f"version: 3 killed {URI}, and this would publish it anew")
    assert by("acme", KEY, corrected(version=4), consent=["revive"]).status == "accepted"
    with ledger.read() as connection:
        newest, *_ = audit.latest(connection, audit.Wanted(uri=URI), 9)
    assert (newest["act"], newest["actor"], newest["new"]["consent"]) == ("release.revive", "acme", ["revive"])


@pytest.mark.usefixtures("file")
def test_after_the_highest_version_nothing_follows() -> None:
    by("acme", KEY, corrected(version=2_000_000_000, status="canceled"), consent=["jump"])
    receipt = by("acme", KEY, corrected(version=7))
    assert problem(receipt) == "version: 2000000000 was taken already; no version can follow that one"
    assert receipt.problems[0]["example"] is None


def test_how_far_versions_may_jump_is_a_setting(file: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_VERSION_JUMP", "100000")
    settings.cache_clear()
    assert by("acme", KEY, corrected(version=1_800_000_000)).status == "accepted"
    assert by("acme", KEY, corrected(version=1_800_086_400)).status == "accepted"
    assert by("acme", KEY, corrected(version=1_900_000_000)).status == "refused"


# --- the file and its keys


def test_a_key_is_changed_without_a_moment_in_which_nobody_can_send(
    file: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = "the key that comes after the first"
    monkeypatch.setenv("FRESH_KEY", fresh)
    file.write(FILE.replace("[env:ACME_KEY]", "[env:FRESH_KEY, env:ACME_KEY]"))
    assert by("acme", KEY).status == "accepted"
    assert by("acme", fresh).status == "known"
    file.write(FILE.replace("[env:ACME_KEY]", "[env:FRESH_KEY]"))
    assert by("acme", KEY).status == "refused"
    assert by("acme", fresh).status == "known"


def test_a_file_that_is_broken_later_changes_nothing_and_leaves_one_notice(file: Written) -> None:
    intake.mind_producers()
    for broken in ("producers: [", "producers: {acme: {keys: env:X}, other: 5}", None):
        if broken is None:
            file.path.unlink()
        else:
            file.write(broken)
        for _ in range(2):
            intake.mind_producers()
            assert by("acme", KEY).taken
            assert sent(headers={}).status == "refused"
    with ledger.read() as connection:
        [notice] = notices.latest(connection, 9)
    assert (notice["kind"], notice["subject"]) == ("producers", str(file.path))
    assert "the producers of before still count" in notice["text"]
    file.write("producers: {}")
    intake.mind_producers()
    assert by("acme", KEY).status == "refused"
    assert authority.producers_file().fault is None


def test_with_a_file_that_was_never_good_nothing_starts(file: Written) -> None:
    file.write("producers: [")
    for start in (intake.mind_producers, lambda: stack.command("intake"), stack.commands):
        with pytest.raises(DocumentRefused, match="is not YAML"):
            start()


def test_a_key_that_the_wire_cannot_read_is_not_the_producers_fault(
    file: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_KEY")
    assert "the wire cannot read the key of this producer" in problem(by("acme", KEY))
    monkeypatch.setenv("ACME_KEY", "short")
    secrets.forget()
    assert "the wire cannot read the key of this producer" in problem(by("acme", "short"))
    file.write(FILE.replace("[env:ACME_KEY]", "[env:GONE, env:OTHER_KEY]"))
    assert by("acme", OTHER).status == "accepted"


# --- on the queue


@pytest.fixture
def door(file: Written, sqlite: None, opened: Callable[[], intake.Intake]) -> None:
    """An open intake that knows its producers."""
    opened()


@pytest.mark.usefixtures("door")
def test_the_library_signs_what_it_sends(for_producers: str) -> None:
    with Producer(for_producers, name="acme", key=KEY) as producer:
        assert producer.submit(release()).status == "accepted"
        assert producer.submit(release(version=5000)).status == "refused"
        assert producer.submit(release(version=5000), consent=["jump"]).status == "accepted"
    with Producer(for_producers, name="Nobody Ä", key=KEY) as stranger:
        assert problem(stranger.submit(release())).startswith("(signature): does not fit")
    with Producer(for_producers) as unsigned:
        assert problem(unsigned.submit(release())).startswith("(signature): is missing")


@pytest.mark.usefixtures("door")
def test_headers_of_odd_types_stop_nobody(broker: redis.Redis, for_producers: str) -> None:
    odds: tuple[Any, ...] = (None, 7, [], {}, "\x00", "é" * 300, {"a": 1})
    for odd in odds:
        headers = {PRODUCER: odd, SIGNATURE: odd, CONSENT: odd}
        properties = {
            "body_encoding": "base64",
            "delivery_tag": "x",
            "delivery_info": {"exchange": "", "routing_key": "r"},
        }
        item = {"body": base64.b64encode(BODY).decode(), "headers": headers, "properties": properties}
        broker.lpush("releases", json.dumps(item | {"content-type": "application/json", "content-encoding": "utf-8"}))
    with Producer(for_producers, name="acme", key=KEY) as producer:
        assert producer.submit(release()).status == "accepted"
    until(lambda: len(kept()) == 7)


@pytest.mark.parametrize(("name", "key"), [("acme", None), (None, KEY), ("acme", "short")])
def test_a_producer_says_at_once_that_it_cannot_sign(name: str | None, key: str | None) -> None:
    with pytest.raises(ValueError, match="key"):
        Producer("redis://127.0.0.1:9/0", name=name, key=key)


def test_a_consent_that_there_is_not_is_said_before_anything_is_sent() -> None:
    with Producer("redis://127.0.0.1:9/0") as producer, pytest.raises(ValueError, match="jump, revive, not reviv"):
        producer.submit({}, consent=["reviv"])


# --- what docs/producers.md shows


@pytest.fixture
def manual(file: Written, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[list[str]], str]:
    """Runs an example of the manual as the producer `acme`, on a wire with the producers file of the manual."""
    (tmp_path / "agency").write_text("the key of an agency")
    file.write(block("docs/producers.md", "yaml", "## Producers and keys").replace("/run/producers/", f"{tmp_path}/"))
    document = release(circuits=["dach-business"]).to_json()
    (tmp_path / "release.json").write_text(document)

    def run(command: list[str]) -> str:
        env = os.environ | {"PYTHONPATH": str(ROOT), "ACME_KEY": KEY}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


BROKER = "redis://producer:password@wire.example:6379/0"


@pytest.mark.usefixtures("door")
def test_the_examples_in_python_sign_what_they_send(manual: Callable[[list[str]], str], for_producers: str) -> None:
    library, kombu = (code.replace(BROKER, for_producers) for code in blocks("docs/producers.md", "python"))
    circuits = '"circuits": ["dach-business"], "issuer": {"name": "Acme Labs"}, "language"'
    printed = manual([sys.executable, "-c", library.replace('"language"', circuits) + "\nprint(receipt.status)"])
    assert printed == "accepted\n"
    receipt = ast.literal_eval(manual([sys.executable, "-c", kombu]))
    assert (receipt["status"], receipt["version"]) == ("refused", None), "the same version with other content"
    assert receipt["problems"][0]["field"] == "version"


def test_the_signature_of_the_shell_is_ours(manual: Callable[[list[str]], str], tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here")
    line = block("docs/producers.md", "sh")
    assert manual(["sh", "-c", line]).strip() == signature(KEY, "acme", "", (tmp_path / "release.json").read_bytes())


def test_the_signature_of_the_manual_is_ours() -> None:
    text = (ROOT / "docs" / "producers.md").read_text()
    assert signature("correct horse battery", "acme", "", b'{"uri": "urn:x:1"}') in text


# --- the command line


@pytest.fixture
def submit(tmp_path: Path) -> Callable[..., Any]:
    def one(*options: str) -> Any:
        (tmp_path / "r.json").write_bytes(BODY)
        return CliRunner().invoke(app, ["submit", str(tmp_path / "r.json"), *options])

    return one


@pytest.mark.usefixtures("door")
def test_submit_signs_as_the_producer_that_is_named(
    submit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = submit()
    assert (done.exit_code, "name a producer with --producer" in done.output) == (1, True)
    assert "no key of a producer 'nobody'" in submit("--producer", "nobody").output
    let_in("tokens-only")
    assert "sends over HTTP: POST /releases" in " ".join(submit("--producer", "tokens-only").output.split())
    assert f"accepted: {URI}" in submit("--producer", "acme").output
    shown = CliRunner().invoke(app, ["status", URI])
    assert "sent by   producer acme\n" in shown.output
    monkeypatch.setenv("FANWIRE_PRODUCER_NAME", "acme")
    settings.cache_clear()
    assert f"known: {URI}" in submit().output


@pytest.mark.usefixtures("door")
def test_a_producers_machine_needs_its_own_key_only(
    submit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("NAME", "acme"), ("KEY", KEY)):
        monkeypatch.setenv(f"FANWIRE_PRODUCER_{name}", value)
    monkeypatch.setattr(authority, "producers_file", lambda: None)
    monkeypatch.setattr(intake, "producers_file", lambda: None)
    settings.cache_clear()
    assert authority.signing_as() == ("acme", KEY)
    assert authority.signing_as("acme") == ("acme", KEY)
    monkeypatch.setenv("FANWIRE_PRODUCER_KEY", "short")
    settings.cache_clear()
    assert "shorter than 16" in submit().output


# --- doctor


def let_in(name: str) -> None:
    """Give a producer a token."""
    with ledger.write() as connection:
        producer_rows.add(connection, name, DoorProducer(), name, ledger.now(connection))


def findings() -> str:
    return "\n".join(
        f"{finding.level}: {finding.what}" for part in (doctor._at_the_door, doctor._producers) for finding in part()
    )


def test_doctor_says_that_anybody_may_send(sqlite_ledger: None) -> None:
    assert "note: by the queue whoever has an address of the broker with its password may send any" in findings()
    assert "fine: over HTTP nobody may send" in findings()
    for name in ("zeta", "acme"):
        let_in(name)
    assert "fine: over HTTP 2 producers may send, each with its token: acme, zeta" in findings()


def test_doctor_looks_at_the_keys_of_producers(file: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "fine: by the queue 2 producers may send, each with its key: acme, other (" in findings()
    assert "note: producer other may send releases with any URI that " in findings()
    assert "unsafe" not in findings()
    monkeypatch.setenv("OTHER_KEY", KEY)
    secrets.forget()
    assert "unsafe: producers acme and other have the same key" in findings()
    monkeypatch.delenv("OTHER_KEY")
    secrets.forget()
    assert "unsafe: producer other: secret env:OTHER_KEY: is not in the environment" in findings()
    file.write(FILE.replace("env:OTHER_KEY", "env:FANWIRE_SECRET_OTHER"))
    assert "unsafe: producer other: outlets may name env:FANWIRE_SECRET_OTHER as theirs" in findings()
    assert KEY not in findings()
