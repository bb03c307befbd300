"""The net supermarket あおぞらマルシェ: django-oscar with a door to atesaki.

Promise: what is ordered is delivered, with an e-mail address or without one.
Never: mails anything personal itself (era `now`), keeps a card's number, or lets a mail's failure spoil an order.
On failure: atesaki away: the order stands, the mail waits in the spool, and what is to be asked stands in `Asking`.
Read first: `placing.place`, then `mailroom`.
"""
