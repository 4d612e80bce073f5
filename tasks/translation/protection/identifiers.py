"""Codes, standards and paths: `CALM-2`, `ISO 9001:2015`, `/api/v2/export`. They are the same in every language."""

from __future__ import annotations

from tasks.translation.figures import currencies

_CURRENCY = "|".join(code for code in currencies.CODES if code.isascii() and code.isalpha())
_UNITS = "AM|PM|[KMGTP]?(?:WH?|WP|B|HZ|BPS|V|VA|VAR|J|CAL)|[KCM]?M|[KM]?G|MAH|DPI|RPM|PPM|BN|MN|TN|ST|ND|RD|TH"
_PERIOD = r"(?:Q[1-4]|[1-4]Q|H[12]|[12]H|FY|CY|GJ|KW|S[12]|T[1-4]|M\d)"
"""What names a part of a year and has other letters in other languages."""
_STANDARD_BY = (
    "ISO|IEC|EN|DIN|IEEE|ASTM|ANSI|NIST|BS|UL|VDE|RFC|ITU-T|ETSI|NFPA|SAE|MIL-STD|GOST|JIS|UNE|NF|ASME|API|IFRS|IAS"
)
CODE = (
    rf"(?<![\w.@#/-])(?:"
    rf"(?:{_STANDARD_BY})(?:[/ -](?:{_STANDARD_BY}|TS|TR))*[ -]?(?:SP )?[A-Z]?\d{{2,}}(?:[-.:]\d+)*[a-z]?"
    rf"|(?!{_PERIOD}\d*-|(?:{_CURRENCY})-)[A-Z][A-Z0-9]*+(?=(?:-[A-Z0-9]++)*?-\d)(?:(?=-[A-Z0-9])-[A-Z0-9]++)++"
    rf"|[A-Z]{{1,2}}\d[A-Z\d]? \d[A-Z]{{2}}"
    rf"|(?:[0-9A-Fa-f]{{2}}:){{5}}[0-9A-Fa-f]{{2}}|[0-9A-Fa-f]{{8}}(?:-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}}"
    rf"|(?!{_PERIOD}|(?:{_CURRENCY})\d)[A-Z]{{1,5}}\d{{2,}}[A-Z0-9]*"
    rf"|(?!\d+(?:{_UNITS}|{_CURRENCY}|[KMBT])(?!\w)|{_PERIOD})\d+[A-Z]{{2,}}[A-Z0-9]*"
    rf"|[A-Za-z][^\W_]*+_\w++"
    rf"|10\.\d{{4,9}}/[\w.;()/:-]*\w"
    rf")(?![\w])(?!-\w)"
)
"""Letters and digits that name a thing: a product, a flaw, a standard, a British postcode, a device, a variable."""
PATH = (
    r"(?<![\w/.:<~])(?:~?/(?:[\w.{}*-]++/)+[\w.{}*-]*|/[a-z][\w.-]*_[\w.-]*|[A-Z]:\\[\w.\\-]*[\w\\]|\\\\[\w.-]+\\[\w.\\-]+)"
    r"(?<![.])"
)
"""Where a file or an interface is: `/api/v2/export`, `C:\\data`."""
