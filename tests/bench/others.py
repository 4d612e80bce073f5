"""The same job by others: 6,500 POSTs to the same server by Celery + requests and by BullMQ + undici, and by Fanwire.

One task or job for each delivery, on one Valkey, as their own manuals show it. None of the others keeps a ledger, signs
deliveries or knows corrections. What is measured is to enqueue and to deliver all, by processes that are warm: of
Fanwire, to plan one release, and one drain, after a release to the same outlets.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.bench import growth
from tests.bench.growth import Sink
from tests.support.processes import ROOT, end, environment, own_valkey, start, until

OUTLETS, ROUNDS = 6_500, 3
PACKAGES = {"bullmq": "5.63.0", "undici": "6.22.0"}
PLACE = ROOT / "build" / "comparators"
AT_ONCE, THREADS = 64, 16
CELERY = """
import json, os, sys, time
import requests
from celery import Celery
from celery.signals import worker_ready

app = Celery("celery_and_requests", broker=os.environ["BROKER"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=16, broker_connection_retry_on_startup=True)
session = requests.Session()
session.trust_env = False
session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=64, pool_maxsize=64))

@app.task(name="post")
def post(url, body):
    session.post(url, data=body, headers={"Content-Type": "text/plain"}, timeout=30).raise_for_status()

@worker_ready.connect
def ready(**_):
    open(os.environ["READY"], "w").close()

if __name__ == "__main__":
    count, port = map(int, sys.argv[1:])
    with app.producer_pool.acquire(block=True) as producer:
        for number in range(count):
            post.apply_async((f"http://127.0.0.1:{port}/{number}", "x" * 8000), producer=producer)
    print(time.process_time())
"""
BULLMQ = """
import { Queue, Worker } from 'bullmq';
import { Agent, request, setGlobalDispatcher } from 'undici';

const [count, port, concurrency] = process.argv.slice(2).map(Number);
const connection = { ...JSON.parse(process.env.BROKER), maxRetriesPerRequest: null };
setGlobalDispatcher(new Agent({ connections: concurrency }));
const body = 'x'.repeat(8000);
const headers = { 'content-type': 'text/plain' };
const queue = new Queue('posts', { connection });
const worker = new Worker('posts', async (job) => {
  const answer = await request(job.data.url, { method: 'POST', body: job.data.body, headers });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(String(answer.statusCode));
}, { connection, concurrency, removeOnComplete: { count: 0 } });
await worker.waitUntilReady();
const began = performance.now();
const used = process.cpuUsage();
let done = 0;
worker.on('completed', () => {
  if (++done < count) return;
  const cpu = process.cpuUsage(used);
  console.log(JSON.stringify([(performance.now() - began) / 1000, (cpu.user + cpu.system) / 1e6]));
  process.exit(0);
});
for (let first = 0; first < count; first += 500) {
  const numbers = Array.from({ length: Math.min(500, count - first) }, (_, n) => first + n);
  await queue.addBulk(numbers.map((n) => ({ name: 'post', data: { url: `http://127.0.0.1:${port}/${n}`, body } })));
}
"""
FANWIRE = """
import json, os, time
from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.ledger import releases
from tests.support.drains import drain
from tests.support.samples import release
from workers import logs

logs.set_up("bench", open(os.devnull, "w"))

def deliver(uri, **fields):
    with ledger.write() as connection:
        number = releases.take(connection, release(uri=uri, **fields), time.time()).release_id
    began, used = time.perf_counter(), time.process_time()
    planning.plan(number, prepare=build_renditions)
    drain()
    return time.perf_counter() - began, time.process_time() - used

deliver(f"urn:warm:{time.time()}")
print(json.dumps(deliver(f"urn:x:{time.time()}")))
"""
Took = tuple[float, float]
"""Seconds, and seconds of CPU of the senders; that of the broker is not counted."""


def run(folder: Path) -> None:
    """Measure all that are there; without Node only Celery and Fanwire."""
    (folder / "valkey").mkdir()
    with Sink() as sink, own_valkey(folder / "valkey") as broker:
        growth.prepare(folder / "fanwire", OUTLETS, sink.port)
        ways: dict[str, Callable[[], Took]] = {
            "Fanwire, one drain, SQLite": lambda: _fanwire(folder / "fanwire"),
            f"Celery + requests, {THREADS} threads": lambda: _celery(folder, sink, broker),
        }
        if _node():
            ways[f"BullMQ + undici, {AT_ONCE} at once"] = lambda: _bullmq(sink.port, broker)
        else:
            print("  BullMQ + undici: skipped, for node and npm are not here, or npm installs nothing")
        took: dict[str, list[Took]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                sink.count = 0
                took[name].append(way())
                assert sink.count in (OUTLETS, 2 * OUTLETS), f"{name}: {sink.count:,} arrived"
    _show(took)


def _show(took: Mapping[str, list[Took]]) -> None:
    middle = {name: [statistics.median(one) for one in zip(*found, strict=True)] for name, found in took.items()}
    wall, cpu = next(iter(middle.values()))
    for name, (theirs, used) in middle.items():
        ratio = f"{theirs / wall:.2f} × wall, {used / cpu:.2f} × CPU of Fanwire"
        print(f"  {name:<32} {OUTLETS / theirs:>7,.0f} a second, {used / OUTLETS * 1000:.3f} ms CPU each: {ratio}")


def _fanwire(home: Path) -> Took:
    done = subprocess.run(
        [sys.executable, "-c", FANWIRE], env=growth.environment(home), cwd=ROOT, check=True, capture_output=True
    )
    wall, cpu = json.loads(done.stdout.splitlines()[-1])
    return wall, cpu


def _celery(folder: Path, sink: Sink, broker: str) -> Took:
    """One worker with threads, which is warm, and a process that enqueues."""
    place = folder / "celery_and_requests.py"
    place.write_text(CELERY)
    ready = folder / "celery.ready"
    ready.unlink(missing_ok=True)
    env = environment(folder) | {"BROKER": broker, "PYTHONPATH": str(folder), "READY": str(ready)}
    words = ["-A", "celery_and_requests", "worker", "--pool", "threads", "--concurrency", str(THREADS), "-l", "WARNING"]
    log = folder / "celery.log"
    worker = start([sys.executable, "-m", "celery", *words, "--without-gossip", "--without-mingle"], env, log)
    try:
        process = psutil.Process(worker.pid)
        until(ready.exists, log.read_text, seconds=60)
        used, began = process.cpu_times(), time.monotonic()
        command = [sys.executable, str(place), str(OUTLETS), str(sink.port)]
        done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
        until(lambda: sink.count >= OUTLETS, seconds=300)
        wall, after = time.monotonic() - began, process.cpu_times()
        return wall, after.user + after.system - used.user - used.system + float(done.stdout)
    finally:
        end(worker, patience=20)


def _bullmq(port: int, broker: str) -> Took:
    address = urlsplit(broker)
    said = {"host": address.hostname, "port": address.port, "username": address.username, "password": address.password}
    (PLACE / "bullmq.mjs").write_text(BULLMQ)
    command = ["node", "bullmq.mjs", str(OUTLETS), str(port), str(AT_ONCE)]
    env = os.environ | {"BROKER": json.dumps(said)}
    done = subprocess.run(command, cwd=PLACE, env=env, check=True, capture_output=True, text=True, timeout=300)
    wall, cpu = json.loads(done.stdout.splitlines()[-1])
    return wall, cpu


def _node() -> bool:
    """Whether Node is here and has the packages; npm installs them into build/ if need be."""
    if not shutil.which("node") or not shutil.which("npm"):
        return False
    PLACE.mkdir(parents=True, exist_ok=True)
    there = (PLACE / "node_modules" / name / "package.json" for name in PACKAGES)
    wanted = list(PACKAGES.values())
    if [json.loads(file.read_text())["version"] for file in there if file.exists()] == wanted:
        return True
    (PLACE / "package.json").write_text('{"private": true}')
    packages = [f"{name}@{version}" for name, version in PACKAGES.items()]
    command = ["npm", "install", "--no-fund", "--no-audit", "--ignore-scripts", *packages]
    return subprocess.run(command, cwd=PLACE, capture_output=True, check=False, timeout=300).returncode == 0
