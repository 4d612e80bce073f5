"""Media: the files of pictures, videos, sounds and documents, kept by what is in them.

A file is named by the SHA-256 of its content, so the same file is kept once, and what is behind a name never changes.
What is known of a file is in the ledger (tasks/ledger/media_rows.py); here are the bytes.

    store.py         what a store can do, and the one that the settings name
    folder_store.py  a store in a folder
    bucket_store.py  a store in a bucket of S3, or of a server that speaks the same
    kinds.py         which kinds of files are taken, and how a file is known to be one
    examining.py     looks into a file in a process of its own: what it is, how large, and a picture in smaller sizes
"""
