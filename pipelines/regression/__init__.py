"""Fixed and marginal cost: a straight line through days of cost and units."""
