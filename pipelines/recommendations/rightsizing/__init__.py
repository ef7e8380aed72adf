"""Which offer holds a resource's load at the least price: the recorded load is replayed against every offer sold."""
