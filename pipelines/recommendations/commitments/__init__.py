"""How much to commit to: a savings plan is a monthly pool, and the best pool depends on months that are yet to come."""
