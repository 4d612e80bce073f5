"""Delivery: from due rows to verdicts. `drain.py` is the loop; everything else here is what it asks.

payloads.py    what a claim needs to be sent                transports/  one file a transport: how a delivery is sent
admission/     which deliveries may go now                  transfers/   hundreds of transfers at once, and to where
verdicts.py    what an answer means                         settling.py  the state in which a delivery is then
backoff.py     when it is tried again                       signing.py   signatures of requests
disabling.py   what becomes of outlets and hosts that are gone
"""

from tasks.delivery.drain import Summary, drain

__all__ = ["Summary", "drain"]
