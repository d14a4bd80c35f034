"""An ACP agent made with the agent-client-protocol package, which does what its prompt says, word by word."""

import asyncio
import json
import os
import sys
from typing import Any

from acp import (
    Agent,
    InitializeResponse,
    LoadSessionResponse,
    NewSessionResponse,
    PromptResponse,
    RequestError,
    plan_entry,
    run_agent,
    start_tool_call,
    update_agent_message_text,
    update_agent_thought_text,
    update_plan,
    update_tool_call,
)
from acp.schema import AgentCapabilities, PermissionOption, PromptCapabilities, ToolCallUpdate

OPTIONS = [
    PermissionOption(option_id="yes", name="Yes", kind="allow_once"),
    PermissionOption(option_id="no", name="No", kind="reject_once"),
]


class WordByWord(Agent):
    def __init__(self) -> None:
        self.cancelled = asyncio.Event()
        self.servers: list[Any] = []
        self.cwd = ""
        self.loaded = "new"

    def on_connect(self, conn: Any) -> None:
        self.conn = conn

    async def initialize(self, protocol_version: int, **kwargs: Any) -> InitializeResponse:
        return InitializeResponse(
            protocol_version=protocol_version,
            agent_capabilities=AgentCapabilities(
                load_session=True, prompt_capabilities=PromptCapabilities(image="IMAGES" in os.environ)
            ),
        )

    async def new_session(self, cwd: str, mcp_servers: Any = None, **kwargs: Any) -> NewSessionResponse:
        self.cwd, self.servers = cwd, mcp_servers or []
        return NewSessionResponse(session_id="session-of-" + str(os.getpid()))

    async def load_session(self, cwd: str, session_id: str, mcp_servers: Any = None, **kwargs: Any) -> LoadSessionResponse:
        self.cwd, self.servers, self.loaded = cwd, mcp_servers or [], session_id
        await self.conn.session_update(session_id, update_agent_message_text("said before"))
        return LoadSessionResponse()

    async def cancel(self, session_id: str, **kwargs: Any) -> None:
        self.cancelled.set()

    async def prompt(self, session_id: str, prompt: Any, **kwargs: Any) -> PromptResponse:
        self.session_id = session_id
        words = " ".join(block.text for block in prompt if block.type == "text").split()
        self.others = [block for block in prompt if block.type != "text"]
        stop = "end_turn"
        for position, word in enumerate(words):
            name, _, argument = word.partition("=")
            stop = await getattr(self, "do_" + name)(argument) or stop
        return PromptResponse(stop_reason=stop)

    async def say(self, text: str) -> None:
        await self.conn.session_update(self.session_id, update_agent_message_text(text + "\n"))

    async def do_say(self, text: str) -> None:
        await self.say(text)

    async def do_think(self, text: str) -> None:
        await self.conn.session_update(self.session_id, update_agent_thought_text(text))

    async def do_plan(self, text: str) -> None:
        await self.conn.session_update(self.session_id, update_plan([plan_entry(text, priority="high")]))

    async def do_blocks(self, _: str) -> None:
        """Says what came beside the text."""
        for block in self.others:
            if block.type == "image":
                await self.say(f"image:{block.mime_type}:{block.data}")
            else:
                await self.say(f"{block.type}:{block.name}:{open(block.uri.removeprefix('file://'), 'rb').read()!r}")

    async def do_which(self, _: str) -> None:
        await self.say(self.loaded)

    async def do_tool(self, kind: str) -> None:
        """Uses a tool, if it may."""
        call = "call-" + kind
        await self.conn.session_update(
            self.session_id, start_tool_call(call, "To " + kind, kind=kind, raw_input={"what": kind})
        )
        answer = await self.conn.request_permission(
            session_id=self.session_id, tool_call=ToolCallUpdate(tool_call_id=call), options=OPTIONS
        )
        outcome = getattr(answer.outcome, "option_id", None) or answer.outcome.outcome
        status = "completed" if outcome == "yes" else "failed"
        await self.conn.session_update(
            self.session_id, update_tool_call(call, status=status, raw_output={"answer": outcome})
        )
        await self.say(f"{kind}:{outcome}")

    async def do_read(self, path: str) -> None:
        try:
            answer = await self.conn.read_text_file(path=os.path.join(self.cwd, path), session_id=self.session_id)
            await self.say("read:" + answer.content.strip())
        except RequestError as error:
            await self.say(f"read:{error.code}")

    async def do_write(self, path: str) -> None:
        try:
            await self.conn.write_text_file(
                content="written", path=os.path.join(self.cwd, path), session_id=self.session_id
            )
            await self.say("write:done")
        except RequestError as error:
            await self.say(f"write:{error.code}")

    async def do_run(self, command: str) -> None:
        """Has a command run: its words with `+` between them, and `~` for a space."""
        words = command.replace("~", " ").split("+")
        try:
            made = await self.conn.create_terminal(
                command=words[0], args=words[1:], session_id=self.session_id, output_byte_limit=1000
            )
            terminal = {"session_id": self.session_id, "terminal_id": getattr(made, "terminal_id", None) or made.id}
            ended = await self.conn.wait_for_terminal_exit(**terminal)
            output = await self.conn.terminal_output(**terminal)
            await self.conn.release_terminal(**terminal)
            await self.say(f"run:{ended.exit_code}:{ended.signal}:{output.truncated}:{output.output.strip()}")
        except RequestError as error:
            await self.say(f"run:{error.code}")

    async def do_leave(self, command: str) -> None:
        """Starts a command and forgets it."""
        words = command.split("+")
        await self.conn.create_terminal(command=words[0], args=words[1:], session_id=self.session_id)
        await self.say("left")

    async def do_wait(self, _: str) -> str:
        await self.say("waiting")
        await self.cancelled.wait()
        return "cancelled"

    async def do_stop(self, reason: str) -> str:
        return reason

    async def do_spawn(self, agent: str) -> None:
        """Starts a sub-agent with nothing but the MCP server that it was given, and says its result."""
        server = self.servers[0]
        process = await asyncio.create_subprocess_exec(
            server.command,
            *server.args,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
            | {variable.name: variable.value for variable in server.env},
        )

        async def ask(number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
            line = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            process.stdin.write(line.encode() + b"\n")
            return json.loads(await process.stdout.readline())["result"]

        await ask(1, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}})
        call = {"name": "sessions_spawn", "arguments": {"task": "from the agent", "agentId": agent}}
        spawned = (await ask(2, "tools/call", call))["structuredContent"]
        if "runId" not in spawned:
            return await self.say("spawn:" + spawned["error"])
        wait = {"name": "subagents", "arguments": {"action": "wait", "runIds": [spawned["runId"]]}}
        waited = (await ask(3, "tools/call", wait))["structuredContent"]
        await self.say("spawn:" + waited["runs"][0]["text"].strip())
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    print("started", file=sys.stderr)
    asyncio.run(run_agent(WordByWord()))
