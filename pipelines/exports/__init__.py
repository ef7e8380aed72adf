"""The exporting room: rows of gold as workbooks, plain files and metrics that other programs read."""
