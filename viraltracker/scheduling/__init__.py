"""When things run: pure functions over times. No I/O, no clock of its own."""
