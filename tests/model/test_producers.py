"""The producers file: what it refuses, and what each producer may send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.model import rights
from tasks.model.documents import DocumentRefused, read
from tasks.model.producers import LARGEST_FILE, DoorProducer, Producers, read_producers
from tests.support.samples import release

FILE = """
producers:
  acme:
    keys: [env:ACME_KEY, file:/run/secrets/acme]
    issuers: [Acme Robotics]
    circuits: [dach, iberia]
    uris: ["urn:newsml:acme.example:"]
  agency:
    keys: env:AGENCY_KEY
  lab:
    keys: env:LAB_KEY
    uris: ["urn:newsml:acme.example:lab:", "https://lab.example/"]
"""
ACME = "urn:newsml:acme.example:"


@pytest.fixture
def producers(tmp_path: Path) -> Producers:
    (tmp_path / "producers.yaml").write_text(FILE)
    return read_producers(tmp_path / "producers.yaml")


def refused(producers: Producers, name: str, **fields: Any) -> list[str]:
    """The fields for which a release is refused."""
    return [problem.field for problem in rights.problems(producers.producers, name, release(**fields))]


@pytest.mark.parametrize(
    ("name", "uri", "may", "named"),
    [
        ("acme", f"{ACME}1", True, True),
        ("acme", "URN:NewsML:ACME.example:1", True, True),
        ("acme", f"{ACME}lab:1", False, False),  # a longer prefix is another's
        ("acme", "urn:newsml:acme.exampl", False, False),
        ("acme", "urn:x:1", False, False),
        ("lab", f"{ACME}lab:1", True, True),
        ("lab", f"{ACME}1", False, False),
        ("lab", "https://lab.example/1", True, True),
        ("lab", "https://lab.example.evil.example/1", False, False),
        ("agency", "urn:x:1", True, False),  # nobody is given it
        ("agency", f"{ACME}1", False, False),
        ("agency", "urn:newsml:Acme.Example:1", False, False),
        ("agency", "https://lab.example/1", False, False),
    ],
)
def test_a_uri_belongs_to_the_longest_prefix(producers: Producers, name: str, uri: str, may: bool, named: bool) -> None:
    fields = {"uri": uri, "circuits": ["dach"], "issuer": {"name": "Other" if name != "acme" else "Acme Robotics"}}
    assert (refused(producers, name, **fields) == []) is may
    assert rights.names_uri(producers.producers, name, uri) is named


KILL = {"status": "canceled", "body_html": None}


@pytest.mark.parametrize(
    ("name", "fields", "refusals"),
    [
        ("acme", {"circuits": ["dach"]}, []),
        ("acme", {"circuits": ["dach"], "issuer": {"name": "ACME  Robotics"}}, []),
        ("acme", {"circuits": ["dach"], "issuer": {"name": "Acme Robotics AG"}}, ["issuer.name"]),
        ("acme", {"circuits": ["dach"], "issuer": None}, ["issuer"]),
        ("acme", {"circuits": ["dach", "other"]}, ["circuits"]),
        ("acme", {"circuits": []}, ["circuits"]),  # would go to all outlets
        ("acme", {"circuits": [], "issuer": None, **KILL}, []),
        ("acme", {"circuits": ["other"], **KILL}, ["circuits"]),
        ("agency", {"uri": "urn:x:1", "issuer": {"name": "Anybody"}}, []),
        ("agency", {"uri": "urn:x:1", "issuer": None}, []),
        ("agency", {"uri": "urn:x:1", "issuer": {"name": "acme robotics"}}, ["issuer.name"]),  # named for another
    ],
)
def test_issuers_and_circuits(producers: Producers, name: str, fields: dict[str, Any], refusals: list[str]) -> None:
    assert refused(producers, name, **fields) == refusals


def test_what_is_refused_says_nothing_of_other_producers(producers: Producers) -> None:
    said = str(rights.problems(producers.producers, "agency", release(issuer={"name": "Acme Robotics"}))).lower()
    assert "uri" in said
    assert not [word for word in ("acme", "lab", "env:") if word in said]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must be an object"),
        ("{}", "producers: is required"),
        ("producers: {acme: {}}", "producers.acme.keys: is required"),
        ("producers: {acme: {keys: []}}", "producers.acme.keys: must not be empty"),
        ("producers: {acme: {keys: Geheimnis}}", "must name where the secret is"),
        ("producers: {Acme: {keys: env:K}}", "must be lower-case"),
        ("producers: {acme: {keys: env:K, uri: [x]}}", "is not a known field"),
        ("producers: {acme: {keys: env:K, uris: ['urn:newsml:acme']}}", "must end in"),
        ("producers: {acme: {keys: env:K}, acme: {keys: env:L}}", "stands there twice"),
        ("producers: [", "is not YAML"),
        ("\xff", "is not UTF-8"),
        ("#" * (LARGEST_FILE + 1), "is larger than"),
    ],
)
def test_a_file_that_is_wrong_is_refused_and_shows_no_key(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "p.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(DocumentRefused, match=says) as caught:
        read_producers(tmp_path / "p.yaml")
    assert "Geheimnis" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"webhook": "https://acme.example/"}, "belong together"),
        ({"webhook_key": "env:FANWIRE_WEBHOOK_ACME"}, "belong together"),
        ({"webhook": "ftp://acme.example/", "webhook_key": "env:K"}, "must be a web address"),
        ({"webhook": "https://u:Geheimnis@acme.example/", "webhook_key": "env:K"}, "no user and no password"),
        ({"webhook": "https://1.2.3/", "webhook_key": "env:K"}, "is no address"),
        ({"webhook": "https://acme.example/", "webhook_key": "Geheimnis"}, "must name where the secret is"),
        ({"per_day": 0}, "must be 1 or more"),
    ],
)
def test_a_producer_of_the_door_that_is_wrong_is_refused_and_shows_no_secret(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(DocumentRefused, match=says) as caught:
        read(DoorProducer, fields, "producer")
    assert "Geheimnis" not in str(caught.value)


def test_who_sends_unsigned_may_not_use_what_was_given_to_a_producer(producers: Producers) -> None:
    """While no file says who may send, and producers come to the door."""
    given = release(uri="urn:x:1", issuer={"name": "Acme Robotics"})
    assert [one.field for one in rights.problems(producers.producers, None, given)] == ["issuer.name"]
    assert rights.problems(producers.producers, None, release(uri="urn:x:1", issuer={"name": "Anybody"})) == []
    assert rights.problems({}, None, given) == []


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentRefused, match="No such file"):
        read_producers(tmp_path / "p.yaml")


def test_a_file_without_producers_lets_nobody_send(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("producers: {}")
    assert read_producers(tmp_path / "p.yaml").producers == {}
