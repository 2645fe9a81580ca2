"""Wire-level stand-ins for services that ViralTracker talks to, and the demo ad account they serve."""
