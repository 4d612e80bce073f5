"""What every process of a test run loads for itself at its first translation: two seconds of CPU, and 250 MB."""

from __future__ import annotations

from tasks.translation.checks import problems_with
from tasks.translation.engines.opencc import OpenCC
from tasks.translation.language_pair import LanguagePair
from tests.translation.parallel import LANGUAGES, SENTENCES, unit


def load_translation() -> None:
    """Load it by checking sentences in all languages: their data, patterns and dictionaries, and the model that tells
    them apart; and a converter of Chinese. A process that is then forked shares it."""
    for source, target in zip(LANGUAGES, (*LANGUAGES[1:], LANGUAGES[0]), strict=True):
        for name in SENTENCES:
            problems_with(unit(name, source), unit(name, target), LanguagePair.of(source, target))
    OpenCC().translate([("公司",)], "zh-Hans", "zh-Hant")
