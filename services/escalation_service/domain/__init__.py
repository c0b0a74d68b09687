"""Pure rules of the ladder of command; nothing but the standard library and shared.kernel."""
