"""Pure rules of reporting: the fold over facts, the indicator arithmetic and the published documents."""
