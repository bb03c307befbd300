"""Kills, pauses, cuts, fills and skews real processes under load, and judges what became of every mail.

Promise:    Judges by three records that know nothing of each other: what the clients were told, what the ledger says,
            and what the next hop accepted. A violation is told as a story, and ends with the exit code 1.
Never:      Listens beyond loopback, changes the product, or leaves a process, a mount or a folder behind.
On failure: `FaultsError`: the harness itself could not do its work; nothing was judged, and the exit code is 2.
Read first: `run`, then `judge`.
"""


class FaultsError(RuntimeError):
    """It cannot be tried; the text says why and what to do."""
