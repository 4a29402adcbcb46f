import type { ComponentChildren } from 'preact';
import { sentenceOf } from '../data/client.ts';

export const ErrorNotice = ({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
}) => (
  <div class="notice notice-error" role="alert">
    <p>{sentenceOf(error)}</p>
    {onRetry !== undefined && (
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    )}
  </div>
);

export const Empty = ({
  title,
  isPage = false,
  children,
}: {
  readonly title: string;
  /** Whether nothing else is on the page. */
  readonly isPage?: boolean;
  readonly children?: ComponentChildren;
}) => (
  <div class="empty">
    {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
    {children}
  </div>
);

export const Loading = () => (
  <p class="loading" role="status">
    Loading…
  </p>
);
