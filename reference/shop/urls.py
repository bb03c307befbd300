"""The shop's pages; none of Oscar's own."""

from __future__ import annotations

from . import account, checkout, pages

urlpatterns = [*pages.urls, *checkout.urls, *account.urls]
handler404 = pages.not_found
handler500 = pages.broken
