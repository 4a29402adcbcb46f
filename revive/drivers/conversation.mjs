/** A message that makes the model call `weatherTool`. */
export const question = 'What is the weather? Call get_weather with {"city":"Oslo"}.';

/** What the drivers' functions return. */
export const toolOutput = '-3C, snow';

/** The answer to `question`, after the function returned. */
export const answer = `The tools said: ${toolOutput}`;

/** What the model answers to a message without a call; `count` messages of the user led to it. */
export const echo = (count, text) => `Message ${count} was: ${text}`;

export const weatherParameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
};

export const weatherTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The current weather of a city.',
    parameters: weatherParameters,
  },
};
