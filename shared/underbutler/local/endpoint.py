"""An AWS endpoint that believes anybody: an emulator on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3

__all__ = ["Endpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where it listens, and how it is spoken to."""

    url: str
    region: str = "us-east-1"

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which AWS's tools, and ours, reach it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def client(self, service: str) -> Any:
        """Make a client of one of its services."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - of no account
        )
