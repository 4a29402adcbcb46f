/** A smuggling attempt: what a caller sends. */
export type Shape = readonly [name: string, bytes: string];

const smuggled = 'GET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';
const size = smuggled.length;

const chunks = (...bodies: readonly string[]): string =>
  [...bodies, ''].map((body) => `${body.length.toString(16)}\r\n${body}\r\n`).join('');

/** A request with these header lines and this body. */
const request = (line: string, headers: readonly string[], body = ''): string =>
  `${[`${line} HTTP/1.1`, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n${body}`;

const post = (headers: readonly string[], body = ''): string =>
  request('POST /v1/embeddings', headers, body);

const methods = ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

const namedInConnection = ['POST', 'PUT', ...methods].flatMap((method): Shape[] => [
  [
    `${method}, Connection names Content-Length`,
    request(
      `${method} /v1/models/a`,
      [`Content-Length: ${size}`, 'Connection: content-length'],
      smuggled,
    ),
  ],
  [
    `${method}, Connection names Transfer-Encoding`,
    request(
      `${method} /v1/models/a`,
      ['Transfer-Encoding: chunked', 'Connection: close, Transfer-Encoding, Host'],
      chunks(smuggled),
    ),
  ],
]);

/** Refused, or forwarded with framing of the server's own. */
export const ambiguousShapes: readonly Shape[] = [
  ...namedInConnection,
  ['upper-case Chunked', post(['Transfer-Encoding: CHUNKED'], chunks('{}'))],
  ['a tab before chunked', post(['Transfer-Encoding:\tchunked'], chunks('{}'))],
  ['two spaces before chunked', post(['Transfer-Encoding:  chunked  '], chunks('{}'))],
  ['a length with leading zeros', post([`Content-Length: 000${size}`], smuggled)],
  ['a length with spaces', post([`Content-Length:   ${size} \t`], smuggled)],
  [
    'Content_Length beside the length',
    post([`Content-Length: ${size}`, 'Content_Length: 0'], smuggled),
  ],
  [
    'Transfer_Encoding beside the length',
    post([`Content-Length: ${size}`, 'Transfer_Encoding: chunked'], smuggled),
  ],
  ['chunk extensions', post(['Transfer-Encoding: chunked'], `2;a=b;c="d"\r\n{}\r\n0;e\r\n\r\n`)],
  ['chunk size with zeros', post(['Transfer-Encoding: chunked'], '000002\r\n{}\r\n000\r\n\r\n')],
  [
    'trailers that look like headers',
    post(
      ['Transfer-Encoding: chunked', 'Trailer: Content-Length'],
      '2\r\n{}\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: x\r\nHost: evil.example\r\n\r\n',
    ),
  ],
  ['Expect: 100-continue', post(['Expect: 100-continue', `Content-Length: ${size}`], smuggled)],
  ['Expect: 100-continue on a GET', request('GET /v1/models/a', ['Expect: 100-continue'])],
  [
    'an upgrade to h2c with a body',
    post(
      [
        'Upgrade: h2c',
        'Connection: Upgrade, HTTP2-Settings',
        'HTTP2-Settings: x',
        `Content-Length: ${size}`,
      ],
      smuggled,
    ),
  ],
  ['two pipelined requests', request('GET /v1/models/a', []) + request('GET /v1/models/b', [])],
  [
    'a pipelined request after a body',
    post(['Content-Length: 2'], '{}') + request('GET /v1/models/b', []),
  ],
  [
    'a pipelined request after chunks',
    post(['Transfer-Encoding: chunked'], chunks('{}')) + request('GET /v1/models/b', []),
  ],
  [
    'a body that is a request',
    post(['Content-Type: text/plain', `Content-Length: ${size}`], smuggled),
  ],
  [
    'another method in a header',
    request('GET /v1/models/a', ['X-HTTP-Method-Override: DELETE', 'X_Original_URL: /v1/smuggled']),
  ],
  [
    'a length of zero and a second request',
    post(['Content-Length: 0'], request('GET /v1/models/b', [])),
  ],
  ['an absolute URL', request('GET http://localhost/v1/models/a', [])],
];

const badEncodings = [
  'xchunked',
  'chunked, identity',
  'identity, chunked',
  'gzip, chunked',
  'chunked, chunked',
  'chunked;q=1',
  '"chunked"',
  'chunked,',
  ', chunked',
  '\vchunked',
  'chunked\v',
  'chunked\0',
  'x\r\nTransfer-Encoding: chunked',
  'chunked\r\nTransfer-Encoding: chunked',
  'chunked\r\nTransfer-Encoding: identity',
  '\r\n chunked',
  'identity',
  '',
];

const badLengths = [
  `${size}\r\nContent-Length: ${size}`,
  `${size}\r\nContent-Length: 0`,
  `0\r\nContent-Length: ${size}`,
  `${size}, ${size}`,
  `${size} ${size}`,
  `+${size}`,
  `-${size}`,
  `0x${size.toString(16)}`,
  `${size}.0`,
  '1e1',
  '',
  '\r\n 2',
  '18446744073709551616',
];

const badLines: readonly (readonly string[])[] = [
  ['Content-Length: 2', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Content-Length: 2'],
  ['Content-Length: 2', 'Transfer-Encoding: xchunked'],
  ['Transfer-Encoding : chunked'],
  [' Transfer-Encoding: chunked'],
  ['X: y\nTransfer-Encoding: chunked'],
  ['X: y\rTransfer-Encoding: chunked'],
  ['X: \rTransfer-Encoding: chunked'],
  ['X: y\r\r\nTransfer-Encoding: chunked'],
  ['Content-Length : 2'],
  ['Content-Length\0: 2'],
  ['X: y\nContent-Length: 2'],
  ['X: y', ' folded'],
];

const badChunks = [
  `2;a\nb\r\n{}\r\n0\r\n\r\n${smuggled}`,
  `2\n{}\n0\n\n${smuggled}`,
  `0x2\r\n{}\r\n0\r\n\r\n${smuggled}`,
  `+2\r\n{}\r\n0\r\n\r\n${smuggled}`,
  ` 2\r\n{}\r\n0\r\n\r\n${smuggled}`,
  `2 \r\n{}\r\n0\r\n\r\n${smuggled}`,
  `2\r\n{}0\r\n\r\n${smuggled}`,
  `2\r\n{}X\r\n0\r\n\r\n${smuggled}`,
  `-2\r\n{}\r\n0\r\n\r\n${smuggled}`,
  `fffffffffffffffff2\r\n{}\r\n0\r\n\r\n${smuggled}`,
  `\r\n\r\n${smuggled}`,
];

/** Refused with a 400, and nothing is forwarded. */
export const malformedShapes: readonly Shape[] = [
  ...badEncodings.map((value): Shape => [
    `Transfer-Encoding ${JSON.stringify(value)}`,
    post([`Transfer-Encoding: ${value}`], chunks(smuggled)),
  ]),
  ...badLengths.map((value): Shape => [
    `Content-Length ${JSON.stringify(value)}`,
    post([`Content-Length: ${value}`], smuggled),
  ]),
  ...badLines.map((lines): Shape => [
    `header ${JSON.stringify(lines)}`,
    post(lines, `0\r\n\r\n${smuggled}`),
  ]),
  ...['GET', 'HEAD', 'DELETE'].flatMap((method): Shape[] => [
    [
      `${method} with a length`,
      request(`${method} /v1/models/a`, [`Content-Length: ${size}`], smuggled),
    ],
    [
      `${method} with chunks`,
      request(`${method} /v1/models/a`, ['Transfer-Encoding: chunked'], chunks(smuggled)),
    ],
  ]),
  [
    'no version and a bare LF',
    `GET /v1/models/a\nHost: localhost\r\nContent-Length: ${size}\r\n\r\n${smuggled}`,
  ],
  ['no version', `GET /v1/models/a\r\nHost: localhost\r\n\r\n`],
  [
    'HTTP/1.0 with chunks',
    `POST /v1/embeddings HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(smuggled)}`,
  ],
  ['bare LF line ends', `GET /v1/models/a HTTP/1.1\nHost: localhost\n\n${smuggled}`],
];

/** Chunks that the parser refuses after the request's head was accepted. */
export const brokenBodies: readonly Shape[] = badChunks.map((body) => [
  `chunks ${JSON.stringify(body.replace(smuggled, '…'))}`,
  post(['Transfer-Encoding: chunked'], body),
]);
