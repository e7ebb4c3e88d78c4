"""What shops accept: rule packs, one TOML file a channel, and the checks of finished pictures."""
