/** How to move programs and their data. */
export const bringOldCode = `# Bring old code and data

OpenAI shut down its hosted Assistants API on 2026-08-26. This program has the same API: assistants, threads, messages,
runs and run steps, with the same objects, errors and streams. The commands below run on the user's machine, where the
program is installed as \`assistants-mcp\`. Ask the user before you run one. They work on the program's own database,
not on a remote server that ASSISTANTS_BASE_URL names.

## Code

1. Start the REST server. It needs the key of the model endpoint in OPENAI_API_KEY:

       assistants-mcp serve

   It prints its address, by default http://127.0.0.1:8080.

2. Change the base URL of the old program, and nothing else:

       client = OpenAI(base_url="http://127.0.0.1:8080/v1", api_key="any")

       const client = new OpenAI({ baseURL: 'http://127.0.0.1:8080/v1', apiKey: 'any' });

   A program for Azure keeps its SDK and gets http://127.0.0.1:8080 as its endpoint.

3. If an assistant names a model that no longer exists, replace it for all of them. The assistants stay unchanged:

       assistants-mcp serve --model-map gpt-4-turbo=gpt-4.1

4. Try the program on one thread. Files and vector stores are those of the model endpoint.

## Data

1. Collect what was saved of the API: its objects or lists as JSON or JSON Lines, or tables as CSV. Keep ids and times.

2. See what would be imported and what would be changed or dropped. This writes nothing:

       assistants-mcp import assistants.json threads.jsonl --dry-run

   Then import the files without \`--dry-run\`. A file is imported completely or not at all, and an error names file,
   line and field. Objects whose ids exist are an error; \`--replace\` overwrites them.

3. Check the result: list the assistants, and read one thread that the user knows.

4. Make a backup before anything else is changed:

       assistants-mcp export --output backup.jsonl
`;
