"""Figures: what a number is worth, and how each language writes it. All of it by CLDR; no engine is asked.

numerals.py    `1.234,5` as a value, and back; scale words      number_words.py  `three million`
recogniser.py  finds `€3.2 billion` in a text                   dates.py         finds `March 5`
amounts.py     writes what was found for the target             quantities.py    compares what two texts count
times_of_day.py  `9.30 a.m. CET`, found and written             labels.py        `version 7.0`, which counts nothing
"""
