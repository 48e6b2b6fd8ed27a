"""What every codec must hold. A new provider is found by itself: a module in ``providers`` and a folder of fixtures.

Fixtures of a provider, in ``tests/providers/fixtures/<name>/``::

    chat.json, chat.stream      one chat answer, unary and streamed: the same id, model, text, reasoning, finish, usage
    tools.json, tools.stream    the same for an answer that calls tools
    error_401.json              a refused key
    error_429.json              too fast; its headers (or body) say how long to wait
    embed.json                  the answer to EmbedRequest(("alpha", "beta")), in the encoding that the codec asks for
    models.json                 the list of models

Each JSON file is ``{"status": 200, "headers": {"lower-case-name": "value"}, "body": ...}``; each ``.stream`` is the raw
body as it is on the wire, end mark included, and is answered under the headers of the ``.json`` beside it. Calls go to
the model ``m``. A file is demanded when the codec has the operation (chat, embed, models) or the capability (tools).
"""
