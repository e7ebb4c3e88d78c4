"""What Label Studio calls: /predict, /setup, /webhook; who may call, and how bodies are read."""
