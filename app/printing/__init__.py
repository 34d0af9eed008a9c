"""Station 6: codes, sign faces and print orders."""
