"""What is changed in the emulator while it runs: each change one function that says why."""

import functools
import os
import re
import sqlite3
import types
from collections.abc import Callable
from typing import Any


def apply() -> None:
    """Make all changes, before the emulator starts."""
    bind_to_the_given_address_only()
    stop_without_delay()
    fetch_no_catalog()
    poll_queues_without_pauses()
    wake_pollers_that_are_to_stop()
    update_stacks_truthfully()
    put_metrics_together()
    look_up_operations_once()
    store_metrics_without_syncing()
    resolve_every_reference_of_a_string()


def bind_to_the_given_address_only() -> None:
    """Listen where GATEWAY_LISTEN says: the server binds 0.0.0.0 whatever the IPv4 address."""
    from twisted.internet import endpoints

    host = os.environ["GATEWAY_LISTEN"].rpartition(":")[0]
    endpoints.TCP4ServerEndpoint = functools.partial(endpoints.TCP4ServerEndpoint, interface=host)


def stop_without_delay() -> None:
    """Wake the server when it is to stop: it notices only at its next event, up to 1 s later."""
    from localstack.runtime.server.twisted import TwistedRuntimeServer
    from twisted.internet import reactor

    stock = TwistedRuntimeServer.shutdown

    def shutdown(self: TwistedRuntimeServer) -> None:
        stock(self)
        reactor.wakeUp()

    TwistedRuntimeServer.shutdown = shutdown


def fetch_no_catalog() -> None:
    """Ask no server what exists: the first call of an unknown service does, whatever is set."""
    from localstack.utils.catalog.catalog_loader import (
        AwsCatalogLoaderException,
        RemoteCatalogLoader,
    )

    def get_remote_catalog(_: RemoteCatalogLoader) -> Any:
        raise AwsCatalogLoaderException("no request leaves this machine")

    RemoteCatalogLoader.get_remote_catalog = get_remote_catalog


def poll_queues_without_pauses() -> None:
    """Long polls, and MaximumConcurrency: stock sleeps 1 s after an empty poll, and ignores it."""
    from localstack.services.lambda_.event_source_mapping import esm_worker_factory as module

    from .polling import LongPoller, concurrency_of

    stock = module.EsmWorkerFactory.get_esm_worker

    def get_esm_worker(self: Any) -> Any:
        worker = stock(self)
        if isinstance(worker.poller, LongPoller):
            worker.poller.allow(concurrency_of(self.esm_config))
        return worker

    module.SqsPoller = LongPoller
    module.EsmWorkerFactory.get_esm_worker = get_esm_worker


def wake_pollers_that_are_to_stop() -> None:
    """End a wait for asynchronous events at once: it delays the stop by 2 s, and what arrives in
    this time after an update is not handled before a minute has passed.
    """
    from localstack.services.lambda_.invocation import event_manager as module

    def waking(stock: Callable[[Any], None]) -> Callable[[Any], None]:
        def stop(self: Any) -> None:
            if self.event_queue_url is None:
                return stock(self)
            client = module.get_sqs_client(self.version_manager.function_version)
            messages = client.queue_manager.get_queue(self.event_queue_url).visible
            messages.shutdown()
            try:
                stock(self)
            finally:
                messages.is_shutdown = False  # after an update another poller goes on with it

        return stop

    manager = module.LambdaEventManager
    manager.stop, manager.stop_for_update = waking(manager.stop), waking(manager.stop_for_update)


def resolve_every_reference_of_a_string() -> None:
    """Give each {{resolve:...}} its own value: stock gives all of a string the first one's."""
    from localstack.services.cloudformation.engine.v2 import change_set_model_preproc as module

    def perform_dynamic_replacements(self: Any, value: Any) -> Any:
        def look_up(match: re.Match[str]) -> str:
            found = module.perform_dynamic_reference_lookup(
                reference=module.extract_dynamic_reference(match[0]),
                account_id=self._change_set.account_id,
                region_name=self._change_set.region_name,
            )
            return match[0] if found is None else found

        return module.REGEX_DYNAMIC_REF.sub(look_up, value) if isinstance(value, str) else value

    stock = module.ChangeSetModelPreproc
    stock._perform_dynamic_replacements = perform_dynamic_replacements  # noqa: SLF001


def update_stacks_truthfully() -> None:
    """Say UPDATE_FAILED of an update that failed, and forget no resource.

    Stock says UPDATE_COMPLETE, loses what the failed update did not reach, and when the stack is
    deleted leaves behind what an update had added.
    """
    from localstack.services.cloudformation.engine.v2 import change_set_model_executor as module

    from .stack_update import finish_update

    stock = module.ChangeSetModelExecutor.execute

    def execute(self: Any) -> Any:
        stack = self._change_set.stack
        before = dict(stack.resolved_resources)
        is_update = bool(before) and not stack.status.startswith("DELETE")
        result = stock(self)
        if is_update:
            finish_update(self, result, before)
        return result

    module.ChangeSetModelExecutor.execute = execute


def store_metrics_without_syncing() -> None:
    """Spare the disk: stock syncs a database for each data point, and other calls wait for that."""
    from localstack.services.cloudwatch import cloudwatch_database_helper as module

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = sqlite3.connect(*args, **kwargs)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        return connection

    module.sqlite3 = types.SimpleNamespace(connect=connect)


def put_metrics_together() -> None:
    """Spare each message and invocation calls of CloudWatch, which take longer than themselves."""
    from localstack.services.lambda_.invocation import metrics as lambda_metrics
    from localstack.services.sqs.provider import CloudwatchDispatcher

    from .metrics import MetricBuffer, Series

    buffer = MetricBuffer()

    def dispatch_sqs_metric(
        self: CloudwatchDispatcher,
        account_id: str,
        region: str,
        queue_name: str,
        metric: str,
        value: float = 1,
        unit: str = "Count",
    ) -> None:
        if self.running:
            series = Series(
                account_id=account_id,
                region=region,
                namespace="AWS/SQS",
                dimension=("QueueName", queue_name),
                metric=metric,
                unit=unit,
            )
            buffer.add(series, value)

    def publish_lambda_metric(
        metric: str, value: float, function: dict[str, str], account_id: str, region_name: str
    ) -> None:
        series = Series(
            account_id=account_id,
            region=region_name,
            namespace="AWS/Lambda",
            dimension=("FunctionName", function["func_name"]),
            metric=metric,
        )
        buffer.add(series, value)

    CloudwatchDispatcher.dispatch_sqs_metric = dispatch_sqs_metric
    lambda_metrics.publish_lambda_metric = publish_lambda_metric


def look_up_operations_once() -> None:
    """Inspect a class for its operations once, not with each request to logs, IAM or SSM."""
    from moto.core import responses as module

    module.method_names_from_class = functools.cache(module.method_names_from_class)
