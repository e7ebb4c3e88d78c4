"""Who may see the dashboard: login, passwords, roles, cookies, limits.

`access.py` guards every page, role and form; `log_in.py` lets people in, within limits that the
store counts (`hemline/store`), by the address that `client_address.py` trusts. `commands.py` is
`hemline people`. Label Studio's own credentials are another matter: `backend/protocol/auth.py`.
"""
