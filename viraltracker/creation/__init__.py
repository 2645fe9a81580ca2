"""Making new ads of a product: words, pictures, and the checks that both must pass."""
