"""Object Storage: buckets, how they are set up, and what lies in them, read through the S3 protocol.

`ObjectStorage` is one region of one project. `survey` goes through its buckets; `tables` makes Arrow tables of the
result. Objects are counted into histograms while they are listed, and never kept.
"""

from pipelines.sources.objects.checkpoints import Checkpoints, FolderCheckpoints
from pipelines.sources.objects.client import ObjectStorage, S3Key
from pipelines.sources.objects.histogram import Shape
from pipelines.sources.objects.listing import ListingRules
from pipelines.sources.objects.survey import BucketSurvey, SurveyRules, survey

__all__ = [
    "BucketSurvey",
    "Checkpoints",
    "FolderCheckpoints",
    "ListingRules",
    "ObjectStorage",
    "S3Key",
    "Shape",
    "SurveyRules",
    "survey",
]
