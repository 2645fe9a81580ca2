"""What the numbers of an ad account mean: pure functions over frames, with no database, model or clock."""
