"""Both models' real SDKs against the sandbox, over the wire."""
