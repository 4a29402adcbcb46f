/** What the run is asked. */
export const question = 'How is the weather? Call get_weather with {"city":"Oslo"}.';

/** The function of the assistant, which the run calls. */
export const weatherFunction = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    },
  },
};
