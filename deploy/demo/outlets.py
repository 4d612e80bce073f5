"""Invents the outlets of the demo: names, countries, languages, wishes, secrets and manners, by a seed.

    python deploy/demo/outlets.py --dir DIR [--count 6500] [--manners real|good] [--language de] [--instant] [--seed 1]

writes DIR/plan.json for farm.py (which adds the URLs and writes DIR/outlets.json), and what the outlets' secret
references name: DIR/secrets/ and DIR/secrets.env, readable by the owner only. No outlet exists; all names are made up.
A sender needs the variables of secrets.env in its environment: `set -a; . DIR/secrets.env`, and in
FANWIRE_SECRETS_FOLDER the folder DIR/secrets.
"""

from __future__ import annotations

import argparse
import base64
import json
import math
import random
import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from farm_transports import fitting, shares
from outlet_words import COUNTRIES, WORDS, Country

REAL_MANNERS = {
    "slow": 0.04, "unavailable": 0.02, "throttled": 0.01, "gone": 0.005, "moved": 0.003, "missing": 0.003,
    "hang": 0.002, "drip": 0.002, "reset": 0.002, "refuse": 0.002, "huge": 0.001,
}  # fmt: skip
"""The share of each manner among real outlets, as far as we can tell; all others are fast."""
FAST_MEDIAN, FAST_SPREAD, FAST_LEAST, FAST_MOST = 0.150, 0.6, 0.020, 0.400
"""Seconds until a fast outlet answers, log-normal within bounds."""
TLS_SHARE = 0.85
TOPICS_SHARE, REFUSE_MACHINE_SHARE, LIMITS_SHARE, TWO_LANGUAGES_SHARE = 0.12, 0.02, 0.04, 0.03
FORMATS = {"ninjs": 0.45, "html": 0.35, "text": 0.15, "newsmlg2": 0.05}
ALL_FORMATS = {
    "ninjs": 0.30, "html": 0.20, "text": 0.12, "newsmlg2": 0.08, "json": 0.06, "nitf": 0.06, "ninjs2": 0.05,
    "markdown": 0.04, "html-fragment": 0.03, "atom": 0.02, "rss": 0.02, "jsonfeed": 0.02,
}  # fmt: skip
"""The same where outlets differ in how they are delivered to as well."""
ALL_TRANSPORTS = {
    "mail": 0.10, "wordpress": 0.02, "pull": 0.015, "put": 0.015, "multipart": 0.01, "s3": 0.01, "oauth2": 0.01,
    "mtls": 0.01, "sftp": 0.01, "ftps": 0.005, "ftp": 0.005, "folder": 0.005,
}  # fmt: skip
"""The share of each transport; all others take one HTTP POST."""
MAY_MISBEHAVE = ("http", "put", "multipart", "mtls")
"""The transports whose outlets have all the bad manners that there are."""
KNOWN_MANNERS = {
    "mail": ("fast", "unavailable", "gone"), "s3": ("fast", "unavailable"), "wordpress": ("fast", "unavailable"),
    "ftp": ("fast", "unavailable"), "ftps": ("fast", "unavailable"), "sftp": ("fast", "unavailable"),
}  # fmt: skip
"""Those of the others, each as its protocol has it."""
BUSINESS = "04000000"
TOPICS = {
    "04000000": "economy, business and finance", "06000000": "environment", "07000000": "health", "09000000": "labour",
    "11000000": "politics", "13000000": "science and technology", "15000000": "sport", "20000178": "corporate earnings",
    "20000204": "merger or acquisition", "20000274": "banking",
}  # fmt: skip
AUTH = {
    "signed, file": 0.05,
    "signed, env": 0.02,
    "bearer, file": 0.03,
    "bearer, env": 0.02,
    "header, file": 0.01,
    "basic, file": 0.01,
}
SHARED_SIGNING, SHARED_BEARER = "FANWIRE_SECRET_DEMO_SIGNING", "FANWIRE_SECRET_DEMO_BEARER"
"""The variables of secrets.env."""
_NOT_ASCII = str.maketrans(
    {"đ": "d", "ß": "ss", "ø": "o", "æ": "ae", "å": "a", "ł": "l", "ı": "i", "ə": "a", "ä": "ae", "ö": "oe", "ü": "ue"}
)


def invent(
    count: int,
    *,
    seed: int = 1,
    manners: str = "real",
    language: str | None = None,
    instant: bool = False,
    transports: str = "http",
    tls_share: float = TLS_SHARE,
) -> dict[str, Any]:
    """A plan of `count` outlets, without secrets; with `language`, all take that one and none refuses anything.
    `transports`: `http`, or `all` that the farm speaks."""
    chance = random.Random(seed)
    homes = _homes(count, language, chance)
    names = _Names(chance)
    ways = _ways(count, manners, chance)
    plan: dict[str, Any] = {}
    for country, first in homes:
        identity, name, beat = names.new(country, first)
        document: dict[str, Any] = {
            "name": name,
            "country": country.code,
            "languages": [first],
            "circuits": _circuits(country, beat, chance),
            "format": chance.choices(list(FORMATS), list(FORMATS.values()))[0],
        }
        if language is None:
            document |= _wishes(country, first, chance)
        if chance.random() < LIMITS_SHARE:
            document["limits"] = chance.choice(
                [{"in_flight": 1}, {"in_flight": 2}, {"per_minute": 60}, {"per_minute": 30}]
            )
        way = next(ways)
        if instant:
            way["delay"] = 0.0
        plan[identity] = {**way, "tls": chance.random() < tls_share, "outlet": document}
    if transports == "all":
        _spread(plan, random.Random(f"transports {seed}"))
    return plan


def _spread(plan: dict[str, Any], chance: random.Random) -> None:
    """Give the outlets of a plan all transports and formats; who has which is chance."""
    names = shares(len(plan), ALL_TRANSPORTS)
    chance.shuffle(names)
    for name, entry in zip(names, plan.values(), strict=True):
        document = entry["outlet"]
        document["format"] = chance.choices(list(ALL_FORMATS), list(ALL_FORMATS.values()))[0]
        entry["outlet"] = fitting(name, document)
        entry["transport"] = name
        entry["tls"] = entry["tls"] or name == "mtls"
        if name not in MAY_MISBEHAVE:
            known = KNOWN_MANNERS.get(name, ("fast",))
            manner = entry["manner"] if entry["manner"] in known else "fast"
            entry.update({"manner": manner, "delay": 0.0})
            entry.pop("status", None)
            entry.pop("retry_after", None)


def _homes(count: int, language: str | None, chance: random.Random) -> list[tuple[Country, str]]:
    """A country and a language for each outlet, in the countries' proportions, in no order."""
    weights = {
        (country, spoken): country.weight * share
        for country in COUNTRIES
        for spoken, share in country.languages.items()
        if language in (None, spoken)
    }
    if not weights:
        raise SystemExit(f"outlets: no country speaks {language!r}; known are {', '.join(WORDS)}")
    total = sum(weights.values())
    exact = {home: count * weight / total for home, weight in weights.items()}
    # Everybody gets what is whole of his share; what is left goes to who has nothing, then to the largest fractions
    whole = {home: int(share) for home, share in exact.items()}
    late = sorted(exact, key=lambda home: (whole[home] > 0, whole[home] - exact[home]))
    for home in late[: count - sum(whole.values())]:
        whole[home] += 1
    homes = [home for home, number in whole.items() for _ in range(number)]
    chance.shuffle(homes)
    return homes


class _Names:
    """Names that nobody has yet."""

    def __init__(self, chance: random.Random):
        self.chance = chance
        self.taken: set[str] = set()

    def new(self, country: Country, language: str) -> tuple[str, str, str]:
        """An id, a name in the language's script, and the beat that the name tells."""
        words = WORDS[language]
        for tries in count():
            beat = self.chance.randrange(len(words.beats))
            parts = {
                "place": self.chance.choice(country.places_in(language)),
                "brand": self.chance.choice(words.brands),
                "noun": self.chance.choice(words.nouns),
                "beat": words.beats[beat],
            }
            edition = 1 + tries // TRIES_PER_EDITION
            identity = f"{country.code.lower()}-" + slug(" ".join(latin for _, latin in parts.values()))
            identity += f"-{edition}" if edition > 1 else ""
            if identity not in self.taken:
                break
        self.taken.add(identity)
        name = " ".join(words.pattern.format(**{part: native for part, (native, _) in parts.items()}).split())
        # A capital inside a word is the seam of a compound: EnergieBote
        name = re.sub(r"(?<=[a-zß])[A-Z]", lambda seam: seam[0].lower(), name)
        return identity, name + (f" {edition}" if edition > 1 else ""), BEATS[beat]


TRIES_PER_EDITION = 30
"""When so many names were taken, the words of a country are used up: the next has a number, as editions have."""
BEATS = ("general", "business", "industry", "tech", "finance", "energy")
"""What the beats of outlet_words.py mean, in their order."""


def slug(text: str) -> str:
    """`Gia Định: Thời báo` → `gia-dinh-thoi-bao`."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_NOT_ASCII)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:90]


def _circuits(country: Country, beat: str, chance: random.Random) -> list[str]:
    circuits = (
        [f"{country.region}-business"] if beat in ("business", "finance", "industry") or chance.random() < 0.6 else []
    )
    if beat == "tech" or chance.random() < 0.2:
        circuits.append(f"{country.region}-tech")
    if beat in ("energy", "finance"):
        circuits.append(f"world-{beat}")
    return circuits


def _wishes(country: Country, first: str, chance: random.Random) -> dict[str, Any]:
    """What few outlets ask for: certain topics, no machine translation, a second language."""
    wishes: dict[str, Any] = {}
    if chance.random() < TOPICS_SHARE:
        # who takes a press-release wire takes business news, and perhaps more
        wishes["topics"] = sorted({BUSINESS, *chance.sample(sorted(TOPICS), chance.randint(1, 3))})
    if chance.random() < REFUSE_MACHINE_SHARE:
        wishes["machine_translation"] = "refuse"
    others = [language for language in (*country.languages, "en") if language != first]
    if others and chance.random() < TWO_LANGUAGES_SHARE:
        wishes["languages"] = [first, others[0]]
    return wishes


def _ways(count: int, manners: str, chance: random.Random) -> Iterator[dict[str, Any]]:
    """A manner for each outlet; the shares are exact, who has which is chance."""
    names = (
        [name for name, share in REAL_MANNERS.items() for _ in range(round(count * share))] if manners == "real" else []
    )
    names += ["fast"] * (count - len(names))
    chance.shuffle(names)
    for name in names:
        way: dict[str, Any] = {"manner": name}
        if name == "slow":
            way["delay"] = round(chance.uniform(1.0, 4.0), 3)
        elif name not in ("drip", "huge", "refuse"):
            delay = FAST_MEDIAN * math.exp(chance.gauss(0, FAST_SPREAD))
            way["delay"] = round(min(FAST_MOST, max(FAST_LEAST, delay)), 3)
        if name == "throttled":
            way["retry_after"] = chance.choice([1, 2])
        elif name == "moved":
            way["status"] = chance.choice([301, 302, 307, 308])
        yield way


# --- secrets ----------------------------------------------------------------------------------------------------


def add_secrets(plan: dict[str, Any], directory: Path, seed: int) -> None:
    """Give some outlets credentials, by reference, and write what the references name."""
    chance = random.Random(f"secrets {seed}")
    folder = directory / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = {SHARED_SIGNING: _signing(chance), SHARED_BEARER: _token(chance)}
    _write_private(directory / "secrets.env", "".join(f"{name}={value}\n" for name, value in shared.items()))
    kinds, shares = [*AUTH, "none"], [*AUTH.values(), 1 - sum(AUTH.values())]
    for name, entry in plan.items():
        if entry.get("transport", "http") not in ("http", "put", "multipart"):
            continue  # farm_transports.py says how they are to be authenticated
        kind, _, place = chance.choices(kinds, shares)[0].partition(", ")
        if kind == "none":
            continue
        reference = "env:" + (SHARED_SIGNING if kind == "signed" else SHARED_BEARER)
        if place == "file":
            _write_private(folder / name, _signing(chance) if kind == "signed" else _token(chance))
            reference = f"file:{folder / name}"
        entry["outlet"]["auth"] = {
            "signed": {"signing_secret": reference},
            "bearer": {"type": "bearer", "secret": reference},
            "header": {"type": "header", "header": "X-Api-Key", "secret": reference},
            "basic": {"type": "basic", "user": "fanwire", "secret": reference},
        }[kind]


def _signing(chance: random.Random) -> str:
    return "whsec_" + base64.b64encode(chance.randbytes(32)).decode()


def _token(chance: random.Random) -> str:
    return chance.randbytes(16).hex()


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)


# --- the command ------------------------------------------------------------------------------------------------


def write(
    directory: Path,
    *,
    count: int = 6500,
    seed: int = 1,
    manners: str = "real",
    language: str | None = None,
    instant: bool = False,
    transports: str = "http",
    tls_share: float = TLS_SHARE,
) -> Path:
    """Write plan.json and the secrets; returns the plan's path."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    plan = invent(
        count,
        seed=seed,
        manners=manners,
        language=language,
        instant=instant,
        transports=transports,
        tls_share=tls_share,
    )
    add_secrets(plan, directory, seed)
    path = directory / "plan.json"
    path.write_text(json.dumps(plan, ensure_ascii=False, indent=1))
    return path


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say which outlets to invent."""
    parser.add_argument("--count", type=int, default=6500, help="how many outlets (6500)")
    parser.add_argument("--manners", choices=("real", "good"), default="real", help="good: all are fast")
    parser.add_argument("--language", help="all outlets take this language only")
    parser.add_argument("--instant", action="store_true", help="no outlet takes its time before it answers")
    parser.add_argument("--transports", choices=("http", "all"), default="http", help="all: whatever the farm speaks")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other outlets")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True, help="where plan.json and the secrets go")
    arguments(parser)
    options = vars(parser.parse_args())
    print(write(options.pop("dir"), **options))


if __name__ == "__main__":
    main()
