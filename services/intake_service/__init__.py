"""Cases from receipt to close: classification, routing, branch work, contact cards (process steps 1 and 2)."""
