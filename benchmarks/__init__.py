"""How fast the road is: atesaki beside Postfix and the bare sink, in turns, with the same load.

Promise:    Every figure in the file was measured in that run; what could not be is left out, with the reason.
Never:      Invents a row, listens beyond loopback, or leaves a process or a folder behind.
On failure: Ends everything it started, says in a sentence why, and writes no file.
Read first: `road.run`, then `load`.

The roads before a queue (`smtpd_proxy_filter`, atesaki in front of a Postfix) belong to a later issue; until then
their rows and ratios are absent.
"""


class BenchError(RuntimeError):
    """It cannot be measured; the text says why and what to do."""
