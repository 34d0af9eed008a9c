"""Naming: a street gets its words, the law speaks, a government decides, and the name is registered."""
