"""What supervisord logs, as `fanwire up` runs it."""

from __future__ import annotations

import re

from supervisor import loggers

from workers.supervisor import Record


def test_a_line_of_supervisord_says_its_zone() -> None:
    told = Record(loggers.LevelsByName.INFO, "success: %(name)s entered RUNNING state", name="intake").asdict()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["asctime"])
    assert (told["levelname"], told["message"]) == ("INFO", "success: intake entered RUNNING state")
