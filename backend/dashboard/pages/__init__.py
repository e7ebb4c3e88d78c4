"""The dashboard's pages, a file each, and what their sentences are made of."""
