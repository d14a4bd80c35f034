"""An agent that has nothing but `sallyport mcp`: lists the tools, spawns two children, collects what they say.

Arguments: the agent to spawn. The rest is in its environment, as every agent command has it. Prints one line of JSON.
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def payload(result):
    """What a tool answers, as an object."""
    if result.structured_content:
        return result.structured_content
    return json.loads(result.content[0].text)


async def main(agent):
    server = StdioServerParameters(command=os.environ["SALLYPORT"], args=["mcp"], env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        hello = await session.initialize()
        tools = {tool.name: tool.input_schema for tool in (await session.list_tools()).tools}
        agents = payload(await session.call_tool("agents_list", {}))
        spawned = []
        for number in (1, 2):
            result = await session.call_tool(
                "sessions_spawn", {"agentId": agent, "task": f"echo child {number}", "label": f"child-{number}"}
            )
            spawned.append(payload(result))
        # By their ids: without, it waits for those that have not ended yet.
        runs = [child["runId"] for child in spawned]
        waited = payload(
            await session.call_tool("subagents", {"action": "wait", "runIds": runs, "timeoutSeconds": 30})
        )
        refused = await session.call_tool("sessions_spawn", {"agentId": "forbidden", "task": "true"})
        histories = [
            payload(await session.call_tool("sessions_history", {"sessionKey": child["childSessionKey"]}))
            for child in spawned
        ]
        print(
            json.dumps(
                {
                    "server": hello.server_info.name,
                    "revision": hello.protocol_version,
                    "tools": sorted(tools),
                    "schemas": all(schema.get("type") == "object" for schema in tools.values()),
                    "agents": agents,
                    "spawned": spawned,
                    "waited": waited,
                    "refused": payload(refused),
                    "histories": histories,
                }
            )
        )


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))
