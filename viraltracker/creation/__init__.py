"""New ads: what may be said of a product, and whether a copy says more than that."""
