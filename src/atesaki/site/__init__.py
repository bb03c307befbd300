"""Settings and urls: what Django needs to be told.

Promise:    Every setting comes from the environment, under the names of docs/reference/settings.md.
Never:      Holds a secret or a decision.
On failure: A setting that cannot be used stops the start with a sentence.
Read first: `settings`.
"""
