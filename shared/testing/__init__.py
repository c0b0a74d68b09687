"""What tests run the product with: real PostgreSQL, real brokers, a hand-moved clock, and no sleeping."""
