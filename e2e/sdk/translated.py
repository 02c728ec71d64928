"""The Responses API over a provider that has chat completions alone, with the official SDK for Python.
TRUNKLINE_URL and TRUNKLINE_KEY."""

import json
import os

import openai

URL, KEY = os.environ["TRUNKLINE_URL"], os.environ["TRUNKLINE_KEY"]
client = openai.OpenAI(base_url=URL + "/v1", api_key=KEY, max_retries=0)
MODEL = "chat-only"
TOOLS = [{"type": "function", "name": "get_weather", "strict": False, "parameters": {"type": "object", "properties": {"location": {"type": "string"}}}}]


def final(**request):
    """The response that a stream ends with, and the text of its deltas."""
    text = ""
    with client.responses.stream(model=MODEL, input="hi", **request) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                text += event.delta
        return stream.get_final_response(), text


plain = client.responses.create(model=MODEL, input="hi", instructions="Be brief.")
assert plain.output_text.startswith("Hello!") and plain.instructions == "Be brief." and plain.usage.total_tokens > 0, plain
assert plain == type(plain).model_validate(plain.model_dump()), plain

response, text = final()
assert text.startswith("Hello!") and response.output_text == text and response.status == "completed", response

response, _ = final(tools=TOOLS)
call = response.output[-1]
assert call.type == "function_call" and json.loads(call.arguments)["location"] == "Paris", response

response, _ = final(tools=[{"type": "custom", "name": "run"}])
assert response.output[-1].type == "custom_tool_call" and "Paris" in response.output[-1].input, response
