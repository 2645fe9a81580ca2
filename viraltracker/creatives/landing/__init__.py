"""Pages that ads lead to: which page a link means, what it says, and when it has changed."""
