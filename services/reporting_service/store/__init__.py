"""Tables of the reporting schema and every SQL statement on them, one module per aggregate."""
