"""An ACP agent of nothing but the standard library, which says what it remembers: for sessions that go on."""

import json
import os
import subprocess
import sys

heard: list[str] = []
loaded = "new"
server = None
gateway = None
calls = 0


def say(message: dict) -> None:
    print(json.dumps({"jsonrpc": "2.0"} | message), flush=True)


def tell(session: str, text: str) -> None:
    content = {"type": "text", "text": text + "\n"}
    update = {"sessionUpdate": "agent_message_chunk", "content": content}
    say({"method": "session/update", "params": {"sessionId": session, "update": update}})


def ask(method: str, params: dict) -> dict:
    """Of the MCP server, which is started once and stays."""
    global gateway, calls
    if gateway is None:
        environment = {"PATH": os.environ["PATH"], "HOME": "/"} | {v["name"]: v["value"] for v in server["env"]}
        gateway = subprocess.Popen(
            [server["command"], *server["args"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}})
    calls += 1
    line = json.dumps({"jsonrpc": "2.0", "id": calls, "method": method, "params": params})
    gateway.stdin.write(line.encode() + b"\n")
    gateway.stdin.flush()
    return json.loads(gateway.stdout.readline())["result"]


def tool(name: str, arguments: dict) -> dict:
    return ask("tools/call", {"name": name, "arguments": arguments})["structuredContent"]


def work(session: str, word: str) -> str:
    name, _, argument = word.partition("=")
    if name == "pid":
        tell(session, f"pid {os.getpid()}")
    elif name == "heard":
        tell(session, f"{loaded}: {' '.join(heard)}")
    elif name == "run":
        # A command of the agent's own, with the environment that it has.
        tell(session, subprocess.run(argument.replace("~", " ").split("+"), capture_output=True, text=True).stdout.strip())
    elif name == "spawn":
        spawned = tool("sessions_spawn", {"task": "from the agent", "agentId": argument})
        if "runId" not in spawned:
            tell(session, "refused: " + str(spawned))
        else:
            waited = tool("subagents", {"action": "wait", "runIds": [spawned["runId"]]})
            tell(session, "spawned: " + waited["runs"][0]["text"].strip())
    elif name == "stop":
        return argument
    elif name == "exit":
        os._exit(3)
    return "end_turn"


for line in sys.stdin:
    message = json.loads(line)
    method, params = message.get("method"), message.get("params", {})
    result: dict = {}
    if method == "initialize":
        result = {"protocolVersion": 1, "agentCapabilities": {"loadSession": "NO_LOADING" not in os.environ}}
    elif method in ("session/new", "session/load"):
        server = params["mcpServers"][0]
        if method == "session/new":
            result = {"sessionId": f"session-{os.getpid()}"}
        else:
            loaded = params["sessionId"]
    elif method == "session/prompt":
        session, words = params["sessionId"], params["prompt"][0]["text"].split()
        stop = "end_turn"
        for word in words:
            stop = work(session, word)
            heard.append(word)
        result = {"stopReason": stop}
    else:
        continue
    say({"id": message["id"], "result": result})
