import type { RunStatus } from '../data/overview.ts';

const icons: Readonly<Record<RunStatus, string>> = {
  queued: '◌',
  in_progress: '◐',
  requires_action: '◆',
  cancelling: '◐',
  cancelled: '⊘',
  failed: '✕',
  completed: '✓',
  incomplete: '◒',
  expired: '⧖',
};

export const statusWords: Readonly<Record<RunStatus, string>> = {
  queued: 'queued',
  in_progress: 'in progress',
  requires_action: 'needs action',
  cancelling: 'cancelling',
  cancelled: 'cancelled',
  failed: 'failed',
  completed: 'completed',
  incomplete: 'incomplete',
  expired: 'expired',
};

const isStatus = (word: string): word is RunStatus => word in statusWords;

export const runStatuses = Object.keys(statusWords).filter(isStatus);

/** A status as an icon, a word and a colour. */
export const Status = ({ status }: { readonly status: RunStatus }) => (
  <span class={`status status-${status}`}>
    <span aria-hidden="true">{icons[status]}</span> {statusWords[status]}
  </span>
);
