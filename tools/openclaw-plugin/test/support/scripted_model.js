// A model on loopback that says what a test wrote down: an OpenAI-compatible server of chat completions, streaming.
//
// A turn's message is "TURN n"; the n-th script is a list of calls {name, arguments}. Each request gets the next call,
// and when there is none, the word "done". What the calls answered is collected from the requests.
import http from "node:http";

export class ScriptedModel {
  #turns = new Map();
  #server = http.createServer((request, response) => this.#answer(request, response));
  requests = 0;

  async start() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.#server.address().port}/v1`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** The message that makes the model follow this script, and the answers as they come. */
  script(calls) {
    const number = this.#turns.size + 1;
    const turn = { calls, answers: [], message: `TURN ${number}` };
    this.#turns.set(number, turn);
    return turn;
  }

  async #answer(request, response) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    if (request.method !== "POST")
      return void response.end(JSON.stringify({ object: "list", data: [{ id: "scripted" }] }));
    this.requests += 1;
    const { messages } = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    const turn = this.#turns.get(numberOf(messages));
    if (turn) turn.answers = answersAfterTurn(messages);
    const call = turn?.calls[turn.answers.length];
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of chunksOf(call, turn?.answers.length ?? 0)) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    response.end("data: [DONE]\n\n");
  }
}

const textOf = (content) =>
  typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("");
const turnIn = (message) => (message.role === "user" ? /TURN (\d+)/.exec(textOf(message.content))?.[1] : undefined);

function numberOf(messages) {
  return Number(messages.map(turnIn).findLast(Boolean));
}

function answersAfterTurn(messages) {
  const begin = messages.findLastIndex((message) => turnIn(message));
  return messages
    .slice(begin)
    .filter((message) => message.role === "tool")
    .map((message) => textOf(message.content));
}

function chunksOf(call, index) {
  const chunk = (delta, reason = null) => ({
    id: "c",
    object: "chat.completion.chunk",
    created: 0,
    model: "scripted",
    choices: [{ index: 0, delta, finish_reason: reason }],
  });
  if (!call) return [chunk({ role: "assistant", content: "done" }), chunk({}, "stop")];
  const tool = {
    index: 0,
    id: `call_${index}_${call.name}`,
    type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  };
  return [chunk({ role: "assistant", tool_calls: [tool] }), chunk({}, "tool_calls")];
}
