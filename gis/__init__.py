"""Spatial knowledge: datums, file formats, linework, street derivation.

No web, no settings, no open session.
"""
