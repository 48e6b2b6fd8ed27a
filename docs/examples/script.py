"""A bulk script: one question a line of standard input, answered many at a time, printed in order."""

import asyncio
import sys

from ipfs_accel_async import AccelError, Client, Priority

MODEL = "openai:gpt-4.1-mini"


async def answer(ai: Client, question: str) -> str:
    try:
        return (await ai.chat(MODEL, question, priority=Priority.LOW, max_tokens=200)).text
    except AccelError as error:  # one that fails for good does not stop the others
        return f"({type(error).__name__}: {error})"


async def main() -> None:
    questions = [line.strip() for line in sys.stdin if line.strip()]
    async with Client(max_concurrent_requests=20, queue_overflow_policy="wait") as ai:
        async with asyncio.TaskGroup() as group:
            answers = [group.create_task(answer(ai, question)) for question in questions]
        for question, done in zip(questions, answers, strict=True):
            print(f"{question}\n  {done.result()}")
        report = ai.report()
        print(f"{report['total_requests']} calls, {report['token_counts']['total']} tokens", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(main())
