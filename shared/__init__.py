"""What all services have in common; imports no service."""
