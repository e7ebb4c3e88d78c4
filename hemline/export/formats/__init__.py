"""What a mask becomes in a file: a writer for each format; `registry` knows them by name."""
