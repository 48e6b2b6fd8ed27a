"""``python -m ipfs_accel_async`` is the command ``ipfs-accel``."""

from ipfs_accel_async.cli import main

if __name__ == "__main__":
    main()
