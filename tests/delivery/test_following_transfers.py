"""Transfers that follow one another, wait for their turn, or are work on this machine; and e-mails."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pycurl
import pytest

from tasks.delivery.transfers import lanes
from tasks.delivery.transfers.local_work import THREADS_A_GROUP
from tasks.delivery.transfers.transfer import Answer, ErrorKind, Pool, Transfer, WorkFailed
from tasks.delivery.verdicts import judge, judge_outcome, unfinished
from tasks.model.codes import Code
from tasks.model.states import Verdict
from tests.support.mail_server import Closing
from tests.support.processes import until
from tests.support.stepped_time import RunningTime
from tests.support.threads import PATIENCE

TOKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken"
NO = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


def answering(*answers: bytes) -> Callable[[Any], None]:
    """A manner: answer the requests of a connection one after the other."""

    def manner(call: Any) -> None:
        for answer in answers:
            call.read()
            call.send(answer)

    return manner


def then_post(url: str) -> Callable[[Answer], Transfer | None]:
    """After a good answer, a POST to `url` with what was answered."""

    def following(answer: Answer) -> Transfer | None:
        if answer.status != 200:
            return None
        return Transfer(
            key=answer.transfer.key, url=url, body=b"the rendition", deadline=answer.transfer.deadline,
            headers=(f"Authorization: Bearer {answer.answer.decode()}",),
        )  # fmt: skip

    return following


class TestChains:
    def test_what_follows_is_sent_and_its_answer_comes_out(self, bench: Any, serve: Any) -> None:
        outlet = serve()
        source = serve(answering(TOKEN))
        answer = bench.send(
            source.url(), body=b"", secrets=("geheim",), decisive=False, then=then_post(outlet.url(path="/in"))
        )
        assert (answer.status, answer.transfer.url) == (200, outlet.url(path="/in"))
        (request,) = outlet.requests
        assert (request.headers["Authorization"], request.body) == ("Bearer token", b"the rendition")
        assert bench.transfers.in_flight == 0

    def test_nothing_follows_a_refusal(self, bench: Any, serve: Any) -> None:
        outlet = serve()
        answer = bench.send(serve(answering(NO)).url(), then=then_post(outlet.url()))
        assert (answer.status, outlet.connections) == (403, 0)

    def test_they_share_one_deadline(self, bench: Any, make_bench: Any, serve: Any) -> None:
        """Nearly all of it is gone when the first of them is answered; the rest is by the clock of libcurl."""
        asked, go_on = threading.Event(), threading.Event()

        def hang(call: Any) -> None:
            call.read()
            call.hang()

        def late(call: Any) -> None:
            call.read()
            asked.set()
            go_on.wait(PATIENCE)
            call.send(TOKEN)

        outlet, source = serve(hang), serve(late)

        def send(left: float) -> Answer:
            clock = RunningTime()
            asked.clear()
            go_on.clear()
            bench = make_bench(time_source=clock)
            bench.start("k", source.url(), deadline=1000.0, then=then_post(outlet.url()))
            until(lambda: bench.transfers.turn(0.05) or asked.is_set())
            clock.now += 1000.0 - left
            go_on.set()
            return bench.wait(1)[0]

        answer = bench.run_out(lambda _: outlet.requests, send)
        assert (answer.error_kind, answer.sent) == (ErrorKind.TIMEOUT, True)
        assert 999.5 < answer.seconds < 1500

    def test_a_step_that_is_not_decisive_is_never_unsure(self, bench: Any, serve: Any) -> None:
        answer = bench.send(serve(answering()).url(), decisive=False, then=then_post("http://127.0.0.1:9/"))
        assert (judge(answer).verdict, answer.sent) == (Verdict.FAILED, False)

    def test_and_never_delivered(self, bench: Any, serve: Any) -> None:
        answer = bench.send(serve().url(), decisive=False, then=lambda _: None)
        found = unfinished(answer, judge(answer))
        assert (found.verdict, found.code) == (Verdict.FAILED, Code.UNFINISHED)

    def test_a_next_step_that_cannot_be_made_harms_no_other(self, bench: Any, serve: Any) -> None:
        def broken(_: Answer) -> Transfer | None:
            raise RuntimeError("geheim")

        bench.start("broken", serve().url(), decisive=False, then=broken)
        bench.start("good", serve().url())
        assert {answer.transfer.key: answer.status for answer in bench.wait(2)} == {"broken": 200, "good": 200}

    def test_nothing_follows_once_the_loop_is_to_end(self, make_bench: Any, serve: Any) -> None:
        bench = make_bench()
        outlet = serve()
        bench.start("a", serve(lambda call: call.hang()).url(), then=then_post(outlet.url()))
        (answer,) = bench.transfers.abandon_all()
        assert (answer.error_kind, outlet.connections) == (ErrorKind.OURS, 0)


class TestMethods:
    def test_a_handle_changes_its_method(self, make_bench: Any, serve: Any) -> None:
        bench = make_bench(in_flight_hint=1)
        outlet = serve()
        methods = ["POST", "GET", "PUT", "GET", "DELETE", "POST"]
        for method in methods:
            assert bench.send(outlet.url(), method=method, headers=(), body=b"" if method == "GET" else b"x").sent
        assert [request.line.split()[0] for request in outlet.requests] == [
            "POST",
            "GET",
            "PUT",
            "GET",
            "DELETE",
            "POST",
        ]
        assert [request.body for request in outlet.requests] == [b"x", b"", b"x", b"", b"x", b"x"]

    def test_options_of_one_transfer_do_not_stay_for_the_next(self, make_bench: Any, serve: Any) -> None:
        bench = make_bench(in_flight_hint=1)
        outlet = serve()
        agent = ((pycurl.USERAGENT, "Special/1"),)
        for options in (agent, (), agent):
            bench.send(outlet.url(), options=options)
        agents = [request.headers.get("User-Agent") for request in outlet.requests]
        assert [name == "Special/1" for name in agents] == [True, False, True]


class TestPools:
    def test_no_more_at_once_than_the_pool_has_connections(self, bench: Any, serve: Any) -> None:
        going = threading.Semaphore(2)
        refused = []

        def manner(call: Any) -> None:
            while call.read():
                if not going.acquire(blocking=False):
                    refused.append(call)
                call.send(TOKEN)
                going.release()

        outlet = serve(manner)
        for number in range(20):
            bench.start(number, outlet.url(), pool=Pool("relay", 2))
        assert bench.transfers.in_flight == 20
        answers = bench.wait(20)
        assert [answer.status for answer in answers] == [200] * 20
        assert not refused
        assert outlet.connections <= 2

    def test_who_came_first_goes_first(self, bench: Any, serve: Any) -> None:
        outlet = serve()
        for number in range(6):
            bench.start(number, outlet.url(), pool=Pool("relay", 1))
        assert [answer.transfer.key for answer in bench.wait(6)] == list(range(6))

    def test_who_waits_too_long_is_not_charged(self, make_bench: Any, serve: Any) -> None:
        clock = RunningTime()
        bench, outlet = make_bench(time_source=clock), serve(lambda call: call.hang())
        for number, deadline in enumerate((0.6, 500.0)):
            bench.start(number, outlet.url(), deadline=deadline, pool=Pool("relay", 1))
        clock.now += 500.0
        found = {answer.transfer.key: answer for answer in bench.wait(2)}
        assert found[0].error_kind is ErrorKind.TIMEOUT
        assert judge(found[1]).verdict is Verdict.OURS
        assert outlet.connections <= 1
        assert bench.send(serve().url(), pool=Pool("relay", 1)).status == 200


class TestWork:
    def test_work_is_done_in_a_thread(self, bench: Any) -> None:
        loop = threading.get_ident()
        where = []

        def work() -> str:
            where.append(threading.get_ident())
            return "written to /folder/a"

        answer = bench.send("file:///folder/a", work=work)
        assert where != [loop]
        judgement = judge_outcome(answer, 0.0)
        assert (judgement.verdict, judgement.detail) == (Verdict.DELIVERED, "written to /folder/a")

    @pytest.mark.parametrize(
        ("error", "text", "number"),
        [
            (OSError(errno.ENOSPC, "x"), "no space left on device", errno.ENOSPC),
            (WorkFailed("the folder is not allowed"), "the folder is not allowed", 0),
            (RuntimeError("geheim"), "cannot be done: RuntimeError", 0),
        ],
    )
    def test_work_that_fails_says_why(self, bench: Any, error: Exception, text: str, number: int) -> None:
        def work() -> str:
            raise error

        answer = bench.send("file:///folder/a", work=work)
        assert (answer.error, answer.error_kind, answer.os_error) == (text, ErrorKind.WORK, number)
        assert (judge_outcome(answer, 0.0).verdict, judge_outcome(answer, 0.0).code) == (
            Verdict.FAILED,
            Code.LOCAL_WORK,
        )

    def test_a_group_that_stands_still_holds_up_no_other(self, bench: Any) -> None:
        free = threading.Event()
        for key in range(2 * THREADS_A_GROUP):
            share = f"file:///share/{'one' if key % 2 else 'two'}"
            bench.start(key, share, work=lambda: str(free.wait(PATIENCE)), group="s")
        bench.start("other", "file:///folder/a", work=lambda: "written")
        (answer,) = bench.wait(1)
        assert answer.transfer.key == "other"
        free.set()
        assert len(bench.wait(2 * THREADS_A_GROUP)) == 2 * THREADS_A_GROUP

    def test_work_that_no_thread_has_begun_was_not_done(self, bench: Any) -> None:
        free = threading.Event()
        for key in range(THREADS_A_GROUP + 1):
            bench.start(key, "file:///share", work=lambda: str(free.wait(PATIENCE)), deadline=0.2)
        answers = bench.wait(THREADS_A_GROUP + 1)
        free.set()
        verdicts = [judge_outcome(answer, 0.0).verdict for answer in answers]
        assert verdicts == [Verdict.UNSURE] * THREADS_A_GROUP + [Verdict.OURS]

    def test_work_that_ends_after_its_loop_wakes_nobody(self, make_bench: Any) -> None:
        bench, free = make_bench(), threading.Event()
        threads: SimpleQueue[threading.Thread] = SimpleQueue()

        def work() -> str:
            threads.put(threading.current_thread())
            return str(free.wait(PATIENCE))

        bench.start("k", "file:///folder", work=work)
        thread, number = threads.get(timeout=PATIENCE), bench.transfers._signal
        mine, others = socket.socketpair()
        with mine, others:
            bench.transfers.close()
            os.dup2(others.fileno(), number)  # somebody else has the descriptor by which the loop was woken
            free.set()
            thread.join(PATIENCE)
            os.close(number)
            others.close()
            assert mine.recv(8) == b""

    def test_work_has_a_place_in_its_pool_and_leaves_it_to_what_follows(self, bench: Any, serve: Any) -> None:
        pool, outlet, at_once, most = Pool("large files", 1), serve(), [0], [0]

        def work() -> str:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
            return "read"

        def sent(_: Answer) -> None:
            at_once[0] -= 1

        def then(_: Answer) -> Transfer:
            return Transfer(key="k", url=outlet.url(), body=b"x", deadline=PATIENCE, pool=pool, then=sent)

        for key in range(6):
            bench.start(key, "file:///folder", work=work, then=then, pool=pool)
        assert {answer.status for answer in bench.wait(6)} == {200}
        assert most == [1]

    @pytest.mark.parametrize(
        ("decisive", "verdict", "at_the_end"),
        [(True, Verdict.UNSURE, Verdict.UNSURE), (False, Verdict.FAILED, Verdict.OURS)],
    )
    def test_work_that_stands_still(self, bench: Any, decisive: bool, verdict: Verdict, at_the_end: Verdict) -> None:
        free = threading.Event()
        settings = {"work": lambda: str(free.wait(PATIENCE)), "decisive": decisive}
        assert judge_outcome(bench.send("file:///folder/a", deadline=0.2, **settings), 0.0).verdict is verdict
        bench.start("k", "file:///folder/a", **settings)
        (answer,) = bench.transfers.abandon_all()
        free.set()
        assert judge_outcome(answer, 0.0).verdict is at_the_end


class Mailbox:
    """What an SMTP server took: envelope and bytes."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.peers: set[object] = set()

    async def handle_DATA(self, _server: object, session: Any, envelope: Any) -> str:
        self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        self.peers.add(session.peer)
        return "250 kept"

    async def handle_RCPT(
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        if address.startswith("gone"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"


class OwnPort(Closing):
    """An SMTP server on a port that the system chose."""

    def __init__(self, handler: object) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        super().__init__(handler, port=self.socket.getsockname()[1])

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self.socket)


@pytest.fixture
def mail() -> Iterator[tuple[str, Mailbox]]:
    """An SMTP server: its URL, and what it took."""
    mailbox = Mailbox()
    controller = OwnPort(mailbox)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{controller.port}/wire.example", mailbox
    finally:
        controller.stop()


def envelope(to: str) -> tuple[tuple[int, Any], ...]:
    return (pycurl.MAIL_FROM, "<wire@wire.example>"), (pycurl.MAIL_RCPT, [f"<{to}>"])


class TestMail:
    def test_headers_come_before_the_body_and_one_connection_serves_all(
        self, bench: Any, mail: tuple[str, Mailbox]
    ) -> None:
        url, mailbox = mail
        for number in range(5):
            bench.start(
                number, url, headers=(f"To: <a{number}@bote.example>",), body=b"Subject: x\r\n\r\nbody\r\n",
                options=envelope(f"a{number}@bote.example"), pool=Pool("relay", 1),
            )  # fmt: skip
        answers = bench.wait(5)
        assert [(answer.status, answer.error, answer.sent) for answer in answers] == [(250, None, True)] * 5
        assert [judge_outcome(answer, 0.0).detail for answer in answers] == ["250 kept"] * 5
        assert mailbox.mails[3] == (
            "wire@wire.example", ["a3@bote.example"], b"To: <a3@bote.example>\r\nSubject: x\r\n\r\nbody\r\n"
        )  # fmt: skip
        assert len(mailbox.peers) == 1

    def test_a_relay_that_answers_late_holds_up_nobody(self, bench: Any, serve: Any) -> None:
        """libcurl stands still until a relay has answered the end of an e-mail, and when it says farewell."""
        taken = threading.Event()

        def late(call: Any) -> None:
            call.send(b"220 relay.example\r\n")
            for answer in (b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
                call.socket.recv(1000)
                call.send(answer)
            while b"\r\n.\r\n" not in call.buffer:
                call.buffer += call.socket.recv(1000)
            taken.set()
            call.hang()

        relay, polite = serve(late), serve()
        url = f"smtp://127.0.0.1:{relay.port}/wire.example"
        bench.start("mail", url, body=b"Subject: x\r\n\r\nx\r\n", options=envelope("a@bote.example"), deadline=1000.0)
        until(lambda: bench.transfers.turn(0.05) or taken.is_set())
        assert bench.send(polite.url()).status == 200
        (answer,) = bench.transfers.abandon_all()
        assert (answer.transfer.key, answer.sent) == ("mail", True)

    def test_those_that_find_no_thread_are_not_charged_to_their_server(
        self, make_bench: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lanes, "THREADS", 1)
        clock, relay = RunningTime(), serve(lambda call: call.hang())
        bench = make_bench(time_source=clock)
        for key, deadline in (("first", 1000.0), ("second", 500.0)):
            url = f"smtp://127.0.0.1:{relay.port}/wire.example"
            bench.start(key, url, options=envelope("a@bote.example"), deadline=deadline)
        until(lambda: bench.transfers.turn(0.05) or relay.connections)
        clock.now += 1000.0 + lanes.GRACE
        answers = {answer.transfer.key: answer for answer in bench.wait(2)}
        assert answers["first"].error_kind is ErrorKind.TIMEOUT
        assert answers["second"].error_kind is ErrorKind.OURS
        assert answers["second"].error.startswith("no thread became free")
        assert not answers["second"].sent

    def test_a_refusal_has_its_reply(self, bench: Any, mail: tuple[str, Mailbox]) -> None:
        url, mailbox = mail
        answer = bench.send(url, options=envelope("gone@bote.example"))
        judgement = judge_outcome(answer, 0.0)
        assert (judgement.verdict, judgement.status) == (Verdict.REJECTED, 550)
        assert judgement.detail == "RCPT: 550 5.1.1 no such mailbox"
        assert not mailbox.mails


# --- what may not begin any more


def waiting_behind(bench: Any, pool: Pool | None) -> list[str]:
    """Start as much as goes at once, and one piece of work that waits for it; the list in which that one says that it
    has begun. What goes has ended, and the loop does not know that yet."""
    begun: list[str] = []

    def begins() -> str:
        begun.append("next")
        return "done"

    going = 1 if pool else THREADS_A_GROUP
    for key in range(going):
        bench.start(key, "file:///folder", work=lambda: "done", pool=pool)
    bench.start("next", "file:///folder", work=begins, pool=pool)
    until(lambda: len(bench.transfers._work._done) == going)
    return begun


@pytest.mark.parametrize("pool", [None, Pool("relay", 1)], ids=["group", "pool"])
def test_nothing_begins_after_a_freeze(bench: Any, pool: Pool | None) -> None:
    begun = waiting_behind(bench, pool)
    assert bench.transfers.turn(1.0, lambda: True) == []
    bench.transfers.abandon_all()
    bench.transfers.close()
    assert begun == []


@pytest.mark.parametrize("pool", [None, Pool("relay", 1)], ids=["group", "pool"])
def test_nothing_begins_while_all_is_abandoned(bench: Any, pool: Pool | None) -> None:
    begun = waiting_behind(bench, pool)
    answers = {answer.transfer.key: answer.sent for answer in bench.transfers.abandon_all()}
    assert answers["next"] is False
    bench.transfers.close()
    assert begun == []
