"""What is left of a stack after an update, and above all after one that failed."""

from collections.abc import Mapping
from typing import Any

from localstack.aws.api.cloudformation import ChangeAction, ExecutionStatus, StackStatus
from localstack.services.cloudformation.engine.v2.change_set_model_executor import (
    ChangeSetModelExecutor,
    ChangeSetModelExecutorResult,
)
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
    PreprocProperties,
)


class UpdateError(Exception):
    """An update failed; keeps the emulator from storing its result, and is logged."""


def finish_update(
    executor: ChangeSetModelExecutor,
    result: ChangeSetModelExecutorResult,
    before: Mapping[str, Any],
) -> None:
    """Keep the new template of an update, or remove what a failed one has added.

    What a failed update has changed stays changed: AWS would change it back.

    Parameters
    ----------
    executor
        It has made the update.
    result
        What came of it.
    before
        Resources of the stack before it, by logical id.

    Raises
    ------
    UpdateError
        The update failed, and the stack says so.
    """
    change_set = executor._change_set  # noqa: SLF001
    stack = change_set.stack
    if result.failure_message is None:
        stack.processed_template = change_set.processed_template
        return
    stack.set_stack_status(StackStatus.UPDATE_ROLLBACK_IN_PROGRESS)
    done = {
        name: resource
        for name, resource in result.resources.items()
        if resource.get("ResourceStatus", "").endswith("_COMPLETE")
    }
    for name in reversed([name for name in done if name not in before]):
        added = done.pop(name)
        executor._execute_resource_action(  # noqa: SLF001
            action=ChangeAction.Remove,
            logical_resource_id=name,
            resource_type=added["Type"],
            before_properties=PreprocProperties(properties=added["Properties"]),
            after_properties=None,
        )
        stack.resource_states.pop(name, None)
    stack.resolved_resources = {**before, **done}
    change_set.set_execution_status(ExecutionStatus.EXECUTE_FAILED)
    stack.set_stack_status(StackStatus.UPDATE_FAILED, result.failure_message)
    raise UpdateError(result.failure_message)
