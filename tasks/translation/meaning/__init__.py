"""Whether a translation means what its source means: what no check of the surface sees, such as a lost `not`.

faults.py       faults as MQM has them, and the score that they leave
comparison.py   a source, and what its translation says when it is translated back
"""
