"""A gateway before a real S3 server that knows projects and regions, as Scaleway's does, and can refuse."""

import re
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS_KEY = "SCWAAAAAAAAAAAAAAAAA"
WAYS = {
    "tagging": "GetBucketTagging",
    "versioning": "GetBucketVersioning",
    "lifecycle": "GetBucketLifecycleConfiguration",
    "versions": "ListObjectVersions",
    "uploads": "ListMultipartUploads",
    "uploadId": "ListParts",
    "list-type": "ListObjectsV2",
}


@dataclass
class Gateway:
    """Asks the real server with its own key. It shows each project the buckets that `owners` says are its own in a
    region, and refuses with the status in `refused` what is named there: `(operation, bucket)`, or `(operation,
    "project/region")` for a listing of buckets."""

    server: object
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: dict[tuple[str, str], int] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, path: str, headers) -> tuple[int, bytes]:
        told = re.search(r"Credential=(\w+)@([-0-9a-f]+)/\d+/([-a-z]+)/s3/", headers["Authorization"])
        parts = urlsplit(path)
        region, _, rest = parts.path.removeprefix("/s3/").partition("/")
        assert (told[1], told[3]) == (ACCESS_KEY, region), "signed for another key or region"
        project, name = told[2], rest.partition("/")[0]
        query = parse_qs(parts.query, keep_blank_values=True)
        operation = next((way for key, way in WAYS.items() if key in query), "ListBuckets")
        place = name or f"{project}/{region}"
        self.asked.append((operation, place))
        if (operation, place) in self.refused:
            status = self.refused[operation, place]
            return status, f"<Error><Code>{'AccessDenied' if status == 403 else 'Down'}</Code></Error>".encode()
        assert not name or self.owners[name] == (project, region), "asked for another project's bucket"
        status, body = self._forward(f"/{rest}?{parts.query}" if parts.query else f"/{rest}")
        return status, body if name else self._own_buckets(body.decode(), project, region)

    def _forward(self, path: str) -> tuple[int, bytes]:
        request = AWSRequest("GET", self.server.endpoint_url + path)
        key = Credentials(self.server.access_key, self.server.secret_key)
        S3SigV4Auth(key, "s3", "us-east-1").add_auth(request)
        answer = requests.get(request.url, headers=dict(request.headers), timeout=30)
        return answer.status_code, answer.content

    def _own_buckets(self, text: str, project: str, region: str) -> bytes:
        shown = [
            each
            for each in re.findall("<Bucket>.*?</Bucket>", text, re.DOTALL)
            if self.owners.get(re.search("<Name>(.*?)</Name>", each)[1]) == (project, region)
        ]
        owner = f"<Owner><ID>{project}:{project}</ID></Owner>"
        return f"<ListAllMyBucketsResult>{owner}<Buckets>{''.join(shown)}</Buckets></ListAllMyBucketsResult>".encode()

    def ways(self) -> Counter:
        """How often each operation was asked for since the last time."""
        asked, self.asked = self.asked, []
        return Counter(operation for operation, _ in asked)

    @contextmanager
    def served(self):
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 20

            def log_message(self, *_):
                pass

            def do_GET(self):
                status, body = gateway.answer(self.path, self.headers)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{http.server_port}/s3/{{region}}"
        finally:
            http.shutdown()
            http.server_close()
