"""Where Gemini is: the Developer API, one of its versions, or a project on Vertex AI (Vertex AI reference, REST)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEVELOPER = "https://generativelanguage.googleapis.com"
_VERSIONED = re.compile(r"/v\d+[a-z0-9]*$")
_PROJECT = re.compile(r"(?P<root>.*)(?P<project>/projects/[^/]+/locations/[^/]+)$")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]*")
_MULTI_REGIONS = {"us", "eu"}


def is_version(text: object) -> bool:
    """Whether a text is one of the service's versions: ``v1``, ``v1beta``..."""
    return isinstance(text, str) and _VERSIONED.fullmatch(f"/{text}") is not None


def on_vertex(endpoint: str) -> bool:
    """Whether a base URL is a project's on Vertex AI: that takes a Bearer token and other bodies."""
    return "/locations/" in endpoint


def vertex_url(url: str, options: Mapping[str, str], version: str) -> str:
    """The base URL of a project: the option's, below the location's own host or below the base URL that is given.

    Args:
        url: The base URL so far.
        options: ``project`` and ``location``; without the first, `url` is returned as it is.
        version: For a URL without one.

    Raises:
        ConfigError: An option has a character that no name of a project or location has.
    """
    project, location = options.get("project"), options.get("location", "global")
    if not project or on_vertex(url):
        return url
    for name, value in (("project", project), ("location", location)):
        if not _PART.fullmatch(value):
            raise ConfigError(f"the option {name} of gemini is no name of a {name}: {value[:60]!r}", provider="gemini")
    if url == DEVELOPER:
        url = f"https://{_host(location)}"
    if not _VERSIONED.search(url):
        url = f"{url}/{version}"
    return f"{url}/projects/{project}/locations/{location}"


def _host(location: str) -> str:
    if location == "global":
        return "aiplatform.googleapis.com"
    if location in _MULTI_REGIONS:
        return f"aiplatform.{location}.rep.googleapis.com"
    return f"{location}-aiplatform.googleapis.com"


def model_name(model: str) -> tuple[str, str]:
    """Collection and name of a model, which may be written with its collection: ``models/x``, ``tunedModels/x``."""
    kind, slash, name = model.removeprefix("publishers/google/").partition("/")
    return (kind, name) if slash and kind in {"models", "tunedModels", "endpoints"} else ("models", model)


def model_path(endpoint: str, model: str) -> str:
    """The path of a model below the version of a base URL, or below its project."""
    kind, name = model_name(model)
    path = f"/{kind}/{quote(name, safe='')}"
    return f"/publishers/google{path}" if on_vertex(endpoint) and kind == "models" else path


def versioned(endpoint: str, path: str, version: str) -> str:
    """The URL of a path that has a ``/v1/`` in it: where a version's place is.

    Args:
        endpoint: Base URL; a version at its end counts, and a project holds all its collections.
        path: ``/v1/files``, ``/upload/v1/files``.
        version: For a base URL without one.
    """
    if on_vertex(endpoint):
        below = path.removeprefix("/v1")
        return f"{endpoint}/publishers/google{below}" if below.startswith("/models/") else endpoint + below
    own = _VERSIONED.search(endpoint)
    root, place = (endpoint[: own.start()], own[0]) if own else (endpoint, f"/{version}")
    return root + path.replace("/v1/", f"{place}/", 1)


def publisher_url(endpoint: str, path: str) -> str:
    """The URL of Google's models on Vertex AI, which are in no project: ``/publishers/google/models``..."""
    found = _PROJECT.fullmatch(endpoint)
    return (found["root"] if found else endpoint) + path


def in_project(endpoint: str, name: str) -> str:
    """A resource's full name on Vertex AI (``projects/p/locations/l/cachedContents/x``); as it is elsewhere."""
    found = _PROJECT.fullmatch(endpoint)
    return f"{found['project'][1:]}/{name}" if found and not name.startswith("projects/") else name
