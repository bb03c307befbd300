"""How well personal data in transactional mail is found: ours beside others, on invented mails drawn by layout.

Promise:    Every figure was measured in that run, on mails whose labels are exact by construction.
Never:      Holds a real person, a copied mail, or the same layout in two splits.
On failure: A tool that is not there has a row that says why; a layout that cannot be drawn ends the run with its name.
Read first: `drawing`, then one module of `layouts/open`, then `runner`.
"""
