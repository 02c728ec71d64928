"""Messages over providers of chat completions and of responses, chat completions over a provider of messages: with the
official SDKs for Python and the frameworks above them. TRUNKLINE_URL and TRUNKLINE_KEY."""

import asyncio
import json
import os

import anthropic
import openai

URL, KEY = os.environ["TRUNKLINE_URL"], os.environ["TRUNKLINE_KEY"]
os.environ.update(OPENAI_AGENTS_DISABLE_TRACING="1", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=URL + "/v1", ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=URL)
SCHEMA = {"type": "object", "properties": {"location": {"type": "string"}}}
ASK = [{"role": "user", "content": "Say hello."}]

messages = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0).messages
chat = openai.OpenAI(base_url=URL + "/v1", api_key=KEY, max_retries=0).chat.completions

for model in ["chat", "responses"]:
    plain = messages.create(model=model, max_tokens=100, messages=ASK)
    assert plain.content[0].text.startswith("Hello!") and plain.stop_reason == "end_turn" and plain.usage.cache_read_input_tokens == 8, plain
    with messages.stream(model=model, max_tokens=100, messages=ASK, tools=[{"name": "get_weather", "input_schema": SCHEMA}]) as stream:
        called = stream.get_final_message()
    use = called.content[-1]
    assert use.name == "get_weather" and use.input["location"] == "Paris" and called.stop_reason == "tool_use", called

plain = chat.create(model="messages", messages=ASK)
assert plain.choices[0].message.content.startswith("Hello!") and plain.usage.prompt_tokens == 24, plain
with chat.stream(model="messages", messages=ASK, tools=[{"type": "function", "function": {"name": "get_weather", "strict": True, "parameters": {**SCHEMA, "additionalProperties": False, "required": ["location", "unit"], "properties": {**SCHEMA["properties"], "unit": {"type": "string"}}}}}]) as stream:
    call = stream.get_final_completion().choices[0].message.tool_calls[0]
assert json.loads(call.function.arguments)["location"] == "Paris", call


def langchain():
    from langchain_anthropic import ChatAnthropic
    from langchain_openai import ChatOpenAI

    for model in [ChatAnthropic(model="chat", max_tokens=100), ChatAnthropic(model="responses", max_tokens=100), ChatOpenAI(model="messages", stream_usage=True)]:
        assert model.invoke("hi").text.startswith("Hello!")
        whole = None
        for chunk in model.bind_tools([{"name": "get_weather", "description": "The weather.", "input_schema": SCHEMA} if isinstance(model, ChatAnthropic) else {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]).stream("hi"):
            whole = chunk if whole is None else whole + chunk
        assert whole.tool_calls[0]["args"]["location"] == "Paris", whole
        assert whole.usage_metadata["input_tokens"] == 24, whole.usage_metadata


async def openai_agents():
    from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool

    @function_tool
    def get_weather(location: str, unit: str) -> str:
        return "Sunny in " + location

    model = OpenAIChatCompletionsModel(model="messages", openai_client=openai.AsyncOpenAI())
    agent = Agent(name="a", instructions="Be brief.", model=model, tools=[get_weather])
    assert (await Runner.run(agent, "hi")).final_output.startswith("Hello!")
    streamed = Runner.run_streamed(agent, "hi")
    async for _ in streamed.stream_events():
        pass
    assert streamed.final_output.startswith("Hello!")


async def pydantic_ai():
    from pydantic_ai import Agent

    for model in ["anthropic:chat", "anthropic:responses", "openai-chat:messages"]:
        agent = Agent(model)
        seen = []

        @agent.tool_plain
        def get_weather(location: str, unit: str) -> str:
            seen.append(location)
            return "Sunny."

        assert (await agent.run("hi")).output.startswith("Hello!")
        async with agent.run_stream("hi") as result:
            assert (await result.get_output()).startswith("Hello!")
        assert seen == ["Paris", "Paris"], seen


langchain()
asyncio.run(openai_agents())
asyncio.run(pydantic_ai())
