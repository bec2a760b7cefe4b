// One client of `clients.py`, in Node: node drive.mjs CLIENT MAIN BACKUP STREAM RATE CALLS TIMEOUT
//
// As `drive.py`; TIMEOUT is in seconds there and here.

const [name, main, , streamed, rate, calls, timeout] = process.argv.slice(2);
const MODEL = "gpt-4.1";
const TOKENS = 20;
const stream = streamed === "true";
const ms = Number(timeout) * 1000;

async function openaiNode(url) {
  const { default: OpenAI } = await import("openai");
  const client = new OpenAI({ baseURL: url, apiKey: "any", timeout: ms });
  return async (prompt) => {
    const messages = [{ role: "user", content: prompt }];
    const answer = await client.chat.completions.create({ model: MODEL, messages, stream });
    if (!stream) return answer.choices[0].message.content;
    let text = "";
    for await (const chunk of answer) text += chunk.choices[0]?.delta?.content ?? "";
    return text;
  };
}

async function vercel(url) {
  const { generateText, streamText } = await import("ai");
  const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
  const model = createOpenAICompatible({ name: "main", baseURL: url, apiKey: "any" })(MODEL);
  return async (prompt) => {
    const request = { model, prompt, timeout: ms };
    if (!stream) return (await generateText(request)).text;
    let failure;
    const answer = streamText({ ...request, onError: ({ error }) => { failure = error; } });
    let text = "";
    for await (const part of answer.textStream) text += part;
    if (failure) throw failure;
    return text;
  };
}

const CLIENTS = { "openai-node": openaiNode, "vercel-ai": vercel };
const errors = {};
const late = [];

async function call(ask, number, due) {
  late.push(performance.now() - due);
  let ok = false;
  let error;
  try {
    ok = whole(await ask(`Call ${number}: are you there?`));
    if (!ok) error = "not whole";
  } catch (failure) {
    error = failure?.name ?? "error";
  }
  if (error) errors[error] = (errors[error] ?? 0) + 1;
  return [ok, Math.round(performance.now() - due)];
}

function whole(text) {
  const words = (text ?? "").split(/\s+/);
  const sum = words.filter((word) => /^\d+$/.test(word)).reduce((a, b) => a + Number(b), 0);
  return words.filter((word) => word.includes("tok")).length === TOKENS || sum === TOKENS;
}

const warm = await CLIENTS[name]("http://127.0.0.1:9/v1");
await warm("warm").catch(() => {});
const ask = await CLIENTS[name](main);
const start = performance.now();
const running = [];
for (let number = 0; number < Number(calls); number++) {
  const due = start + (number * 1000) / Number(rate);
  const wait = due - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  running.push(call(ask, number, due));
}
const done = await Promise.all(running);
late.sort((a, b) => a - b);
const late_ms = Math.round(late[Math.floor(0.95 * late.length)]);
console.log(JSON.stringify({ calls: done, errors, late_ms }));
process.exit(0);
