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
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, said: str
) -> None:
    monkeypatch.setenv(variable, said)
    with pytest.raises(ConfigurationRefused, match=variable):
        settings()
