// Sends bodies of 26 MiB with node:http, which writes all of one before it reads, and prints what it is refused with.
import http from 'node:http';

const { TRUNKLINE_URL: base, TRUNKLINE_KEY: key } = process.env;
const body = Buffer.alloc(26 << 20, 'a');

function ask(path, headers) {
  return new Promise((resolve, reject) => {
    const request = http.request(base + path, { method: 'POST', headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve(`${response.statusCode} ${JSON.parse(text).error.code}`));
    });
    request.on('error', reject);
    if (!headers['content-length']) {
      for (let at = 0; at < body.length; at += 1 << 20) request.write(body.subarray(at, at + (1 << 20)));
      request.end();
    } else {
      request.end(body);
    }
  });
}

const length = { 'content-length': body.length };
const good = { authorization: `Bearer ${key}` };
const wrong = { authorization: 'Bearer sk-nobody-0123456789' };
for (const [path, headers] of [
  ['/v1/chat/completions', { ...good, ...length }],
  ['/v1/chat/completions', good],
  ['/v1/chat/completions', { ...wrong, ...length }],
  ['/v1/chat/completions', wrong],
  ['/v1/chat/completions', { ...good, ...length, a: 'a'.repeat(40 << 10) }],
  ['/v1/nothing', { ...good, ...length }],
]) {
  console.log(await ask(path, headers));
}
