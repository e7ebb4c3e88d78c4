"""Who may see the dashboard: log-in, passwords, roles, cookies, limits."""
