"""The real template on the local stack, deployed once for all tests of this lane."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from underbutler.butler.butler import Butler
from underbutler.butler.repository import create_repository
from underbutler.local.arrivals import Arrivals
from underbutler.local.checkout import Checkout
from underbutler.local.night import Drop
from underbutler.local.stack import LocalStack, StackState
from underbutler.registry.engine import connect_registry, read

_PATIENCE_S = 90.0
_POLL_S = 0.1


@dataclass(slots=True)
class Stack:
    """A stack that runs, and what tests ask of it."""

    state: StackState
    repo: str
    engine: sa.Engine = field(repr=False)

    def client(self, service: str) -> Any:
        return self.state.endpoint.client(service)

    def put(self, key: str, body: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = self.client("s3").put_object(
            Bucket=self.state.raw_bucket, Key=key, Body=body
        )
        return answer

    def drop(self, *drops: Drop) -> Arrivals:
        """Put objects, and wait until what they bring is settled."""
        arrivals = Arrivals(self.state.endpoint, self.state.raw_bucket, self.state.database_url)
        before = arrivals.handled()
        arrivals.drop(drops)
        arrivals.watch(patience_s=_PATIENCE_S, handled_before=before)
        return arrivals

    def rows(self, question: str, **values: Any) -> list[sa.Row[Any]]:
        with read(self.engine) as connection:
            return list(connection.execute(sa.text(question), values))

    def row(self, question: str, **values: Any) -> sa.Row[Any]:
        (row,) = self.rows(question, **values)
        return row

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline, "it did not become so in time"
            time.sleep(_POLL_S)

    def messages(self, queue: str) -> int:
        """Count the messages of a queue, those being handled included."""
        counts = self.client("sqs").get_queue_attributes(
            QueueUrl=self.state.outputs[queue],
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )["Attributes"]
        return sum(map(int, counts.values()))


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StackState, str]]:
    """A deployed stack, and a repository whose registry is the stack's."""
    folder = tmp_path_factory.mktemp("stack")
    local = LocalStack(folder, Checkout())
    state = local.up(
        postgres_settings=("fsync=off",),
        buckets={"IndexBucketName": "indexes", "CorrectionsBucketName": "curated"},
    )
    repo = str(folder / "repo")
    create_repository(repo, state.database_url)
    yield state, repo
    local.down()


@pytest.fixture
def stack(local_stack: tuple[StackState, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The stack, with the environment that leads to it."""
    state, repo = local_stack
    for name, value in state.endpoint.environment.items():
        monkeypatch.setenv(name, value)
    engine = connect_registry(state.database_url, pool_size=2)
    yield Stack(state=state, repo=repo, engine=engine)
    engine.dispose()


@pytest.fixture
def butler(stack: Stack) -> Iterator[Butler]:
    """A client of the stack's registry."""
    with Butler(stack.repo) as opened:
        yield opened


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Root of the clone."""
    return Path(__file__).resolve().parents[2]
