"""Figures: what a number is worth, and how each language writes it. All of it by CLDR; no engine is asked.

numerals.py   `1.234,5` and `3,2 mil millones` as values, and back     number_words.py  `three million`
amounts.py    `€3.2 billion` and `March 5` written for the target      quantities.py    what two texts count
dates.py      months and days by name
"""
