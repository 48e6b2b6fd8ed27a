"""Vector stores of the OpenAI twin: searched by the words that query and chunk share.

Source: OpenAI API reference, vector stores.
"""

import re
from typing import Any

from .openai_resources_files import FileResources
from .openai_resources_lists import Routes, asked, changed, deleted, everything, needed, paged, told
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Twin

CHUNK = 3200  # characters: the service's 800 tokens
_STATIC = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}


class StoreResources:
    """Stores over the files of a twin. A file is done at the second look."""

    def __init__(self, twin: Twin, files: FileResources) -> None:
        self._twin, self._files = twin, files
        self._stores, self._batches = Shelf("vector store"), Shelf("file batch")
        self._inside: dict[str, Shelf] = {}

    def routes(self) -> Routes:
        """Return the table's rows."""
        stores = f"{self._twin.base_path}/vector_stores"
        one = f"{stores}/{{id}}"
        file, batch = f"{one}/files/{{file}}", f"{one}/file_batches/{{batch}}"
        return {
            ("POST", stores): self.create,
            ("GET", stores): lambda ask: paged(ask, everything(self._stores)),
            ("GET", one): lambda ask: told(self._counted(ask.args["id"])),
            ("POST", one): lambda ask: changed(
                ask, self._stores.get(ask.args["id"]), "name", "metadata", "expires_after"
            ),
            ("DELETE", one): lambda ask: deleted(self._stores, ask.args["id"], "vector_store.deleted"),
            ("POST", f"{one}/search"): self.search,
            ("POST", f"{one}/files"): self.add,
            ("GET", f"{one}/files"): lambda ask: self._listed(ask, everything(self._shelf(ask))),
            ("GET", file): lambda ask: told(self._looked_at(self._shelf(ask).get(ask.args["file"]))),
            ("POST", file): lambda ask: changed(ask, self._shelf(ask).get(ask.args["file"]), "attributes"),
            ("DELETE", file): lambda ask: deleted(self._shelf(ask), ask.args["file"], "vector_store.file.deleted"),
            ("GET", f"{file}/content"): self.content,
            ("POST", f"{one}/file_batches"): self.batch,
            ("GET", batch): lambda ask: told(self._batch(ask)),
            ("POST", f"{batch}/cancel"): self.cancel,
            ("GET", f"{batch}/files"): self.batch_files,
        }

    def create(self, ask: Ask) -> Answer:
        """POST vector_stores."""
        body, now = asked(ask), int(self._twin.clock())
        ids = [str(file_id) for file_id in body.get("file_ids") or ()]
        for file_id in ids:
            self._files.card(file_id)
        key = self._twin.ident("vs_", ask)
        self._inside[key] = Shelf("file in the vector store")
        value: dict[str, Any] = {
            "id": key,
            "object": "vector_store",
            "created_at": now,
            "name": body.get("name") or "",
            "usage_bytes": 0,
            "file_counts": {},
            "status": "completed",
            "expires_after": body.get("expires_after"),
            "last_active_at": now,
            "metadata": body.get("metadata"),
        }
        self._stores.put(key, value)
        for file_id in ids:
            self._put(key, file_id, {"chunking_strategy": body.get("chunking_strategy")})
        return told(_count(value, everything(self._inside[key])))

    def search(self, ask: Ask) -> Answer:
        """POST vector_stores/{id}/search."""
        body = asked(ask)
        query = body.get("query")
        texts = [query] if isinstance(query, str) else query
        if not isinstance(texts, list) or not texts:
            raise RejectError(400, "Missing required parameter: 'query'.", param="query")
        words = _words(" ".join(map(str, texts)))
        hits = []
        for file in everything(self._shelf(ask)):
            for chunk in self._chunks(file["id"]):
                score = len(words & _words(chunk)) / len(words) if words else 0.0
                hits.append((score, file, chunk))
        hits.sort(key=lambda hit: -hit[0])
        most = body.get("max_num_results") or 10
        data = [
            {
                "file_id": file["id"],
                "filename": self._files.card(file["id"])["filename"],
                "score": score,
                "attributes": file["attributes"],
                "content": [{"type": "text", "text": chunk}],
            }
            for score, file, chunk in hits[:most]
        ]
        page = {"object": "vector_store.search_results.page", "search_query": texts, "data": data}
        return told({**page, "has_more": len(hits) > most, "next_page": None})

    def add(self, ask: Ask) -> Answer:
        """POST vector_stores/{id}/files."""
        body = asked(ask)
        self._shelf(ask)
        return told(self._put(ask.args["id"], needed(body, "file_id"), body))

    def content(self, ask: Ask) -> Answer:
        """GET vector_stores/{id}/files/{file}/content."""
        file = self._shelf(ask).get(ask.args["file"])
        data = [{"type": "text", "text": chunk} for chunk in self._chunks(file["id"])]
        return told({"object": "vector_store.file_content.page", "data": data, "has_more": False, "next_page": None})

    def batch(self, ask: Ask) -> Answer:
        """POST vector_stores/{id}/file_batches."""
        body = asked(ask)
        self._shelf(ask)
        given = body.get("files") or [{"file_id": file_id} for file_id in needed(body, "file_ids", list)]
        ids = [self._put(ask.args["id"], needed(one, "file_id"), {**body, **one})["id"] for one in given]
        key = self._twin.ident("vsfb_", ask)
        value = {
            "id": key,
            "object": "vector_store.files_batch",
            "created_at": int(self._twin.clock()),
            "vector_store_id": ask.args["id"],
            "status": "in_progress",
            "file_ids": ids,
        }
        self._batches.put(key, value)
        return told(self._told_batch(value))

    def cancel(self, ask: Ask) -> Answer:
        """POST vector_stores/{id}/file_batches/{batch}/cancel."""
        batch = self._batches.get(ask.args["batch"])
        if batch["status"] == "in_progress":
            batch["status"] = "cancelled"
        return told(self._told_batch(batch))

    def batch_files(self, ask: Ask) -> Answer:
        """GET vector_stores/{id}/file_batches/{batch}/files."""
        ids = self._batches.get(ask.args["batch"])["file_ids"]
        return self._listed(ask, [file for file in everything(self._shelf(ask)) if file["id"] in ids])

    def _shelf(self, ask: Ask) -> Shelf:
        return self._inside[self._stores.get(ask.args["id"])["id"]]

    def _put(self, store: str, file_id: str, body: dict[str, Any]) -> dict[str, Any]:
        card = self._files.card(file_id)
        value = {
            "id": file_id,
            "object": "vector_store.file",
            "usage_bytes": card["bytes"],
            "created_at": int(self._twin.clock()),
            "vector_store_id": store,
            "status": "in_progress",
            "last_error": None,
            "chunking_strategy": body.get("chunking_strategy") or _STATIC,
            "attributes": body.get("attributes") or {},
        }
        return self._inside[store].put(file_id, value)

    def _looked_at(self, file: dict[str, Any]) -> dict[str, Any]:
        told_now = dict(file)
        if file["status"] == "in_progress":
            try:
                self._files.read(file["id"]).decode()
                file["status"] = "completed"
            except UnicodeDecodeError:
                fault = {"code": "unsupported_file", "message": "The file type is not supported."}
                file |= {"status": "failed", "last_error": fault}
        return told_now

    def _counted(self, key: str) -> dict[str, Any]:
        store = self._stores.get(key)
        found = _count(dict(store), everything(self._inside[key]))
        for file in everything(self._inside[key]):
            self._looked_at(file)
        return found

    def _batch(self, ask: Ask) -> dict[str, Any]:
        batch = self._batches.get(ask.args["batch"])
        shelf = self._shelf(ask)
        states = [self._looked_at(shelf.get(file_id))["status"] for file_id in batch["file_ids"]]
        if batch["status"] == "in_progress" and "in_progress" not in states:
            batch["status"] = "completed"
        return self._told_batch(batch)

    def _told_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        shelf = self._inside[batch["vector_store_id"]]
        files = [shelf.get(file_id) for file_id in batch["file_ids"]]
        return _count({name: value for name, value in batch.items() if name != "file_ids"}, files, whole=False)

    def _listed(self, ask: Ask, files: list[dict[str, Any]]) -> Answer:
        wanted = ask.query.get("filter")
        return paged(ask, [file for file in files if wanted in (None, file["status"])])

    def _chunks(self, file_id: str) -> list[str]:
        text = self._files.read(file_id).decode("utf-8", "replace")
        return [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]


def _count(value: dict[str, Any], files: list[dict[str, Any]], *, whole: bool = True) -> dict[str, Any]:
    states = [file["status"] for file in files]
    counts = {name: states.count(name) for name in ("in_progress", "completed", "failed", "cancelled")}
    value["file_counts"] = {**counts, "total": len(states)}
    if whole:
        value["status"] = "in_progress" if counts["in_progress"] else "completed"
        value["usage_bytes"] = sum(file["usage_bytes"] for file in files)
    return value


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
