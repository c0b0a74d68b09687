"""Tables of the SLA service and every SQL statement on them."""
