"""The pure core of naming: knows the law and the spelling; no database, no web, no settings, no clock.

``parts`` splits a name, ``latin`` spells it, ``checks`` lets each clause of the law speak, ``suggestions``
proposes names for a whole village, ``states`` and ``clocks`` say what may happen next and by when.
"""
