"""The adapters that speak to AWS: the only place that imports boto3."""
