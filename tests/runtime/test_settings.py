"""Settings come from the environment and from nowhere else; a value that is none is refused by its variable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings


@pytest.mark.parametrize(
    ("variable", "said", "name", "value"),
    [
        ("FANWIRE_LEASE", "77", "lease", 77.0),
        ("fanwire_lease", "77", "lease", 77.0),
        ("FANWIRE_REMOTE_CONTROL", "true", "remote_control", True),
        ("FANWIRE_REMOTE_CONTROL", "0", "remote_control", False),
        ("FANWIRE_ALLOWED_PORTS", "80, 2375,", "allowed_ports", (80, 2375)),
        ("FANWIRE_PLAIN_HTTP_HOSTS", "Desk.example", "plain_http_hosts", ("desk.example",)),
        ("FANWIRE_CA_FILE", "/a b.pem", "ca_file", Path("/a b.pem")),
        ("FANWIRE_NO_SETTING_OF_OURS", "1", "ca_file", None),
        ("LEASE", "77", "lease", 90.0),
    ],
)
def test_what_a_variable_says_is_read(
    monkeypatch: pytest.MonkeyPatch, variable: str, said: str, name: str, value: Any
) -> None:
    monkeypatch.setenv(variable, said)
    assert getattr(settings(), name) == value


def test_a_file_of_variables_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FANWIRE_LEASE=77\n")
    monkeypatch.chdir(tmp_path)
    assert settings().lease != 77.0


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("FANWIRE_LEASE", "long"),
        ("FANWIRE_REMOTE_CONTROL", "perhaps"),
        ("FANWIRE_ALLOWED_PORTS", "0"),
        ("FANWIRE_LEASE", ""),
        ("FANWIRE_WIRE_URL", "wire.example"),
        ("FANWIRE_NOTICE_URL", "hooks.example/notices"),
        ("FANWIRE_NOTICE_URL", "https://[::1/notices"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, said: str
) -> None:
    monkeypatch.setenv(variable, said)
    with pytest.raises(ConfigurationRefused, match=variable):
        settings()


# --- secrets in files


def test_a_secret_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("geheim-geheim-geheim-geheim\n")
    monkeypatch.setenv("FANWIRE_WEB_KEY_FILE", str(tmp_path / "key"))
    assert settings().web_key.get_secret_value() == "geheim-geheim-geheim-geheim"


def test_only_what_is_secret_is_looked_for_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lease").write_text("77")
    monkeypatch.setenv("FANWIRE_LEASE_FILE", str(tmp_path / "lease"))
    assert settings().lease != 77.0


def test_a_secret_in_two_places_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:  # fmt: skip
    (tmp_path / "key").write_text("geheim-geheim-geheim-geheim")
    monkeypatch.setenv("FANWIRE_WEB_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("FANWIRE_WEB_KEY", "geheim-geheim-geheim-anders")
    with pytest.raises(ConfigurationRefused, match="FANWIRE_WEB_KEY: is set, and so is FANWIRE_WEB_KEY_FILE") as told:
        settings()
    assert "geheim" not in str(told.value)


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FANWIRE_LEDGER_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigurationRefused, match=r"FANWIRE_LEDGER_URL_FILE: .*/none cannot be read: No such file"):
        settings()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ALLOWED_PORTS", "1,x", "must be a whole number, not 'x'"),
        ("LEASE", "5", "FANWIRE_LEASE (5.0 s) must exceed FANWIRE_DEADLINE (30.0 s) by more than 5 s"),
        (
            "WIRE_OUTLETS",
            "6500",
            "FANWIRE_WIRE_OUTLETS, FANWIRE_WIRE_EDITORS and FANWIRE_WIRE_COUNTRIES must be set all",
        ),
        ("SMTP_URL", "smtp://relay.example", "FANWIRE_SMTP_URL needs FANWIRE_SMTP_FROM"),
    ],
)
def test_what_is_refused_has_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"FANWIRE_{name}", value)
    with pytest.raises(ConfigurationRefused) as refused:
        settings()
    [problem] = refused.value.problems
    assert problem.field == f"FANWIRE_{name}"
    assert problem.problem.startswith(says)
