"""What an ad says: its readings, the key that makes each once, the classifiers, and how far they can be trusted."""
