"""The Graph client against the sandbox, over HTTP."""
