"""Delivery: from due rows to verdicts. `drain.py` is the loop; everything else here is what it asks.

load.py       what a claim needs to be sent       transports/  how a parcel becomes a transfer
gate.py       what must not go now                breaker.py  pace.py  limits.py  and where they remember: memory.py
window.py     how many go at once                 courier.py   hundreds of transfers at once
guard.py      which addresses are dialled         verdicts.py  what an answer means
settling.py   where the delivery goes from there  backoff.py   when it is tried again
health.py     what becomes of dead hosts          tracker.py   how many days they have failed
names.py  signing.py                               look-ups, signatures
"""

from tasks.delivery.drain import Summary, drain

__all__ = ["Summary", "drain"]
