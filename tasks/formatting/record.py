"""What a desk files a release by, as lines for formats that have nothing but text: `Release`, `Version`, `Embargo` …"""

from __future__ import annotations

from tasks.formatting.article import Article
from tasks.model.provenance import provenance
from tasks.runtime import moments

BETWEEN = " · "


def record(article: Article) -> dict[str, str]:
    """The fields of the record by name, without those that are empty. Names are English in every language, so that a
    program finds them."""
    release, issuer = article.release, article.release.issuer
    codes = [*issuer.tickers, *(f"ISIN {isin}" for isin in issuer.isin)] if issuer else []
    if issuer and issuer.lei:
        codes.append(f"LEI {issuer.lei}")
    fields = {
        "Item": article.uri,
        "Version": BETWEEN.join((str(release.version), article.action, article.pub_status)),
        "Received": moments.utc(article.received) if article.received else None,
        "Embargo": release.embargo_until.isoformat() if release.embargo_until else None,
        "Urgency": str(release.urgency),
        "Language": article.language,
        "Translation": provenance(article.translation),
        "Translated from": article.source_uri if article.translated else None,
        "Also in": BETWEEN.join(uri for _, uri in article.also_in),
        "Issuer": BETWEEN.join([issuer.name, *codes]) if issuer else None,
        "Topics": BETWEEN.join(f"medtop:{topic}" for topic in dict.fromkeys(release.topics)),
    }
    return {name: value for name, value in fields.items() if value}
