"""An AWS emulator without Docker: LocalStack, with Lambda functions run as plain subprocesses."""
