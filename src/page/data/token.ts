/** Session storage: the token is gone when the tab is closed, and it is never part of an address. */
const tokenKey = 'assistants-mcp token';

export const readToken = (): string | null => sessionStorage.getItem(tokenKey);

export const saveToken = (token: string): void => sessionStorage.setItem(tokenKey, token);
