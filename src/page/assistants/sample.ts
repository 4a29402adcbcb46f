import type OpenAI from 'openai';

/** An assistant with a function, to try everything with the scripted model. */
export const createSampleAssistant = (openai: OpenAI): Promise<OpenAI.Beta.Assistant> =>
  openai.beta.assistants.create({
    model: 'scripted',
    name: 'Weather guide',
    instructions: 'Look up the weather, then say in one sentence what to wear.',
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          description: 'The weather in a city right now',
          parameters: {
            type: 'object',
            properties: {
              city: { type: 'string', description: 'The name of the city' },
              unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
            },
            required: ['city'],
          },
        },
      },
    ],
  });
