"""Pictures of photos and masks for people to look at: made once, kept on disk within a bound."""
