"""The seam to models that are paid for: Gemini and Claude, through their own SDKs."""
