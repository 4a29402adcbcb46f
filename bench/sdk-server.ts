// The smallest server that passes a streamed response on through the SDK: what any server pays that
// calls models with it. Takes the upstream's port; prints its own.
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import OpenAI from 'openai';

const openai = new OpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${process.argv[2]}/v1` });

const server = createServer(async (incoming, outgoing) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- stream.ts sends nothing else
  const body = (await json(incoming)) as OpenAI.Responses.ResponseCreateParamsStreaming;
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
  for await (const event of await openai.responses.create(body)) {
    outgoing.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  outgoing.end();
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : null);
});
