"""Pure rules of the clocks: which policy applies, when a case is due, what has changed."""
