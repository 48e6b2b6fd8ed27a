"""The commands together, and the one place where an error becomes a line and an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ipfs_accel_async._version import __version__
from ipfs_accel_async.cli.bench import bench
from ipfs_accel_async.cli.cache import cache
from ipfs_accel_async.cli.chat import chat
from ipfs_accel_async.cli.demo import demo
from ipfs_accel_async.cli.doctor import doctor
from ipfs_accel_async.cli.embed import embed
from ipfs_accel_async.cli.keys import keys
from ipfs_accel_async.cli.llvm_serve import llvm_serve
from ipfs_accel_async.cli.models import models
from ipfs_accel_async.cli.providers import providers
from ipfs_accel_async.cli.simulate import simulate
from ipfs_accel_async.cli.terminal import errors, one_line
from ipfs_accel_async.errors import AccelError, ConfigError, InvalidRequestError

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class Program(TyperGroup):
    """All commands; whatever goes wrong in one is told in one line, never in a traceback.

    Exit codes: 0 done, 1 a service failed, 2 bad input, 130 interrupted.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and exit; without arguments, show the help."""
        given = list(sys.argv[1:] if args is None else args) or ["--help"]
        code = self._run(given, prog_name, complete_var, windows_expand_args, extra)
        if not standalone_mode:
            return code
        sys.exit(code)

    def _run(
        self,
        args: list[str],
        prog_name: str | None,
        complete_var: str | None,
        windows_expand_args: bool,
        extra: dict[str, Any],
    ) -> int:
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
            sys.stdout.flush()
        except AccelError as error:
            return _fail(str(error), EXIT_BAD_INPUT if _is_bad_input(error) else EXIT_FAILED)
        except typer.Abort:
            return EXIT_INTERRUPTED
        except BrokenPipeError:
            # the reader has left (`| head`): nothing to say, and nothing more to flush at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_FAILED
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            return _fail(f"{where}{error.strerror or error}", EXIT_BAD_INPUT)
        except Exception as error:
            tell = getattr(error, "format_message", None)  # typer's usage errors, whichever click they are of
            if tell is None:
                raise
            return _fail(f"{tell()} (see {_help_of(error, prog_name)})", EXIT_BAD_INPUT)
        return code if isinstance(code, int) else 0


def _is_bad_input(error: AccelError) -> bool:
    return isinstance(error, (ConfigError, InvalidRequestError))


def _fail(message: str, code: int) -> int:
    errors().print(f"[bold red]error:[/] {one_line(message)}")
    return code


def _help_of(error: Exception, prog_name: str | None) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else prog_name} --help"


app = typer.Typer(
    cls=Program,
    name="ipfs-accel",
    help="Call AI models of every backend through one resilient client. Start with: ipfs-accel demo",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ipfs-accel {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


for command in (demo, chat, embed, models, providers, simulate, llvm_serve, doctor, bench):
    app.command()(command)
app.add_typer(cache)
app.add_typer(keys)
