"""Fuzzing of every parser of foreign bytes, guided by coverage, with the inputs that told something kept.

Promise:    Each target asserts what must hold of its parser, and not only that it raises nothing.
Never:      Needs a network or a database, or keeps an input that its target does not pass.
On failure: The smallest input of each fault lies in `fuzz/crashes`, beside what was raised.
Read first: `table`, then one of `targets`.
"""
