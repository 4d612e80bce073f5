"""`fanwire users`: who may sign in to the operations' page."""

from __future__ import annotations

import json
import stat

import pytest

from tasks.model.ranks import Rank
from tasks.runtime import passwords
from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings
from workers import users

from .conftest import Run

pytestmark = pytest.mark.usefixtures("home")
LONG = "a password of words"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_LOG_N", 4)


def test_a_user_with_a_password_of_her_own(run: Run) -> None:
    done = run("users", "add", "jane", "--rank", "editor", input=f"{LONG}\n{LONG}\n")
    assert "jane may sign in as editor" in done.stdout
    assert LONG not in done.output
    [user] = users.read().values()
    assert passwords.fits(LONG, user.password_hash)
    assert not passwords.fits(LONG + " ", user.password_hash)
    assert stat.S_IMODE(users.users_file().stat().st_mode) == 0o600
    assert LONG not in repr(user)
    assert user.password_hash not in repr(user)


def test_a_password_that_is_made_is_shown_once(run: Run) -> None:
    made = json.loads(run("users", "add", "joe", "--make-password", "--json").stdout)
    assert made["rank"] == "reader"
    assert passwords.fits(made["password"], users.read()["joe"].password_hash)
    assert made["password"] not in run("audit", "--json").stdout + run("users", "list", "--json").stdout


def test_what_cannot_be_is_refused_and_changes_nothing(run: Run) -> None:
    run("users", "add", "joe", "--make-password")
    before = users.users_file().read_bytes()
    for arguments, said in (
        (["add", "joe", "--make-password"], "there is a user joe"),
        (["add", "a b", "--make-password"], "cannot be the name"),
        (["remove", "jane"], "there is no user jane"),
        (["rank", "jane", "editor"], "there is no user jane"),
    ):
        done = run("users", *arguments, status=1)
        assert said in done.output
    assert "12 to 1,000 characters" in run("users", "add", "x", input="short\nshort\n", status=1).output
    assert users.users_file().read_bytes() == before


def test_who_was_let_in_and_by_whom_is_on_record(run: Run) -> None:
    run("users", "add", "joe", "--rank", "editor", "--make-password")
    run("users", "rank", "joe", "operator")
    run("users", "password", "joe", "--make-password")
    run("users", "remove", "joe")
    found = json.loads(run("audit", "--json").stdout)
    assert [(one["act"], one["subject"], one["old"], one["new"]) for one in found] == [
        ("user.remove", "user joe", {"rank": "operator"}, None),
        ("user.change", "user joe", None, {"password": "another"}),
        ("user.change", "user joe", {"rank": "editor"}, {"rank": "operator"}),
        ("user.add", "user joe", None, {"rank": "editor"}),
    ]
    assert users.read() == {}


def test_a_line_that_is_wrong_is_named_and_not_shown() -> None:
    users.users_file().write_text("jane operator my-plain-password\n")
    with pytest.raises(ConfigurationRefused) as refusal:
        users.read()
    assert "user 1 of" in str(refusal.value)
    assert "my-plain-password" not in str(refusal.value)


def test_a_hash_takes_a_quarter_of_a_second_of_whoever_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    hashed = passwords.hashed(LONG)
    assert hashed.startswith("scrypt$15$8$3$")
    assert passwords.fits(LONG, hashed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "scrypt$30$8$1$AAAA$AAAA",
        "scrypt$15$8$3$AAAA$AAAA",
        "md5$1$1$1$a$b",
        "scrypt$-1$8$1$a$b",
        "scrypt$4$8$1$§$§",
    ],
)
def test_a_hash_that_is_none_or_costs_too_much_is_refused(text: str) -> None:
    assert not passwords.is_hash(text)


def test_the_file_may_be_elsewhere(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file = settings().home / "elsewhere" / "people"
    monkeypatch.setenv("FANWIRE_USERS_FILE", str(file))
    settings.cache_clear()
    run("users", "add", "jane", "--make-password")
    assert users.read()["jane"].rank is Rank.READER
    assert file.exists()
