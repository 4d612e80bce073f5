"""What engines are made with and run in: configuration to engine, limits around it, and tools for writing one.

registry.py      the configured engines, each made as the translation file says
metering.py      limits, budgets and rests around an engine
http_service.py  a service behind HTTP: requests, errors, batches
pipes.py         programs that stay open and answer text by text
tags.py          a text with its inline elements as XML, and back
words.py         a text with words in the place of what an engine must not change, and back
"""
