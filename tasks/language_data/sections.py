"""What a language file may say, section by section; whatever it leaves out has the default that stands here.

What CLDR knows (names of months and days, separators, plural forms, currencies, scale words, how a date is set) is
not repeated in the files; Babel has it. Regular expressions are those of Python's `re`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from tasks.model.documents import Document
from tasks.model.languages import LanguageTag

TOP_TOPICS = tuple(f"{number:02d}000000" for number in range(1, 18))
"""The 17 first-level IPTC Media Topics; every house section names them all."""
MARKS = 6
"""Full stop, comma, question mark, exclamation mark, colon, semicolon."""


class Section(Document):
    # spaces at the end of a pattern are part of it
    model_config = ConfigDict(str_strip_whitespace=False, strict=True)


def _regular(groups: int) -> Callable[[str], str]:
    """Checks that a text is a regular expression with so many groups, `(…)`; those without, `(?:…)`, do not count."""

    def check(expression: str) -> str:
        try:
            found = re.compile(expression).groups
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from None
        if found != groups:
            raise ValueError(f"has {found} groups '(…)' where {groups} are right; write others as '(?:…)'")
        return expression

    return check


def _template(*names: str) -> Callable[[str], str]:
    """Checks that a text holds each of these placeholders and no other, so that filling it in can never fail."""

    def check(text: str) -> str:
        try:
            found = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        except ValueError as error:
            raise ValueError(f"has a brace out of place: {error}") from None
        faults = [f"has the unknown placeholder {{{name}}}" for name in sorted(found - set(names))]
        faults += [f"lacks {{{name}}}" for name in names if name not in found]
        if faults:
            raise ValueError("; ".join(faults))
        if not text.strip():
            raise ValueError("is empty")
        return text

    return check


def _plural(forms: dict[str, str]) -> dict[str, str]:
    """Checks that there is a form for every number, and that a number is left out only where the word says it."""
    if "other" not in forms:
        raise ValueError("lacks the form 'other'")
    for form, text in forms.items():
        try:
            _template("number")(text)
        except ValueError as error:
            said = form in ("zero", "one", "two") and str(error) == "lacks {number}"
            if not said:
                raise ValueError(f"{error} in the form {form!r}") from None
    return forms


PluralForms = Annotated[
    dict[Literal["zero", "one", "two", "few", "many", "other"], Annotated[str, Field(min_length=1)]],
    AfterValidator(_plural),
]
Plain = Annotated[str, AfterValidator(_template())]
Regex = Annotated[str, Field(min_length=1), AfterValidator(_regular(0))]
RegexOfOne = Annotated[str, Field(min_length=1), AfterValidator(_regular(1))]
"""With one group: what is looked for."""
Days = Annotated[str, AfterValidator(_template("first", "last"))]
Words = str
"""Words with spaces between them."""
Power = Annotated[int, Field(ge=1, le=15)]
"""A power of ten."""
Number = Annotated[int, Field(ge=1, le=1000)]
MonthNumber = Annotated[int, Field(ge=1, le=12)]
Weekday = Annotated[int, Field(ge=1, le=7)]


class Quotes(Section):
    """The quotation marks of the language, with the spaces that belong inside them."""

    open: Plain
    close: Plain
    inner_open: Plain | None = None
    """Of a quotation inside a quotation; without them it has the same marks."""
    inner_close: Plain | None = None

    def around(self, text: str, *, inner: bool) -> str:
        """The text in its quotation marks."""
        if inner:
            return f"{self.inner_open or self.open}{text}{self.inner_close or self.close}"
        return f"{self.open}{text}{self.close}"


class Typography(Section):
    """How a sentence of the language is set: marks, spaces, capitals."""

    marks: Annotated[str, Field(min_length=MARKS, max_length=MARKS)] = ".,?!:;"
    """Full stop, comma, question and exclamation mark, colon and semicolon; a space for one that is not written."""
    marks_after: str = ""
    """The letters after which these marks take the place of those of English, as in `[…]` of a regular expression."""
    wide_marks: bool = False
    """The marks are as wide as a letter and need no space after them."""
    space_before: dict[Annotated[str, Field(min_length=1)], str] = {}
    """Punctuation marks that have a space before them, and which: `{";!?": "\\u202f"}`."""
    inverted_marks: bool = False
    """Questions and exclamations are opened with `¿` and `¡`."""
    apostrophe: str = ""
    """What stands for ' between letters; empty: as it comes."""
    comma_inside_quotes: bool = True
    """`“… ,” he said` as in America; else the comma follows the mark."""
    capitals: bool = True
    """Sentences begin with a capital letter: the script has them."""
    words_have_capitals: bool = False
    """So do words inside a sentence that are no names: German nouns, English days of the week."""

    @model_validator(mode="after")
    def _letters(self) -> Typography:
        _regular(0)(f"[{self.marks_after}]" if self.marks_after else "x")
        return self


class Abbreviations(Section):
    """Abbreviations without their last full stop. A space in one may be left out in a text."""

    never_last: list[str] = []
    """With these no sentence ends: `Ms`, `e.g`."""
    before_numbers: list[str] = []
    """With these none ends before a number: `No`."""
    seldom_last: list[str] = []
    """With these one ends only before a small word with a capital: `… at 9 a.m. The doors …`."""
    ordinals: bool = False
    """`3.` may be the third."""


class Numbers(Section):
    """Numbers in digits and in words. Separators and the usual scale words are CLDR's."""

    minimum_grouping_digits: Literal[1, 2] = 1
    """CLDR's: 2 in languages that write 6500 but 86.000."""
    counted_in: dict[Power, Power] = {}
    """Powers of ten whose word is better not used, and that of the word to count in: `{9: 6}` where a newspaper writes
    3200 millions for 3.2 billion."""
    grouped_by_spaces: bool = False
    """Groups of three digits often have a plain space between them."""
    scales: dict[str, Power] = {}
    """Scale words that are in use beside CLDR's: word to power of ten."""
    scales_not_before: dict[str, Regex] = {}
    """What follows a scale word where it begins another word: `5千米` are five kilometres."""
    scale_follows_at_once: bool = False
    """No space stands between digits and scale word."""
    in_ten_thousands: bool = False
    """One number may have several scale words: `3조 2,000억`."""
    between_ten_thousands: str = ""
    """What is written between those."""
    words: dict[Number, Words] = {}
    """Words for numbers, as far as texts mix them with digits; `tres*` stands for all words that begin so."""
    word_prefixes: str = ""
    """Letters that may stand right before a word for a number and belong to another word."""
    words_before_scales: bool = True
    """A word for a number before a scale word is a number: `three million`."""
    han_numerals: bool = False
    """Numbers are also written with Chinese characters: `二十`."""
    percent: list[Regex] = []
    """Words for `%` behind a number."""
    percent_before: list[Regex] = []
    """Words for `%` before a number."""
    units: dict[str, str] = {}
    """Names and signs of units of measurement beside CLDR's, to CLDR's names of them: `{metres: length-meter}`."""
    always: list[Regex] = []
    """How `24/7` is said with numbers."""
    always_in_words: list[Regex] = []
    """How `24/7` is said without numbers: `around the clock`."""
    half: list[Regex] = []
    """How a half of something is said: `half of`, `half a`."""
    one_in: list[Regex] = []
    """What stands between the two numbers of `1 in 7`."""
    labels: list[Regex] = []
    """Words before a number that counts nothing: `Article 5.3`, `version 2.0`."""
    between: dict[Literal["to", "and", "or", "before"], list[Regex]] = {}
    """Between the two ends of a range: words by themselves (`to`), and `and` and `or`, with what stands `before` both
    then: `{to: [to], and: [and], or: [or], before: [between]}`."""
    range: str = "–"
    """What is written between the two ends of a range without a word."""
    counts_nothing: Words = ""
    """Words that follow a scale word and are no noun, beside `function_words`: `3 million annually`."""

    def groups(self, value: Decimal | int) -> bool:
        """Whether a number of this size has its digits in groups: by `minimum_grouping_digits`, which Babel ignores."""
        return bool(abs(value) >= 1_000 * 10 ** (self.minimum_grouping_digits - 1))


class Currencies(Section):
    """How the language writes amounts of money."""

    names: dict[str, str] = {}
    """Names of currencies as texts have them, to ISO 4217 codes; `$` for a dollar of no country."""
    dollar: str | None = None
    """What a dollar of no country is called; without it such amounts have their sign."""
    named: bool = False
    """Amounts with a scale word have the name of the currency and not its sign: `3,2 tỷ euro`. Where scale words are
    part of the number (`in_ten_thousands`), all amounts have it."""
    written: dict[Annotated[str, Field(pattern="^[A-Z]{3}$")], str] = {}
    """What a currency is called where CLDR's name is not what stands behind a number: `{CNY: 元人民币}`."""
    after_scale: str = " "
    """What stands between a scale word and a name: ` de `."""
    after_scale_before_vowel: str | None = None
    """The same before a vowel: ` d’`."""
    vowels: Regex | None = None
    """How a word begins before which that stands; a silent letter is none for the ear."""
    names_keep_capitals: bool = False
    """Names of currencies are nouns with a capital letter."""
    adjective: Regex | None = None
    """Where CLDR's name begins with an adjective, which is small inside a sentence."""
    families: dict[str, Regex] = {}
    """What currencies of one name are called beside a number, by the English name: `{dollar: 'dólar(?:es)?'}`."""


class Dates(Section):
    """How the language writes days and months. Names and patterns are CLDR's."""

    first_day: str | None = None
    """How the first of a month is written where CLDR's plain 1 is wrong: French `1er`."""
    before_date: str | None = None
    """The word for `on` before a date, with its space: `el `; without it the engine has to find the word."""
    from_to: Days | None = None
    """How a stretch of days is said in a sentence: `del {first} al {last}`."""
    between: Days | None = None
    """The same with `between`."""
    to: list[Regex] = []
    """Other words between the two."""
    on_both: Days | None = None
    """How two days are said: `el {first} y el {last}`."""
    both: Days | None = None
    """The same without the word for `on`."""
    with_article: dict[str, str] = {}
    """Words that need an article before a date, and the two together: `{de: del, desde: desde el}`."""
    and_again: dict[str, str] = {}
    """What joins a second date to one with an article, and the same with its article: `{y: y el}`."""
    months: dict[Regex, MonthNumber] = {}
    """Names of months beside CLDR's, as regular expressions."""
    month_ending: Regex | None = None
    """What may stand for the last letter of a month's long name: the endings of cases."""
    numbered_month: RegexOfOne | None = None
    """Finds a month that is written with its number, which is group 1: `(1[0-2]|0?[1-9])월`."""
    any_case: bool = False
    """Names of months are also written with a small or large first letter otherwise than CLDR does."""
    keeps_full_stop: bool = False
    """An abbreviated month is only one with its full stop."""
    letter_before: bool = False
    """A letter of another word may stand right before a month's name."""
    day_before_month: bool = True
    day_after_month: bool = False
    """Where a day stands."""
    year_before_month: bool = False
    """A year may stand before the month."""
    day_endings: list[Regex] = []
    """What may stand behind the number of a day: `st`, `日`."""
    before_month: list[Regex] = []
    """Words between a day and its month, with their space: `de\\s`."""
    before_year: list[Regex] = []
    """Words between a month and its year, with their space."""
    year_sign: str | None = None
    """What stands behind the number of a year: `年`."""
    short_year: list[RegexOfOne] = []
    """How a decade is written with two digits, which are the group: `años (\\d0)`."""
    weekdays: dict[Regex, Weekday] = {}
    """Names of the days of the week beside CLDR's, Monday being 1: other cases, short forms."""
    weekdays_loosely: dict[Regex, Weekday] = {}
    """What is also said for a day of the week, and means something else elsewhere: `segunda`."""
    afternoon: list[Regex] = []
    """Words by which an hour is one of the afternoon or evening."""
    after_hour: list[Regex] = []
    """What stands behind an hour: `Uhr`."""
    before_hour: list[Regex] = []
    """What stands before an hour."""
    hour_word: Regex | None = None
    """What right behind an hour makes it a time of day for certain, with its space and, if it stands there, its minute:
    `\\s?Uhr`."""
    before_certain_hour: list[Regex] = []
    """What stands before an hour with its `hour_word` that is a time of day, where that may also say how long something
    lasts: `às 2h30`, not `dura 2h30`. Left out: it never does."""
    time: str | None = None
    """How a time of day is written: a CLDR pattern where CLDR's own is no good in prose."""
    full_hour: str | None = None
    """The same without minutes."""


class Vocabulary(Section):
    """Words by which the language is known, and how they stand."""

    function_words: Words = ""
    """Small words: twelve words of the language hardly ever come without one of them. Without them a sentence that was
    left in the source language is noticed by other signs only."""
    never_last: Words = ""
    """Words with which no sentence ends."""
    of_neighbour: dict[LanguageTag, Words] = {}
    """Words, in small letters, of a language that statistics do not tell from this one, and that this one has not."""
    impossible: list[Regex] = []
    """Words that stand beside each other only where others are missing, such as an article before a verb."""
    chatter: list[Regex] = []
    """What a language model says beside its translation: `here is the translation`."""
    clashes: list[Regex] = []
    """Small words that never stand together, such as two articles, and articles that do not fit the ending that
    follows."""
    doubled: Words | None = None
    """Words that may stand twice on end; left out where any word may."""
    unspaced: bool = False
    """No spaces stand between words."""


class Comparison(Section):
    """What a translation into or from the language looks like beside one in English or another language."""

    characters: float = Field(1.0, gt=0, le=5)
    """Characters for what English says in one."""
    least_function_words: float = Field(0.1, ge=0, le=1)
    """At least such a share of the words of a long sentence are function words: half of what the poorest of a thousand
    human sentences has."""
    alike: list[LanguageTag] = []
    """Languages so near that a sentence may rightly stay the same."""
    kin: list[LanguageTag] = []
    """Languages with which it shares so many words that only the function words tell them apart."""
    other_scripts: list[str] = []
    """Scripts beside its own that texts have some letters of: `Hani`."""
    compares_backwards: bool = False
    """`rose to 7 million from 5 million` begins with the 5."""
    whole_first: bool = False
    """`3 of its 12 plants` and `40 patients at 6 hospitals` begin with the last."""
    compared: list[Regex] = []
    """Words that say that two amounts are compared: `from`, `up`."""
    origin_before: list[Regex] = []
    """Words before the figure with which another is compared: `from`."""
    origin_behind: list[Regex] = []
    """Words behind it: `から`."""
    whole_before: list[Regex] = []
    """Words before the figure of which another is a part: `of`."""
    whole_behind: list[Regex] = []
    """Words behind it: `のうち`."""


class Dictionary(Section):
    """Which words there are, by the dictionaries of Hunspell that the machine has."""

    files: list[Annotated[str, Field(pattern=r"^[A-Za-z_-]+$")]] = []
    """Names of dictionaries, each a `.aff` and a `.dic`: a word that one of them has is a word."""
    packages: list[Annotated[str, Field(pattern=r"^[a-z0-9.+-]+$")]] = []
    """The packages of Debian that have them."""
    complete: bool = False
    """A word that is in none of them is wrong: set where hardly one in a hundred human sentences has such a word that
    is no name. Without it the dictionaries only say which words of another language belong to it."""
    more: Words = ""
    """Words that texts use and the dictionaries lack."""
    prefixes: Words = ""
    """What may stand before any word and make another one, which the dictionaries do not have: `micro ciber`."""
    enclitics: Regex | None = None
    """Pronouns that may hang at the end of a verb, which the dictionaries do not have so: `(?:me|te|lo)`."""
    diminutives: Regex | None = None
    """Endings that make a word smaller, in place of its last vowel: `it[oa]s?`."""
    elisions: Regex | None = None
    """What may stand before a word with an apostrophe, and be no part of it: `[dl]|qu`."""


class Names(Section):
    """How names of people, companies and products stand in a text of the language."""

    have_capitals: bool = False
    """Only names have a capital inside a sentence, so that rows of capitalised words are names."""
    introduced_by: list[RegexOfOne] = []
    """Where a text introduces a person, as regular expressions: `({person})` is the name, `{title}` a title before
    it."""
    before: Words = ""
    """What a sentence may begin with that is no part of a name."""
    offices: Words = ""
    """What people are, and what stands before or after a name and is none; a name ends there."""
    institutions: Words = ""
    """A row of capitalised words with one of these in it has a translation of its own."""
    companies: Words = ""
    """With what the name of a company ends (or begins, as `banco`)."""
    speaking: Words = ""
    """Verbs that only people and companies have before them: `said`."""
    people: Words = ""
    """Given names that are words of the language as well: `mark`."""
    determiners: Words = ""
    """Articles and what stands in their place: a row of ordinary words behind one is no name."""
    titles_have_capitals: bool = False
    """Offices, programmes and terms are often written with capitals too."""
    common: Words = ""
    """Words that releases like to write with a capital, and that are no names; `*tion` stands for all that end so."""


def _two(sides: list[str]) -> list[str]:
    """Checks that there are two sides of an opposition."""
    if len(sides) != 2 or not all(side.split() for side in sides):
        raise ValueError("must be two lists of words, such as ['rose increas*', 'fell decreas*']")
    return sides


Opposition = Annotated[list[Words], AfterValidator(_two)]
"""Words that say one thing, and words that say the opposite; `increas*` stands for all that begin so."""


class Meaning(Section):
    """Words on which the meaning of a sentence hangs, for comparing a text of the language with one that was translated
    back into it. Names of weekdays are CLDR's."""

    negation: list[Regex] = []
    """What denies, as whole words: `not`, `\\w+n't`. Without any, nothing is compared in the language."""
    near_negation: list[Regex] = []
    """What may stand for a denial in another wording: `unable`, `lack\\w*`. One expression for each kind: of one kind a
    text may say the same as the other."""
    opposites: list[Opposition] = []
    """What turns a sentence round if one side stands for the other: `rose` and `fell`."""
    persons: list[Words] = []
    """Words of the person who speaks, then those of anybody else: `we our`, `they their`."""


class DatelinePatterns(Section):
    """What stands before the first paragraph, with the space that belongs after it, by what is known."""

    place_date: Annotated[str, AfterValidator(_template("place", "date", "wire"))]
    place: Annotated[str, AfterValidator(_template("place", "wire"))]
    date: Annotated[str, AfterValidator(_template("date", "wire"))]
    source: Annotated[str, AfterValidator(_template("wire"))]


class Reach(Section):
    """How the wire says whom it reaches, once it has set the figures (FANWIRE_WIRE_OUTLETS and those beside it).

    Each noun stands in the forms that CLDR's plural rules tell apart in the language, as the sentence wants them:
    `{one: "{number} country", other: "{number} countries"}`. A form that is left out is `other`.
    """

    about: Annotated[str, AfterValidator(_template("wire", "outlets", "editors", "countries"))]
    """The sentence that says whom the wire reaches, in place of the one without figures."""
    outlets: PluralForms
    """Media."""
    editors: PluralForms
    """Editors and journalists, in one word that stands for both."""
    countries: PluralForms
    """Countries, as the preposition before them wants it."""


class MediaLabels(Section):
    """What stands before a file in plain text: `Picture: The plant in Porto`."""

    picture: Plain = "Picture"
    """A photograph or drawing."""
    video: Plain = "Video"
    """A film."""
    audio: Plain = "Audio"
    """A recording of sound."""
    document: Plain = "Document"
    """Any other file, such as a PDF."""


class House(Section):
    """What the wire itself says in every release. It has no defaults: without it nothing goes out in the language."""

    dateline: DatelinePatterns
    date_format: str = "long"
    """The date in the dateline: a CLDR length, or a CLDR pattern where the language's own is no good in prose."""
    link: Annotated[str, AfterValidator(_template("text", "url"))]
    """A link in plain text."""
    separator: str = Field(min_length=1)
    """Between industries; stronger than what stands inside their names (`Economy, business and finance`)."""
    disclaimer: Annotated[str, AfterValidator(_template("wire", "url"))]
    industries: Annotated[str, AfterValidator(_template("names"))]
    contact: Plain
    """Heading over the people whom editors may call."""
    media: MediaLabels = MediaLabels()
    """What pictures and other files are called in plain text."""
    roles: dict[Annotated[str, Field(pattern=r"^[a-z_]+$")], Plain] = {}
    """What contacts commonly are (`press_officer`), in the words of the language and the capitals of a heading."""
    machine_translation: Annotated[str, AfterValidator(_template("source_language"))]
    correction: Annotated[str, AfterValidator(_template("version"))]
    """Over a version above the first. One rendition goes to all, so it is true for those who have an older version and
    for those who see this one first."""
    kill: Annotated[str, AfterValidator(_template("wire"))]
    about: Annotated[str, AfterValidator(_template("wire"))]
    """What a wire does. It says nothing that the wire may not say of itself: no figures, no languages, no promises."""
    reach: Reach | None = None
    """Without it the wire's figures are not said in this language."""
    topics: dict[Annotated[str, Field(pattern=r"^\d{8}$")], Plain]
    """IPTC Media Topics by their eight digits (in quotation marks: YAML would read an octal number)."""

    @model_validator(mode="after")
    def _whole(self) -> House:
        missing = [topic for topic in TOP_TOPICS if topic not in self.topics]
        if missing:
            raise ValueError(f"topics: lacks {', '.join(missing)}")
        return self


class LanguageData(Section):
    """All data on one language: what its file says, the rest from a file of a broader tag, or else the defaults."""

    language: LanguageTag = Field(examples=["de"])
    quotes: Quotes = Quotes(open="“", close="”", inner_open="‘", inner_close="’")
    typography: Typography = Typography()
    abbreviations: Abbreviations = Abbreviations()
    numbers: Numbers = Numbers()
    currencies: Currencies = Currencies()
    dates: Dates = Dates()
    vocabulary: Vocabulary = Vocabulary()
    comparison: Comparison = Comparison()
    dictionary: Dictionary = Dictionary()
    names: Names = Names()
    meaning: Meaning = Meaning()
    places: dict[Annotated[str, Field(min_length=1)], Plain] = {}
    """Cities by their English names, where the language has another name for them. CLDR's need not be said: countries,
    and the cities that time zones are called after."""
    house: House | None = None
