"""Flower's own Celery application: it speaks to the broker as the user `flower`, who may do little.

At Redis, queues that expire by themselves would need scripts, and acknowledgements a part in what workers note of their
messages; Flower needs neither.
"""

from __future__ import annotations

from workers import logs
from workers.application import make_app
from workers.broker import address
from workers.broker_address import Kind
from workers.broker_users import User
from workers.ops import events, logins, queue_lengths

app = make_app(User.FLOWER)
if address(User.FLOWER).kind is not Kind.RABBITMQ:
    app.conf.update(
        event_queue_expires=None,
        control_queue_expires=None,
        broker_transport_options=app.conf.broker_transport_options | {"ack_emulation": False},
    )
logs.set_up("flower")
events.install()
logins.install()
queue_lengths.install()
