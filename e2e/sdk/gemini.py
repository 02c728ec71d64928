"""Google's official SDK for Python over a provider of each API. TRUNKLINE_URL and TRUNKLINE_KEY."""

import os

from google import genai
from google.genai import errors, types

URL = os.environ["TRUNKLINE_URL"]
client = genai.Client(api_key=os.environ["TRUNKLINE_KEY"], http_options=types.HttpOptions(base_url=URL, retry_options=types.HttpRetryOptions(attempts=1)))
HELLO = "Hello! This answer comes from the scripted provider."


def get_weather(location: str) -> str:
    """Tells the weather."""
    return "Sunny in " + location


for model in ["gemini", "chat", "messages", "responses"]:
    got = client.models.generate_content(model=model, contents="Say hello.", config={"system_instruction": "Be brief.", "top_p": 0.9})
    assert got.text == HELLO, got
    assert got.usage_metadata.prompt_token_count > 0 and got.usage_metadata.candidates_token_count > 0, got
    chunks = list(client.models.generate_content_stream(model=model, contents="Say hello."))
    assert "".join(c.text or "" for c in chunks) == HELLO, chunks
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP, chunks[-1]
    declared = client.models.generate_content(
        model=model,
        contents="Weather?",
        config=types.GenerateContentConfig(tools=[get_weather], automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True)),
    )
    assert declared.function_calls[0].name == "get_weather" and declared.function_calls[0].args["location"] == "Paris", declared
    assert client.models.count_tokens(model=model, contents="Say hello.").total_tokens > 0

names = [m.name for m in client.models.list(config={"page_size": 2})]
assert "models/gemini" in names and len(names) > 2, names
assert client.models.embed_content(model="gemini", contents="a").embeddings[0].values[1] == -0.25

try:
    client.models.generate_content(model="nonsense", contents="hi")
    raise SystemExit("an unknown model was served")
except errors.ClientError as e:
    assert e.code == 404 and e.status == "NOT_FOUND", e

seen = 0
try:
    for _ in client.models.generate_content_stream(model="fails-late", contents="hi"):
        seen += 1
    raise SystemExit("a stream that fails ended well")
except errors.APIError as e:
    assert e.code >= 500 and seen > 0 and "The server had an error" in e.message, (seen, e)
print("ok")
