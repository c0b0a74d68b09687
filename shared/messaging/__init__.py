"""Events from the outbox of one service to the inboxes of the others: relay, consumer and two brokers."""
