"""The ID service あおぞらID: who somebody is, for the shops of one group; an address of theirs only once it is proved.

Promise: a sign-in, a reset and an `email` claim stand on nothing but what the person and the mailbox proved together.
Never: asks for an address as the price of an account, nor merges two accounts because an address is the same.
On failure: atesaki away means that an address stays unproved; signing up and in go on.
Read first: `addresses.py` (the one road to atesaki), then `tokens.py`; `era2017.py` is how it was before.
"""
