"""Around the Model port: our own request and reply types, budget, limits, retries."""
