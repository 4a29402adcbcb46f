import type OpenAI from 'openai';
import { useState } from 'preact/hooks';
import { useAttempt } from '../components/attempt.ts';
import { CallSample } from '../components/call-sample.tsx';
import { ErrorNotice } from '../components/notice.tsx';
import { callSamples } from '../data/call-samples.ts';
import { parseTools } from '../data/json-schema.ts';
import { goTo, hrefOf } from '../router.ts';
import { useSession } from '../session.ts';
import { FilesField } from './files-field.tsx';

type Assistant = OpenAI.Beta.Assistant;

interface Fields {
  readonly name: string;
  readonly model: string;
  readonly instructions: string;
  /** JSON. */
  readonly tools: string;
  readonly file_ids: readonly string[];
}

const fieldsOf = (assistant: Assistant | null): Fields => ({
  name: assistant?.name ?? '',
  model: assistant?.model ?? 'gpt-4.1-mini',
  instructions: assistant?.instructions ?? '',
  tools: JSON.stringify(assistant?.tools ?? [], null, 2),
  file_ids: assistant?.tool_resources?.code_interpreter?.file_ids ?? [],
});

const usesCode = (tools: readonly OpenAI.Beta.AssistantTool[]): boolean =>
  tools.some(({ type }) => type === 'code_interpreter');

/** The body of the request that saves the fields. */
const toBody = (
  { name, model, instructions, file_ids }: Fields,
  tools: OpenAI.Beta.AssistantTool[],
) => ({
  model,
  name: name === '' ? null : name,
  instructions: instructions === '' ? null : instructions,
  tools,
  ...(usesCode(tools) && { tool_resources: { code_interpreter: { file_ids: [...file_ids] } } }),
});

interface FormProps {
  readonly fields: Fields;
  readonly problem: string | null;
  readonly onChange: (change: Partial<Fields>) => void;
}

const TextFields = ({ fields, problem, onChange }: FormProps) => (
  <>
    <label>
      Name
      <input
        value={fields.name}
        maxLength={256}
        onInput={({ currentTarget }) => onChange({ name: currentTarget.value })}
      />
    </label>
    <label>
      Model
      <input
        required
        value={fields.model}
        onInput={({ currentTarget }) => onChange({ model: currentTarget.value })}
      />
    </label>
    <label>
      Instructions
      <textarea
        rows={8}
        value={fields.instructions}
        onInput={({ currentTarget }) => onChange({ instructions: currentTarget.value })}
      />
    </label>
    <label>
      Tools, as JSON
      <textarea
        class="mono"
        rows={14}
        spellcheck={false}
        aria-invalid={problem !== null}
        aria-describedby="tools-problem"
        value={fields.tools}
        onInput={({ currentTarget }) => onChange({ tools: currentTarget.value })}
      />
    </label>
    <p id="tools-problem" class="error-text" role="status">
      {problem ?? ''}
    </p>
  </>
);

interface ActionsProps {
  readonly assistant: Assistant | null;
  readonly canSave: boolean;
  readonly isSaved: boolean;
  readonly onRemove: () => void;
}

const Actions = ({ assistant, canSave, isSaved, onRemove }: ActionsProps) => (
  <div class="row">
    <button type="submit" class="primary" disabled={!canSave}>
      {assistant === null ? 'Create' : 'Save'}
    </button>
    {assistant !== null && (
      <a class="button" href={hrefOf(['compare'], { a: assistant.id })}>
        Try it
      </a>
    )}
    {assistant !== null && (
      <button type="button" onClick={onRemove}>
        Delete
      </button>
    )}
    <span class="hint" role="status">
      {isSaved ? 'Saved' : ''}
    </span>
  </div>
);

interface Props {
  readonly assistant: Assistant | null;
  readonly onChange: () => void;
}

/** The fields of the form, and what saves and deletes the assistant. */
function useEditor({ assistant, onChange }: Props) {
  const { assistants } = useSession().openai.beta;
  const [fields, setFields] = useState(() => fieldsOf(assistant));
  const [isSaved, setSaved] = useState(false);
  const [error, attempt] = useAttempt();
  const parsed = parseTools(fields.tools);
  const tools = 'tools' in parsed ? parsed.tools : [];
  const problem = 'problem' in parsed ? parsed.problem : null;
  const body = toBody(fields, tools);
  const set = (change: Partial<Fields>) => {
    setSaved(false);
    setFields({ ...fields, ...change });
  };
  const save = () =>
    attempt(async () => {
      const saved = await (assistant === null
        ? assistants.create(body)
        : assistants.update(assistant.id, body));
      setSaved(true);
      onChange();
      if (assistant === null) goTo(['assistants', saved.id], {}, true);
    });
  const remove = async ({ id }: Assistant) => {
    if (!confirm('Delete this assistant? Its threads stay.')) return;
    await attempt(async () => {
      await assistants.delete(id);
      onChange();
      goTo(['assistants'], {}, true);
    });
  };
  return { fields, set, tools, problem, body, isSaved, error, save, remove };
}

/** The form of one assistant. */
export function AssistantEditor({ assistant, onChange }: Props) {
  const { config } = useSession();
  const editor = useEditor({ assistant, onChange });
  const { fields, set, tools, problem } = editor;
  return (
    <section class="editor scroll" aria-label="Assistant">
      <a class="back" href={hrefOf(['assistants'])}>
        ‹ Assistants
      </a>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (problem === null) void editor.save();
        }}
      >
        <fieldset class="plain-fieldset" disabled={config.read_only}>
          <TextFields fields={fields} problem={problem} onChange={set} />
          {usesCode(tools) && (
            <FilesField ids={fields.file_ids} onChange={(file_ids) => set({ file_ids })} />
          )}
          {editor.error !== null && <ErrorNotice error={editor.error} />}
          {!config.read_only && (
            <Actions
              assistant={assistant}
              canSave={problem === null}
              isSaved={editor.isSaved}
              onRemove={() => assistant && void editor.remove(assistant)}
            />
          )}
        </fieldset>
      </form>
      {assistant !== null && <p class="hint break">{assistant.id}</p>}
      <CallSample sample={callSamples.saveAssistant(assistant?.id ?? null, editor.body)} />
    </section>
  );
}
