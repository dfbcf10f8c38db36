"""Queues of Amazon SQS, or of what speaks like it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from underbutler.errors import ConfigurationError
from underbutler.model.announcement import Queue

if TYPE_CHECKING:
    from underbutler.settings import AwsSettings

__all__ = ["SqsQueues"]

_LOG = logging.getLogger(__name__)

# SendMessageBatch takes at most ten messages (Amazon SQS API reference).
_BATCH = 10


class SqsQueues:
    """Sends messages to queues.

    Parameters
    ----------
    urls
        Queue → its URL.
    settings
        Endpoint and region.
    """

    def __init__(self, urls: Mapping[str, str], settings: AwsSettings) -> None:
        self._urls = urls
        self._settings = settings
        self._client: Any = None

    def send(self, queue: Queue, payloads: Sequence[str]) -> list[bool]:
        """Send messages; tells of each whether it was taken.

        Raises
        ------
        ConfigurationError
            The queue has no URL.
        """
        url = self._urls.get(queue.value)
        if url is None:
            raise ConfigurationError(f"The queue {queue.value!r} has no URL in the settings.")
        taken: list[bool] = []
        for start in range(0, len(payloads), _BATCH):
            taken += self._send_batch(url, payloads[start : start + _BATCH])
        return taken

    def _send_batch(self, url: str, payloads: Sequence[str]) -> list[bool]:
        from botocore.exceptions import BotoCoreError, ClientError

        entries = [
            {"Id": str(position), "MessageBody": payload}
            for position, payload in enumerate(payloads)
        ]
        try:
            answer = self._connect().send_message_batch(QueueUrl=url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            _LOG.warning("Messages stay in the outbox: %s", error)
            return [False] * len(payloads)
        for failure in answer.get("Failed", ()):
            _LOG.warning("A message stays in the outbox: %s", failure.get("Message"))
        taken = {entry["Id"] for entry in answer.get("Successful", ())}
        return [entry["Id"] in taken for entry in entries]

    def _connect(self) -> Any:
        if self._client is None:
            # Imported with the first message: a client takes a third of a second.
            import boto3
            from botocore.config import Config

            self._client = boto3.client(
                "sqs",
                region_name=self._settings.region,
                endpoint_url=self._settings.endpoint_url,
                config=Config(
                    connect_timeout=5,
                    read_timeout=10,
                    retries={"mode": "standard", "max_attempts": 3},
                ),
            )
        return self._client
