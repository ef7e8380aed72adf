"""Business numbers a person brings in: requests, tenants, deploys, jobs, inferences, training, queries."""
