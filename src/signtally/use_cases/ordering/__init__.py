"""Reports on demand: orders are placed by the API, wait in a queue, and are made by consumers."""

from signtally.use_cases.ordering.consuming import ConsumerConfig, OrderConsumer, OrderProgress
from signtally.use_cases.ordering.line import orders_ahead
from signtally.use_cases.ordering.making import OrderResult
from signtally.use_cases.ordering.placing import request_report

__all__ = ["ConsumerConfig", "OrderConsumer", "OrderProgress", "OrderResult", "orders_ahead", "request_report"]
