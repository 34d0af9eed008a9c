"""Station 5: where signs stand, of what kind, facing which way."""
