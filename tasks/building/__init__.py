"""Builds what a release needs before it can be delivered: it joins the ledger with translation and formatting."""
