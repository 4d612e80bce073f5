"""Review of translations by people: draft or unreviewed → approved. It joins the ledger and the translation room.

A *draft* is held: no engine found something sound for some of its units, or an engine of grade draft made some.
*Unreviewed*: engines of grade publish made all of it, it passed every check, and no person has read it; the ledger says
`checked`. *Approved*: a person said so. What may go out unreviewed is the policy of the language (`publish` in the
translation file) and of the outlet (`machine_translation`); planning writes it into each delivery, and the ledger keeps
it.

    listing.py      the translations of a release, unit by unit
    approval.py     which translations a person has to approve, and approving one
    stamps.py       what stands for a translation as it was read, so that nothing else is approved
    imports.py      importing what people changed in an exported file
    xliff_files.py  a translation as XLIFF       tmx_files.py  as TMX, and back
    near.py         near matches from the memory, for units that an editor still has to look at
    edited.py       how far approved texts are from the drafts of engines
    in_place.py     editing its units one by one
    page.py         as a page to read side by side (page.html)
"""

from __future__ import annotations

from tasks.review.approval import Approved, approve, policy
from tasks.review.imports import Taken, take
from tasks.review.listing import Reviewed, ReviewedUnit, every, look, waiting
from tasks.review.near import NearMatch, near_matches
from tasks.review.page import as_html
from tasks.review.xliff_files import sheet_of

__all__ = [
    "Approved", "NearMatch", "Reviewed", "ReviewedUnit", "Taken", "approve", "as_html", "every",
    "look", "near_matches", "policy", "sheet_of", "take", "waiting",
]  # fmt: skip
