"""The checks of words and of whole languages notice what they are there for, and let human text pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.language_data import data_of, known_languages
from tasks.translation import dictionaries
from tasks.translation.checks import problems_with
from tasks.translation.language_pair import LanguagePair

CHECKED = [tag for tag in known_languages() if data_of(tag).dictionary.complete]
"""Languages of which every word must be in a dictionary."""


@pytest.fixture(autouse=True, scope="module")
def any_words() -> None:
    """All checks are on."""


def needs_dictionary(language: str) -> None:
    """Skip a test where the machine lacks a dictionary, which root gets by `make`."""
    if missing := dictionaries.missing_packages(language):
        pytest.skip(f"install: apt-get install --no-install-recommends {' '.join(missing)}")


def found(before: str, after: str, target: str, source: str = "en") -> dict[str, str]:
    """The problems by their check."""
    return {
        problem.check: str(problem) for problem in problems_with((before,), (after,), LanguagePair.of(source, target))
    }


@pytest.mark.parametrize(
    ("before", "after", "target", "reason"),
    [
        ("The maker of stationary batteries grows.", "El fabricante de stationary baterías crece.", "es",
         "'stationary' was left as it stands in the source"),
        ("The maker grows.", "Le fabricant a une celda que tient.", "fr", "'celda' is Spanish, not French"),
        ("The maker grows.", "O fabricante do desarrollo cresce.", "pt", "'desarrollo' is Spanish, not Portuguese"),
        ("The maker grows.", "El fabricante crexe.", "es", "'crexe' is no word of Spanish"),
        ("The maker grows.", "Der Hersteller wächsst.", "de", "'wächsst' is no word of German"),
        ("Der Hersteller wächst.", "The maker growss.", "en", "'growss' is no word of English"),
        ("Apple came early.", "Apple llegó pronto.", "es", None),
        ("It has tea bags.", "Tiene bolsitas de té y panecitos.", "es", None),
        ("The maker grows.", "El fabricante del litio crece.", "es", None),
        ("Norvik grows.", "Norvik crece.", "es", None),
        ("The firm norvik grows.", "La firma norvik crece.", "es", None),  # in no dictionary: a name
        ("It helps.", "Ciberataques y microplásticos: explíquemelo, dijo.", "es", None),
        ("It helps.", "L’usine d’Hambourg qu’on aime s’agrandit.", "fr", None),
        ("It helps.", "Die Windkraftanlagenhersteller wachsen.", "de", None),
        ("It is 5 kWh.", "Son 5 kWh, art. 12 y pág. 3.", "es", None),
        ("It grows.", "Crece " + "micro" * 20 + "bio.", "es", f"'{'micro' * 20}bio' is no word of Spanish"),
        ("It grows.", "A equipa e o ecrã crescem; o time e a tela também.", "pt", None),
    ],
)  # fmt: skip
def test_words_in_no_dictionary(before: str, after: str, target: str, reason: str | None) -> None:
    needs_dictionary(target)
    source = "de" if target == "en" else "en"
    needs_dictionary(source)
    said = found(before, after, target, source).get("spelling")
    assert (said is None) if reason is None else said == reason


def test_people_know_their_words() -> None:
    needs_dictionary("es")
    pair = LanguagePair.of("en", "es")
    before, after = ("The maker grows.",), ("El fabricante crexe crexe de el todo.",)
    assert {problem.check for problem in problems_with(before, after, pair)} >= {"spelling", "articles", "doubled"}
    assert problems_with(before, after, pair, by_person=True) == []


@pytest.mark.parametrize(
    ("after", "target", "check"),
    [
        ("El la casa es de piedra.", "es", "articles"), ("La casa de el pueblo.", "es", "articles"),
        ("Fue a el pueblo.", "es", "articles"), ("Es el estación del pueblo.", "es", "articles"),
        ("Son los compañía, dijo el.", "es", "articles"), ("Ve la proyecto y los comunidad.", "es", "articles"),
        ("Il va à le village.", "fr", "articles"), ("C’est la entreprise.", "fr", "articles"),
        ("Il vient de les villages.", "fr", "articles"), ("C’est le nation.", "fr", "articles"),
        ("São os um casas.", "pt", "articles"), ("É o nação e dos um.", "pt", "articles"),
        ("Er ist im dem Haus.", "de", "articles"), ("Er geht zur die Kirche.", "de", "articles"),
        ("Es la casa casa del pueblo.", "es", "doubled"), ("Il est de de la ville.", "fr", "doubled"),
        ("É uma uma casa.", "pt", "doubled"), ("Er war im im Haus.", "de", "doubled"),
        ("هو في في البيت.", "ar", "doubled"),
        ("No, no es así; que que no.", "es", None), ("Nous nous en allons.", "fr", None),
        ("Il faut le faire, de les aider.", "fr", None), ("L’onzième et le onze.", "fr", None),
        ("Antes de o governo decidir.", "pt", None), ("Um dos dois que que.", "pt", None),
        ("Die, die das Haus sehen, die die Tür öffnen.", "de", None), ("El agua y el águila.", "es", None),
        ("La unión, la mayoría y los que están.", "es", None), ("Rumah-rumah itu sama sama besar.", "id", None),
    ],
)  # fmt: skip
def test_small_words_that_stand_together(after: str, target: str, check: str | None) -> None:
    problems = found("It is here and there, as it was.", after, target)
    assert check in problems if check else not {"articles", "doubled"} & set(problems)


TURBINES = {
    "ca": "Les noves turbines giren més a poc a poc que els models anteriors i per això són més silencioses.",
    "it": "Le nuove turbine girano più lentamente dei modelli precedenti e per questo sono più silenziose.",
    "gl": "As novas turbinas xiran máis amodo ca os modelos anteriores e por iso son máis silenciosas e duran máis.",
    "nl": "De nieuwe turbines draaien langzamer dan eerdere modellen en zijn daarom stiller en gaan langer mee.",
    "da": "De nye turbiner drejer langsommere end tidligere modeller og er derfor mere støjsvage og holder længere.",
    "uk": "Нові турбіни обертаються повільніше за попередні моделі, тому вони працюють тихіше і служать довше.",
    "bg": "Новите турбини се въртят по-бавно от предишните модели и затова са по-тихи и издържат по-дълго.",
    "fa": "توربین‌های جدید کندتر از مدل‌های پیشین می‌چرخند و به همین دلیل بی‌صداتر هستند و عمر بیشتری دارند.",
    "es": "Las nuevas turbinas giran más despacio que los modelos anteriores y por eso son más silenciosas.",
    "fr": "Les nouvelles turbines tournent plus lentement que les anciens modèles et sont donc plus silencieuses.",
    "pt": "As novas turbinas giram mais devagar do que os modelos anteriores e por isso são mais silenciosas.",
}
ENGLISH = "The new turbines turn more slowly than earlier models, and therefore they are quieter and last longer."


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("es", "pt"), ("es", "ca"), ("es", "it"), ("es", "gl"), ("fr", "es"), ("fr", "it"), ("fr", "ca"), ("pt", "es"),
        ("pt", "gl"), ("pt", "it"), ("de", "nl"), ("de", "da"), ("ru", "uk"), ("ru", "bg"), ("ar", "fa"), ("id", "nl"),
    ],
)  # fmt: skip
def test_a_language_near_the_target_is_noticed(target: str, text: str) -> None:
    assert {"language", "residue"} & set(found(ENGLISH, TURBINES[text], target))
    assert "it is in " in found(ENGLISH, TURBINES[text], target).get("language", "")


@pytest.mark.parametrize(
    ("text", "target", "said"),
    [
        ("Perusahaan itu membuka pabrik baru tahun ini.", "ms", "'pabrik' is Indonesian, not Malay"),
        ("Syarikat itu membuka kilang baru pada tahun ini.", "id", "is Malay, not Indonesian"),
        ("Syarikat itu membuka kilang baharu pada tahun ini.", "ms", None),
        ("Perusahaan itu membuka pabrik baru tahun ini.", "id", None), ("Acara “Kantor” dibuka hari ini.", "ms", None),
    ],
)  # fmt: skip
def test_two_languages_that_only_words_tell_apart(text: str, target: str, said: str | None) -> None:
    problem = found("The company opens a new plant this year.", text, target).get("language")
    assert problem is None if said is None else said in str(problem)


def test_a_long_part_in_another_language_is_noticed() -> None:
    both = f"{TURBINES['es']} {TURBINES['pt']}"
    assert "a part of it is in Portuguese" in found(ENGLISH, both, "es")["language"]
    left = f"{TURBINES['fr']} {TURBINES['fr']} The people of the village have waited for this day for many long years."
    assert "a part of it is in English" in found(TURBINES["es"], left, "fr", "es")["language"]


@pytest.mark.parametrize("target", ["es", "fr", "pt"])
def test_names_make_no_other_language(target: str) -> None:
    names = "Deutsche Gesellschaft für Internationale Zusammenarbeit Nederlandse Spoorwegen"
    said = found(f"{names} came with us to see the harbour.", f"{names} {TURBINES[target]}", target)
    assert "language" not in said


def test_every_dictionary_is_known_to_setup_and_image() -> None:
    root = Path(__file__).parents[2] / "deploy"
    for file in ("setup.sh", "Dockerfile"):
        words = (root / file).read_text().replace(")", " ").split()
        for tag in CHECKED:
            missing = [name for name in data_of(tag).dictionary.packages if name not in words]
            assert not missing, (file, tag)
        assert dictionaries.LIBRARY_PACKAGE in " ".join(words), file


def test_without_a_dictionary_the_check_is_off_and_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionaries, "_FOLDERS", ())
    monkeypatch.delenv("DICPATH", raising=False)
    assert "spelling" not in found("The maker grows.", "El fabricante crexe.", "es")
    assert dictionaries.missing_packages("es")[:1] == ["hunspell-es"]
    assert dictionaries.missing_packages("ja") == []
