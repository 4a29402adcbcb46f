import { useState } from 'preact/hooks';
import { useSession } from '../session.ts';

/** Runs work and keeps why it failed, to be shown; resolves to whether it succeeded. */
export type Attempt = (work: () => Promise<unknown>) => Promise<boolean>;

export function useAttempt(): readonly [error: unknown, attempt: Attempt] {
  const { report } = useSession();
  const [error, setError] = useState<unknown>(null);
  const attempt: Attempt = async (work) => {
    setError(null);
    try {
      await work();
      return true;
    } catch (reason) {
      report(reason);
      setError(reason);
      return false;
    }
  };
  return [error, attempt];
}
