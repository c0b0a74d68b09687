"""One suite of promises for both brokers, and the published language held to its golden files."""
