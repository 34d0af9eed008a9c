"""Sign knowledge: designs, placement, codes, faces, print files, reading back. No web, no database."""
