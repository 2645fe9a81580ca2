"""Other brands' ads: from a search or an export to pictures, readings and templates."""
