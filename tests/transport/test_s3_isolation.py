"""The S3 transport uses what it is given: not this machine's AWS files and variables, and never its secrets aloud."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.wire.http import Request
from tests.transport.s3_peer import ACCESS, KEY, SECRET, SESSION, a_request, error, read_all, s3_peer, s3_transport, xml

pytestmark = pytest.mark.sockets


def aws_files(home: Path, credentials: str, config: str = "") -> None:
    """Write what the AWS command line keeps at home."""
    folder = home / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(credentials)
    (folder / "config").write_text(config)


async def test_the_machines_set_up_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files that cannot be parsed, a profile that is not there, proxies and endpoints in the environment: no effect."""
    aws_files(tmp_path, "no [ini", "nor = this")
    for name, value in {
        "AWS_PROFILE": "nobody",
        "AWS_ACCESS_KEY_ID": "ENVIRONMENT",
        "AWS_SECRET_ACCESS_KEY": "environment",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_DEFAULT_REGION": "mars-north-1",
        "AWS_MAX_ATTEMPTS": "7",
        "AWS_RETRY_MODE": "legacy",
        "AWS_DEFAULTS_MODE": "auto",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    async with s3_peer(error(503, "SlowDown")) as peer, s3_transport() as s3:
        incoming = await s3.send(a_request(peer.url, "GetObject", Bucket="bkt", Key="k"))
        await read_all(incoming)
    assert len(peer.seen) == 1
    assert f"Credential={ACCESS}/" in peer.seen[0].headers["authorization"]
    assert "/us-east-1/" in peer.seen[0].headers["authorization"]


async def test_no_key_is_an_error_and_no_probing() -> None:
    """Without credentials nothing is looked up anywhere: a ConfigError says what is missing."""
    async with s3_peer(xml()) as peer, s3_transport() as s3:
        with pytest.raises(ConfigError, match="needs a key"):
            await s3.send(a_request(peer.url, "GetObject", key="", Bucket="bkt", Key="k"))
    assert peer.seen == []


async def test_a_profile_is_read_where_it_is_asked_for(tmp_path: Path) -> None:
    """The option ``profile`` takes credentials and region from ~/.aws."""
    aws_files(
        tmp_path,
        "[work]\naws_access_key_id = PROFILEKEY\naws_secret_access_key = profile-secret\n",
        "[profile work]\nregion = eu-south-2\n",
    )
    async with s3_peer(xml()) as peer, s3_transport() as s3:
        await read_all(await s3.send(a_request(peer.url, "HeadBucket", key="", s3_profile="work", Bucket="bkt")))
    assert "Credential=PROFILEKEY/" in peer.seen[0].headers["authorization"]
    assert "/eu-south-2/" in peer.seen[0].headers["authorization"]


@pytest.mark.parametrize(("profile", "message"), [("nobody", "no such profile"), ("empty", "has no credentials")])
async def test_a_profile_without_credentials(profile: str, message: str, tmp_path: Path) -> None:
    """A profile that is not there, or has no credentials, is a ConfigError; the instance's metadata are not asked."""
    aws_files(tmp_path, "[empty]\n")
    async with s3_peer(xml()) as peer, s3_transport() as s3:
        with pytest.raises(ConfigError, match=message):
            await s3.send(a_request(peer.url, "HeadBucket", key="", s3_profile=profile, Bucket="bkt"))
    assert peer.seen == []


async def test_unsigned_requests_need_no_key() -> None:
    """``s3-signature: unsigned`` reads public buckets: no signature is sent."""
    async with s3_peer(xml()) as peer, s3_transport() as s3:
        await read_all(await s3.send(a_request(peer.url, "HeadBucket", key="", s3_signature="unsigned", Bucket="bkt")))
    assert "authorization" not in peer.seen[0].headers


async def test_checksums_can_be_left_out_for_old_servers() -> None:
    """Uploads carry a CRC32 unless the option ``checksums`` says that only required ones are sent."""
    async with s3_peer(xml(etag='"e"')) as peer, s3_transport() as s3:
        put = {"Bucket": "bkt", "Key": "k"}
        await read_all(await s3.send(a_request(peer.url, "PutObject", b"x", **put)))
        await read_all(await s3.send(a_request(peer.url, "PutObject", b"x", s3_checksums="when_required", **put)))
    assert [("x-amz-checksum-crc32" in seen.headers) for seen in peer.seen] == [True, False]


async def test_addressing_by_path_or_by_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """``virtual`` puts the bucket into the host name, ``path`` into the path."""
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **named: real("127.0.0.1", *rest, **named))
    async with s3_peer(xml()) as peer, s3_transport() as s3:
        url = peer.url.replace("127.0.0.1", "localhost")
        for style in ("path", "virtual"):
            request = a_request(url, "HeadBucket", Bucket="bkt")
            headers = ((b"s3-addressing", style.encode()), *request.headers[:2])
            await read_all(await s3.send(Request("HeadBucket", url, headers, b"", request.params)))
    assert [(seen.target, seen.headers["host"].partition(":")[0]) for seen in peer.seen] == [
        ("/bkt", "localhost"),
        ("/", "bkt.localhost"),
    ]


@pytest.mark.parametrize("option", ["addressing", "signature", "checksums", "limit"])
async def test_an_option_with_a_value_it_cannot_have(option: str) -> None:
    """The error names the option and its values."""
    async with s3_transport() as s3:
        with pytest.raises(ConfigError, match=f"option '{option}' is one of"):
            await s3.send(a_request("s3+http://127.0.0.1:1", "HeadBucket", Bucket="bkt", **{f"s3_{option}": "x"}))


async def test_secrets_stay_out_of_logs_errors_and_reprs(caplog: pytest.LogCaptureFixture) -> None:
    """Not even botocore's debug log, which has signed headers in full, shows the secret or the session token."""
    caplog.set_level(logging.DEBUG)
    async with s3_peer(error(403, "AccessDenied")) as peer, s3_transport() as s3:
        request = a_request(peer.url, "GetObject", key=f"{KEY}:{SESSION}", Bucket="bkt", Key="k")
        await read_all(await s3.send(request))
        shown = repr(request) + repr(s3.__dict__)
        with pytest.raises(ConfigError) as caught:
            await s3.send(a_request(peer.url, "GetObject", key=SECRET, Bucket="bkt", Key="k"))
        shown += repr(caught.value)
    assert peer.seen[0].headers["x-amz-security-token"] == SESSION
    logged = caplog.text + shown
    assert "botocore" in logged
    assert SECRET not in logged
    assert SESSION not in logged
