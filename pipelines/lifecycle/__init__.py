"""Which lifecycle rules make a bucket cost least, within what Object Storage and a policy allow. Plain values."""
