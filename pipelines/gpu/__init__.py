"""Serving models oneself or not: bursts, break-even with APIs by the token, and how many GPUs the traffic needs."""
