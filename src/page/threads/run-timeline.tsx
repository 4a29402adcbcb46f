import { useState } from 'preact/hooks';
import { Json } from '../components/json.tsx';
import { type Phase, phasesOf } from '../data/timeline.ts';
import type { Run, Step } from '../data/thread-state.ts';
import { isActive } from '../data/overview.ts';
import { formatNumber, formatSeconds } from '../format.ts';
import { useNow } from '../session.ts';
import { FileImage, FileLink } from './file-parts.tsx';

type Call = Phase['calls'][number];

function CallDetails({ call }: { call: Call }) {
  switch (call.type) {
    case 'function':
      return (
        <div class="call">
          <code class="call-name">{call.function.name}</code>
          <Json text={call.function.arguments} label="Arguments" />
          {call.function.output === null ? (
            <p class="hint">No output yet</p>
          ) : (
            <Json text={call.function.output} label="Output" />
          )}
        </div>
      );
    case 'code_interpreter':
      return (
        <div class="call">
          <code class="call-name">code_interpreter</code>
          <pre tabIndex={0} aria-label="Code">
            <code>{call.code_interpreter.input}</code>
          </pre>
          {call.code_interpreter.outputs.map((output) =>
            output.type === 'logs' ? (
              <pre class="logs" tabIndex={0} aria-label="Logs">
                {output.logs}
              </pre>
            ) : (
              <FileImage file_id={output.image.file_id} />
            ),
          )}
        </div>
      );
    case 'file_search':
      return (
        <div class="call">
          <code class="call-name">file_search</code>
          {(call.file_search.results ?? []).map(({ file_id, score, content = [] }) => (
            <details>
              <summary>
                <FileLink file_id={file_id} /> {score.toFixed(2)}
              </summary>
              {content.map(({ text }) => (
                <blockquote class="passage">{text}</blockquote>
              ))}
            </details>
          ))}
        </div>
      );
  }
}

interface BarProps {
  readonly phase: Phase;
  readonly start: number;
  readonly seconds: number;
}

function Bar({ phase, start, seconds }: BarProps) {
  const left = ((phase.start - start) / seconds) * 100;
  const width = Math.max(1.5, ((phase.end - phase.start) / seconds) * 100);
  const style = { left: `${Math.min(left, 98.5)}%`, width: `${Math.min(width, 100 - left)}%` };
  return (
    <span class="bar-track" aria-hidden="true">
      <span class={`bar bar-${phase.kind}`} style={style} />
    </span>
  );
}

const tokensOf = (step: Step | null): string =>
  step?.usage ? `${formatNumber(step.usage.total_tokens)} tokens` : '';

function PhaseRow({ phase, ...scale }: BarProps) {
  const { step, calls, kind, label } = phase;
  const [isOpen, setOpen] = useState(false);
  const hasDetails = calls.length > 0 || (step?.last_error ?? null) !== null;
  const row = (
    <>
      <span class="phase-label">
        {kind === 'wait' ? `${label} · waits` : label}
        {step !== null && step.status !== 'completed' && ` · ${step.status.replace('_', ' ')}`}
      </span>
      <span class="phase-figures">
        {formatSeconds(phase.end - phase.start)} {tokensOf(step)}
      </span>
      <Bar phase={phase} {...scale} />
    </>
  );
  if (!hasDetails) return <li class="phase">{row}</li>;
  return (
    <li>
      <button type="button" class="phase" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {row}
      </button>
      {isOpen && (
        <div class="phase-details">
          {calls.map((call) => (
            <CallDetails call={call} />
          ))}
          {step?.last_error && <p class="error-text">{step.last_error.message}</p>}
        </div>
      )}
    </li>
  );
}

/** What a run did, as bars on one time axis. */
export function RunTimeline({ run, steps }: { run: Run; steps: readonly Step[] }) {
  const now = useNow(isActive(run) ? 1000 : 60_000);
  const phases = phasesOf(run, steps, now);
  const end = Math.max(run.created_at + 1, ...phases.map((phase) => phase.end));
  const seconds = end - run.created_at;
  return (
    <ol class="timeline" aria-label="Timeline of the run">
      {phases.map((phase) => (
        <PhaseRow
          key={`${phase.kind} ${phase.start} ${phase.step?.id ?? ''}`}
          phase={phase}
          start={run.created_at}
          seconds={seconds}
        />
      ))}
    </ol>
  );
}
