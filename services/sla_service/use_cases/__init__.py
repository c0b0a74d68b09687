"""What the SLA service does: take facts in, settle the clocks, fire what is due, answer questions."""
