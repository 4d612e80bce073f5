"""Delivery: from due rows to verdicts. `drain.py` is the loop; everything else here is what it asks.

load.py       what a claim needs to be sent       transports/  how a parcel becomes a transfer
courier.py    hundreds of transfers at once       guard.py     which addresses are dialled
verdicts.py   what an answer means                settling.py  where the delivery goes from there
backoff.py    when it is tried again              signing.py   secrets.py  trust.py
"""

from tasks.delivery.drain import Summary, drain

__all__ = ["Summary", "drain"]
