"""The Python of the stock client."""
import os
import subprocess
import sys

from networks import Trouble

NEEDED = ["websockets", "cryptography"]


def python_with_websockets(program):
    """A Python with what the stock client needs: ours, or one made once beside the build."""
    if sys.version_info < (3, 11):
        raise Trouble(f"Python {sys.version.split()[0]} is too old, 3.11 is needed")
    check = "import websockets, cryptography"
    directory = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(program))), "lab-python")
    for python in (sys.executable, os.path.join(directory, "bin", "python")):
        if os.path.exists(python) and subprocess.run([python, "-c", check], capture_output=True).returncode == 0:
            return python
    steps = [[sys.executable, "-m", "venv", directory],
             [f"{directory}/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install", *NEEDED]]
    for step in steps:
        result = subprocess.run(step, capture_output=True, text=True)
        if result.returncode != 0:
            raise Trouble(f"no Python with {' and '.join(NEEDED)}: {result.stderr.strip()[-300:]}")
    return f"{directory}/bin/python"
