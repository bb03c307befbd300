"""Everybody's mailbox of the reference world: an SMTP server that keeps what it takes, and a page to read it.

Promise:    A mail answered 250 is a file in the Maildir, with its receivers in `Delivered-To`.
Never:      Sends anything on, or runs what a mail brings: HTML is shown in a sandbox that loads nothing.
On failure: 451, and nothing was taken.
Read first: `Keeper`, then `page`.
"""
