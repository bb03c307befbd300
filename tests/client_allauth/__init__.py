"""A small site with allauth and the client's adapter; `python -m tests.client_allauth` plays it."""
