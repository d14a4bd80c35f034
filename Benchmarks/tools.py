"""What the measuring programs share."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def say(text):
    print(text, file=sys.stderr, flush=True)


def build_tools():
    """wssload and limit, in .build/bench."""
    out = os.path.join(ROOT, ".build", "bench")
    os.makedirs(out, exist_ok=True)
    for name, source in (("wssload", "wssload/wssload.c"), ("limit", "limit.c")):
        source, program = os.path.join(HERE, source), os.path.join(out, name)
        if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
            say(f"building {name}")
            subprocess.run([os.environ.get("CC", "cc"), "-O3", "-std=gnu11", "-o", program, source, "-lssl", "-lcrypto", "-lpthread"], check=True)
    return os.path.join(out, "wssload"), os.path.join(out, "limit")
