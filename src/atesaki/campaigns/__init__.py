"""Brings the customers that a service has already to a proof: takes in what is known of them, and asks the rest.

Promise:    Importing a file again changes nothing; a campaign asks each mailbox once, and stops when "not me" rises.
Never:      Overrules what a mailbox said itself, or asks one that said "not me" or wished for silence.
On failure: What was begun goes on where it stood; a bad row is told in a sentence and keeps no other out.
Read first: `ownership.judge`, then `importing`, `asking`, `rises`.
"""

from .asking import came_back, due
from .figures import Figures, counted, figures
from .importing import Imported, Progress, import_claims
from .life import CampaignError, all_of, find, forget_old, pause, percent, resume, start, stop
from .models import Asked, Campaign
from .reading import METHODS, FileError

__all__ = [
    "METHODS",
    "Asked",
    "Campaign",
    "CampaignError",
    "Figures",
    "FileError",
    "Imported",
    "Progress",
    "all_of",
    "came_back",
    "counted",
    "due",
    "figures",
    "find",
    "forget_old",
    "import_claims",
    "pause",
    "percent",
    "resume",
    "start",
    "stop",
]
