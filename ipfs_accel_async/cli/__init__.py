"""The command line ``ipfs-accel``: a thin layer over :class:`~ipfs_accel_async.client.Client`.

Its libraries (typer, rich) load when a command runs, never with the package.
"""

import sys


def main() -> None:
    """Run the command line with the process's arguments, and exit."""
    try:
        from ipfs_accel_async.cli.app import app

        app(prog_name="ipfs-accel")
    except KeyboardInterrupt:  # while the libraries load; the commands' own is theirs
        sys.exit(130)
