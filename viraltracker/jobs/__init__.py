"""Job types, one file each, and what a handler is given."""
