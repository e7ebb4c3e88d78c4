"""A task's photo: which addresses may be fetched, how, and where it is kept."""
