"""One client of `clients.py`, in Python: python drive.py CLIENT MAIN BACKUP STREAM RATE CALLS TIMEOUT

Makes CALLS calls at RATE per second through CLIENT, and prints `[ok, milliseconds]` for each as
JSON, and by how much calls began too late (95th percentile). MAIN and BACKUP are the base URLs of the two providers, TIMEOUT is the client's own setting.
"""

import concurrent.futures
import http.server
import json
import os
import sys
import threading
import time

os.environ["LITELLM_OFFLINE_MODE"] = "true"
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "true"
MODEL = "gpt-4.1"
TOKENS = 20


def openai_python(main, backup, stream, timeout):
    import openai

    client = openai.OpenAI(base_url=main, api_key="any", timeout=timeout)
    return chat(client.chat.completions.create, stream, model=MODEL)


def litellm_router(main, backup, stream, timeout):
    import litellm

    group = [deployment("fleet", url, timeout) for url in (main, backup)]
    router = litellm.Router(model_list=group)
    return chat(router.completion, stream, model="fleet")


def litellm_fallbacks(main, backup, stream, timeout):
    import litellm

    groups = [deployment("main", main, timeout), deployment("backup", backup, timeout)]
    router = litellm.Router(model_list=groups, fallbacks=[{"main": ["backup"]}])
    return chat(router.completion, stream, model="main")


def deployment(group, url, timeout):
    params = {"model": f"openai/{MODEL}", "api_base": url, "api_key": "any", "timeout": timeout}
    return {"model_name": group, "litellm_params": params | {"stream_timeout": timeout}}


def langchain(main, backup, stream, timeout):
    from langchain_openai import ChatOpenAI

    def model(url):
        return ChatOpenAI(model=MODEL, base_url=url, api_key="any", timeout=timeout)

    chain = model(main).with_fallbacks([model(backup)])

    def ask(prompt):
        if stream:
            return "".join(chunk.content for chunk in chain.stream(prompt))
        return chain.invoke(prompt).content

    return ask


def anthropic_python(main, backup, stream, timeout):
    import anthropic

    client = anthropic.Anthropic(base_url=main, api_key="any", timeout=timeout)

    def ask(prompt):
        request = {"model": "claude-sonnet-4.5", "max_tokens": 100}
        request["messages"] = [{"role": "user", "content": prompt}]
        if stream:
            with client.messages.stream(**request) as events:
                return "".join(events.text_stream)
        return client.messages.create(**request).content[0].text

    return ask


def chat(create, stream, model):
    def ask(prompt):
        messages = [{"role": "user", "content": prompt}]
        answer = create(model=model, messages=messages, stream=stream)
        if not stream:
            return answer.choices[0].message.content
        choices = [choice for chunk in answer for choice in chunk.choices]
        return "".join(choice.delta.content or "" for choice in choices)

    return ask


CLIENTS = {
    "openai-python": openai_python,
    "langchain-fallbacks": langchain,
    "litellm-router": litellm_router,
    "litellm-fallbacks": litellm_fallbacks,
    "anthropic-sdk": anthropic_python,
}


def main(name, main, backup, stream, rate, calls, timeout):
    ask = CLIENTS[name](main, backup, stream == "true", float(timeout))
    warm_up(CLIENTS[name])
    errors = {}
    lock = threading.Lock()

    late = []

    def call(number, due):
        late.append(time.monotonic() - due)
        try:
            text = ask(f"Call {number}: are you there?")
            ok = whole(text)
            error = None if ok else "not whole"
        except Exception as failure:
            ok, error = False, type(failure).__name__
        if error:
            with lock:
                errors[error] = errors.get(error, 0) + 1
        return ok, round((time.monotonic() - due) * 1000)

    with concurrent.futures.ThreadPoolExecutor(int(calls)) as pool:
        start = time.monotonic()
        futures = []
        for number in range(int(calls)):
            due = start + number / float(rate)
            time.sleep(max(0, due - time.monotonic()))
            futures.append(pool.submit(call, number, due))
        done = [future.result() for future in futures]
    late = sorted(late)[int(0.95 * len(late))]
    print(json.dumps({"calls": done, "errors": errors, "late_ms": round(late * 1000)}))


def warm_up(build):
    """The first call of an SDK imports and compiles for seconds: here, not at the providers."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Warm)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    for stream in (False, True):
        try:
            build(url, url, stream, 5.0)("warm")
        except Exception:
            pass  # a vendor that is not OpenAI finds no answer there
    server.shutdown()


class Warm(http.server.BaseHTTPRequestHandler):
    """Answers with an error, then with a text, in turns."""

    asked = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        Warm.asked += 1
        fails = Warm.asked % 2
        text = {"role": "assistant", "content": "warm"}
        choice = {"index": 0, "finish_reason": "stop", "message": text, "delta": text}
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": MODEL}
        body = json.dumps(answer | {"choices": [choice]}).encode()
        self.send_response(503 if fails else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def whole(text):
    """Streamed texts say at each event how many tokens have come, `3 tok 22 tok ` for 25."""
    return bool(text) and (text.count("tok") == TOKENS or counted(text) == TOKENS)


def counted(text):
    return sum(int(word) for word in text.split() if word.isdigit())


if __name__ == "__main__":
    main(*sys.argv[1:])
