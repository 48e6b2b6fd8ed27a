"""The command line ``ipfs-accel``: a thin layer over :class:`~ipfs_accel_async.client.Client`.

Its libraries (typer, rich) load when a command runs, never with the package.
"""


def main() -> None:
    """Run the command line with the process's arguments, and exit."""
    from ipfs_accel_async.cli.app import app

    app(prog_name="ipfs-accel")
