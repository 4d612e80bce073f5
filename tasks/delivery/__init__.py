"""Delivery: from due rows to verdicts. `drain.py` is the loop; everything else here is what it uses.

policy.py      how a drain is to deliver                  transports/    one file a transport: how a delivery is sent
payloads.py    what a claim needs to be sent              transfers/     hundreds of transfers at once, and to where
admission/     which deliveries may go now                signing.py     signatures of requests
verdicts.py    what an answer means                       backoff.py     when a delivery is tried again
settling.py    the next state of a delivery               disabling.py   what becomes of outlets and hosts that are gone
oauth2.py      tokens, one for all drains                 multipart.py   a rendition and files as one form
certificates.py    who we are in TLS                      read_first.py  files, read before they are sent
turns.py       who waits for a mail relay, and who later
"""

from tasks.delivery.drain import Summary, drain

__all__ = ["Summary", "drain"]
