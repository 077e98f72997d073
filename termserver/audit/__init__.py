"""Audit events: `record` writes one in the transaction of the change that it tells of."""
