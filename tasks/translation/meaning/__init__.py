"""Whether a translation means what its source means: what no check of the surface sees, such as a lost `not`.

    second_reading.py    the step in the way of a text: who reads what, and what is known already
    judging.py           a language model judges: what it is asked, and which answers count
    back_translation.py  any other engine translates back
    comparison.py        a source, and what its translation says when it is translated back
    faults.py            faults as MQM has them, and the score that they leave

The other rooms need second_reading.py, and the words of faults.py.
"""
