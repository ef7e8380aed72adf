"""Named Delta tables and the SQL models between them; knows no particular table beyond `tables/`."""
