"""Entry points by which the emulator finds what this package adds; imports nothing before need."""

from typing import Any

from localstack.services.cloudformation.resource_provider import (
    CloudFormationResourceProviderPlugin,
)
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class SubprocessExecutorPlugin(RuntimeExecutorPlugin):
    """Runs Lambda functions as subprocesses."""

    name = "subprocess"

    def load(self, *_: Any, **__: Any) -> type:
        """Return the executor class."""
        from .executor import SubprocessExecutor

        return SubprocessExecutor


class CustomResourcePlugin(CloudFormationResourceProviderPlugin):
    """Lambda-backed custom resources."""

    name = "AWS::CloudFormation::CustomResource"

    def __init__(self) -> None:
        self.factory: type | None = None

    def load(self) -> None:
        """Set the class of the resource provider."""
        from .cloudformation import CustomResourceProvider

        self.factory = CustomResourceProvider


class DashboardPlugin(CloudFormationResourceProviderPlugin):
    """CloudWatch dashboards."""

    name = "AWS::CloudWatch::Dashboard"

    def __init__(self) -> None:
        self.factory: type | None = None

    def load(self) -> None:
        """Set the class of the resource provider."""
        from .cloudformation import DashboardProvider

        self.factory = DashboardProvider
