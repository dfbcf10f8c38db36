"""Objects dropped into the bucket, and the time until they are registered."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from underbutler.model.raw_object import ObjectKind, classify_key
from underbutler.registry.engine import connect_registry, read

if TYPE_CHECKING:
    from underbutler.local.endpoint import Endpoint
    from underbutler.local.night import Drop

__all__ = ["Arrivals", "Progress", "percentile"]

# A camera writes its files side by side.
_PARALLEL_PUTS = 8
_POLL_S = 0.15

# From the commit's own time stamp, kept by track_commit_timestamp: not the time somebody looked.
_COMMITS = sa.text(
    "SELECT key, min(extract(epoch FROM pg_xact_commit_timestamp(xmin))) AS committed"
    " FROM ingest_event WHERE bucket = :bucket AND outcome = 'registered' GROUP BY key"
)
# The store's own test events name no object.
_HANDLED = sa.text("SELECT count(*) FROM ingest_event WHERE bucket = :bucket AND key <> ''")
_OBJECTS = sa.text("SELECT key, state, code, message FROM raw_object WHERE bucket = :bucket")
_COUNTS = sa.text(
    "SELECT (SELECT count(*) FROM ingest_event WHERE bucket = :bucket AND key <> ''),"
    " (SELECT count(*) FROM dataset),"
    " (SELECT count(*) FROM exposure),"
    " (SELECT count(*) FROM visit),"
    " (SELECT count(*) FROM exposure e WHERE NOT EXISTS (SELECT FROM visit_definition d"
    "  WHERE d.instrument = e.instrument AND d.exposure = e.id) AND NOT EXISTS (SELECT FROM"
    "  visit_problem p WHERE p.instrument = e.instrument AND p.exposure = e.id)),"
    # Those of indexes are collected there for a minute.
    " (SELECT count(*) FROM outbox WHERE destination <> 'indexes')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the registry is."""

    dropped: int
    """Objects put into the bucket."""
    handled: int
    """Events whose outcome is recorded."""
    datasets: int
    exposures: int
    visits: int
    unsettled: int
    """Exposures that neither make a visit nor have a reason not to."""
    unsent: int
    """Messages in the outbox."""
    elapsed_s: float

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to be expected."""
        return self.handled >= self.dropped and not self.unsettled and not self.unsent


@dataclass(slots=True)
class Arrivals:
    """Drops objects, and watches what becomes of them.

    Parameters
    ----------
    endpoint, bucket
        Where to drop.
    database_url
        The registry, which is only looked at.
    """

    endpoint: Endpoint
    bucket: str
    database_url: str
    put_at: dict[str, float] = field(default_factory=dict)
    """Key → when the response to its PUT was there, seconds since 1970."""
    _begun_at: dict[str, float] = field(default_factory=dict)

    def drop(self, drops: Iterable[Drop]) -> None:
        """Put objects into the bucket with plain PUTs, several at a time."""
        client = self.endpoint.client("s3")

        def put(item: Drop) -> None:
            self._begun_at[item.key] = time.time()
            client.put_object(Bucket=self.bucket, Key=item.key, Body=item.body)
            self.put_at[item.key] = time.time()

        with ThreadPoolExecutor(_PARALLEL_PUTS) as pool:
            list(pool.map(put, drops))

    def watch(
        self,
        *,
        patience_s: float,
        show: Callable[[Progress], None] = lambda _: None,
        handled_before: int = 0,
        is_dropping: Callable[[], bool] = lambda: False,
    ) -> Progress:
        """Watch until everything that was dropped is handled and its visits are settled.

        Raises
        ------
        TimeoutError
            It is not, in time; the message says how far it got.
        """
        engine = connect_registry(self.database_url)
        started = time.monotonic()
        try:
            while True:
                with read(engine) as connection:
                    row = connection.execute(_COUNTS, {"bucket": self.bucket}).one()
                progress = Progress(
                    dropped=len(self.put_at),
                    handled=row[0] - handled_before,
                    datasets=row[1],
                    exposures=row[2],
                    visits=row[3],
                    unsettled=row[4],
                    unsent=row[5],
                    elapsed_s=time.monotonic() - started,
                )
                show(progress)
                if progress.is_done and not is_dropping():
                    return progress
                if progress.elapsed_s > patience_s:
                    raise TimeoutError(f"Not done after {patience_s:.0f} s: {progress}.")
                time.sleep(_POLL_S)
        finally:
            engine.dispose()

    def handled(self) -> int:
        """Count the events of the bucket whose outcome is recorded."""
        return int(self._ask(_HANDLED)[0][0])

    def objects(self, keys: Iterable[str]) -> list[sa.Row[Any]]:
        """Look up objects: key, state, code, message."""
        wanted = set(keys)
        return [row for row in self._ask(_OBJECTS) if row.key in wanted]

    def unsettled_objects(self) -> list[sa.Row[Any]]:
        """List the objects that wait or were rejected: key, state, code, message."""
        return [row for row in self._ask(_OBJECTS) if row.state in ("waiting", "rejected")]

    def _ask(self, question: sa.TextClause) -> list[sa.Row[Any]]:
        engine = connect_registry(self.database_url)
        try:
            with read(engine) as connection:
                return list(connection.execute(question, {"bucket": self.bucket}))
        finally:
            engine.dispose()

    def latencies_s(self) -> list[float]:
        """Compute the time from a file's PUT to the commit that registered it, sorted.

        Files that were registered before they were put again are left out.
        """
        commits = {row.key: row.committed for row in self._ask(_COMMITS)}
        return sorted(
            float(commits[key]) - put_at
            for key, put_at in self.put_at.copy().items()
            if classify_key(key) is ObjectKind.FITS
            and float(commits.get(key, 0.0)) > self._begun_at[key]
        )


def percentile(values: Sequence[float], percent: int) -> float:
    """Find the value that so many percent do not exceed."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
