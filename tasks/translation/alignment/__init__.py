"""Whole sentences through engines that know nothing of inline elements, and the elements put where their words went.

links.py            which words of a translation stand for which words of its source
lexicon.py          links that are learnt from sentences of the memory, for engines that give none
plain_sentences.py  a unit as one plain sentence, and what is opaque found again in its translation
projection.py       inline elements set around the words that stand for theirs
"""
