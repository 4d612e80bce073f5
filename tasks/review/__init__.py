"""Review of translations by people: machine draft → checked → approved. It joins the ledger and the translation room.

A *draft* is held: no engine found something sound for some of its units. *Checked*: all units are there and passed
every check. *Approved*: a person said so. What may go out is the policy of the language (`publish` in the translation
file) and of the outlet (`machine_translation`); planning writes it into each delivery, and the ledger keeps it.

    reviewed.py   what there is to review, unit by unit          approval.py   the policy, and approving
    xliff_files.py  tmx_files.py   it as XLIFF and TMX, and back  returning.py  taking what people wrote
    page.py       it as a page to read side by side (page.html)
"""

from __future__ import annotations

from tasks.review.approval import Approved, approve, policy
from tasks.review.page import as_html
from tasks.review.returning import Taken, take
from tasks.review.reviewed import Reviewed, ReviewedUnit, every, look, waiting
from tasks.review.xliff_files import sheet_of

__all__ = [
    "Approved", "Reviewed", "ReviewedUnit", "Taken", "approve", "as_html", "every", "look", "policy", "sheet_of",
    "take", "waiting",
]  # fmt: skip
