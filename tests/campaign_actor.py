"""A process that gives campaigns their turns or imports a file, and is stopped or killed between its steps.

As `tests.faults`, whose `Actor` is the test's side of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests import faults

BETWEEN = (
    ("atesaki.campaigns.asking", "watch"),
    ("atesaki.campaigns.asking", "_ask"),
    ("atesaki.gate", "vouch_all"),
)
WITHIN = (
    ("atesaki.gate", "request"),
    ("atesaki.campaigns.asking", "_move"),
    ("atesaki.ownership", "take_in"),
)


class CampaignActor(faults.Actor):
    """The test's hand on one."""

    program = "tests.campaign_actor"


def _do(command: dict[str, Any]) -> Any:
    from django.conf import settings

    from atesaki import campaigns, gate, notme, tenants

    settings.ATESAKI_UPSTREAM = f"maildir:{command['maildir']}"
    match command["do"]:
        case "turn":
            return campaigns.due()
        case "drive":
            return gate.drive()
        case "disavow":
            freed = notme.report(command["token"])
            return None if freed is None else {"still_leaving": freed.still_leaving}
        case "import":
            done = campaigns.import_claims(tenants.find(command["service"]), Path(command["file"]))
            return dict(done.fates)
    raise ValueError(command)


if __name__ == "__main__":
    faults.serve(BETWEEN, WITHIN, _do)
