"""What a mailbox owner can see and do without an account, in Japanese and English, without JavaScript.

Promise:    Each page says who wrote, why, and how to say "this is not me"; both choices are equally easy.
Never:      Acts on GET, HEAD or OPTIONS; shows the customer's data; tells why a token is not valid.
On failure: A sentence in both languages and status 503; a press that was not recorded is never called done.
Read first: `urls`, then `views`.
"""
