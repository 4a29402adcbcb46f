import { assistants, type Conversation, now, objectsOf } from './conversation.ts';
import { lisbonObjects } from './lisbon.ts';

const questions = [
  'Can I change the name on a ticket?',
  'My bag did not arrive in Porto',
  'Refund for a flight that was three hours late',
  'How many kilos may I take to Oslo?',
  'Seats beside each other for four people',
  'A vegetarian meal on the way back',
  'Which documents does a dog need?',
];

/** The conversations of a day before that one, more of them in the afternoon. */
const earlier: readonly Conversation[] = Array.from({ length: 64 }, (_, index) => {
  const share = (index * 37) % 64;
  return {
    id: `day${index}`,
    assistant_id: index % 3 === 0 ? 'asst_refunds' : 'asst_packing',
    model: index % 3 === 0 ? 'gpt-4.1' : 'gpt-4.1-mini',
    created_at: now - 600 - Math.round((share / 64) ** 1.6 * 82_000),
    question: questions[index % questions.length] ?? '',
    reply: index % 16 === 7 ? null : 'It is in the handbook.',
    status: index % 16 === 7 ? 'failed' : index % 21 === 4 ? 'cancelled' : 'completed',
    seconds: 2 + ((index * 13) % 11),
    tokens: 300 + ((index * 157) % 1900),
  };
});

/** All objects, each after those that it refers to. */
export const sample: readonly object[] = [
  ...assistants,
  ...earlier.flatMap(objectsOf),
  ...lisbonObjects,
];
