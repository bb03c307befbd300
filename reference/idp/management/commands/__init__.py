"""Commands of `python -m reference.idp manage`."""
