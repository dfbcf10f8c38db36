"""The one reader of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from underbutler.errors import ConfigurationError, UserError
from underbutler.model.metadata_entry import ContentMode
from underbutler.model.uri import ObjectUri

__all__ = ["AwsSettings", "FunctionSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """How AWS, or what speaks like it, is reached."""

    region: str
    s3_endpoint_url: str | None = None
    """Endpoint of the object store; None for AWS itself."""
    endpoint_url: str | None = None
    """Endpoint of the other services; None for AWS itself."""
    has_environment_credentials: bool = False
    """Whether the environment holds an access key; otherwise profiles and roles are asked."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> AwsSettings:
        """Read the variables that AWS's own tools read, and ``S3_ENDPOINT_URL`` after them."""
        variables = os.environ if environment is None else environment
        general = variables.get("AWS_ENDPOINT_URL") or None
        return cls(
            region=variables.get("AWS_REGION")
            or variables.get("AWS_DEFAULT_REGION")
            or "us-east-1",
            s3_endpoint_url=(
                variables.get("AWS_ENDPOINT_URL_S3")
                or general
                # What lsst.resources reads.
                or variables.get("S3_ENDPOINT_URL")
                or None
            ),
            endpoint_url=general,
            has_environment_credentials=bool(variables.get("AWS_ACCESS_KEY_ID")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSettings:
    """What the template tells the functions."""

    registry_secret_arn: str
    """Secret whose value is the registry's database URL, or a JSON object as RDS writes it."""
    raw_buckets: frozenset[str]
    """Buckets whose events are believed."""
    queue_urls: Mapping[str, str]
    """Name of a queue, as the outbox uses it → its URL."""
    event_retention_days: int = 90
    instruments: tuple[str, ...] = ()
    """Instruments to register on deployment."""
    corrections: ObjectUri | None = None
    """Prefix of header corrections; None where there are none."""
    index_bucket: str | None = None
    """Bucket that indexes are written into; None writes none."""
    index_content: ContentMode = ContentMode.TRANSLATED
    """What is written into them."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> FunctionSettings:
        """Read the variables that ``template.yaml`` sets.

        Raises
        ------
        ConfigurationError
            One is missing, or no number where there should be one.
        """
        variables = os.environ if environment is None else environment
        return cls(
            registry_secret_arn=_required(variables, "UNDERBUTLER_REGISTRY_SECRET_ARN"),
            raw_buckets=frozenset(_list(variables.get("UNDERBUTLER_RAW_BUCKETS", ""))),
            queue_urls={
                name: url
                for name in ("raw-events", "visits", "indexes")
                if (url := variables.get(_queue_variable(name)))
            },
            event_retention_days=_days(variables, "UNDERBUTLER_EVENT_RETENTION_DAYS", 90),
            instruments=tuple(_list(variables.get("UNDERBUTLER_INSTRUMENTS", ""))),
            corrections=_uri(variables, "UNDERBUTLER_CORRECTIONS_URI"),
            index_bucket=variables.get("UNDERBUTLER_INDEX_BUCKET") or None,
            index_content=_content(variables, "UNDERBUTLER_INDEX_CONTENT"),
        )


def _required(variables: Mapping[str, str], name: str) -> str:
    if value := variables.get(name):
        return value
    raise ConfigurationError(f"The variable {name} is not set.")


def _queue_variable(name: str) -> str:
    return f"UNDERBUTLER_{name.upper().replace('-', '_')}_QUEUE_URL"


def _days(variables: Mapping[str, str], name: str, default: int) -> int:
    text = (variables.get(name) or str(default)).strip()
    # None or fewer would forget all there is; more than there are dates cannot be counted back.
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) < 1:
        raise ConfigurationError(f"The variable {name} is no number of days: {text[:40]!r}.")
    return int(text)


def _uri(variables: Mapping[str, str], name: str) -> ObjectUri | None:
    text = (variables.get(name) or "").strip()
    try:
        return ObjectUri.parse(text) if text else None
    except UserError as error:
        raise ConfigurationError(f"The variable {name} is wrong: {error.message}") from error


def _content(variables: Mapping[str, str], name: str) -> ContentMode:
    text = variables.get(name) or ContentMode.TRANSLATED.value
    if text not in set(ContentMode):
        raise ConfigurationError(f"The variable {name} is {text[:40]!r}.")
    return ContentMode(text)


def _list(text: str) -> list[str]:
    return [item for part in text.split(",") if (item := part.strip())]
