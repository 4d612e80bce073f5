"""What each user of the broker may do, on a real Valkey: all that it must, and nothing of others."""

from __future__ import annotations

import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery

from tasks.delivery import disabling
from tasks.delivery.admission import standing
from tasks.delivery.admission.shared_state import SharedState
from tasks.runtime.settings import settings
from tests.support.forks import fork, fork_python
from tests.support.processes import addresses, end, environment, until
from tests.support.samples import release
from tests.support.threads import PATIENCE
from workers import broker as configured
from workers import doctor, health, intake, stack
from workers.broker_users import User
from workers.producer import Producer
from workers.queues import STAGES

RECEIPT = "fanwire.receipts.of-another"
OTHERS = [User.PRODUCER, User.WORKER, User.WEB, User.FLOWER]
SERVER = [
    ["MONITOR"], ["FLUSHALL"], ["FLUSHDB"], ["CONFIG", "GET", "*"], ["CONFIG", "SET", "save", ""], ["KEYS", "*"],
    ["REPLICAOF", "127.0.0.1", "1"], ["SLAVEOF", "127.0.0.1", "1"], ["PSYNC", "?", "-1"], ["SYNC"],
    ["SCRIPT", "FLUSH"], ["SCRIPT", "KILL"], ["FUNCTION", "DUMP"], ["FUNCTION", "FLUSH"],
    ["ACL", "LIST"], ["ACL", "SETUSER", "x"], ["ACL", "GETUSER", "admin"], ["ACL", "LOG"], ["SHUTDOWN", "NOSAVE"],
    ["SAVE"], ["BGSAVE"], ["BGREWRITEAOF"], ["MODULE", "LIST"], ["CLIENT", "LIST"],
    ["CLIENT", "KILL", "TYPE", "normal"], ["CLIENT", "PAUSE", "1"], ["SLOWLOG", "GET"],
    ["LATENCY", "LATEST"], ["MIGRATE", "h", "1", "k", "0", "1"],
    ["RESTORE", "releases", "0", "x"], ["SWAPDB", "0", "1"], ["SORT", "releases"],
]  # fmt: skip
"""What is the server's: for nobody but the administrator."""
READ = [
    ["BRPOP", "releases", "1"], ["RPOP", "releases"], ["LRANGE", "releases", "0", "-1"], ["LINDEX", "releases", "0"],
    ["LMOVE", "releases", RECEIPT, "LEFT", "LEFT"], ["COPY", "releases", RECEIPT], ["RENAME", "releases", RECEIPT],
    ["RPOPLPUSH", "releases", RECEIPT], ["LPOP", "releases\x06\x163"], ["DUMP", "releases"], ["DEL", "releases"],
    ["HGETALL", "unacked"], ["HGET", "unacked", "x"], ["ZRANGE", "unacked_index", "0", "-1"], ["GET", "fanwire:x"],
    ["HGETALL", "fanwire:breaker:x"], ["LRANGE", RECEIPT, "0", "-1"], ["SCAN", "0"], ["RANDOMKEY"], ["DBSIZE"],
    ["SUBSCRIBE", "/0.celeryev/worker.heartbeat"], ["SUBSCRIBE", "/0.celery.pidbox"], ["SUBSCRIBE", "__keyspace@0__:*"],
    ["PSUBSCRIBE", "*"], ["CLIENT", "TRACKING", "ON", "BCAST"], ["PUBSUB", "CHANNELS"], ["INFO"],
    ["OBJECT", "FREQ", "x"], ["EVAL", "return redis.call('LRANGE', 'releases', 0, -1)", "0"],
    ["SCRIPT", "LOAD", "return 1"], ["FCALL", "x", "0"], ["BLMOVE", "releases", RECEIPT, "LEFT", "LEFT", "1"],
    ["LMPOP", "1", "releases", "LEFT"],
]  # fmt: skip
"""What would show texts, or what there is, to a producer or to Flower."""
WRITE = [
    ["PUBLISH", "/0.celeryev/worker.heartbeat", "{}"], ["SPUBLISH", "x", "{}"], ["SET", "fanwire:x", "1"],
    *(["LPUSH", f"{queue}{more}", "{}"] for queue in STAGES for more in ("", "\x06\x163")),
    *(["RPUSH", queue, "{}"] for queue in (*STAGES, "releases")), ["LPUSH", "releases-other", "{}"],
    ["LPUSH", "releases\x06\x164", "{}"], ["LPUSH", "releases\x06\x163\x06\x163", "{}"],
    ["LPUSH", RECEIPT, "{}"], ["LPUSH", "other", "{}"],
    ["HSET", "unacked", "tag", "[]"], ["ZADD", "unacked_index", "0", "tag"], ["SET", "unacked_mutex", "x"],
    ["EVALSHA", "0" * 40, "0"], ["EVAL", "return 1", "0"], ["SADD", "_kombu.bindings", "x"],
    ["SADD", "_kombu.binding.fanwire", "x"], ["SREM", "_kombu.binding.fanwire", "plan\x06\x16\x06\x16plan"],
    ["EXPIRE", "releases", "1"],
]  # fmt: skip
"""What would make work, or break it."""
OF_PRODUCERS = [*SERVER, *READ, *WRITE, ["PUBLISH", "/0.celery.pidbox", "{}"]]
OF_FLOWER = [
    *SERVER, *READ, *WRITE, ["LPUSH", "releases", "{}"],
    ["DEL", "plan"], ["BRPOP", "plan", "1"], ["LLEN", RECEIPT],
]  # fmt: skip
OF_WEB = [
    *(command for command in (*SERVER, *READ, *WRITE) if command[0] not in ("SCAN", "EVAL", "EVALSHA")),
    ["LPUSH", "releases", "{}"], ["HMGET", "unacked", "x"], ["DEL", "plan"],
]  # fmt: skip
REFUSED = [
    *((User.PRODUCER, command) for command in OF_PRODUCERS),
    *((User.FLOWER, command) for command in OF_FLOWER),
    *((User.WEB, command) for command in OF_WEB),
    *((User.WORKER, command) for command in SERVER),
    *((User.WORKER, command) for command in (["SET", "x", "1"], ["LPUSH", "other", "{}"], ["SUBSCRIBE", "x"])),
]


@pytest.fixture
def client(broker: redis.Redis, urls: dict[User, str]) -> Iterator[Callable[[User], redis.Redis]]:
    """`client(user)`: a connection of that user."""
    made: list[redis.Redis] = []

    def connect(user: User) -> redis.Redis:
        made.append(redis.Redis.from_url(urls[user]))
        return made[-1]

    yield connect
    for each in made:
        each.close()


@pytest.mark.parametrize(("user", "command"), REFUSED, ids=lambda value: " ".join(value) if value else "")
def test_a_command_that_is_refused(client: Callable[[User], redis.Redis], user: User, command: list[str]) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        client(user).execute_command(*command)  # type: ignore[no-untyped-call]


def test_nobody_is_let_in_without_a_name_and_its_own_password(broker: redis.Redis, urls: dict[User, str]) -> None:
    address = urls[User.PRODUCER]
    user, _, password = address.removeprefix("redis://").partition("@")[0].partition(":")
    place = address.partition("@")[2]
    for wrong in ("", f":{password}@", "worker:" + password + "@", f"{user}:x@", "default:@", f"admin:{password}@"):
        with redis.Redis.from_url(f"redis://{wrong}{place}") as one, pytest.raises(redis.AuthenticationError):
            one.ping()


@pytest.mark.usefixtures("sqlite", "celery")
@pytest.mark.parametrize("user", [User.PRODUCER, User.WORKER])
def test_a_producer_and_a_worker_are_refused_nothing_that_they_need(
    broker: redis.Redis, urls: dict[User, str], user: User
) -> None:
    """`fanwire submit` on the wire's own machines is a worker there."""
    broker.acl_log_reset()
    step = intake.Intake(worker=None, intake=True)
    step.start(None)
    try:
        with Producer(urls[user]) as producer:
            assert producer.submit(release()).status == "accepted"
            assert producer.submit(release()).status == "known"
    finally:
        step.stop(None)
    assert broker.acl_log() == []


@pytest.mark.parametrize("user", OTHERS)
def test_debugging_is_refused_even_where_the_server_allows_it(broker: redis.Redis, user: User) -> None:
    assert b"no permissions" in broker.acl_dryrun(user, "DEBUG", "SLEEP", "1")


FLOWER = """
from celery.events import EventReceiver
from workers.ops.flower_app import app

def hear(event):
    print("heard", event["type"])
    receiver.should_stop = True

with app.connection() as connection:
    receiver = EventReceiver(connection, handlers={"*": hear}, app=app)
    receiver.capture(timeout=30)
print(app.control.ping(timeout=0.2))
"""


def test_flower_hears_events_and_asks_workers(
    broker: redis.Redis, urls: dict[User, str], celery: Celery, tmp_path: Path
) -> None:
    """The second is for FANWIRE_REMOTE_CONTROL; nobody answers here."""
    broker.acl_log_reset()
    log = tmp_path / "flower.log"
    flower = fork_python(FLOWER, environment(tmp_path, BROKER_URL=urls[User.FLOWER]), log)
    try:
        until(broker.pubsub_numpat)
        with celery.connection_for_write() as connection, celery.events.Dispatcher(connection) as dispatcher:
            dispatcher.send("worker-online")
        assert flower.wait(PATIENCE) == 0, log.read_text()
    finally:
        end(flower)
    assert {"heard worker-online", "[]"} <= set(log.read_text().splitlines())
    assert broker.acl_log() == []
    assert not [key for key in broker.scan_iter() if b"celeryev" in key], "a Flower that ends leaves nothing behind"


ASK = """
from workers.ops.flower_app import app

while not (answer := app.control.ping(timeout=0.5)):
    pass
print(answer)
"""


@pytest.mark.usefixtures("sqlite")
def test_remote_control_works_where_it_is_wanted(broker: redis.Redis, urls: dict[User, str], tmp_path: Path) -> None:
    """A real worker, and what Flower does for its page of a single worker."""
    broker.acl_log_reset()
    log, asked = tmp_path / "worker.log", tmp_path / "asked.log"
    env = environment(settings().home, BROKER_URL=urls[User.WORKER], REMOTE_CONTROL="true", TICK="0.2")
    worker = fork([*stack.command("format"), "--concurrency", "1"], env, log)
    flower = fork_python(ASK, environment(tmp_path, BROKER_URL=urls[User.FLOWER]), asked)
    try:
        until(lambda: "pong" in asked.read_text(), log.read_text)
        until(lambda: health.problem("format") is None, log.read_text)
    finally:
        end(worker)
        end(flower)
    assert broker.acl_log() == [], log.read_text()


def test_there_is_no_other_database_to_fill(client: Callable[[User], redis.Redis]) -> None:
    """What lies there nobody would take off again."""
    with pytest.raises(redis.ResponseError, match="out of range"):
        client(User.PRODUCER).execute_command("SELECT", "1")  # type: ignore[no-untyped-call]


def test_who_sends_without_end_and_reads_no_answer_is_cut_off(urls: dict[User, str]) -> None:
    """The commands of a transaction that is never executed are kept in the broker's memory."""
    with redis.Redis.from_url(urls[User.PRODUCER], single_connection_client=True) as one:
        one.execute_command("MULTI")

        def send_on() -> None:
            for _ in range(60):
                one.execute_command("ECHO", b"x" * 8_000_000)

        with pytest.raises(redis.ConnectionError):
            send_on()


# --- the files that `fanwire up` leaves for them


def test_each_user_has_a_file_for_the_owner_only_and_keeps_its_password(tmp_path: Path) -> None:
    configured.prepare_embedded()
    first = addresses(settings().home)
    assert len({url.split(":")[2] for url in first.values()}) == len(User)
    for file in settings().home.glob("broker.*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    configuration = (settings().home / "valkey" / "valkey.conf").read_text()
    for user, url in first.items():
        assert url.startswith(f"redis://{user}:")
        assert url.split(":")[2].partition("@")[0] not in configuration
        assert configured.broker_url(user) == url
    configured.prepare_embedded()
    assert addresses(settings().home) == first


def test_the_address_of_an_earlier_version_keeps_its_port_and_gives_up_its_password() -> None:
    settings().home.mkdir()
    port = configured.free_port()
    (settings().home / "broker.url").write_text(f"redis://:everything@127.0.0.1:{port}/0\n")
    configured.prepare_embedded()
    for url in addresses(settings().home).values():
        assert url.endswith(f"@127.0.0.1:{port}/0")
        assert "everything" not in url


def as_redis_cli_reads(url: str) -> tuple[str, str]:
    """User and password that redis-cli and valkey-cli send for `-u URL` (parseRedisUri of cli_common.c): what stands
    before the first colon is a user even if nothing stands there, and no broker has a user without a name."""
    user, _, rest = url.removeprefix("redis://").partition(":")
    return user, rest.partition("@")[0]


def test_redis_cli_takes_the_address_as_it_is(broker: redis.Redis, urls: dict[User, str]) -> None:
    for url in urls.values():
        with redis.Redis.from_url(url) as client:
            assert client.execute_command("AUTH", *as_redis_cli_reads(url))
        if command := shutil.which("redis-cli") or shutil.which("valkey-cli"):
            done = subprocess.run([command, "-e", "-u", url, "PING"], capture_output=True, text=True, check=False)
            assert (done.returncode, done.stdout) == (0, "PONG\n"), done.stderr


# --- doctor


@pytest.mark.parametrize(
    ("user", "told"), [(User.ADMIN, True), (User.WORKER, False), (User.PRODUCER, False), (User.FLOWER, False)]
)
def test_doctor_says_when_the_user_it_is_given_may_do_everything(
    broker: redis.Redis, urls: dict[User, str], monkeypatch: pytest.MonkeyPatch, user: User, told: bool
) -> None:
    monkeypatch.setenv("FANWIRE_BROKER_URL", urls[user])
    settings.cache_clear()
    found = list(doctor._broker())
    assert any("who has the address of the broker" in finding.what for finding in found) is told
    assert {finding.level for finding in found} == ({"fine", "note"} if told else {"fine"})
    assert urls[user].split(":")[2].partition("@")[0] not in str(found)


def test_doctor_says_when_anybody_is_let_in(
    broker: redis.Redis, urls: dict[User, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = urls[User.WORKER].partition("@")[2]
    monkeypatch.setenv("FANWIRE_BROKER_URL", f"redis://{place}")
    settings.cache_clear()
    broker.acl_setuser("default", enabled=True, nopass=True, keys=["*"], categories=["+@all"])
    try:
        [finding] = [finding for finding in doctor._broker() if finding.level != "fine"]
    finally:
        broker.acl_setuser("default", enabled=False, reset=True)
    assert "lets anybody in without a password" in finding.what


@pytest.mark.parametrize(
    ("script", "key"),
    [("redis.call('LRANGE', 'releases', 0, -1)", "x"), ("redis.call('SET', KEYS[1], 1)", "breaker:x")],
)
def test_a_script_may_do_no_more_than_its_user(
    client: Callable[[User], redis.Redis], script: str, key: str
) -> None:  # fmt: skip
    with pytest.raises(redis.ResponseError, match="ACL failure in script"):
        client(User.WEB).eval(script, 1, f"fanwire:{key}")


def test_the_web_server_sees_who_rests_and_forgets_it_on_an_operators_word(
    broker: redis.Redis, urls: dict[User, str]
) -> None:  # fmt: skip
    broker.hset("fanwire:breaker:desk.example:443", mapping={"until": time.time() + 600, "failures": 5})
    state = SharedState.at(urls[User.WEB])
    [host] = standing.known(state, "breaker", 10) or []
    assert (standing.standings(state, [host], time.time()) or {})[host].state == "resting"
    disabling.forget_failures(state, "desk", "https://desk.example/in")
    assert not broker.keys("fanwire:breaker:*")
