"""Posts of WordPress: each case against a double of its API, and against a real site where one can be started."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.delivery import answering, payloads, transports
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.transports.wordpress_site import _shown_from
from tasks.delivery.verdicts import Judgement
from tasks.formatting import Wire, make_rendition
from tasks.ledger import counts, outlets, releases
from tasks.model.codes import Code
from tasks.model.media import MediaFile
from tasks.model.outlet import Outlet
from tasks.model.release import supplied
from tasks.model.states import Verdict
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.support import samples
from tests.support.authority import Authority
from tests.support.drains import drain
from tests.support.threads import PATIENCE
from tests.support.wordpress import DESK, MISSING, READER, Site, real_site
from tests.support.wordpress_double import WordPressDouble, double_site

RECEIVED = datetime(2026, 11, 22, 9, 30, 15, tzinfo=UTC)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6364f8ffbf1e000584027f5ea3f8"
    "ec0000000049454e44ae426082"
)
HREF = "https://acme.example/plant.png?size=full&v=1"


def deliver(bench: Any, receiver: Outlet, request: DeliveryRequest, deadline: float = PATIENCE) -> Judgement:
    """One attempt from its first step to its verdict."""
    bench.transfers.start(transports.prepare(receiver, request, key=1, deadline=deadline, now=time.time()))
    (answer,) = bench.wait(1)
    return transports.judge(receiver, answer, time.time())


def outlet(url: str, user: str = DESK, secret: str | None = None, **fields: Any) -> Outlet:
    auth = {"type": "basic", "user": user, "secret": f"env:FANWIRE_SECRET_{(secret or user).upper()}"}
    return samples.outlet(format="wordpress", url=url, **({"auth": auth} | fields))


def request(version: int = 1, action: str = "publish", language: str = "en", **fields: Any) -> DeliveryRequest:
    """A delivery of the sample release; `fields` are of the release."""
    more: dict[str, Any] = {"status": "canceled"} if action == "kill" else {}
    release = samples.release(version=version, **(more | fields))
    text = supplied(release, language)
    assert text is not None
    wire = Wire(name="Fanwire", url="https://fanwire.example/")
    rendition = make_rendition(release, text, "wordpress", wire, RECEIVED, RECEIVED, test=action == "test")
    return DeliveryRequest(
        key=f"fw_{version}",
        release=release.uri,
        version=version,
        action=action,
        language=language,
        outlet_language=language,
        content_type=rendition.content_type,
        body=rendition.body,
    )


def picture(id: str = "plant", content: bytes = PIXEL, content_type: str = "image/png", name: str = "") -> MediaFile:
    return MediaFile(
        id=id, name=name or f"{id}.png", content_type=content_type, bytes=len(content),
        sha256=sha256(content).hexdigest(), read=lambda: content,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    secrets.forget()
    monkeypatch.setenv("FANWIRE_SECRET_WRONG", "0000 0000 0000 0000 0000 0000")
    yield
    secrets.forget()


@pytest.fixture(scope="module")
def double() -> Iterator[tuple[Site, WordPressDouble]]:
    with double_site() as made:
        yield made


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if MISSING:
        pytest.skip(MISSING)
    with real_site(tmp_path_factory.mktemp("wordpress")) as site:
        yield site


def known(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    """Let outlets name the passwords of a site."""
    for user, password in site.passwords.items():
        monkeypatch.setenv(f"FANWIRE_SECRET_{user.upper()}", password)


@pytest.fixture(params=["double", "real"])
def site(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site without posts: the double, or a real one."""
    made: Any = request.getfixturevalue(request.param)
    found: Site = made if isinstance(made, Site) else made[0]
    if not isinstance(made, Site):
        made[1].forget()
    known(monkeypatch, found)
    found.clear()
    return found


@pytest.fixture
def watched(double: tuple[Site, WordPressDouble], monkeypatch: pytest.MonkeyPatch) -> tuple[Site, WordPressDouble]:
    """The double, without posts, and with a view of what it is asked."""
    known(monkeypatch, double[0])
    double[1].forget()
    double[0].clear()
    double[1].forget()
    return double


class TestOnEverySite:
    def test_a_release_is_a_post(self, bench: Any, site: Site) -> None:
        judgement = deliver(bench, outlet(site.url), request())
        assert (judgement.verdict, judgement.code) == (Verdict.DELIVERED, Code.DONE)
        (post,) = site.posts()
        assert judgement.detail.startswith(f"publish: posts/{post['id']} http://")
        sent = json.loads(request().body)
        assert (post["slug"], post["status"], post["title"]) == (sent["slug"], "publish", sent["title"])
        assert post["content"] == sent["content"]

    def test_the_same_delivery_twice_is_one_post(self, bench: Any, site: Site) -> None:
        verdicts = [deliver(bench, outlet(site.url), request()).verdict for _ in range(2)]
        assert verdicts == [Verdict.DELIVERED] * 2
        assert len(site.posts()) == 1

    def test_a_correction_updates_the_post_and_leaves_the_desks_choices(self, bench: Any, site: Site) -> None:
        receiver = outlet(site.url)
        deliver(bench, receiver, request())
        (first,) = site.posts()
        site.ask("POST", f"posts/{first['id']}", {"status": "pending"})
        judgement = deliver(bench, receiver, request(2, "correct", headline="Acme opens two plants"))
        assert judgement.verdict is Verdict.DELIVERED
        (post,) = site.posts()
        assert (post["id"], post["status"], post["title"]) == (first["id"], "pending", "Acme opens two plants")

    def test_a_kill_trashes_the_post_once_and_for_all(self, bench: Any, site: Site) -> None:
        deliver(bench, outlet(site.url), request())
        verdicts = [deliver(bench, outlet(site.url), request(2, "kill")) for _ in range(2)]
        assert [one.verdict for one in verdicts] == [Verdict.DELIVERED] * 2
        assert "nothing to withdraw" in verdicts[1].detail
        assert not site.posts()
        (trashed,) = site.posts("trash")
        assert trashed["slug"] == f"{json.loads(request().body)['slug']}__trashed"

    def test_after_a_kill_a_new_version_is_a_new_post(self, bench: Any, site: Site) -> None:
        for one in (request(), request(2, "kill"), request(3, "publish")):
            assert deliver(bench, outlet(site.url), one).verdict is Verdict.DELIVERED
        (post,) = site.posts()
        assert post["slug"] == json.loads(request().body)["slug"]

    def test_a_test_is_a_draft(self, bench: Any, site: Site) -> None:
        assert deliver(bench, outlet(site.url), request(action="test")).verdict is Verdict.DELIVERED
        assert [post["status"] for post in site.posts()] == ["draft"]

    def test_options_say_where_the_post_goes(self, bench: Any, site: Site) -> None:
        options = {"status": "pending", "author": 1, "categories": [1], "permalinks": "plain"}
        assert deliver(bench, outlet(site.url, transport=options), request()).verdict is Verdict.DELIVERED
        (post,) = site.posts()
        assert (post["status"], post["author"], post["categories"]) == ("pending", 1, [1])

    def test_another_kind_of_post(self, bench: Any, site: Site) -> None:
        deliver(bench, outlet(site.url, transport={"type": "pages"}), request())
        assert (len(site.posts(type="pages")), len(site.posts())) == (1, 0)
        assert (
            deliver(bench, outlet(site.url, transport={"type": "pages"}), request(2, "kill")).verdict
            is Verdict.DELIVERED
        )
        assert not site.posts(type="pages")

    @pytest.mark.parametrize(
        ("fields", "verdict", "code", "text"),
        [
            ({"secret": "wrong"}, Verdict.REJECTED, Code.LOGIN, "application password"),
            ({"user": READER}, Verdict.REJECTED, Code.LOGIN, "may not do this"),
            ({"transport": {"type": "no-such"}}, Verdict.REJECTED, "http_404", "rest_no_route"),
            ({"transport": {"author": 99}}, Verdict.REJECTED, "http_400", "rest_invalid_author"),
        ],
    )
    def test_refused(self, bench: Any, site: Site, fields: Any, verdict: Verdict, code: str, text: str) -> None:
        judgement = deliver(bench, outlet(site.url, **fields), request())
        assert (judgement.verdict, judgement.code) == (verdict, code)
        assert text in judgement.detail
        assert not site.posts()

    def test_a_file_is_uploaded_once_and_is_the_featured_image(self, bench: Any, site: Site) -> None:
        one = replace(request(), media=(picture(),))
        other = replace(request(uri="urn:newsml:acme.example:other"), media=(picture("other"),))
        for delivered in (one, other, one):
            assert deliver(bench, outlet(site.url), delivered).verdict is Verdict.DELIVERED
        (file,) = site.files()
        assert [post["featured_media"] for post in site.posts()] == [file["id"]] * 2

    def test_the_post_shows_a_file_from_the_sites_library(self, bench: Any, site: Site) -> None:
        item = {"id": "plant", "type": "picture", "url": HREF}
        shown = '<p>See:</p><figure><img src="media:plant" alt="A hall"><figcaption>Porto</figcaption></figure>'
        made = request(media=[item], body_html=shown)
        assert escape(HREF) in json.loads(made.body)["content"]
        deliver(bench, outlet(site.url), replace(made, media=(picture(),)))
        (post,), (file,) = site.posts(), site.files()
        assert f'src="{file["source_url"]}"' in post["content"]
        assert escape(HREF) not in post["content"]

    def test_a_file_that_a_site_does_not_take_is_left_out(self, bench: Any, site: Site) -> None:
        program = picture("setup", b"MZ", "application/x-msdownload", "setup.exe")
        judgement = deliver(bench, outlet(site.url), replace(request(), media=(program, picture())))
        assert judgement.verdict is Verdict.DELIVERED
        assert "without setup.exe: 500 rest_upload_sideload_error" in judgement.detail
        assert (len(site.posts()), len(site.files())) == (1, 1)

    def test_files_stay_with_the_wire(self, bench: Any, site: Site) -> None:
        deliver(bench, outlet(site.url, transport={"media": "link"}), replace(request(), media=(picture(),)))
        assert not site.files()
        assert site.posts()[0]["featured_media"] == 0


@pytest.mark.parametrize(
    ("content", "moved"),
    [
        ('<img src="a?b&amp;c" alt="x">', '<img src="N&amp;" alt="x">'),
        ('<a href="a?b&amp;c">paper</a>', '<a href="N&amp;">paper</a>'),
        ('<img src="a?b&amp;cd">', '<img src="a?b&amp;cd">'),
        ("<p>a?b&amp;c</p>", "<p>a?b&amp;c</p>"),
    ],
)
def test_shown_from(content: str, moved: str) -> None:
    assert _shown_from(content, "a?b&c", "N&") == moved


def test_shown_from_an_address_with_brackets() -> None:
    assert _shown_from('<img src="a?&#91;b]">', "a?[b]", "N") == '<img src="N">'


@pytest.mark.parametrize(
    ("options", "status", "url"),
    [({}, "published", r"http://site\.example/acme-.*"), ({"status": "draft"}, "accepted", None)],
)
def test_a_site_says_where_the_release_was_published(
    bench: Any, watched: Any, options: Any, status: str, url: str | None
) -> None:
    receiver = outlet(watched[0].url, transport=options)
    bench.transfers.start(transports.prepare(receiver, request(), key=1, deadline=PATIENCE, now=0))
    (answer,) = bench.wait(1)
    said = answering.in_body(answer.answer)
    assert said is not None
    assert said.status == status
    assert said.url is url is None or re.fullmatch(url or "", said.url or "")


class TestTroubles:
    """What only a double does when it is asked to."""

    @pytest.mark.parametrize(
        ("line", "status", "verdict", "code"),
        [
            ("GET /posts", 500, Verdict.FAILED, "http_500"),
            ("GET /posts", 410, Verdict.REJECTED, "http_410"),
            ("POST /posts", 413, Verdict.REJECTED, "http_413"),
            ("POST /posts", 507, Verdict.FAILED, "http_507"),
            ("POST /posts", 503, Verdict.FAILED, "http_503"),
            ("POST /posts", 301, Verdict.REJECTED, "redirect"),
            ("POST /media", 507, Verdict.FAILED, "http_507"),
            ("GET /posts", 200, Verdict.FAILED, Code.UNFINISHED),
            ("POST /posts", 200, Verdict.FAILED, Code.UNFINISHED),
            ("GET /media", 200, Verdict.FAILED, Code.UNFINISHED),
        ],
    )
    def test_what_a_proxy_before_it_answers(
        self, bench: Any, watched: Any, line: str, status: int, verdict: Verdict, code: str
    ) -> None:
        site, double = watched
        double.before = lambda asked: (status, b"<h1>A page</h1>") if asked.line == line else None
        judgement = deliver(bench, outlet(site.url), replace(request(), media=(picture(),)))
        assert (judgement.verdict, judgement.code, judgement.disable_outlet) == (verdict, code, False)
        double.forget()
        assert deliver(bench, outlet(site.url), replace(request(), media=(picture(),))).verdict is Verdict.DELIVERED
        assert len(site.posts()) == len(site.files()) == 1

    @pytest.mark.parametrize(
        ("line", "verdict"),
        [("GET /posts", Verdict.FAILED), ("POST /media", Verdict.FAILED), ("POST /posts", Verdict.UNSURE)],
    )
    def test_a_lost_answer_makes_no_second_post(self, bench: Any, watched: Any, line: str, verdict: Verdict) -> None:
        site, double = watched

        def cut(asked: Any) -> None:
            if asked.line == line:
                raise ConnectionError

        double.after = cut
        delivered = replace(request(), media=(picture(),))
        assert deliver(bench, outlet(site.url), delivered).verdict is verdict
        double.forget()
        assert deliver(bench, outlet(site.url), delivered).verdict is Verdict.DELIVERED
        assert len(site.posts()) == len(site.files()) == 1

    def test_two_attempts_at_once_make_one_post_and_one_file(self, bench: Any, watched: Any) -> None:
        site, double = watched
        met = threading.Barrier(2)

        def together(asked: Any) -> None:
            if asked.line in ("GET /media", "GET /posts") and double.lines().count(asked.line) <= 2:
                met.wait(PATIENCE)

        double.after = together
        delivered = replace(request(), media=(picture(),))
        for key in range(2):
            bench.transfers.start(transports.prepare(outlet(site.url), delivered, key=key, deadline=PATIENCE, now=0))
        answers = bench.wait(2)
        verdicts = [transports.judge(outlet(site.url), answer, 0).verdict for answer in answers]
        assert verdicts == [Verdict.DELIVERED] * 2
        (post,), (file,) = site.posts(), site.files()
        assert (post["slug"], post["featured_media"]) == (json.loads(delivered.body)["slug"], file["id"])

    def test_a_slow_site_is_given_up_in_time(self, bench: Any, watched: Any) -> None:
        site, double = watched
        over = threading.Event()
        double.after = lambda asked: over.wait(PATIENCE) if asked.method == "POST" else None
        judgement = bench.run_out(
            lambda _: "POST" in {asked.method for asked in double.asked},
            lambda seconds: deliver(bench, outlet(site.url), request(), seconds),
        )
        over.set()
        assert (judgement.verdict, judgement.code) == (Verdict.UNSURE, Code.TIMEOUT)

    def test_a_post_that_is_removed_meanwhile_is_made_again(self, bench: Any, watched: Any) -> None:
        site, double = watched
        deliver(bench, outlet(site.url), request())
        (old,) = site.posts()
        double.after = lambda asked: double.items["posts"].clear() if asked.line == "GET /posts" else None
        assert deliver(bench, outlet(site.url), request(2, "correct")).verdict is Verdict.DELIVERED
        assert double.lines()[-2:] == [f"POST /posts/{old['id']}", "POST /posts"]

    def test_a_site_without_a_trash_takes_the_post_off(self, bench: Any, watched: Any) -> None:
        site, double = watched
        deliver(bench, outlet(site.url), request())
        double.before = lambda asked: (501, b"{}") if asked.method == "DELETE" else None
        assert deliver(bench, outlet(site.url), request(2, "kill")).verdict is Verdict.DELIVERED
        assert [post["status"] for post in site.posts()] == ["draft"]

    @pytest.mark.parametrize("status", [404, 410])
    def test_a_post_that_is_gone_needs_no_kill_and_disables_nobody(self, bench: Any, watched: Any, status: int) -> None:
        site, double = watched
        deliver(bench, outlet(site.url), request())
        double.before = lambda asked: (status, b"{}") if asked.method == "DELETE" else None
        judgement = deliver(bench, outlet(site.url), request(2, "kill"))
        assert (judgement.verdict, judgement.disable_outlet) == (Verdict.DELIVERED, False)

    def test_a_file_that_cannot_be_read_is_our_fault(self, bench: Any, watched: Any) -> None:
        def lost() -> bytes:
            raise FileNotFoundError("gone")

        judgement = deliver(bench, outlet(watched[0].url), replace(request(), media=(replace(picture(), read=lost),)))
        assert (judgement.verdict, judgement.detail) == (
            Verdict.OURS, "plant.png cannot be read from the store of media: gone",
        )  # fmt: skip
        assert not watched[0].posts()

    def test_a_refused_address(self, make_bench: Callable[..., Any], watched: Any) -> None:
        site, double = watched
        judgement = deliver(make_bench(allowed=lambda _: False), outlet(site.url), request())
        assert (judgement.verdict, double.asked) == (Verdict.BLOCKED, [])

    @pytest.mark.parametrize(
        ("line", "status", "said", "verdict"),
        [
            ("GET /posts", 200, b"[" * 60_000, Verdict.FAILED),
            ("GET /posts", 404, b'{"code":' * 7_000, Verdict.REJECTED),
            ("POST /posts", 201, b'{"id": 7, "link": ' + b"[" * 50_000, Verdict.FAILED),
            ("POST /posts", 201, rb'{"id": 7, SLUG, "link": "http://a/\ud800"}', Verdict.DELIVERED),
            ("POST /posts", 201, rb'{"id": 7, "status": "\ud800\u0000\u001b", SLUG, "link": 7}', Verdict.DELIVERED),
            ("POST /posts", 201, b'{"id": 7, SLUG, "link": "' + b"x" * 50_000 + b'"}', Verdict.DELIVERED),
            ("POST /posts", 201, b'{"id": 7, SLUG, "link": "http://a/PASSWORD"}', Verdict.DELIVERED),
            ("POST /media", 201, rb'{"id": 8, "slug": "fanwire-", "source_url": "\ud800"}', Verdict.DELIVERED),
        ],
    )
    def test_whatever_a_site_says_ends_one_delivery_and_not_all(
        self, bench: Any, watched: Any, line: str, status: int, said: bytes, verdict: Verdict
    ) -> None:
        site, double = watched
        delivered, password = replace(request(), media=(picture(),)), site.passwords[DESK]
        slug = json.dumps(json.loads(delivered.body)["slug"]).encode()
        said = said.replace(b"SLUG", b'"slug": ' + slug).replace(b"PASSWORD", password.encode())
        said = said.replace(b"fanwire-", b"fanwire-" + picture().sha256[:24].encode())
        double.before = lambda asked: (status, said) if asked.line == line else None
        judgement = deliver(bench, outlet(site.url), delivered)
        assert judgement.verdict is verdict
        assert len(judgement.detail) <= 200
        assert judgement.detail.isprintable()
        assert password not in judgement.detail

    def test_the_password_is_in_no_verdict(self, bench: Any, watched: Any) -> None:
        site, double = watched
        said = json.dumps({"code": "x", "message": f"not {site.passwords[DESK]}", "data": {}}).encode()
        double.before = lambda _: (400, said)
        judgement = deliver(bench, outlet(site.url), request())
        assert "***" in judgement.detail
        assert site.passwords[DESK] not in judgement.detail


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[tuple[Site, WordPressDouble]]:
    """A site that asks for a certificate of the tests' authority."""
    context = authority.context("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.bundle)
    with double_site(context) as made:
        yield made


def test_the_words_of_a_password_are_not_struck_from_what_is_read(bench: Any, watched: Any) -> None:
    site, double = watched
    double.before = lambda _: (400, json.dumps({"code": "x", "message": "not ABCD"}).encode())
    assert deliver(bench, outlet(site.url), request()).detail == "400 x: not ABCD"


def test_through_the_ledger(watched: Any, sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    site, double = watched
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "127.0.0.0/8")
    settings.cache_clear()
    payloads.forget_renditions()

    def sent(version: int, **fields: Any) -> tuple[list[str], list[str], list[Any]]:
        """The requests for one more version, the states of its delivery, and what became of all so far."""
        before = len(double.asked)
        with ledger.write() as connection:
            outlets.put(connection, [outlet(site.url)], time.time())
            id = releases.take(connection, samples.release(version=version, **fields), time.time()).release_id
        planning.plan(id, time.time())
        build_renditions(id, "en")
        drain()
        with ledger.read() as connection:
            said = connection.exec_driver_sql("SELECT status, url FROM publications ORDER BY delivery_id").all()
            return double.lines()[before:], list(counts.total(counts.states(connection, id))), [*map(tuple, said)]

    lines, states, said = sent(1)
    (post,) = site.posts()
    published = ("published", f"http://site.example/{post['slug']}/")
    assert (lines, states, said) == (["GET /posts", "POST /posts"], ["delivered"], [published])
    lines, states, said = sent(2, headline="Acme opens two plants", correction_note="Two.")
    assert (lines, states) == (["GET /posts", f"POST /posts/{post['id']}"], ["delivered"])
    assert said == [published] * 2
    lines, states, said = sent(3, status="canceled", correction_note="None.")
    assert (lines, states) == (["GET /posts", f"DELETE /posts/{post['id']}"], ["delivered"])
    assert (site.posts(), said[2:]) == ([], [("accepted", None)])


class TestOverTls:
    def test_with_our_certificate(
        self, bench: Any, secure: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site, double = secure
        known(monkeypatch, site)
        monkeypatch.setenv("FANWIRE_SECRET_PEM", authority.certificate("client.example").read_text())
        receiver = outlet(site.url)
        with_certificate = {"auth": receiver.auth.model_copy(update={"certificate": "env:FANWIRE_SECRET_PEM"})}
        assert deliver(bench, receiver.model_copy(update=with_certificate), request()).verdict is Verdict.DELIVERED
        assert double.lines() == ["GET /posts", "POST /posts"]

    def test_without_it(self, bench: Any, secure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        known(monkeypatch, secure[0])
        judgement = deliver(bench, outlet(secure[0].url), request())
        assert (judgement.verdict, judgement.code) == (Verdict.FAILED, Code.TLS)

    def test_a_site_with_a_wrong_certificate(
        self, bench: Any, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with double_site(authority.context("other.example")) as (site, double):
            known(monkeypatch, site)
            judgement = deliver(bench, outlet(site.url), request())
        assert (judgement.verdict, judgement.code, double.asked) == (Verdict.FAILED, Code.TLS, [])
