"""Stored responses, with the official SDK of OpenAI for Python: TRUNKLINE_URL and TRUNKLINE_KEY."""

import os
import time

import openai

client = openai.OpenAI(base_url=os.environ["TRUNKLINE_URL"] + "/v1", api_key=os.environ["TRUNKLINE_KEY"], max_retries=0)


def stored():
    made = client.responses.create(model="first-500", input="Say hello.")
    for _ in range(4):
        assert client.responses.retrieve(made.id) == made
    assert client.responses.input_items.list(made.id).data[0].content[0].text == "Say hello."
    for _ in range(4):
        following = client.responses.create(model="plain", input="And again.", previous_response_id=made.id)
        assert following.previous_response_id == made.id and following.output_text.startswith("Hello!")
    with client.responses.stream(model="plain", input="Say hello.", previous_response_id=made.id) as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    assert client.responses.retrieve(final.id).output_text == final.output_text
    events = list(client.responses.retrieve(final.id, stream=True, starting_after=4))
    assert events[0].sequence_number == 5 and events[-1].type == "response.completed"
    client.responses.delete(made.id)
    try:
        client.responses.retrieve(made.id)
    except openai.NotFoundError:
        return
    raise AssertionError("a deleted response was found")


def background():
    got = client.responses.create(model="later", input="Say hello.", background=True)
    assert got.status == "queued"
    for _ in range(200):
        if got.status not in ("queued", "in_progress"):
            break
        time.sleep(0.05)
        got = client.responses.retrieve(got.id)
    assert got.status == "completed" and got.output_text.startswith("Hello!")
    got = client.responses.create(model="never", input="Say hello.", background=True)
    assert client.responses.cancel(got.id).status == "cancelled"


stored()
background()
