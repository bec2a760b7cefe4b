"""Asks the fake providers with the vendors' own SDKs: python check.py FIREDRILL

The bytes that the fake providers write are read here by implementations that are not ours: whole
and streamed answers (text, usage, finish reason), errors, by the types that the SDKs raise, and
what a request may ask for beside a text (`forms.py`), by LiteLLM as well. Nothing is retried, so
that each request is one line of what `firedrill serve` saw.
"""

import json
import pathlib
import signal
import subprocess
import sys
import traceback

import anthropic
import forms
import openai
from google import genai
from google.genai import errors as gemini_errors
from google.genai import types as gemini_types

SCENARIO = pathlib.Path(__file__).with_name("providers.yaml")
PROMPT = "Are you there?"
# What every answer has, as the scenario says, and more than that.
OUTPUT = 25
MOST = 100
FAILURES = []


def main(firedrill):
    server = subprocess.Popen(
        [firedrill, "serve", str(SCENARIO), "--listen", "127.0.0.1:0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        served = json.loads(server.stdout.readline())["providers"]
        urls = {provider["name"]: provider["url"] for provider in served}
        asked = check_all(urls)
    finally:
        server.send_signal(signal.SIGINT)
        rest, _ = server.communicate(timeout=10)
    expect("exit code of serve", server.returncode, 0)
    seen = {provider["name"]: provider["requests"] for provider in json.loads(rest)["providers"]}
    expect("requests that were seen", seen, asked)
    print(f"{len(FAILURES)} of the SDKs' checks fail" if FAILURES else "all SDKs are content")
    return 1 if FAILURES else 0


def check_all(urls):
    """Checks every provider; how many requests each is to have seen: one plain, one streamed, and
    where nothing fails those of `forms.py`.
    """
    checks = {"openai": check_openai, "azure": check_azure}
    checks |= {"anthropic": check_anthropic, "gemini": check_gemini}
    asked = {}
    for name, url in urls.items():
        vendor, behaviour = name.split("-")
        before = len(FAILURES)
        asked[name] = 2
        try:
            asked[name] += checks[vendor](url, behaviour) or 0
        except Exception:
            FAILURES.append(name)
            traceback.print_exc(file=sys.stdout)
        print("ok   " if len(FAILURES) == before else "WRONG", name)
    return asked


def check_openai(url, behaviour):
    client = openai.OpenAI(api_key="sk-check", base_url=url, max_retries=0)
    check_chat(client, behaviour)
    if behaviour == "ok":
        check_models([model.id for model in client.models.list()], "gpt-4.1")
        count = forms.chat(client, "gpt-4.1", expect)
        count += forms.responses(client, "gpt-4.1", OUTPUT, expect)
        count += forms.embeddings(client, expect)
        return count + forms.by_litellm("openai/gpt-4.1", url, expect)


def check_azure(url, behaviour):
    client = openai.AzureOpenAI(
        api_key="check", azure_endpoint=url, api_version="2024-10-21", max_retries=0
    )
    check_chat(client, behaviour)
    if behaviour == "ok":
        return forms.chat(client, "gpt-4.1", expect)


def check_chat(client, behaviour):
    def ask(**more):
        messages = [{"role": "user", "content": PROMPT}]
        return client.chat.completions.create(
            model="gpt-4.1", messages=messages, max_tokens=MOST, **more
        )

    types = {
        "401": openai.AuthenticationError,
        "429": openai.RateLimitError,
        "500": openai.InternalServerError,
        "503": openai.InternalServerError,
        "reset": openai.APIConnectionError,
    }
    if behaviour != "ok":
        raises(ask, types[behaviour], behaviour)
        raises(lambda: ask(stream=True), types[behaviour], behaviour)
        return
    expect("models", [model.id for model in client.models.list()], ["gpt-4.1"])
    answer = ask()
    choice = answer.choices[0]
    expect("text", "tok" in choice.message.content, True)
    expect("role", choice.message.role, "assistant")
    expect("finish reason", choice.finish_reason, "stop")
    check_usage(answer.usage.prompt_tokens, answer.usage.completion_tokens)
    expect("total", answer.usage.total_tokens, answer.usage.prompt_tokens + OUTPUT)
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    choices = [choice for chunk in chunks for choice in chunk.choices]
    expect("streamed tokens", tokens("".join(c.delta.content or "" for c in choices)), OUTPUT)
    reasons = [choice.finish_reason for choice in choices if choice.finish_reason]
    expect("streamed finish reason", reasons, ["stop"])
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    expect("usage blocks", len(usages), 1)
    check_usage(usages[-1].prompt_tokens, usages[-1].completion_tokens)


def check_anthropic(url, behaviour):
    client = anthropic.Anthropic(api_key="sk-ant-check", base_url=url, max_retries=0)
    request = {
        "model": "claude-sonnet-4.5",
        "messages": [{"role": "user", "content": PROMPT}],
        "max_tokens": MOST,
    }

    def ask():
        return client.messages.create(**request)

    def stream():
        with client.messages.stream(**request) as events:
            text = "".join(events.text_stream)
            return text, events.get_final_message()

    types = {
        "401": anthropic.AuthenticationError,
        "429": anthropic.RateLimitError,
        "500": anthropic.InternalServerError,
        "529": anthropic.InternalServerError,
        "reset": anthropic.APIConnectionError,
    }
    if behaviour != "ok":
        raises(ask, types[behaviour], behaviour)
        raises(stream, types[behaviour], behaviour)
        return
    models = [(model.id, model.type) for model in client.models.list()]
    expect("models", models, [("claude-sonnet-4.5", "model")])
    answer = ask()
    expect("text", "tok" in answer.content[0].text, True)
    expect("stop reason", answer.stop_reason, "end_turn")
    check_usage(answer.usage.input_tokens, answer.usage.output_tokens)
    text, answer = stream()
    expect("streamed tokens", tokens(text), OUTPUT)
    expect("streamed stop reason", answer.stop_reason, "end_turn")
    check_usage(answer.usage.input_tokens, answer.usage.output_tokens)
    check_models([model.id for model in client.models.list()], "claude-sonnet-4.5")
    count = forms.anthropic(client, "claude-sonnet-4.5", expect)
    return count + forms.by_litellm("anthropic/claude-sonnet-4-5", url, expect)


def check_gemini(url, behaviour):
    options = gemini_types.HttpOptions(base_url=url)
    client = genai.Client(api_key="check", http_options=options)
    request = {
        "model": "gemini-2.5-flash",
        "contents": PROMPT,
        "config": gemini_types.GenerateContentConfig(max_output_tokens=MOST),
    }

    def ask():
        return client.models.generate_content(**request)

    def stream():
        return list(client.models.generate_content_stream(**request))

    if behaviour != "ok":
        client_side = behaviour.startswith("4")
        kind = gemini_errors.ClientError if client_side else gemini_errors.ServerError
        raises(ask, kind, behaviour)
        raises(stream, kind, behaviour)
        return
    models = [model.name for model in client.models.list()]
    expect("models", models, ["models/gemini-2.5-flash"])
    answer = ask()
    expect("text", "tok" in answer.text, True)
    expect("finish reason", answer.candidates[0].finish_reason.name, "STOP")
    usage = answer.usage_metadata
    check_usage(usage.prompt_token_count, usage.candidates_token_count)
    chunks = stream()
    expect("streamed tokens", tokens("".join(chunk.text or "" for chunk in chunks)), OUTPUT)
    expect("streamed finish reason", chunks[-1].candidates[0].finish_reason.name, "STOP")
    usage = chunks[-1].usage_metadata
    check_usage(usage.prompt_token_count, usage.candidates_token_count)
    check_models([model.name for model in client.models.list()], "models/gemini-2.5-flash")
    count = forms.gemini(client, "gemini-2.5-flash", expect)
    return count + forms.by_litellm("gemini/gemini-2.5-flash", url, expect)


def check_models(names, model):
    expect("models", names, [model])


def check_usage(prompt, output):
    expect("prompt tokens are counted", prompt > 10, True)
    expect("output tokens", output, OUTPUT)


def tokens(text):
    """The sum of what a streamed text counts: `3 tok 22 tok ` is 25."""
    return sum(int(word) for word in text.split() if word.isdigit())


def raises(ask, kind, behaviour):
    """`ask` raises `kind`, and it has the status that the provider answered with."""
    try:
        ask()
    except Exception as error:
        expect(f"type of {error!r}", type(error).__mro__.count(kind), 1)
        if behaviour.isdigit():
            status = getattr(error, "status_code", getattr(error, "code", None))
            expect("status", str(status), behaviour)
    else:
        FAILURES.append("no error")
        print(f"  {behaviour} raises nothing")


def expect(what, found, expected):
    if found != expected:
        FAILURES.append(what)
        print(f"  {what}: {found!r} instead of {expected!r}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
