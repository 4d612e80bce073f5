"""The outlet document, and files with thousands of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tasks import ledger
from tasks.ledger import outlets
from tasks.model.documents import DocumentRefused
from tasks.model.outlet import Outlet, read_outlet
from tasks.model.readers.outlet_files import read_outlets
from tasks.runtime.settings import settings
from tests.support.command_line import app
from tests.support.renditions import one_of
from workers.offered import offered

GOOD: dict[str, Any] = {
    "id": "berliner-bote",
    "name": "Berliner Bote",
    "country": "DE",
    "languages": ["de"],
    "url": "https://bote.example/wire",
}
OAUTH2 = {
    "type": "oauth2", "secret": "env:FANWIRE_SECRET_A", "client_id": "wire", "token_url": "https://bote.example/token",
}  # fmt: skip
SITE: dict[str, Any] = {
    "url": "wordpress+https://blog.example",
    "format": "wordpress",
    "auth": {"type": "basic", "user": "wire", "secret": "env:FANWIRE_SECRET_A"},
}
MANY = 1500
BAD = {17: {"url": "gopher://x.example/"}, 700: {"languages": []}, 1499: {"country": "Germany"}}


def rows(count: int = MANY, bad: dict[int, Any] = BAD) -> list[dict[str, Any]]:
    return [GOOD | {"id": f"o-{n:04}"} | bad.get(n, {}) for n in range(count)]


def write(path: Path, documents: list[dict[str, Any]]) -> Path:
    """A file of outlets in the form that its name says."""
    if path.suffix == ".json":
        path.write_text(json.dumps(documents))
    elif path.suffix == ".yaml":
        path.write_text(yaml.safe_dump({"outlets": documents}))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(GOOD))
            writer.writeheader()
            writer.writerows(row | {"languages": " ".join(row["languages"])} for row in documents)
    return path


def imported() -> list[str]:
    with ledger.read() as connection:
        return [outlet.id for outlet in outlets.everyone(connection)]


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["outlets", *arguments])
    assert done.exit_code == status, done.output
    return done.output


@pytest.fixture
def _ledger(sqlite_ledger: None) -> None:
    """An empty one."""


# --- files


@pytest.mark.usefixtures("_ledger")
@pytest.mark.parametrize("suffix", [".json", ".yaml", ".csv"])
def test_a_file_with_three_bad_rows_names_them_and_imports_nothing(tmp_path: Path, suffix: str) -> None:
    file = write(tmp_path / f"outlets{suffix}", rows())
    lines = run("import", str(file), status=1).splitlines()
    where = "line {}" if suffix == ".csv" else "entry {}"
    offset = 2 if suffix == ".csv" else 1
    for line, number in zip(lines, BAD, strict=False):
        assert line.startswith(f"outlets{suffix}, {where.format(number + offset)}, outlet o-{number:04}: ")
    assert "url: begins with 'gopher'; Fanwire delivers over " in lines[0]
    assert lines[1].split(": ", 1)[1].startswith("languages: ")
    assert "country: is not an ISO 3166-1 country code" in lines[2]
    assert lines[3:] == [
        "0 outlets imported: 0 new, 0 changed, 0 unchanged; 3 refused",
        "Nothing was imported: correct these rows, or use --skip-bad.",
    ]
    assert imported() == []
    run("import", str(file), "--skip-bad", status=1)
    assert len(imported()) == MANY - 3


@pytest.mark.usefixtures("_ledger")
def test_importing_again_changes_documents_and_leaves_what_operations_decided(tmp_path: Path) -> None:
    file = write(tmp_path / "outlets.json", rows(3, {}))
    found = json.loads(run("import", str(file), "--json"))
    assert (found["imported"], found["refused"], found["problems"]) == (3, 0, [])
    run("pause", "o-0001")
    write(file, [row | {"name": "New name"} for row in rows(3, {})])
    run("import", str(file))
    shown = {entry["id"]: entry for entry in json.loads(run("list", "--json"))}
    assert {entry["name"] for entry in shown.values()} == {"New name"}
    assert shown["o-0001"]["status"] == "paused"
    run("resume", "o-0001")
    assert json.loads(run("show", "o-0001", "--json"))["status"] == "active"
    assert "no outlet 'nobody'" in run("pause", "nobody", status=1)


def test_a_csv_file_of_a_spreadsheet(tmp_path: Path) -> None:
    file = tmp_path / "outlets.csv"
    file.write_bytes(
        "\ufeffid,name,country,languages,topics,circuits,url,auth.type,auth.secret,limits.in_flight,headers.X-Desk\r\n"
        'bote,"Bote, Berliner",de,de;en,04000000; medtop:06000000,dach dach-business,https://b.example/,bearer,env:FANWIRE_SECRET_B,2,Ö\r\n'
        "kurz,Kurz,AT,de,,,https://k.example/,,,,\r\n"
        "\r\n".encode()
    )
    found = read_outlets(file, offered())
    assert not found.refused
    bote, kurz = found.outlets
    assert (bote.name, bote.country, bote.languages) == ("Bote, Berliner", "DE", ["de", "en"])
    assert (bote.topics, bote.circuits) == (["04000000", "06000000"], ["dach", "dach-business"])
    assert (bote.auth.type, bote.auth.secret, bote.limits.in_flight) == ("bearer", "env:FANWIRE_SECRET_B", 2)
    assert bote.headers == {"X-Desk": "Ö"}
    assert (kurz.topics, kurz.auth.type, kurz.limits.in_flight) == ([], "none", None)


@pytest.mark.parametrize("sign", [";", "\t", ","])
@pytest.mark.parametrize("before", ["", "\ufeff", "sep={}\r\n"])
def test_a_csv_file_says_itself_what_separates_its_cells(tmp_path: Path, sign: str, before: str) -> None:
    file = tmp_path / ("outlets.tsv" if sign == "\t" else "outlets.csv")
    lines = [
        list(GOOD),
        ["bote", 'Bote, "Berliner"', "DE", "de; en", "https://b.example/"],
        ["kurz", "K", "D", "de", "x"],
    ]
    text = "".join(sign.join('"' + cell.replace('"', '""') + '"' for cell in line) + "\r\n" for line in lines)
    file.write_bytes((before.format(sign) + text).encode())
    found = read_outlets(file, offered())
    assert [(one.name, one.languages) for one in found.outlets] == [('Bote, "Berliner"', ["de", "en"])]
    [(where, _)] = found.refused
    assert where == ("line 4" if before.startswith("sep") else "line 3")


def test_a_csv_file_that_is_not_utf_8_says_how_a_spreadsheet_saves_it(tmp_path: Path) -> None:
    file = tmp_path / "outlets.csv"
    file.write_bytes("id;name\r\nbote;Münchner Bote\r\n".encode("cp1252"))
    with pytest.raises(
        DocumentRefused, match="is not UTF-8: byte 15 cannot be read; save it in the spreadsheet as CSV UTF-8"
    ):
        read_outlets(file, offered())


def test_a_csv_row_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "outlets.csv"
    file.write_text(
        "id,name,country,languages,url\nbote,Bote,DE,de,https://b.example/,stray\nkurz,Kurz,DE,de,https://k.example/\n"
    )
    found = read_outlets(file, offered())
    [(where, refusal)] = found.refused
    assert where == "line 2"
    assert str(refusal) == (
        "outlet bote refused: (row): has 6 cells, and the header line 5: "
        "put a cell in quotes that has the separator in it"
    )
    assert [outlet.id for outlet in found.outlets] == ["kurz"]


HEADER = "id,name,country,languages,url\n"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "id,name,country,langauges,url,foo\n" + "a,A,DE,de,https://a.example/,x\n" * 1000,
            [
                "langauges: is not a column that an outlet has; did you mean languages?",
                "foo: is not a column that an outlet has; the columns are auth.audience, auth.certificate,",
                "languages: is missing: every outlet needs this column",
            ],
        ),
        (
            "id,name,country,languages,url,limits.in_flght,headers.X-Desk\na,A,DE,de,https://a.example/,2,x\n",
            ["limits.in_flght: is not a column that an outlet has; did you mean limits.in_flight?"],
        ),
        ("", ["(file): is empty: it must hold a header line and a line for each outlet"]),
        (HEADER, ["(file): has a header line and no outlets"]),
        (HEADER + ",,,,\n\n", ["(file): has a header line and no outlets"]),
        (
            HEADER + "a;A;DE;de;https://a.example/\nb;B;DE;de;https://b.example/\n",
            ["(file): separates the header line with ',' and the rows with ';': use one of them"],
        ),
        (
            HEADER.replace(",", "\t") + "a,A,DE,de,https://a.example/\n",
            ["(file): separates the header line with tabs and the rows with ',': use one of them"],
        ),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_said_once(tmp_path: Path, text: str, problems: list[str]) -> None:
    (tmp_path / "outlets.csv").write_text(text)
    with pytest.raises(DocumentRefused) as refused:
        read_outlets(tmp_path / "outlets.csv", offered())
    told = [str(problem) for problem in refused.value.problems]
    assert len(told) == len(problems), told
    assert all(line.startswith(start) for line, start in zip(told, problems, strict=True)), told


def test_a_file_whose_name_says_no_format_names_those_that_do(tmp_path: Path) -> None:
    (tmp_path / "outlets.txt").write_text(HEADER + "a,A,DE,de,https://a.example/\n")
    with pytest.raises(DocumentRefused, match=r"is read as YAML.*name it \.csv or \.tsv if it is a table"):
        read_outlets(tmp_path / "outlets.txt", offered())


def test_a_list_in_a_csv_cell_may_have_spaces_and_separators_around(tmp_path: Path) -> None:
    file = tmp_path / "outlets.csv"
    file.write_text('id,name,country,languages,url\nbote,Bote,DE," de ; en ;",https://b.example/\n')
    found = read_outlets(file, offered())
    assert not found.refused, found.refused
    assert found.outlets[0].languages == ["de", "en"]


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".csv"])
def test_an_id_that_stands_twice_is_refused_the_second_time(tmp_path: Path, suffix: str) -> None:
    found = read_outlets(write(tmp_path / f"outlets{suffix}", [GOOD, GOOD | {"name": "Other"}]), offered())
    assert [outlet.name for outlet in found.outlets] == ["Berliner Bote"]
    [(_, refusal)] = found.refused
    first = "line 2" if suffix == ".csv" else "entry 1"
    assert f"'berliner-bote' stands already in {first}" in str(refusal)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", b"{", "line 1"),
        ("a.json", b"{}", "list of outlets"),
        ("a.json", b'"x"', "list of outlets"),
        ("a.json", b"\xff", "not UTF-8: byte 0"),
        ("a.json", b"[" * 100_000, ""),
        ("a.json", b'[{"limits": {"in_flight": ' + b"9" * 5000 + b"}}]", ""),
        ("a.yaml", b"a: [", ""),
        ("a.yaml", b"- !!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("a.yaml", b"- " * 5000, "nested deeper than 20 levels"),
        ("a.yaml", b"- &a [*a]", "the alias '*a'"),
        (
            "a.yaml",
            b"- &a0 [x]\n" + b"".join(b"- &a%d [%s]\n" % (n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9)),
            "grow too much",
        ),
        ("a.yaml", b"", "list of outlets"),
        ("a.csv", b"\xff\xfe", "not UTF-8: byte 0"),
        ("missing.csv", None, "No such file"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_why(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DocumentRefused) as caught:
        read_outlets(tmp_path / name, offered())
    assert name in str(caught.value)
    assert says in str(caught.value)


def test_entries_that_are_no_objects_are_refused_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "outlets.json"
    file.write_text(json.dumps([GOOD, 7, None, "x", []]))
    found = read_outlets(file, offered())
    assert [where for where, _ in found.refused] == ["entry 2", "entry 3", "entry 4", "entry 5"]
    assert len(found.outlets) == 1


# --- documents


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"id": "Berliner Bote"}, "id", "lower-case"),
        ({"name": "two\nlines"}, "name", "single line"),
        ({"country": "D"}, "country", "two letters"),
        ({"country": "UK"}, "country", "United Kingdom is GB"),
        ({"country": "EU"}, "country", "two letters"),
        ({"languages": ["klingonisch"]}, "languages.0", "language tag"),
        ({"languages": "de"}, "languages", "must be a list, not text"),
        ({"auth": "geheim"}, "auth", "must be an object with fields, not text"),
        ({"format": "pdf"}, "format", f"must be {one_of()}, not 'pdf'"),
        ({"url": "bote.example"}, "url", "no scheme"),
        ({"url": "https://"}, "url", "no host"),
        ({"url": "https://a b.example/"}, "url", "spaces"),
        ({"url": "https://a.example:99999/"}, "url", "Port out of range"),
        ({"url": "https://a.example:22/"}, "url", "port 22 belongs to a service that is no outlet"),
        ({"url": "http://127.0.0.1:6379/"}, "url", "FANWIRE_ALLOWED_PORTS may allow it"),
        ({"url": "http://a.example/?api_key=geheim"}, "url", "a credential would go to a.example over http://"),
        ({"url": "https://[::1/"}, "url", ""),
        ({"url": "http://*:8080/"}, "url", "has the host '*', which is no name of a host"),
        ({"url": "https://*.bote.example/"}, "url", "has the host '*.bote.example', which is no name of a host"),
        ({"url": "https://bote..example/"}, "url", "has the host 'bote..example', which is no name of a host"),
        ({"url": "https://.bote.example/"}, "url", "no name of a host"),
        ({"url": "https://-bote.example/"}, "url", "no name of a host"),
        ({"url": f"https://{'b' * 64}.example/"}, "url", "no name of a host"),
        ({"url": f"https://{'b.' * 127}example/"}, "url", "no name of a host"),
        ({"url": "https://bote%2eexample/"}, "url", "no name of a host"),
        ({"url": "https://bote,example/"}, "url", "no name of a host"),
        ({"url": "https://☃☃\u2028.example/"}, "url", "spaces"),
        ({"url": "https://‘bote’.example/"}, "url", "no name of a host"),
        ({"url": "https://1.2.3/"}, "url", "has the host '1.2.3', which is no address: write it with four numbers"),
        ({"url": "https://300.1.1.1/"}, "url", "no address: write it with four numbers"),
        ({"url": "https://2130706433/"}, "url", "no address"),
        ({"url": "https://0x7f000001/"}, "url", "no address"),
        ({"url": "https://a.example:0/"}, "url", "port 0"),
        ({"url": "https://user:geheim@a.example/"}, "url", "under 'auth'"),
        ({"auth": {"type": "bearer"}}, "auth", "needs secret"),
        ({"auth": {"type": "basic", "secret": "env:FANWIRE_SECRET_A"}}, "auth", "needs user"),
        ({"auth": {"type": "header", "secret": "env:FANWIRE_SECRET_A"}}, "auth", "needs header"),
        ({"auth": {"secret": "env:FANWIRE_SECRET_A"}}, "auth", "has secret, which type 'none' does not send: add type"),
        ({"auth": {"user": "bote"}}, "auth", "has user, which type 'none' does not send: add type"),
        (
            {"auth": {"type": "bearer", "secret": "env:FANWIRE_SECRET_A", "user": "u", "header": "X-A"}},
            "auth",
            "has user and header, which type 'bearer' does not send: leave them out, or set type to",
        ),
        ({"auth": {"type": "oauth2", "secret": "env:FANWIRE_SECRET_A"}}, "auth", "needs token_url and client_id"),
        ({"auth": OAUTH2 | {"token_url": "http://a.example/"}}, "auth", "token_url a credential would go to a.example"),
        ({"auth": OAUTH2 | {"token_url": "https://a.example:22/"}}, "auth", "token_url port 22 belongs to a service"),
        ({"auth": OAUTH2 | {"token_url": "https://u:p@a.example/"}}, "auth", "token_url must not hold a user"),
        ({"auth": OAUTH2 | {"token_url": "https://a..b/"}}, "auth", "token_url has the host 'a..b'"),
        ({"auth": OAUTH2 | {"token_url": "ftp://a.example/"}}, "auth.token_url", "must be a web address"),
        ({"auth": {"scope": "all"}}, "auth", "has scope, which type 'none' does not send: add type 'oauth2'"),
        (
            {"url": "http://a.example/", "auth": {"certificate": "env:FANWIRE_SECRET_A"}},
            "auth",
            "has certificate, which is shown over TLS only",
        ),
        ({"transport": {"method": "PATCH"}}, "transport", "method: must be 'POST' or 'PUT'"),
        ({"url": "https://bote.example/{id}.json"}, "url", "has {id}; there are {release}, {slug}, {language}"),
        ({"url": "https://{slug}.example/"}, "url", "has the host '{slug}.example'"),
        ({"transport": {"part": "a b"}}, "transport", "part: must be the name of a field"),
        ({"transport": {"status": "draft"}}, "transport", "status: is not a known field; known fields are body, http,"),
        (SITE | {"auth": {}}, "auth", "type 'none' cannot be used over wordpress+https; 'basic' can"),
        (SITE | {"format": "ninjs"}, "url", "takes the format 'wordpress', not 'ninjs'"),
        (SITE | {"url": "wordpress+https://blog.example/wp-json/wp/v2"}, "url", "without /wp-json"),
        (SITE | {"url": "wordpress+https://blog.example/?p=1"}, "url", "without '?' and '#'"),
        (SITE | {"url": "wordpress+http://blog.example/"}, "auth", "would go to blog.example over http://"),
        (SITE | {"transport": {"categories": [0]}}, "transport", "categories.0: must be 1 or more"),
        (SITE | {"transport": {"type": "Posts"}}, "transport", "type: must be what the REST API calls the posts"),
        ({"auth": {"type": "bearer", "secret": "geheim"}}, "auth.secret", "must name where the secret is"),
        ({"auth": {"signing_secret": "whsec_geheim"}}, "auth.signing_secret", "must name where the secret is"),
        ({"auth": {"token": "env:A"}}, "auth.token", "known fields are audience, certificate, client_id, header"),
        ({"auth": {"type": "bearer", "secret": "env:HOME"}}, "auth.secret", "begin with FANWIRE_SECRET_"),
        ({"auth": {"signing_secret": "file:/etc/passwd"}}, "auth.signing_secret", "in the folder of secrets"),
        ({"headers": {"X-Api-Key": "geheim"}}, "headers", "'X-Api-Key' is for a credential: name it under 'auth'"),
        ({"headers": {"X-Desk": "Bearer geheim0123456789"}}, "headers", "'X-Desk' holds a credential"),
        ({"headers": {"X Desk": "a"}}, "headers.X Desk.[key]", "header's name"),
        ({"headers": {"X-Desk": "a\r\nX-Other: b"}}, "headers.X-Desk", "single line"),
        ({"limits": {"in_flight": 0}}, "limits.in_flight", "1 or more"),
        ({"machine_translation": "yes"}, "machine_translation", "'accept', 'approved' or 'refuse'"),
        ({"status": "gone"}, "status", "'active', 'paused', 'disabled' or 'unverified'"),
        ({"circuits": ["A"]}, "circuits.0", "lower-case"),
        ({"topics": ["4000000"]}, "topics.0", "eight digits"),
        ({"editor": "x"}, "editor", "known fields are auth, circuits"),
    ],
)
def test_a_refusal_names_field_and_problem(change: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(DocumentRefused) as caught:
        read_outlet(GOOD | change, offered())
    [problem] = caught.value.problems
    assert problem.field == field
    assert says in problem.problem
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        (
            "Authorization authorization PROXY-AUTHORIZATION Cookie X-Auth X-Auth-User X-Api-Key ApiKey Api-Token "
            "X-Access-Token X-AccessToken Ocp-Apim-Subscription-Key X-Functions-Key Private-Key X-Password X-Secret "
            "X-Client-Secret X-Credentials X-Session-Id X-Amz-Security-Token X-Jwt",
            True,
        ),
        ("X-Author X-Authority X-Desk Accept X-Keywords X-Key-Desk X-Routing-Key Surrogate-Key X-Monkey From", False),
    ],
)
def test_headers_hold_no_credential(names: str, *, refused: bool) -> None:
    for name in names.split():
        document = GOOD | {"headers": {name: "geheim"}}
        if refused:
            with pytest.raises(DocumentRefused, match=f"'{name}' is for a credential") as caught:
                read_outlet(document, offered())
            assert "geheim" not in str(caught.value)
        else:
            assert read_outlet(document, offered()).headers == {name: "geheim"}


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("Basic dTpnZWhlaW0tMDEyMw==", True),
        ("bearer abcdefghijklmnop", True),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", True),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", True),
        ("Basic news", False),
        ("bearer of news", False),
        ("Wirtschaft", False),
    ],
)
def test_values_of_headers_hold_no_credential(value: str, *, refused: bool) -> None:
    document = GOOD | {"headers": {"X-Desk": value}}
    if refused:
        with pytest.raises(DocumentRefused, match="holds a credential") as caught:
            read_outlet(document, offered())
        assert value not in str(caught.value)
    else:
        assert read_outlet(document, offered()).headers == {"X-Desk": value}


BEARER = {"type": "bearer", "secret": "env:FANWIRE_SECRET_A"}


@pytest.mark.parametrize(
    ("url", "auth", "refused"),
    [
        ("http://a.example/wire", BEARER, True),
        ("HTTP://a.example/wire", BEARER, True),
        ("http://8.8.8.8:8080/wire", BEARER, True),
        ("http://a.example/wire", {"signing_secret": "env:FANWIRE_SECRET_A"}, False),  # it is not sent
        ("http://a.example/wire", {}, False),
        ("https://a.example/wire", BEARER, False),
        ("http://127.0.0.1:8700/", BEARER, False),
        ("http://[::1]:8700/", BEARER, False),
        ("http://localhost:8700/", BEARER, False),
        ("http://10.1.2.3/", BEARER, False),
        ("http://desk.example./", BEARER, False),
    ],
)
def test_no_credential_goes_over_the_internet_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, url: str, auth: dict[str, str], *, refused: bool
) -> None:
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "10.0.0.0/8")
    monkeypatch.setenv("FANWIRE_PLAIN_HTTP_HOSTS", "Desk.example, 192.0.2.7")
    settings.cache_clear()
    document = GOOD | {"url": url, "auth": auth}
    if refused:
        with pytest.raises(DocumentRefused, match=r"auth: a credential would go to .* over http://"):
            read_outlet(document, offered())
    else:
        read_outlet(document, offered())


@pytest.mark.parametrize("port", [22, 25, 6379, 5432, 11211, 2375])
def test_a_port_of_another_service_is_refused_unless_it_is_allowed(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    document = GOOD | {"url": f"https://a.example:{port}/"}
    with pytest.raises(DocumentRefused):
        read_outlet(document, offered())
    monkeypatch.setenv("FANWIRE_ALLOWED_PORTS", "22, 25,6379,5432,11211,2375")
    settings.cache_clear()
    read_outlet(document, offered())


@pytest.mark.parametrize(
    "host",
    ["a.example", "a.example.", "localhost", "wire_1.a.example", "xn--mnchen-3ya.example", "münchen.example", "例え.jp",
     "127.0.0.1", "[2001:db8::1]", "1x.example", "3.example.com"],
)  # fmt: skip
def test_hosts_that_can_be_dialled_are_good(host: str) -> None:
    assert read_outlet(GOOD | {"url": f"https://{host}/wire"}, offered()).url == f"https://{host}/wire"


@pytest.mark.parametrize("port", [80, 443, 8000, 8080, 8443, 8700, 12000, 32768, 65535])
def test_ports_of_web_servers_are_good(port: int) -> None:
    read_outlet(GOOD | {"url": f"https://a.example:{port}/"}, offered())


def test_what_the_ledger_has_already_is_still_read() -> None:
    """An import would refuse it: it is sent as before, or waits for its secret, and `fanwire doctor` names it."""
    document = GOOD | {"headers": {"X-Api-Key": "x"}, "auth": {"secret": "env:HOME"}}
    assert Outlet.model_validate(document).auth.secret == "env:HOME"


def test_a_document_survives_the_ledger() -> None:
    outlet = read_outlet(
        GOOD
        | {
            "auth": {"type": "basic", "user": "u", "secret": "file:s"},
            "headers": {"X-A": ""},
            "limits": {"in_flight": 3},
        },
        offered(),
    )
    assert Outlet.model_validate_json(outlet.to_json()) == outlet


def test_a_key_that_stands_twice_is_refused_with_its_place(tmp_path: Path) -> None:
    """The last would win: here over `machine_translation: refuse`."""
    file = tmp_path / "outlets.yaml"
    lines = ["- id: porto-daily", "  machine_translation: refuse", "  name: Porto", "  machine_translation: accept"]
    file.write_text("\n".join(lines))
    with pytest.raises(DocumentRefused, match="line 4, column 3: 'machine_translation' stands there twice"):
        read_outlets(file, offered())
