"""Flower's own Celery application: it speaks to the broker as the user `flower`, who may do little.

Queues that expire by themselves would need scripts at the broker, and acknowledgements a part in what workers note of
their messages; Flower needs neither.
"""

from __future__ import annotations

from workers import logs
from workers.application import make_app
from workers.broker_users import User
from workers.ops import events, logins

app = make_app(User.FLOWER)
app.conf.update(
    event_queue_expires=None,
    control_queue_expires=None,
    broker_transport_options=app.conf.broker_transport_options | {"ack_emulation": False},
)
logs.set_up("flower")
events.install()
logins.install()
