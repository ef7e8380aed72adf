"""The XML of Object Storage, as Scaleway was seen to write it."""

from collections.abc import Callable, Iterable
from urllib.parse import quote
from xml.sax.saxutils import escape

from simulator.instants import at
from simulator.s3_buckets import Entry, StoredBucket
from simulator.s3_lifecycle import Upload
from simulator.s3_listings import Page, Question
from simulator.s3_scenario import Rule, Transition

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

Spell = Callable[[str], str]


def plain(text: str) -> str:
    """A key as it is."""
    return escape(text)


def percent(text: str) -> str:
    """A key as `encoding-type=url` wants it."""
    return quote(text, safe="/")


def tag(name: str, *inner: str) -> str:
    return f"<{name}>{''.join(inner)}</{name}>"


def optional(name: str, text: str) -> str:
    """Nothing where there is nothing to say."""
    return tag(name, text) if text else ""


def moment(instant: int) -> str:
    return at(instant).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def owner(identifier: str, name: str = "Owner") -> str:
    both = f"{identifier}:{identifier}"
    return tag(name, tag("DisplayName", both), tag("ID", both))


def error(code: str, message: str, request_id: str, resource: str) -> str:
    bucket = resource.strip("/").split("/")[0] if code in ("NoSuchTagSet", "NoSuchLifecycleConfiguration") else ""
    return tag(
        "Error",
        tag("Code", code),
        tag("Message", escape(message)),
        tag("RequestId", request_id),
        tag("HostId", request_id),
        tag("Resource", escape(resource)),
        optional("BucketName", bucket),
    )


def bucket_list(buckets: Iterable[StoredBucket], project_id: str, token: str) -> str:
    rows = (
        tag("Bucket", tag("CreationDate", moment(each.resource.start)), tag("Name", each.resource.id))
        for each in buckets
    )
    inner = tag("Buckets", *rows) + owner(project_id) + optional("ContinuationToken", token)
    return f"{_HEAD}<ListAllMyBucketsResult{_SPACE}>{inner}</ListAllMyBucketsResult>"


def tagging(tags: Iterable[tuple[str, str]]) -> str:
    rows = (tag("Tag", tag("Key", escape(key)), tag("Value", escape(value))) for key, value in tags)
    return _HEAD + tag("Tagging", tag("TagSet", *rows))


def versioning(is_enabled: bool) -> str:
    return _HEAD + tag("VersioningConfiguration", tag("Status", "Enabled" if is_enabled else ""))


def lifecycle(rules: Iterable[Rule]) -> str:
    return _HEAD + tag("Configuration", *(_rule(rule) for rule in rules))


def objects(bucket: str, question: Question, page: Page[Entry], spell: Spell, more: dict[str, str]) -> str:
    """A page of ListObjectsV2; `more` holds what was asked and what comes next."""
    inner = [
        tag("Name", bucket),
        tag("Prefix", spell(question.prefix)),
        optional("Delimiter", spell(question.delimiter)),
        tag("KeyCount", str(page.count)),
        tag("MaxKeys", str(question.most)),
        tag("IsTruncated", _flag(page.last is not None)),
        *(optional(name, text) for name, text in more.items()),
        *(_object(entry, spell) for entry in page.items),
        *_common(page, spell),
    ]
    return f"{_HEAD}<ListBucketResult{_SPACE}>{''.join(inner)}</ListBucketResult>"


def versions(
    bucket: str, project_id: str, question: Question, page: Page[Entry], spell: Spell, more: dict[str, str]
) -> str:
    """A page of ListObjectVersions."""
    inner = [
        tag("Name", bucket),
        tag("Prefix", spell(question.prefix)),
        optional("Delimiter", spell(question.delimiter)),
        tag("IsTruncated", _flag(page.last is not None)),
        tag("KeyMarker", more.pop("KeyMarker", "")),
        tag("MaxKeys", str(question.most)),
        tag("VersionIdMarker", more.pop("VersionIdMarker", "")),
        *(optional(name, text) for name, text in more.items()),
        *(_version(entry, project_id, spell) for entry in page.items),
        *_common(page, spell),
    ]
    return f"{_HEAD}<ListVersionsResult{_SPACE}>{''.join(inner)}</ListVersionsResult>"


def uploads(
    bucket: str,
    project_id: str,
    question: Question,
    page: Page[tuple[Upload, str]],
    spell: Spell,
    more: dict[str, str],
) -> str:
    """A page of ListMultipartUploads: uploads with their identifiers."""
    markers = ("KeyMarker", "UploadIdMarker", "NextKeyMarker", "NextUploadIdMarker")
    inner = [
        tag("Bucket", bucket),
        *(tag(name, more.pop(name, "")) for name in markers),
        optional("Prefix", spell(question.prefix)),
        optional("Delimiter", spell(question.delimiter)),
        tag("MaxUploads", str(question.most)),
        tag("IsTruncated", _flag(page.last is not None)),
        *(optional(name, text) for name, text in more.items()),
        *(_upload(upload, identifier, project_id, spell) for upload, identifier in page.items),
        *_common(page, spell),
    ]
    return f"{_HEAD}<ListMultipartUploadsResult{_SPACE}>{''.join(inner)}</ListMultipartUploadsResult>"


def parts(bucket: str, project_id: str, upload: Upload, identifier: str, first: int, most: int) -> str:
    """A page of ListParts: those whose number is above `first`."""
    shown = upload.sizes[first : first + most]
    inner = [
        tag("Bucket", bucket),
        tag("Key", plain(upload.key)),
        tag("UploadId", identifier),
        tag("PartNumberMarker", str(first)),
        tag("NextPartNumberMarker", str(first + len(shown))),
        tag("MaxParts", str(most)),
        tag("IsTruncated", _flag(first + len(shown) < len(upload.sizes))),
        *(
            tag(
                "Part",
                tag("PartNumber", str(number)),
                tag("LastModified", moment(upload.begun + number)),
                tag("ETag", f"&#34;{identifier[:27]}{number:05x}&#34;"),
                tag("Size", str(size)),
            )
            for number, size in enumerate(shown, start=first + 1)
        ),
        owner(project_id, "Initiator"),
        owner(project_id),
        tag("StorageClass", upload.storage_class),
    ]
    return f"{_HEAD}<ListPartsResult{_SPACE}>{''.join(inner)}</ListPartsResult>"


def _flag(is_so: bool) -> str:
    return "true" if is_so else "false"


def _common(page: Page[Entry] | Page[tuple[Upload, str]], spell: Spell) -> list[str]:
    return [tag("CommonPrefixes", tag("Prefix", spell(prefix))) for prefix in page.prefixes]


def _object(entry: Entry, spell: Spell) -> str:
    return (
        f"<Contents><Key>{spell(entry.key)}</Key><LastModified>{moment(entry.written)}</LastModified>"
        f"<ETag>&#34;{entry.etag}&#34;</ETag><Size>{entry.size}</Size>"
        f"<StorageClass>{entry.storage_class}</StorageClass></Contents>"
    )


def _version(entry: Entry, project_id: str, spell: Spell) -> str:
    inner = (
        f"<IsLatest>{_flag(entry.is_latest)}</IsLatest><Key>{spell(entry.key)}</Key>"
        f"<LastModified>{moment(entry.written)}</LastModified>{owner(project_id)}"
        f"<VersionId>{entry.version_id}</VersionId>"
    )
    if entry.is_marker:
        return f'<DeleteMarker xmlns="">{inner}</DeleteMarker>'
    return (
        f'<Version xmlns="">{inner}<Size>{entry.size}</Size><StorageClass>{entry.storage_class}</StorageClass>'
        f"<ETag>&#34;{entry.etag}&#34;</ETag></Version>"
    )


def _upload(upload: Upload, identifier: str, project_id: str, spell: Spell) -> str:
    return tag(
        "Upload",
        tag("Key", spell(upload.key)),
        tag("UploadId", identifier),
        owner(project_id, "Initiator"),
        owner(project_id),
        tag("StorageClass", upload.storage_class),
        tag("Initiated", moment(upload.begun)),
    )


def _rule(rule: Rule) -> str:
    expiration = tag("Days", str(rule.expire)) if rule.expire else ""
    if rule.expire_markers:
        expiration += tag("ExpiredObjectDeleteMarker", "true")
    aborted = tag("DaysAfterInitiation", str(rule.abort_uploads)) if rule.abort_uploads else ""
    noncurrent = tag("NoncurrentDays", str(rule.expire_noncurrent)) if rule.expire_noncurrent else ""
    return tag(
        "Rule",
        optional("AbortIncompleteMultipartUpload", aborted),
        optional("Expiration", expiration),
        tag("Filter", optional("Prefix", escape(rule.prefix))),
        tag("ID", escape(rule.id)),
        optional("NoncurrentVersionExpiration", noncurrent),
        *(_transition("NoncurrentVersionTransition", "NoncurrentDays", each) for each in rule.noncurrent_transitions),
        tag("Status", "Enabled" if rule.enabled else "Disabled"),
        *(_transition("Transition", "Days", each) for each in rule.transitions),
    )


def _transition(name: str, days: str, each: Transition) -> str:
    return tag(name, tag(days, str(each.days)), tag("StorageClass", each.storage_class))
