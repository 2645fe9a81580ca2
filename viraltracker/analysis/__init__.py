"""The full analysis: reads the store, asks `intelligence`, writes the run, renders it once."""
