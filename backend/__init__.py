"""The HTTP side: Label Studio's ML protocol, webhooks, health and metrics."""
