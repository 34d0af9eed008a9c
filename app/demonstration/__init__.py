"""Demonstration content: generated places and invented paper work in real divisions, marked as such everywhere."""
