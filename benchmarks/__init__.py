"""How fast it is: atesaki beside Postfix and others on the same road, and what a press, a page, a proof and size cost.

Promise:    Every figure in a file was measured in that run; what could not be is left out, with the reason.
Never:      Invents a row, listens beyond loopback, or leaves a process or a folder behind.
On failure: Ends everything it started, says in a sentence why, and writes no file for what was not measured.
Read first: `__main__`, then `road.run`.
"""


class BenchError(RuntimeError):
    """It cannot be measured; the text says why and what to do."""
