"""Dezhou's divisions as small tables carried over from published packages; see README.md beside this file."""
