"""Call AI models from asyncio."""
