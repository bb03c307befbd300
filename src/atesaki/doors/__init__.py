"""The ways in for services: each translates one protocol into `gate.submit`, and its receipt back.

Promise:    A service is told "taken" only after the gate has returned a receipt, and is told what it says.
Never:      Decides about a mail; changes one but for our trace line in front; logs content or a plain address.
On failure: Whatever is unknown is answered "try again" (451, 454, 421), and nothing was taken.
Read first: `smtp.Door`, then `conversation.Conversation`, then `handover.hand_over`.
"""
