"""Object Storage: buckets, how they are set up, and what lies in them, read through the S3 protocol.

`client.ObjectStorage` is one region of one project. `buckets.buckets` reads how its buckets are set up, and
`survey.survey` what lies in them; `rows` makes the Arrow tables whose schemas are in `tables`. Objects are counted into
histograms while they are listed, and never kept. Nothing is imported here, so that the schemas cost no S3 client.
"""
