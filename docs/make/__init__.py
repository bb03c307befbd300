"""What writes the pages that are made from the code, so that they cannot drift from it.

Promise:    `python -m docs.make` writes them; `--check` says which of them the code has left behind.
Never:      Needs a database, the network, or an installation.
On failure: A name of the code without a sentence here is told, with the file to write it into.
Read first: `__main__`.
"""
