"""Station 3: the target of 5,099 villages, yearly quotas, and naming batches of villages."""
