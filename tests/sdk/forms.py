"""What a request may ask of an answer, by the vendors' own SDKs: tools, images, schemas, usage.

Each function returns how many requests it made. `check.py` runs them.
"""

import base64
import json
import os

# LiteLLM asks for tables of prices and headers on the internet when it is imported, unless it is
# told to use its own.
os.environ["LITELLM_OFFLINE_MODE"] = "true"

import litellm
import openai
import pydantic
from anthropic.types import TextBlock, ToolUseBlock
from google.genai import types as gemini_types

# Retries of any kind would be requests that are not counted here.
litellm.num_retries = 0
litellm.suppress_debug_info = True

# One pixel: the providers do not look at it.
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
QUESTION = "What is the weather in this picture?"


class Weather(pydantic.BaseModel):
    """Asks for the weather of a city."""

    city: str
    days: int = pydantic.Field(ge=1, le=7)
    unit: str = pydantic.Field(json_schema_extra={"enum": ["celsius", "fahrenheit"]})


class Place(pydantic.BaseModel):
    name: str
    people: int


class Report(pydantic.BaseModel):
    """What the answer is to hold: nested, with a list."""

    title: str
    places: list[Place]
    is_final: bool


SCHEMA = Weather.model_json_schema()
TOOL = {"type": "function", "function": {"name": "Weather", "parameters": SCHEMA}}
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
ASKED = [{"role": "user", "content": [{"type": "text", "text": QUESTION}, IMAGE]}]


def chat(client, model, expect):
    """OpenAI's chat completions."""
    completions = client.chat.completions
    chunks = list(completions.create(model=model, messages=ASKED, stream=True))
    expect("usage that was not asked for", [c.usage for c in chunks if c.usage], [])
    texts = [choice.delta.content or "" for c in chunks for choice in c.choices]
    expect("text of a stream without usage", "tok" in "".join(texts), True)

    tool = openai.pydantic_function_tool(Weather)
    request = {"model": model, "messages": ASKED, "tools": [tool], "tool_choice": "required"}
    answer = completions.parse(**request)
    choice = answer.choices[0]
    expect("finish reason of a call", choice.finish_reason, "tool_calls")
    expect("content of a call", choice.message.content, None)
    call = choice.message.tool_calls[0]
    expect("parsed arguments", type(call.function.parsed_arguments), Weather)
    with completions.stream(**request) as stream:
        streamed = stream.get_final_completion().choices[0]
    expect("streamed finish reason of a call", streamed.finish_reason, "tool_calls")
    called = streamed.message.tool_calls[0].function
    expect("streamed call", (called.name, called.arguments), ("Weather", call.function.arguments))

    said = {"role": "assistant", "tool_calls": [call.model_dump(include={"id", "type", "function"})]}
    said["tool_calls"][0]["function"].pop("parsed_arguments", None)
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    after = completions.create(**request | {"messages": [*ASKED, said, result]})
    expect("text after a result", "tok" in after.choices[0].message.content, True)

    request = {"model": model, "messages": ASKED, "response_format": Report}
    parsed = completions.parse(**request).choices[0].message.parsed
    expect("answer by a schema", type(parsed), Report)
    with completions.stream(**request) as stream:
        streamed = stream.get_final_completion().choices[0].message.parsed
    expect("streamed answer by a schema", streamed, parsed)
    return 6


def responses(client, model, output, expect):
    """OpenAI's Responses API."""
    request = {"model": model, "input": QUESTION, "max_output_tokens": 100}
    answer = client.responses.create(**request)
    expect("text of a response", answer.output_text.count("tok"), output)
    expect("status of a response", answer.status, "completed")
    expect("output tokens of a response", answer.usage.output_tokens, output)
    with client.responses.stream(**request) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    expect("first event", kinds[0], "response.created")
    expect("last event", kinds[-1], "response.completed")
    expect("streamed text of a response", final.output_text, answer.output_text)

    tools = {"tools": [openai.pydantic_function_tool(Weather)["function"] | {"type": "function"}]}
    call = client.responses.parse(**request, **tools, tool_choice="required").output[0]
    expect("kind of item", (call.type, call.name), ("function_call", "Weather"))
    Weather.model_validate_json(call.arguments)
    with client.responses.stream(**request, **tools, tool_choice="required") as stream:
        streamed = stream.get_final_response().output[0]
    expect("streamed call of a response", streamed.arguments, call.arguments)

    parsed = client.responses.parse(**request, text_format=Report).output_parsed
    expect("response by a schema", type(parsed), Report)
    return 5


def embeddings(client, expect):
    """OpenAI's embeddings: the SDK asks for base64, unless it is told otherwise."""
    request = {"model": "text-embedding-3-small", "input": ["a", "b", "a"]}
    answer = client.embeddings.create(**request)
    first, second, third = [one.embedding for one in answer.data]
    expect("numbers in a vector", len(first), 1536)
    expect("equal inputs have equal vectors", first == third and first != second, True)
    expect("tokens of embeddings", answer.usage.total_tokens, answer.usage.prompt_tokens)
    short = client.embeddings.create(**request, dimensions=8, encoding_format="float")
    expect("numbers in a short vector", [len(one.embedding) for one in short.data], [8, 8, 8])
    return 2


def anthropic(client, model, expect):
    """Anthropic's messages."""
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    parts = [{"type": "text", "text": QUESTION}, {"type": "image", "source": source}]
    asked = [{"role": "user", "content": parts}]
    request = {"model": model, "max_tokens": 100, "messages": asked}
    tools = {"tools": [{"name": "Weather", "input_schema": SCHEMA}], "tool_choice": {"type": "any"}}
    answer = client.messages.create(**request, **tools)
    call = answer.content[0]
    expect("kind of block", type(call), ToolUseBlock)
    expect("stop reason of a call", answer.stop_reason, "tool_use")
    Weather.model_validate(call.input)
    with client.messages.stream(**request, **tools) as stream:
        streamed = stream.get_final_message()
    expect("streamed call", (streamed.content[0].name, streamed.content[0].input),
           ("Weather", call.input))
    expect("streamed stop reason of a call", streamed.stop_reason, "tool_use")

    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    talk = [*asked, {"role": "assistant", "content": answer.content},
            {"role": "user", "content": [result]}]
    after = client.messages.create(**request | {"messages": talk}, **tools)
    expect("block after a result", type(after.content[0]), TextBlock)

    parsed = client.messages.parse(**request, output_format=Report)
    expect("answer by a schema", type(parsed.parsed_output), Report)
    with client.messages.stream(**request, output_format=Report) as stream:
        streamed = stream.get_final_message()
    expect("streamed answer by a schema", streamed.parsed_output, parsed.parsed_output)
    return 5


def gemini(client, model, expect):
    """Gemini's generateContent."""
    image = gemini_types.Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/png")
    declared = gemini_types.FunctionDeclaration(name="Weather", parameters_json_schema=SCHEMA)
    calling = gemini_types.FunctionCallingConfig(mode="ANY")
    tools = gemini_types.GenerateContentConfig(
        tools=[gemini_types.Tool(function_declarations=[declared])],
        tool_config=gemini_types.ToolConfig(function_calling_config=calling),
    )
    request = {"model": model, "contents": [QUESTION, image]}
    answer = client.models.generate_content(**request, config=tools)
    [call] = answer.function_calls
    expect("name of the call", call.name, "Weather")
    Weather.model_validate(call.args)
    chunks = list(client.models.generate_content_stream(**request, config=tools))
    calls = [call for chunk in chunks for call in chunk.function_calls or []]
    expect("streamed call", [(call.name, call.args)], [(c.name, c.args) for c in calls])

    result = gemini_types.Part.from_function_response(name="Weather", response={"sky": "blue"})
    turns = [gemini_types.Content(role="user", parts=[gemini_types.Part(text=QUESTION)]),
             answer.candidates[0].content, gemini_types.Content(role="user", parts=[result])]
    after = client.models.generate_content(model=model, contents=turns, config=tools)
    expect("text after a result", "tok" in after.text, True)

    schema = {"response_mime_type": "application/json", "response_schema": Report}
    parsed = client.models.generate_content(**request, config=schema).parsed
    expect("answer by a schema", type(parsed), Report)
    chunks = client.models.generate_content_stream(**request, config=schema)
    text = "".join(chunk.text or "" for chunk in chunks)
    expect("streamed answer by a schema", Report.model_validate_json(text), parsed)
    return 5


def by_litellm(model, url, expect):
    """LiteLLM, which translates OpenAI's form to that of the vendor."""
    request = {"model": model, "api_base": url, "api_key": "check", "messages": ASKED}
    request["max_tokens"] = 100
    answer = litellm.completion(**request)
    expect("text", "tok" in answer.choices[0].message.content, True)
    expect("usage", answer.usage.completion_tokens > 0, True)
    chunks = litellm.completion(**request, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    expect("streamed text", "tok" in text, True)

    tools = {"tools": [TOOL], "tool_choice": "required"}
    answer = litellm.completion(**request, **tools).choices[0]
    call = answer.message.tool_calls[0].function
    expect("call", (answer.finish_reason, call.name), ("tool_calls", "Weather"))
    arguments = Weather.model_validate_json(call.arguments)
    chunks = list(litellm.completion(**request, **tools, stream=True))
    whole = litellm.stream_chunk_builder(chunks).choices[0].message.tool_calls[0].function
    expect("streamed call", whole.name, "Weather")
    expect("streamed arguments", Weather.model_validate(json.loads(whole.arguments)), arguments)

    answer = litellm.completion(**request, response_format=Report)
    Report.model_validate_json(answer.choices[0].message.content)
    return 5
