"""A page that is not the one asked for is asked for again: nothing is counted twice, nothing is left out."""

from collections import Counter
from datetime import date

import pytest

from pipelines.errors import SourceUnavailable
from pipelines.sources.objects.buckets import named
from pipelines.sources.objects.listing import ListingRules, list_objects
from pipelines.sources.objects.refusals import Absent
from pipelines.sources.objects.uploads import incomplete_uploads

TODAY = date(2026, 11, 18)
WRITTEN = "2026-01-02T03:04:05.000Z"
FIVE = range(5)


def element(name, *inner, **fields):
    told = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    return f"<{name}>{told}{''.join(inner)}</{name}>"


KINDS = {
    "objects": ("ListBucketResult", ("continuation-token",)),
    "versions": ("ListVersionsResult", ("key-marker", "version-id-marker")),
    "uploads": ("ListMultipartUploadsResult", ("key-marker", "upload-id-marker")),
    "parts": ("ListPartsResult", ("part-number-marker",)),
    "buckets": ("ListAllMyBucketsResult", ("continuation-token",)),
}


class Listing:
    """Five things of a kind, two on a page. `spoiled` makes another page of the one that begins with the third thing,
    the first `times` that it is asked for."""

    def __init__(self, kind, spoiled, times=1):
        (self.root, self.markers), self.kind = KINDS[kind], kind
        self.spoiled, self.times, self.asked = spoiled, times, Counter()

    def answer(self, query):
        start = 1 + int(query[self.markers[-1]][0]) if self.markers[-1] in query else 0
        self.asked[start] += 1
        if start != 2 or self.asked[start] > self.times:
            return self.page([*FIVE][start : start + 2], start + 1)
        return {
            "the page before it": lambda: self.page([0, 1], 1),
            "one that begins an item earlier": lambda: self.page([1, 2], 3),
            "one that says that it comes next": lambda: self.page([2, 3], 1),
        }[self.spoiled]()

    def page(self, numbers, last):
        items = "".join(self.item(number) for number in numbers)
        following = self.following(last) if last < 4 else ""
        if self.kind == "buckets":
            return element(self.root, element("Buckets", items), following)
        return element(self.root, items, following, IsTruncated=str(last < 4).lower())

    def following(self, last):
        if self.kind == "buckets":
            return element("ContinuationToken", str(last))
        names = {"continuation-token": "NextContinuationToken", "part-number-marker": "NextPartNumberMarker"}
        told = {names.get(marker, "Next" + marker.title().replace("-", "")): str(last) for marker in self.markers}
        if len(told) > 1:
            told["NextKeyMarker"] = "key"
        return "".join(element(name, value) for name, value in told.items())

    def item(self, number):
        match self.kind:
            case "objects":
                return element("Contents", Key=f"key-{number}", LastModified=WRITTEN, Size=1, StorageClass="STANDARD")
            case "versions":  # all of one key, so that the name alone tells nothing
                is_latest = str(number == 0).lower()
                return element("Version", Key="key", VersionId=number, IsLatest=is_latest, LastModified=WRITTEN, Size=1)
            case "uploads":
                return element("Upload", Key="key", UploadId=number, Initiated=WRITTEN, StorageClass="STANDARD")
            case "parts":
                return element("Part", PartNumber=number, Size=1, LastModified=WRITTEN)
        return element("Bucket", Name=f"key-{number}", CreationDate=WRITTEN)


SPOILED = ("the page before it", "one that begins an item earlier", "one that says that it comes next")
ONE_UPLOAD = element(
    "ListMultipartUploadsResult", element("Upload", Key="key", UploadId="u", Initiated=WRITTEN), IsTruncated="false"
)


@pytest.fixture
def counted(server, storage_at, reply, a_bucket):
    """How many of five things a reader sees in a listing."""

    def count(listing):
        def answer(query):
            if listing.kind == "parts" and "max-uploads" in query:
                return reply(ONE_UPLOAD.encode())
            return reply(listing.answer(query).encode())

        server.answer("/", answer)
        server.answer("/b", answer)
        server.answer("/b/key", answer if listing.kind == "parts" else lambda _: reply(b"<ListPartsResult/>"))
        storage = storage_at(server.url)
        if listing.kind == "buckets":
            return len(named(storage))
        if listing.kind in ("uploads", "parts"):
            (row,) = incomplete_uploads(storage, "b", TODAY).rows
            return row.uploads if listing.kind == "uploads" else row.parts
        bucket = a_bucket("b", "enabled" if listing.kind == "versions" else "never")
        return list_objects(storage, bucket, TODAY, ListingRules(page_size=2)).objects

    return count


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spoiled", SPOILED)
def test_another_page_than_the_one_asked_for_is_asked_for_again(counted, kind, spoiled):
    listing = Listing(kind, spoiled)
    assert counted(listing) == 5
    assert listing.asked == {0: 1, 2: 2, 4: 1}


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_insists_on_another_page_is_given_up(counted, kind):
    listing = Listing(kind, "one that begins an item earlier", times=100)
    with pytest.raises(SourceUnavailable, match="came a second time, 6 times; try later"):
        counted(listing)
    assert listing.asked == {0: 1, 2: 6}


def test_a_refusal_that_is_cut_off_is_asked_for_again(server, storage_at, reply):
    told = b"<Error><Code>NoSuchTagSet</Code><Message>There is no tag set</Message></Error>"
    server.script("/b", reply(told[:30], 404), reply(told.replace(b"</", b"<", 1), 404), reply(told, 404))
    with pytest.raises(Absent) as absent:
        storage_at(server.url).call("GetBucketTagging", Bucket="b")
    assert (absent.value.code, len(server.asked)) == ("NoSuchTagSet", 3)


def test_a_region_that_was_silent_a_moment_ago_is_only_probed(server, storage_at, reply):
    busy, answer = reply(status=503), reply(b"<VersioningConfiguration/>")
    server.script("/b", *[busy] * 8, answer, *[busy] * 5, answer)
    storage = storage_at(server.url, attempts=5)
    asked = []
    for _ in range(4):
        try:
            storage.call("GetBucketVersioning", Bucket="b")
        except SourceUnavailable as error:
            asked.append(str(error).partition("after ")[2].partition(";")[0])
        else:
            asked.append("answered")
    assert asked == ["5 attempts", "3 attempts", "answered", "5 attempts"]
