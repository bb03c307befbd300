"""How often a key may ask: a bucket for each quota, in the database, so that all nodes share it.

A bucket holds a minute's worth and fills evenly. Told as draft-ietf-httpapi-ratelimit-headers wants it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.http import HttpResponseBase

from atesaki.tenants import Service

# Shares of the service's `api_per_minute`. Asking a mailbox costs its owner attention: that is the scarcest.
SHARES: Final = {"read": 1.0, "messages": 1.0, "write": 0.5, "claims": 0.2}


@dataclass(frozen=True, slots=True)
class Quota:
    """`per_minute` requests, and as many at once."""

    name: str
    per_minute: int


@dataclass(frozen=True, slots=True)
class Left:
    """What a request has left of its quota; `wait`: seconds until one more is allowed."""

    quota: Quota
    allowed: bool
    left: float

    @property
    def wait(self) -> int:
        return max(1, math.ceil((1 - self.left) * 60 / self.quota.per_minute))

    def show(self, answer: HttpResponseBase) -> None:
        """Adds the fields: the policy, and what is left until the bucket is full again."""
        full = math.ceil((self.quota.per_minute - self.left) * 60 / self.quota.per_minute)
        answer["RateLimit-Policy"] = f'"{self.quota.name}";q={self.quota.per_minute};w=60'
        answer["RateLimit"] = f'"{self.quota.name}";r={max(0, math.floor(self.left))};t={full}'


def quota_of(service: Service, name: str) -> Quota:
    """A service's quota of this name, for each of its keys."""
    return Quota(name, max(1, round(service.api_per_minute * SHARES[name])))


def take(service: Service, name: str) -> Left:
    """Takes one from the bucket of the key that this conversation showed, by one guarded statement.

    An empty bucket gives no row back: nothing is taken from it, so that asking in vain does not put it off.
    """
    quota = quota_of(service, name)
    said = {"key": service.came_by, "quota": name, "full": quota.per_minute, "rate": quota.per_minute / 60}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO atesaki_bucket AS b (credential_id, quota, "left", at)
            VALUES (%(key)s, %(quota)s, %(full)s - 1, clock_timestamp())
            ON CONFLICT (credential_id, quota) DO UPDATE
               SET "left" = LEAST(%(full)s, b."left" + EXTRACT(EPOCH FROM clock_timestamp() - b.at) * %(rate)s) - 1,
                   at = clock_timestamp()
             WHERE LEAST(%(full)s, b."left" + EXTRACT(EPOCH FROM clock_timestamp() - b.at) * %(rate)s) >= 1
            RETURNING "left"
            """,
            said,
        )
        row = cursor.fetchone()
        if row is not None:
            return Left(quota, True, float(row[0]))
        cursor.execute(
            'SELECT LEAST(%(full)s, "left" + EXTRACT(EPOCH FROM clock_timestamp() - at) * %(rate)s)'
            " FROM atesaki_bucket WHERE credential_id = %(key)s AND quota = %(quota)s",
            said,
        )
        row = cursor.fetchone()
    return Left(quota, False, min(float(row[0]), 0.999) if row else 0.0)
