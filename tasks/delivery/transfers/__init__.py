"""Transfers: hundreds at once in one libcurl loop, only to addresses that the policy allows.

transfer.py   a Transfer goes in, an Answer comes out     loop.py            the loop over all of them
handle.py     one transfer on libcurl, and its options    failures.py        libcurl's error codes in our words
resolver.py   look-up of host names                       address_policy.py  which addresses may be dialled
window.py     how many may go at once
"""
