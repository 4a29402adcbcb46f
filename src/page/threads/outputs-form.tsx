import type OpenAI from 'openai';
import { useState } from 'preact/hooks';
import { isJsonObject, parseJson } from '../../shared/json.ts';
import { CallSample } from '../components/call-sample.tsx';
import { Json } from '../components/json.tsx';
import { callSamples } from '../data/call-samples.ts';
import type { Run, ToolOutput } from '../data/thread-state.ts';

type Call = OpenAI.Beta.Threads.RequiredActionFunctionToolCall;

/** The function of a run that a call names. */
const functionOf = (run: Run, call: Call) =>
  run.tools.find((tool) => tool.type === 'function' && tool.function.name === call.function.name);

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

/** The arguments of a call, each with its type and description from the function's schema. */
function Arguments({ run, call }: { run: Run; call: Call }) {
  const [isRaw, setRaw] = useState(false);
  const values = parseJson(call.function.arguments);
  const tool = functionOf(run, call);
  const schema = tool?.type === 'function' ? tool.function.parameters : undefined;
  const properties = isJsonObject(schema?.['properties']) ? schema['properties'] : {};
  if (!isJsonObject(values)) return <Json text={call.function.arguments} label="Arguments" />;
  return (
    <>
      <div class="tabs" role="group" aria-label="Form of the arguments">
        <button type="button" class="quiet" aria-pressed={!isRaw} onClick={() => setRaw(false)}>
          Fields
        </button>
        <button type="button" class="quiet" aria-pressed={isRaw} onClick={() => setRaw(true)}>
          JSON
        </button>
      </div>
      {isRaw ? (
        <Json text={call.function.arguments} label="Arguments" />
      ) : (
        <dl class="arguments">
          {Object.entries(values).map(([name, value]) => {
            const property = isJsonObject(properties[name]) ? properties[name] : {};
            const type = shown(property['type'] ?? typeof value);
            return (
              <div>
                <dt>
                  {name} <small>{type}</small>
                </dt>
                <dd>{shown(value)}</dd>
                {typeof property['description'] === 'string' && (
                  <small>{property['description']}</small>
                )}
              </div>
            );
          })}
        </dl>
      )}
    </>
  );
}

interface Props {
  readonly run: Run;
  readonly onSubmit: (outputs: ToolOutput[]) => Promise<unknown>;
}

/** The form for a run that waits for the outputs of its functions: one field for each call. */
export function OutputsForm({ run, onSubmit }: Props) {
  const calls = run.required_action?.submit_tool_outputs.tool_calls ?? [];
  const [outputs, setOutputs] = useState<Readonly<Record<string, string>>>({});
  const [isSending, setSending] = useState(false);
  const missing = calls.filter(({ id }) => (outputs[id] ?? '') === '');
  const toolOutputs = calls.map(({ id }) => ({ tool_call_id: id, output: outputs[id] ?? '' }));
  const submit = async () => {
    setSending(true);
    try {
      await onSubmit(toolOutputs);
    } finally {
      setSending(false);
    }
  };
  return (
    // No form element: hosts that show this in a frame may not allow it to submit forms.
    <div class="outputs" role="form" aria-label="Outputs of functions">
      {calls.map((call) => {
        const tool = functionOf(run, call);
        const description = tool?.type === 'function' ? tool.function.description : undefined;
        return (
          <fieldset>
            <legend>
              <code>{call.function.name}</code>
            </legend>
            {description !== undefined && <p class="hint">{description}</p>}
            <Arguments run={run} call={call} />
            <label>
              Output
              <textarea
                rows={3}
                required
                value={outputs[call.id] ?? ''}
                onInput={({ currentTarget }) =>
                  setOutputs({ ...outputs, [call.id]: currentTarget.value })
                }
              />
            </label>
          </fieldset>
        );
      })}
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={isSending || missing.length > 0}
          onClick={() => void submit()}
        >
          {calls.length === 1 ? 'Submit' : 'Submit all'}
        </button>
        {missing.length > 0 && (
          <span class="hint">Missing: {missing.map((call) => call.function.name).join(', ')}</span>
        )}
      </div>
      <CallSample sample={callSamples.submitToolOutputs(run.thread_id, run.id, toolOutputs)} />
    </div>
  );
}
