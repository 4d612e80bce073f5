"""The open process: one answer for one question, whatever is in it and whatever happens to it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.translation.configuration import EngineDocument
from tasks.translation.engine_support.pipes import NulPipe, PipeBroken
from tasks.translation.engines.apertium import MODES, Apertium, _nested, pipeline
from tasks.translation.errors import Retryable, Unsupported
from tasks.translation.pieces import Close, Opaque, Open, shown

from .samples import needs_apertium

APERTIUM = Apertium()
EN_ES = MODES / "eng-spa.mode"

if needs_apertium.args[0]:
    pytestmark = pytest.mark.skip(reason=needs_apertium.kwargs["reason"])


def spanish(*unit: Any) -> Any:
    return APERTIUM.translate([unit], "en", "es")[0]


def test_elements_go_with_their_words() -> None:
    unit = ("The United Arab Emirates and ", Open(1), "Saudi Arabia", Close(1), " joined in January.")
    result = spanish(*unit)
    assert result[1:4] == (Open(1), "Arabia Saudí", Close(1))


def test_nested_elements_and_opaque_pieces_come_back() -> None:
    name = Opaque(7, "Acme Robotics")
    result = spanish("It is ", Open(1), "a big step for ", Open(2), name, Close(2), Close(1), ".")
    assert [p for p in result if not isinstance(p, str)] == [Open(1), Open(2), name, Close(2), Close(1)]


@pytest.mark.parametrize(
    "text",
    [
        "50/50 \\ {a} [b] ^c$ @ <d> end",
        "[<STREAMCMD:FLUSH>] is here",
        "a [][ b",
        "[[t:a:1]]no[[/]]",
        "^robot<n>$",
        "a\0b",
    ],
)
def test_control_characters_are_only_characters(text: str) -> None:
    assert APERTIUM.translate([(text,), ("The sea.",)], "en", "es")[1] == ("El mar.",)
    if "\0" not in text:
        for character in "/\\{}[]^$@<>":
            assert shown(spanish(text)).count(character) == text.count(character)


@settings(max_examples=40)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), min_size=1, max_size=5))
def test_any_text_gets_one_answer(texts: Any) -> None:
    assert len(APERTIUM.translate([(text,) for text in texts], "en", "es")) == len(texts)


def test_a_killed_process_is_started_again() -> None:
    assert spanish("The sea.") == ("El mar.",)
    pipe = pipeline(EN_ES)
    group = pipe.process_group
    assert group is not None
    os.killpg(group, signal.SIGKILL)
    assert spanish("The sea.") == ("El mar.",)
    assert pipe.process_group != group


def test_all_engines_ask_the_same_process() -> None:
    assert spanish("The sea.") == Apertium("another").translate([("The sea.",)], "en", "es")[0]
    started = [child.pid for child in psutil.Process().children() if "eng-spa.autobil.bin" in _command(child)]
    assert started == [pipeline(EN_ES).process_group]


def _command(process: psutil.Process) -> str:
    """What a process was started as; nothing for one that has ended, such as what a test before this one started."""
    try:
        return str(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def test_one_killed_stage_is_noticed() -> None:
    """Not the shell but a program in the middle of the pipeline dies."""
    spanish("The sea.")
    group = pipeline(EN_ES).process_group
    running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    stages = sorted(pid for pid in running if _is_stage(pid, group))
    os.kill(stages[len(stages) // 2], signal.SIGKILL)
    assert spanish("The sea.") == ("El mar.",)


def _is_stage(pid: Any, group: Any) -> Any:
    try:
        return pid != group and os.getpgid(pid) == group
    except ProcessLookupError:
        return False


def test_a_forked_child_has_a_process_of_its_own() -> None:
    spanish("The sea.")
    group = pipeline(EN_ES).process_group
    child = os.fork()
    if child == 0:
        fine = pipeline(EN_ES).process_group is None and spanish("The sea.") == ("El mar.",)
        pipeline(EN_ES).close()
        os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert pipeline(EN_ES).process_group == group
    assert spanish("The sea.") == ("El mar.",)


def test_a_machine_without_modes_has_no_pairs(tmp_path: Path) -> None:
    nowhere = Apertium(document=EngineDocument(folder=tmp_path))
    assert nowhere.pairs() == {}
    with pytest.raises(Unsupported):
        nowhere.translate([("The sea.",)], "en", "es")


def test_a_mode_that_does_not_work_is_worth_another_try(tmp_path: Path) -> None:
    (tmp_path / "eng-spa.mode").write_text("lt-proc '/nowhere.bin'")
    with pytest.raises(Retryable, match="apertium mode eng-spa does not work"):
        Apertium(document=EngineDocument(folder=tmp_path)).translate([("The sea.",), ("The land.",)], "en", "es")


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("sleep 60", "no answer for"),
        ("true", "ended after 0 of 2|Broken pipe"),
        ("head -c 4", "ended after 1 of 2"),
        (r"tr '\0' '\n'", "no answer for"),
        (r"sed -u 's/a/a\x00/g'", "answers to 2 questions|no answer"),
    ],
)
def test_a_pipe_notices_what_went_wrong(command: str, fault: str) -> None:
    pipe = NulPipe(command, patience=0.3)
    with pytest.raises(PipeBroken, match=fault):
        pipe.ask(["abc", "abc"])
    assert pipe.process_group is None


def test_a_pipe_takes_more_than_fits_into_it() -> None:
    pipe = NulPipe("cat")
    texts = [f"{number} " * 5000 for number in range(100)]
    assert pipe.ask(texts) == texts
    pipe.close()
    assert pipe.process_group is None


def test_parts_of_an_element_are_joined_over_small_gaps_only() -> None:
    one = frozenset({1})
    near = [(one, "un"), (frozenset(), " de "), (one, "paso")]
    assert _nested(near, {1: (1,)}) == [Open(1), "un", " de ", "paso", Close(1), ""]
    far = [(one, "un"), (frozenset(), " nombrada hoy "), (one, "paso")]
    assert _nested(far, {1: (1,)}).count(Open(1)) == 2


@needs_apertium
def test_a_first_word_in_capitals_is_calmed_unless_the_source_has_some() -> None:
    assert shown(APERTIUM.translate([("“The water is old.”",)], "en", "es")[0]).startswith("“El ")
    assert "XYZW" in shown(APERTIUM.translate([("The XYZW is old.",)], "en", "es")[0])
