"""The translation room: one release in one more language, or the reason why not.

Begin with translate.py: it is the way of a text from top to bottom, and names the room of each step.

    translate.py      the steps: read, protect, segment, recall, translate, restore, check, typeset, assemble
    drafts.py         what a translation is made from, and what comes of it, unit by unit
    routing.py        which engines can translate, and from which text of the release
    fallbacks.py      one engine, asked again in other ways where its answers fail a check
    language_pair.py  the two languages of a translation, as one value
    pieces.py         what a text is made of: words, inline elements, opaque pieces
    typography.py     sets a translated sentence as its language sets it
    configuration.py  what the operator says about engines and languages
    bounds.py         how long a text may be, and how long a translation may take
    errors.py         what can go wrong: TranslationHeld, and the four errors of engines
    scripts.py        in which script a language is written, and how much of a text is in it
    function_words.py small words by which the language of a sentence is recognised
    segmentation/     from a body to units (sentences), and back
    protection/       what no engine may change: names, glossary terms, addresses, numbers
    figures/          what numbers, amounts and dates are worth, and how each language writes them
    memory/           what was translated before
    alignment/        whole sentences through engines that know no inline elements, and these set around their words
    engines/          one file an engine
    engine_support/   engines as the translation file says (registry.py), limits and budgets (metering.py), and tools
    checks/           what stops a translation
    meaning/          whether a translation means what its source means
    exchange/         TMX, CSV and XLIFF files

The other rooms need `draft` of translate.py, and the words of drafts.py. They import them from there: who only looks at
a text (reading.py) needs no engine.
"""
