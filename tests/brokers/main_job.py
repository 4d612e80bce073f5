"""The main job, at whichever broker: a release goes out, with retries, is corrected and withdrawn, and a fault comes in
the middle of it. Nothing is missing, and nothing is doubled but what nobody could know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.faults.scene import Scene

from .conftest import PRESS, TIRED


def main_job(scene: Scene, fault: Callable[[], Any] = lambda: None) -> None:
    """Do it all. `fault` happens when a fifth of the outlets have the release."""
    uri = scene.send(circuits=["press"])
    scene.wait_for(uri, PRESS // 5)
    assert scene.accepted(uri) < PRESS, "the fault would come too late"
    fault()
    scene.send(uri)
    scene.wait_for(uri, PRESS // 5, version=2)
    scene.kill(uri)
    other = scene.send(circuits=["press"])
    settled = scene.settled()
    outcome = scene.verify()
    assert outcome.sound, outcome.told() + scene.stack.told()
    assert settled, scene.stack.told()
    assert outcome.states == {"delivered": outcome.states["delivered"]}
    assert scene.accepted(other) == PRESS + len(TIRED), "also those that were tried again"
    assert outcome.doubled_same_key == 0, outcome.told()
    assert "Geheimnis" not in scene.stack.told(), "no password is in a log"
