"""A notebook as a file: cells begin with ``# %%``, and ``await`` stands at the top level, as in Jupyter."""
# ruff: noqa: B018, F704

# %% One client for the whole notebook; a cell may be run again
from ipfs_accel_async import Client, user

ai = Client()

# %% Ask
reply = await ai.chat("openai:gpt-4.1-mini", "Name three primes.")
reply.text

# %% Stream, and go on with the conversation
talk = [user("Name three primes."), reply.message, user("And three more?")]
async with ai.stream("claude:claude-sonnet-4-5", talk, max_tokens=200) as stream:
    async for delta in stream:
        print(delta.text, end="", flush=True)

# %% Embed: rows of float32, ready for NumPy
made = await ai.embed("openai:text-embedding-3-small", ["a red apple", "a green pear", "a freight train"])
likeness = made.vectors @ made.vectors.T
likeness.round(2)

# %% What it cost
{key: ai.report()[key] for key in ("total_requests", "token_counts", "retries")}

# %% At the end
await ai.aclose()
