"""Who wears a garment: bodies, and how clothes are laid over them."""
