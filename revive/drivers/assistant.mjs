import { weatherTool } from './conversation.mjs';

/** Creates the assistant that a program expects to exist; returns its id. */
export async function createAssistant(tools = [weatherTool]) {
  const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: token } = process.env;
  const response = await fetch(`${baseURL}/assistants`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'openai-beta': 'assistants=v2',
    },
    body: JSON.stringify({ model: 'gpt-4o', name: 'Weather', tools }),
  });
  const { id, error } = await response.json();
  if (error !== undefined) throw new Error(error.message);
  return id;
}
