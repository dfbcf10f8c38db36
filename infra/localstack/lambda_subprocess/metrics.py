"""Metrics of queues and functions, put into CloudWatch once a second instead of one by one."""

import logging
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to

LOG = logging.getLogger(__name__)

# AWS reports them once a minute.
INTERVAL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What the values of one metric have in common."""

    account_id: str
    """Account of the queue or function."""

    region: str
    """Its region."""

    namespace: str
    """``AWS/SQS`` or ``AWS/Lambda``."""

    dimension: tuple[str, str]
    """Name and value, ``("QueueName", "raws")``."""

    metric: str
    """Name of the metric."""

    unit: str = "Count"
    """Unit of its values."""


class MetricBuffer:
    """Collects values and puts them together: the same values, in fewer calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Series, Counter[float]] = defaultdict(Counter)

    def add(self, series: Series, value: float) -> None:
        """Keep a value; the first of an interval starts its clock."""
        with self._lock:
            if not self._values:
                timer = threading.Timer(INTERVAL_S, self._put)
                timer.daemon = True
                timer.start()
            self._values[series][value] += 1

    def _put(self) -> None:
        with self._lock:
            collected, self._values = self._values, defaultdict(Counter)
        now = datetime.now(UTC)
        for series, values in collected.items():
            name, value = series.dimension
            datum = {
                "MetricName": series.metric,
                "Dimensions": [{"Name": name, "Value": value}],
                "Unit": series.unit,
                "Timestamp": now,
                "Values": list(values.keys()),
                "Counts": list(values.values()),
            }
            client = connect_to(
                region_name=series.region, aws_access_key_id=series.account_id
            ).cloudwatch
            try:
                client.put_metric_data(Namespace=series.namespace, MetricData=[datum])
            except ClientError as error:
                LOG.warning("Values of %s are lost: %s", series, error)
