"""What a run of all tests begins early: what several of its processes would do, or wait for, each for itself."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import hypothesis

from tests.support.forks import ROOT, end_with_this_process

TRAINING = "from pathlib import Path; from tests.translation.toy.model import trained; trained(Path('build'))"


def begin_training() -> None:
    """Begin to train the toy model, unless this checkout has one: ten seconds of the core that has nothing to do while
    tests are collected. Who needs the model waits for it (tests/translation/toy/model.py)."""
    if find_spec("ctranslate2") and find_spec("sentencepiece"):
        end_with_this_process(subprocess.Popen([sys.executable, "-c", TRAINING], cwd=ROOT, process_group=0))


def begin_examples() -> None:
    """Have Hypothesis do what it does once in a process: it looks through the whole memory for who uses `random`."""

    @hypothesis.settings(max_examples=1, database=None)
    @hypothesis.given(hypothesis.strategies.none())
    def try_one(_: None) -> None:
        pass

    try_one()


def load_translation() -> None:
    """Load what each process would at its first translation, two seconds of CPU and 250 MB: by checking sentences in
    all languages their data, patterns and dictionaries, and the model that tells them apart; and a converter of
    Chinese. A process that is then forked shares it."""
    from tasks.translation.checks import problems_with
    from tasks.translation.engines.opencc import OpenCC
    from tasks.translation.language_pair import LanguagePair
    from tests.translation.parallel import LANGUAGES, SENTENCES, unit

    for source, target in zip(LANGUAGES, (*LANGUAGES[1:], LANGUAGES[0]), strict=True):
        for name in SENTENCES:
            problems_with(unit(name, source), unit(name, target), LanguagePair.of(source, target))
    OpenCC().translate([("公司",)], "zh-Hans", "zh-Hant")
