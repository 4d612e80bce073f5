"""Retention: what the wire no longer keeps, by the policy in the retention file (tasks/model/retention_policy.py).

A release loses, one after the other: its entries in feeds, the bytes of its renditions, the texts of answers, attempts
that did not arrive, its deliveries (which are in its archive file then), and its texts. What is not final stays, and so
does what a legal hold names. URI, version and digest of a release stay for ever, so that no version is taken twice.

    eligibility.py   which releases have reached a stage, and why some stay
    retention_run.py a run, stage by stage
    pace.py          in which bulks, and when
    archive_file.py  the archive file of a release
    archived.py      what is read from archive files: reports, and what is brought back
    outlook.py       what a run would take, for people
"""
