"""Fakes of every port, in memory; they pass the same contract tests as the real adapters."""
