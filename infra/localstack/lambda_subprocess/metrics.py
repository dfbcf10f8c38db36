"""The metrics of queues, put into CloudWatch once a second instead of message by message."""

import logging
import threading
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import NamedTuple

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to

LOG = logging.getLogger(__name__)

# AWS reports them once a minute.
INTERVAL_S = 1.0


class Series(NamedTuple):
    """What the values of a metric are told apart by."""

    account_id: str
    region: str
    queue_name: str
    metric: str
    unit: str


class MetricBuffer:
    """Collects values and puts them together: the same values, in fewer calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Series, Counter[float]] = defaultdict(Counter)

    def add(
        self,
        account_id: str,
        region: str,
        queue_name: str,
        metric: str,
        value: float = 1,
        unit: str = "Count",
    ) -> None:
        """Keep a value; the first of an interval starts its clock."""
        with self._lock:
            if not self._values:
                timer = threading.Timer(INTERVAL_S, self._put)
                timer.daemon = True
                timer.start()
            self._values[Series(account_id, region, queue_name, metric, unit)][value] += 1

    def _put(self) -> None:
        with self._lock:
            collected, self._values = self._values, defaultdict(Counter)
        now = datetime.now(UTC)
        for series, values in collected.items():
            datum = {
                "MetricName": series.metric,
                "Dimensions": [{"Name": "QueueName", "Value": series.queue_name}],
                "Unit": series.unit,
                "Timestamp": now,
                "Values": list(values.keys()),
                "Counts": list(values.values()),
            }
            client = connect_to(
                region_name=series.region, aws_access_key_id=series.account_id
            ).cloudwatch
            try:
                client.put_metric_data(Namespace="AWS/SQS", MetricData=[datum])
            except ClientError as error:
                LOG.warning("Metric %s of %s is lost: %s", series.metric, series.queue_name, error)
