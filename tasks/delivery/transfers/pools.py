"""Pools of the transfer loop: transfers that share a few connections wait here for their turn, in their order."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque

from tasks.delivery.transfers.transfer import Pool, StartedTransfer, Transfer


class Pools:
    """Who of each pool may go, and who waits. The places in it that are taken are given back one by one."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._queues: dict[str, deque[StartedTransfer]] = {}
        self._waiting: OrderedDict[int, StartedTransfer] = OrderedDict()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def waiting(self, pool: Pool) -> int:
        """How many of this pool wait."""
        return len(self._queues.get(pool.name, ()))

    def take_place(self, started: StartedTransfer) -> bool:
        """Whether a transfer may begin; if not, it waits until `give_back` returns it."""
        pool = started.transfer.pool
        if pool is None:
            return True
        if self._taken[pool.name] < pool.connections:
            self._taken[pool.name] += 1
            return True
        started.waited = True
        self._queues.setdefault(pool.name, deque()).append(started)
        self._waiting[id(started)] = started
        return False

    def give_back(self, transfer: Transfer, now: float) -> list[StartedTransfer]:
        """Give back the place of a transfer that ended; returns those that may begin now, by the monotonic clock."""
        pool = transfer.pool
        if pool is None:
            return []
        self._taken[pool.name] -= 1
        queue = self._queues.get(pool.name, deque())
        ready = []
        while queue and self._taken[pool.name] < pool.connections:
            started = queue.popleft()
            if id(started) in self._waiting and started.left(now) > 0:  # else it is, or will be, given up
                del self._waiting[id(started)]
                self._taken[pool.name] += 1
                ready.append(started)
        return ready

    def first_end(self) -> float | None:
        """When the one that waits longest is out of time, by the monotonic clock; None if nobody waits."""
        return next((one.started + one.transfer.deadline for one in self._waiting.values()), None)

    def overdue(self, now: float) -> list[StartedTransfer]:
        """Give up those whose deadline is over. `now`: by the monotonic clock."""
        late = []
        while self._waiting and next(iter(self._waiting.values())).left(now) <= 0:
            late.append(self._waiting.popitem(last=False)[1])
        return late

    def empty(self) -> list[StartedTransfer]:
        """Give up all that wait, and free every place."""
        waiting = list(self._waiting.values())
        self._taken.clear()
        self._queues.clear()
        self._waiting.clear()
        return waiting
