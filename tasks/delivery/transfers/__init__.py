"""Transfers: hundreds at once in one libcurl loop, only to addresses that the policy allows."""
