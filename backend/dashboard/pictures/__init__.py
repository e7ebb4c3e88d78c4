"""Pictures for people: photos with what is known of their masks drawn over them, kept on disk."""
