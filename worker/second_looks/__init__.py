"""Second looks at labels: those sent back to their annotators, and blind twins."""
