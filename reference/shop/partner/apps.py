from __future__ import annotations

from oscar.apps.partner.apps import PartnerConfig as Oscars


class PartnerConfig(Oscars):
    name = "reference.shop.partner"
