"""What one label or prediction says of itself beside its photo: numbers, each with a direction."""
