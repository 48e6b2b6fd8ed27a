"""Starts MLServer with the OpenVINO model: ``python mlserver_openvino.py FOLDER``; its variables tell the ports."""

import os
import sys
from pathlib import Path

from openvino_runtime import write

if __name__ == "__main__":
    home = Path(sys.argv[1])
    write(home / "tiny")
    command = str(Path(sys.executable).parent / "mlserver")
    os.execv(command, [command, "start", str(home)])
