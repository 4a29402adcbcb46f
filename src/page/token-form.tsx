import { useState } from 'preact/hooks';

interface Props {
  /** Whether the server has refused a token. */
  readonly wasWrong: boolean;
  readonly onToken: (token: string) => void;
}

/** Asks for the token of the server. */
export function TokenForm({ wasWrong, onToken }: Props) {
  const [token, setToken] = useState('');
  return (
    <main class="token">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (token !== '') onToken(token.trim());
        }}
      >
        <h1>assistants-mcp</h1>
        <label>
          Token of this server (ASSISTANTS_TOKEN)
          <input
            type="password"
            autocomplete="off"
            required
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        {wasWrong && (
          <p class="error-text" role="alert">
            The server does not accept this token.
          </p>
        )}
        <button type="submit" class="primary">
          Continue
        </button>
        <p class="hint">It is kept until this tab is closed.</p>
      </form>
    </main>
  );
}
