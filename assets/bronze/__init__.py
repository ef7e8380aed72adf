"""One module per source: an asset asks, records, counts."""
