"""Queues: Amazon SQS and what speaks like it, and memory."""
